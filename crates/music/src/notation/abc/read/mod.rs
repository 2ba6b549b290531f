//! A tune of ABC (standard 2.1) to a written piece.

mod bars;
mod fields;
mod key;
mod line;
mod macros;
mod music;
mod order;
mod rhythm;
mod symbols;
mod voice;

use std::collections::BTreeMap;

use super::super::play::sort;
use super::super::report::Found;
use super::super::written::{Part, Written};
use super::super::{Error, Format};
use crate::metre::Metre;
use crate::score::Ticks;
use fields::Fraction;
use voice::Voice;

/// Ticks in a quarter while reading: divisible by 2⁷, 3³, 5, 7, 11 and 13.
const RESOLUTION: Ticks = 17_297_280;
/// Most measures of a tune, all voices together, and most voices.
const MAX_MEASURES: usize = 500_000;
const MAX_VOICES: usize = 64;

/// Why a tune is not read: a clause. The line is that which is being read.
type Fault = String;

/// A tune as it is read.
struct Reader {
    found: Found,
    voices: Vec<Voice>,
    /// The voice that is being written.
    current: usize,
    by_name: BTreeMap<String, usize>,
    /// Whether the header is done.
    in_body: bool,
    /// The unit of lengths that the header says; `None` before it says one.
    unit: Option<Fraction>,
    metre: Option<Metre>,
    /// A tempo in units, whose length is not known yet.
    tempo_in_units: Option<f64>,
    /// By measure, the metre that begins to hold there.
    metres: BTreeMap<usize, Option<Metre>>,
    title: Option<String>,
    /// Byte of the line that is being read.
    offset: usize,
    /// Whether accidentals hold for all octaves, for one, or for one note.
    propagation: Propagation,
    /// Measures of all voices.
    measures: usize,
    /// The voice that the last `V:` of the header describes; directives after it are its own.
    described: Option<usize>,
    /// The program that the header says for all voices.
    program: u8,
    /// What `P:` of the header says, and the sections that `P:` names in the tune.
    order: order::Order,
    /// The block of text or of a drawing (`%%begintext`) that is being passed over.
    block: Option<&'static str>,
    /// Macros and symbols that the tune defines.
    own_signs: macros::OwnSigns,
}

/// How far an accidental reaches in its bar: to all octaves, as the standard (2.1) says and abc2midi plays, unless a tune says otherwise.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Propagation {
    Pitch,
    Octave,
    Not,
}

/// Reads a tune. `header` is what stands before all tunes.
///
/// # Errors
/// What is wrong, with its line.
pub(super) fn read(header: &str, tune: &str, first_line: usize, offset: usize) -> Result<Found, Error> {
    let mut reader = Reader::new();
    for line in header.lines() {
        if matches!(line.as_bytes(), [b'M' | b'L' | b'Q' | b'm' | b'U' | b'I', b':', ..])
            || line.starts_with("%%")
        {
            reader
                .line(line)
                .map_err(|fault| Error::at(Format::Abc, " before the first tune".to_owned(), fault))?;
        }
    }
    let mut at = offset;
    for (index, line) in tune.split_inclusive('\n').enumerate() {
        reader.offset = at;
        at += line.len();
        let line = line.trim_end_matches(['\n', '\r']);
        reader
            .line(line)
            .map_err(|fault| Error::at(Format::Abc, format!(" at line {}", first_line + index), fault))?;
    }
    reader
        .finish()
        .map_err(|fault| Error::at(Format::Abc, format!(" in the tune at line {first_line}"), fault))
}

impl Reader {
    fn new() -> Self {
        let written = Written { resolution: RESOLUTION, ..Written::default() };
        let found = Found { written, ..Found::default() };
        Self {
            found,
            voices: vec![Voice::new(String::new(), 0)],
            current: 0,
            by_name: BTreeMap::new(),
            in_body: false,
            unit: None,
            metre: Some(Metre::COMMON),
            tempo_in_units: None,
            metres: BTreeMap::new(),
            title: None,
            offset: 0,
            propagation: Propagation::Pitch,
            measures: 0,
            described: None,
            program: 0,
            order: order::Order::default(),
            block: None,
            own_signs: macros::OwnSigns::default(),
        }
    }

