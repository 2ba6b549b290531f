//! A tune of ABC (standard 2.1) to a written piece.

mod bars;
mod fields;
mod fraction;
mod key;
mod line;
mod macros;
mod music;
mod order;
mod reader;
mod rhythm;
mod symbols;
mod voice;

use super::super::found::Found;
use super::super::play::sort;
use super::super::written::Part;
use super::super::{Error, Format};
use crate::metre::Metre;
use line::Fault;
use reader::Reader;
use voice::Voice;

/// Most voices of a tune.
const MAX_VOICES: usize = 64;

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
