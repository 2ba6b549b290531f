//! A [`Sheet`] as ABC 2.1, the same text every time.

use super::super::sheet::spelling::{letter, nearest, octave};
use super::super::sheet::{
    Beam, Clef, DIVISIONS, Element, Head, InTuplet, Kind, Part, Sheet, has_dotted_beats,
};
use super::super::written::micros_per_quarter;
use super::signs::Signs;
use crate::score::ChordSymbol;
use std::fmt::Write;

/// Measures on a line.
const MEASURES_PER_LINE: usize = 4;

/// The unit note length, an eighth.
const UNIT: u64 = DIVISIONS / 2;

const MAJOR: [&str; 15] = ["Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#"];
const MINOR: [&str; 15] =
    ["Abm", "Ebm", "Bbm", "Fm", "Cm", "Gm", "Dm", "Am", "Em", "Bm", "F#m", "C#m", "G#m", "D#m", "A#m"];

/// One voice of the tune: where it is in the sheet.
struct Line<'a> {
    part: &'a Part,
    staff: usize,
    voice: usize,
    /// Whether tempos and chord symbols stand in it.
    leads: bool,
    /// Whether dynamics stand in it.
    marked: bool,
    /// The program of what was written last.
    program: u8,
}

/// The tune of a sheet. Every voice of a staff that has notes is a voice of the tune.
///
/// # Errors
/// The sheet has percussion, for which ABC has no signs.
pub fn write(sheet: &Sheet) -> Result<String, String> {
    if sheet.parts.iter().any(|part| part.percussion) {
        return Err("it has percussion, for which ABC has no signs: write MusicXML, or leave the drums out"
            .to_owned());
    }
    let mut lines = lines(sheet);
    let several = lines.len() > 1;
    let mut text = header(sheet, &lines);
    let mut first = 0;
    while first < sheet.measures.len() {
        let last = (first + MEASURES_PER_LINE).min(sheet.measures.len());
        for (index, line) in lines.iter_mut().enumerate() {
            if several {
                let _ = write!(text, "[V:{}] ", index + 1);
            }
            for number in first..last {
                measure(&mut text, sheet, line, number);
            }
            text.truncate(text.trim_end().len());
            text.push('\n');
        }
        first = last;
    }
    Ok(text)
}

fn lines(sheet: &Sheet) -> Vec<Line<'_>> {
    let mut lines: Vec<Line> = Vec::new();
    for part in &sheet.parts {
        let mut marked = true;
        for (staff, found) in part.staves.iter().enumerate() {
            let mut numbers: Vec<usize> = found.measures.iter().flatten().map(|voice| voice.number).collect();
            numbers.sort_unstable();
            numbers.dedup();
            for voice in numbers {
                let (leads, program) = (lines.is_empty(), part.programs[0]);
                lines.push(Line { part, staff, voice, leads, marked, program });
                marked = false;
            }
        }
    }
    lines
}

fn header(sheet: &Sheet, lines: &[Line]) -> String {
    let mut text = String::new();
    let title = sheet.parts.first().map_or("", |part| &part.name);
    let metre = sheet.measures[0].metre;
    let _ = writeln!(text, "X:1\nT:{}\nM:{metre}\nL:1/8", plain(title));
    if let Some(tempo) = sheet.tempos.first().filter(|tempo| tempo.at == 0) {
        let _ = writeln!(text, "Q:{}", speed(sheet, 0, tempo.quarters_per_minute()));
    }
    if lines.len() > 1 {
        let _ = writeln!(text, "%%score {}", score(lines));
    }
    let key = sheet.keys[0];
    let _ = writeln!(text, "K:{}", key_name(key.sharps, key.minor));
    for (index, line) in lines.iter().enumerate() {
        let clef = match line.part.staves[line.staff].clefs.first().map(|clef| clef.1) {
            // Readers differ in whether a clef with an 8 moves the notes, so there is none.
            Some(Clef::Bass | Clef::BassDown) => "bass",
            Some(Clef::Alto) => "alto",
            _ => "treble",
        };
        if lines.len() > 1 {
            let _ = writeln!(text, "V:{} name=\"{}\" clef={clef}", index + 1, plain(&line.part.name));
        }
        if lines.iter().any(|line| line.program > 0) {
            let _ = writeln!(text, "%%MIDI program {}", line.program);
        }
    }
    text
}