    /// One line: a directive, a field or music.
    fn line(&mut self, line: &str) -> Result<(), Fault> {
        if let Some(directive) = line.strip_prefix("%%") {
            let name = directive.split_whitespace().next().unwrap_or_default();
            if let Some(block) =
                ["text", "ps", "svg"].into_iter().find(|block| name.strip_prefix("begin") == Some(block))
            {
                self.block = Some(block);
            } else if self.block.is_some_and(|block| name.strip_prefix("end") == Some(block)) {
                self.block = None;
            }
            return self.directive(directive.trim());
        }
        if self.block.is_some() {
            return Ok(());
        }
        let line = without_comment(line);
        let bytes = line.as_bytes();
        let is_field =
            bytes.len() >= 2 && bytes[1] == b':' && (bytes[0].is_ascii_alphabetic() || bytes[0] == b'+');
        // `d:|` begins with a note.
        let is_note = matches!(bytes, [b'A'..=b'G' | b'a'..=b'g' | b'z' | b'x', b':', b'|' | b':', ..]);
        if is_field && !(self.in_body && is_note) {
            return self.field(bytes[0], line[2..].trim());
        }
        if !self.in_body {
            return Ok(());
        }
        let line = self.own_signs.expanded(line)?;
        self.music(&line)
    }

    /// The voice of a name, new if there is none.
    fn voice(&mut self, name: &str) -> Result<usize, Fault> {
        if let Some(&index) = self.by_name.get(name) {
            return Ok(index);
        }
        // The first voice that is named is the one that was there.
        let unnamed = self.by_name.is_empty() && self.voices[0].is_untouched();
        if !unnamed && self.voices.len() == MAX_VOICES {
            return Err(format!("the tune has more than {MAX_VOICES} voices"));
        }
        if unnamed {
            name.clone_into(&mut self.voices[0].id);
        } else {
            let mut voice = Voice::new(name.to_owned(), self.voices.len());
            voice.take_over(&self.voices[0]);
            voice.program = self.program;
            self.voices.push(voice);
        }
        let index = if unnamed { 0 } else { self.voices.len() - 1 };
        self.by_name.insert(name.to_owned(), index);
        Ok(index)
    }

    fn finish(mut self) -> Result<Found, Fault> {
        if !self.in_body {
            return Err("it has no key (K:), which ends the header".to_owned());
        }
        for index in 0..self.voices.len() {
            self.current = index;
            self.end_measure()?;
            self.voices[index].trim();
        }
        self.resolve_metres();
        self.resolve_order();
        let single = self.voices.len() == 1;
        self.voices.retain(|voice| !voice.measures.is_empty());
        self.found.notation.parts = self.voices.len();
        for (index, voice) in self.voices.into_iter().enumerate() {
            let mut part = Part { measures: voice.measures };
            part.measures.iter_mut().flatten().for_each(|note| note.track = index);
            sort(&mut part);
            let named = |id: &String| id.chars().any(char::is_alphabetic);
            let name = voice.name.or(Some(voice.id).filter(named));
            let unnamed = if single { "Melody".to_owned() } else { format!("Part {}", index + 1) };
            self.found.written.tracks.push(name.unwrap_or(unnamed));
            self.found.written.parts.push(part);
        }
        self.found.notation.measures = self.found.written.measures.len();
        self.found.notation.title = self.title;
        if self.found.written.measures.is_empty() {
            return Err("it has no notes".to_owned());
        }
        Ok(self.found)
    }

    fn resolve_metres(&mut self) {
        let mut metre = Some(Metre::COMMON);
        for index in 0..self.found.written.measures.len() {
            metre = self.metres.get(&index).copied().unwrap_or(metre);
            self.found.written.measures[index].metre = metre;
            if self.found.written.measures[index].length == 0 {
                let bar = self.found.written.bar(metre.unwrap_or(Metre::COMMON));
                self.found.written.measures[index].length = bar;
            }
        }
    }
}

/// A line up to a comment; `\%` is no comment.
fn without_comment(line: &str) -> &str {
    let mut escaped = false;
    for (at, letter) in line.char_indices() {
        if letter == '%' && !escaped {
            return line[..at].trim_end();
        }
        escaped = letter == '\\' && !escaped;
    }
    line
}