/// The voices as staves and parts: `{ ( 1 2 ) | 3 } 4`.
fn score(lines: &[Line]) -> String {
    let mut words = Vec::new();
    let numbered: Vec<(usize, &Line)> =
        lines.iter().enumerate().map(|(index, line)| (index + 1, line)).collect();
    for part in numbered.chunk_by(|a, b| std::ptr::eq(a.1.part, b.1.part)) {
        let braced = part[0].1.part.staves.len() > 1;
        words.extend(braced.then(|| "{".to_owned()));
        for staff in part.chunk_by(|a, b| a.1.staff == b.1.staff) {
            let together = staff.len() > 1;
            words.extend(together.then(|| "(".to_owned()));
            words.extend(staff.iter().map(|(number, _)| number.to_string()));
            words.extend(together.then(|| ")".to_owned()));
        }
        words.extend(braced.then(|| "}".to_owned()));
    }
    words.join(" ")
}

/// A text without what means something in a field.
fn plain(text: &str) -> String {
    text.chars().filter(|letter| !matches!(letter, '"' | '%' | '\\') && !letter.is_control()).collect()
}

fn key_name(sharps: i8, minor: bool) -> &'static str {
    let names = if minor { &MINOR } else { &MAJOR };
    names[usize::try_from(sharps + 7).unwrap_or(7).min(14)]
}

fn speed(sheet: &Sheet, measure: usize, quarters_per_minute: f64) -> String {
    let metre = sheet.measures[measure].metre;
    let (unit, quarters) =
        if has_dotted_beats(metre) && metre.denominator == 8 { ("3/8", 1.5) } else { ("1/4", 1.0) };
    // As many places as bring back the microseconds.
    let exact = micros_per_quarter(quarters_per_minute);
    let shown = |places: usize| format!("{:.places$}", quarters_per_minute / quarters);
    let brings_back =
        |text: &String| text.parse::<f64>().is_ok_and(|shown| micros_per_quarter(shown * quarters) == exact);
    let text = (0..8).map(shown).find(brings_back).unwrap_or_else(|| shown(8));
    format!("{unit}={text}")
}

/// A measure with its bar line.
fn measure(text: &mut String, sheet: &Sheet, line: &mut Line, number: usize) {
    let measure = &sheet.measures[number];
    if number > 0 {
        if sheet.measures[number - 1].metre != measure.metre {
            let _ = write!(text, "[M:{}]", measure.metre);
        }
        if let Some(key) = sheet.keys.iter().find(|key| key.measure == number) {
            let _ = write!(text, "[K:{}]", key_name(key.sharps, key.minor));
        }
    }
    if let Some(mark) = line.part.marks.iter().find(|mark| line.marked && mark.measure == number) {
        let _ = write!(text, "!{}!", mark.text);
    }
    let voices = &line.part.staves[line.staff].measures[number];
    match voices.iter().find(|voice| voice.number == line.voice) {
        None => text.push_str(&format!("x{}", length(measure.length, UNIT))),
        Some(voice) => {
            let elements =
                if line.leads { cut_at_signs(sheet, &voice.elements) } else { voice.elements.clone() };
            let mut signs = Signs::new(sheet.key_at(number).sharps);
            for (index, element) in elements.iter().enumerate() {
                if line.leads {
                    before(text, sheet, number, element);
                }
                if let Some(head) = element.heads().first().filter(|head| head.note.program != line.program) {
                    line.program = head.note.program;
                    let _ = write!(text, "[I:MIDI program {}]", line.program);
                }
                write_element(text, element, &elements[index..], &mut signs);
            }
        }
    }
    let text_end = text.trim_end().len();
    text.truncate(text_end);
    text.push_str(if number + 1 == sheet.measures.len() { " |]" } else { " | " });
}

/// Cuts elements where a chord symbol or a tempo stands within them, so that it has a note to stand on.
fn cut_at_signs(sheet: &Sheet, elements: &[Element]) -> Vec<Element> {
    let mut times: Vec<u64> = sheet.chords.iter().map(|chord| chord.0).collect();
    times.extend(sheet.tempos.iter().filter(|tempo| tempo.shown).map(|tempo| tempo.at));
    times.sort_unstable();
    let mut result = Vec::new();
    for element in elements {
        let mut rest = element.clone();
        let first = times.partition_point(|&time| time <= element.from);
        for &time in times[first..].iter().take_while(|&&time| time < element.end()) {
            if time == rest.from {
                continue;
            }
            let mut piece = rest.clone();
            piece.length = time - rest.from;
            rest.length -= piece.length;
            rest.from = time;
            if let Kind::Notes(heads) = &mut piece.kind {
                heads.iter_mut().for_each(|head| head.tied_after = true);
            }
            if let Kind::Notes(heads) = &mut rest.kind {
                heads.iter_mut().for_each(|head| head.tied_before = true);
            }
            piece.tuplet = piece.tuplet.map(|tuplet| InTuplet { ends: false, ..tuplet });
            rest.tuplet = rest.tuplet.map(|tuplet| InTuplet { begins: false, ..tuplet });
            result.push(piece);
        }
        result.push(rest);
    }
    result
}

/// Tempos and chord symbols where an element begins.
fn before(text: &mut String, sheet: &Sheet, number: usize, element: &Element) {
    for tempo in sheet.tempos.iter().filter(|tempo| tempo.shown && tempo.at == element.from && tempo.at > 0) {
        let _ = write!(text, "[Q:{}]", speed(sheet, number, tempo.quarters_per_minute()));
    }
    let first = sheet.chords.partition_point(|chord| chord.0 < element.from);
    for (_, chord) in sheet.chords[first..].iter().take_while(|chord| chord.0 == element.from) {
        let _ = write!(text, "\"{}\"", chord_name(chord, sheet.key_at(number).sharps));
    }
}

fn chord_name(chord: &ChordSymbol, sharps: i8) -> String {
    let tone = |class: u8| {
        let (letter, alter) = letter(nearest(class % 12, sharps));
        let sign = if alter > 0 { "#" } else { "b" };
        format!("{letter}{}", sign.repeat(alter.unsigned_abs().into()))
    };
    let Some(root) = chord.root else { return "N.C.".to_owned() };
    let bass = chord.bass.map_or_else(String::new, |bass| format!("/{}", tone(bass)));
    format!("{}{}{bass}", tone(root), chord.kind.suffix())
}

fn write_element(text: &mut String, element: &Element, rest: &[Element], signs: &mut Signs) {
    let mut length = length(element.length, UNIT);
    if let Some(tuplet) = element.tuplet {
        let (actual, normal) = (tuplet.ratio.actual, tuplet.ratio.normal);
        length = self::length(element.length * actual, UNIT * normal);
        if tuplet.begins {
            let last = rest.iter().position(|element| element.tuplet.is_some_and(|tuplet| tuplet.ends));
            let count = last.map_or(1, |last| last + 1);
            let _ = write!(text, "({}:{}:{count}", tuplet.ratio.actual, tuplet.ratio.normal);
        }
    }
    match &element.kind {
        Kind::Hidden => text.push_str(&format!("x{length}")),
        Kind::Rest => text.push_str(&format!("z{length}")),
        Kind::Notes(heads) => {
            let note = |head: &Head, signs: &mut Signs| {
                let (letter, alter) = letter(head.note.fifths);
                let octave = octave(head.note.pitch, head.note.fifths);
                let beside = |other: &&Head| {
                    let (same, _) = self::letter(other.note.fifths);
                    (same, self::octave(other.note.pitch, other.note.fifths)) == (letter, octave)
                };
                let doubled = heads.iter().filter(beside).count() > 1;
                format!("{}{}", signs.of(letter, octave, alter, doubled), pitch(letter, octave))
            };
            if let [head] = heads.as_slice() {
                let tie = if head.tied_after { "-" } else { "" };
                let _ = write!(text, "{}{length}{tie}", note(head, signs));
            } else {
                text.push('[');
                for head in heads {
                    text.push_str(&note(head, signs));
                    text.push_str(if head.tied_after { "-" } else { "" });
                }
                let _ = write!(text, "]{length}");
            }
        }
    }
    if !matches!(element.beams.first(), Some(Beam::Begin | Beam::Continue)) {
        text.push(' ');
    }
}

/// A letter with its octave: `C,` below middle C, `C` from it up, `c` and `c'` above.
fn pitch(letter: char, octave: i8) -> String {
    match octave {
        ..=4 => format!("{letter}{}", ",".repeat(usize::try_from(4 - octave).unwrap_or(0))),
        _ => {
            format!("{}{}", letter.to_ascii_lowercase(), "'".repeat(usize::try_from(octave - 5).unwrap_or(0)))
        }
    }
}

/// A length as a multiple of the unit note length, as a fraction.
fn length(above: u64, below: u64) -> String {
    let divisor = common(above, below);
    match (above / divisor, below / divisor) {
        (1, 1) => String::new(),
        (above, 1) => above.to_string(),
        (1, below) => format!("/{below}"),
        (above, below) => format!("{above}/{below}"),
    }
}

fn common(a: u64, b: u64) -> u64 {
    if b == 0 { a.max(1) } else { common(b, a % b) }
}
