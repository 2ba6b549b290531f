//! Lines of music: notes, rests, chords, grace notes.

use super::super::super::written::WrittenNote;
use super::key::{SEMITONES, letter};
use super::line::{Fault, Line};
use super::reader::{Propagation, Reader};
use crate::score::Ticks;

/// Most measures of one rest.
const MAX_REST: u64 = 9_999;

/// A note before its length.
struct Pitch {
    letter: u8,
    octave: i32,
    pitch: Option<u8>,
}

/// Whether a text between two signs is the name of a decoration, and not the music between two ends of lines.
fn is_decoration(name: &str) -> bool {
    (1..40).contains(&name.len()) && !name.contains(|letter: char| letter.is_whitespace() || letter == '|')
}

impl Reader {
    pub(super) fn music(&mut self, text: &str) -> Result<(), Fault> {
        let mut line = Line { bytes: text.as_bytes(), text, at: 0 };
        while let Some(byte) = line.peek() {
            if self.own_symbol(byte)? {
                line.at += 1;
                continue;
            }
            match byte {
                b'A'..=b'G' | b'a'..=b'g' | b'^' | b'_' | b'=' => self.note(&mut line)?,
                b'z' | b'x' | b'Z' | b'X' => self.rest(&mut line)?,
                b'y' => {
                    line.at += 1;
                    line.length()?;
                }
                b'[' => self.bracket(&mut line)?,
                b'|' | b':' => self.bar_line(&mut line)?,
                b'(' => self.tuplet(&mut line)?,
                b'{' => self.graces(&mut line)?,
                b'<' | b'>' => self.broken(&mut line),
                b'-' => {
                    line.at += 1;
                    self.tie();
                }
                b'&' => {
                    line.at += 1;
                    let voice = self.here();
                    (voice.cursor, voice.last, voice.tuplet, voice.broken) = (0, None, None, None);
                    voice.layer += 1;
                }
                b'"' => {
                    line.at += 1;
                    let quoted = line.until(b'"').ok_or("a text in quotes does not end")?;
                    self.quoted(quoted)?;
                }
                b'!' | b'+' => {
                    line.at += 1;
                    let rest = line.at;
                    let alone = byte == b'!' && self.own_signs.bang_ends_line;
                    match line.until(byte).filter(|name| !alone && is_decoration(name)) {
                        Some(name) => self.decoration(name),
                        // One alone ends a line in old files.
                        None => line.at = rest,
                    }
                }
                b'S' => {
                    line.at += 1;
                    self.decoration("segno");
                }
                b'O' => {
                    line.at += 1;
                    self.decoration("coda");
                }
                b'.' | b'~' | b'H' | b'L' | b'M' | b'P' | b'T' | b'u' | b'v' => {
                    line.at += 1;
                    self.found.not_kept("decoration");
                }
                b' ' | b'\t' | b')' | b'`' | b'\\' | b'*' | b';' | b'?' | b'@' | b'#' | b'$' | b'%'
                | b']' => line.at += 1,
                _ => {
                    let letter = line.text[line.at..].chars().next().unwrap_or(' ');
                    line.at += letter.len_utf8();
                    let shown = letter.escape_default();
                    self.found.damage(
                        self.offset,
                        format!("the sign '{shown}' means nothing in ABC and was skipped"),
                    );
                }
            }
        }
        Ok(())
    }

    /// Accidental, letter and octave of a note. What has no letter is skipped.
    fn pitch(&mut self, line: &mut Line) -> Option<Pitch> {
        let mut accidental: Option<i8> = None;
        while let Some(sign @ (b'^' | b'_' | b'=')) = line.peek() {
            line.at += 1;
            let by = match sign {
                b'^' => 1,
                b'_' => -1,
                _ => 0,
            };
            accidental = Some((accidental.unwrap_or(0) + by).clamp(-2, 2));
        }
        if accidental.is_some()
            && (line.peek() == Some(b'/') || line.peek().is_some_and(|byte| byte.is_ascii_digit()))
        {
            line.number();
            line.eat(b'/');
            line.number();
            self.found.not_kept("quarter tone");
        }
        let byte = line.peek()?;
        let letter = letter(byte)?;
        line.at += 1;
        let mut octave = i32::from(byte.is_ascii_lowercase());
        while let Some(mark @ (b',' | b'\'')) = line.peek() {
            line.at += 1;
            octave = (octave + if mark == b'\'' { 1 } else { -1 }).clamp(-20, 20);
        }
        let propagation = self.propagation;
        let voice = self.here();
        let tied = voice.ties.iter().find(|tie| (tie.0, tie.1) == (letter, octave)).map(|tie| tie.2);
        if let Some(tied) = tied.filter(|_| accidental.is_none()) {
            return Some(Pitch { letter, octave, pitch: Some(tied) });
        }
        if let Some(accidental) = accidental.filter(|_| propagation != Propagation::Not) {
            voice
                .in_bar
                .retain(|&(l, o, _)| l != letter || propagation == Propagation::Octave && o != octave);
            voice.in_bar.push((letter, octave, accidental));
        }
        let in_bar = voice
            .in_bar
            .iter()
            .find(|&&(l, o, _)| l == letter && (propagation == Propagation::Pitch || o == octave))
            .map(|&(_, _, accidental)| accidental);
        let accidental = accidental.or(in_bar).unwrap_or(voice.key.0[usize::from(letter)]);
        let octaves = octave + voice.octave + voice.clef_octave;
        let sounding =
            60 + 12 * octaves + SEMITONES[usize::from(letter)] + i32::from(accidental) + voice.transpose;
        Some(Pitch { letter, octave, pitch: u8::try_from(sounding).ok().filter(|&pitch| pitch < 128) })
    }

    fn note(&mut self, line: &mut Line) -> Result<(), Fault> {
        let start = line.at;
        let Some(pitch) = self.pitch(line) else {
            line.at = line.at.max(start + 1);
            self.found.damage(self.offset, "an accidental has no note");
            return Ok(());
        };
        let (above, below) = line.length()?;
        let tied = line.eat(b'-');
        self.sound(&[(pitch, above, below, tied)], (1, 1))
    }

    /// `[CEG]2`, `[K:…]`, `[1`, `[|`.
    fn bracket(&mut self, line: &mut Line) -> Result<(), Fault> {
        match (line.after(1), line.after(2)) {
            (Some(letter), Some(b':')) if letter.is_ascii_alphabetic() && line.after(3) != Some(b'|') => {
                line.at += 3;
                let value = line.until(b']').ok_or("a field in brackets does not end")?;
                return self.field(letter, value.trim());
            }
            (Some(b'|'), _) => return self.bar_line(line),
            (Some(b'0'..=b'9' | b'"'), _) => {
                line.at += 1;
                return self.ending(line);
            }
            _ => {}
        }
        line.at += 1;
        let mut notes = Vec::new();
        loop {
            match line.peek() {
                None | Some(b'|' | b'(') => {
                    self.found.damage(
                        self.offset,
                        "a chord does not end; it ends at the bar line or bracket after it",
                    );
                    line.at -= 1;
                    break;
                }
                Some(b']') => break,
                Some(b'A'..=b'G' | b'a'..=b'g' | b'^' | b'_' | b'=') => {
                    let start = line.at;
                    match self.pitch(line) {
                        Some(pitch) => {
                            let (above, below) = line.length()?;
                            let tied = line.eat(b'-');
                            notes.push((pitch, above, below, tied));
                        }
                        None => line.at = line.at.max(start + 1),
                    }
                }
                Some(b'"') => {
                    line.at += 1;
                    let quoted = line.until(b'"').ok_or("a text in quotes does not end")?;
                    self.quoted(quoted)?;
                }
                Some(b'!') => {
                    line.at += 1;
                    let name = line.until(b'!').ok_or("a decoration does not end")?;
                    self.decoration(name);
                }
                Some(byte) if byte.is_ascii() => line.at += 1,
                Some(_) => line.at += line.text[line.at..].chars().next().map_or(1, char::len_utf8),
            }
        }
        line.at += 1;
        let length = line.length()?;
        if notes.is_empty() {
            return Ok(());
        }
        if line.eat(b'-') {
            notes.iter_mut().for_each(|note| note.3 = true);
        }
        self.sound(&notes, length)
    }

    /// Notes that begin together, with their own lengths; the first says how long the chord is.
    fn sound(&mut self, notes: &[(Pitch, u64, u64, bool)], (above, below): (u64, u64)) -> Result<(), Fault> {
        let own: Vec<Ticks> = notes.iter().map(|note| self.ticks(note.1 * above, note.2 * below)).collect();
        let factor = self.take_factor();
        let drum = self.is_drum();
        let voice = self.here();
        let (onset, first, ties) = (voice.cursor, voice.notes.len(), std::mem::take(&mut voice.ties));
        let layer = voice.layer;
        let (velocity, program, channel) =
            (voice.velocity, voice.program, if drum { 9 } else { voice.channel });
        let scaled = |ticks: Ticks| ticks / factor.1 * factor.0 + ticks % factor.1 * factor.0 / factor.1;
        let (mut outside, mut waiting) = (0, Vec::new());
        for ((pitch, _, _, tied), ticks) in notes.iter().zip(&own) {
            let Some(sounding) = pitch.pitch else {
                outside += 1;
                continue;
            };
            if *tied {
                waiting.push((pitch.letter, pitch.octave, sounding));
            }
            voice.notes.push(WrittenNote {
                onset,
                duration: scaled(*ticks),
                pitch: sounding,
                velocity,
                channel,
                program,
                track: 0,
                voice: layer,
                tie_from: ties.iter().any(|tie| tie.2 == sounding),
                tie_to: *tied,
                grace: 0,
            });
        }
        voice.ties = waiting;
        voice.graces = 0;
        let duration = scaled(own[0]);
        voice.last = Some((first, duration, onset));
        self.found.not_kept_of("note outside of MIDI's pitches", outside);
        self.advance(duration)
    }

    /// What tuplet and broken rhythm make of the next length.
    fn take_factor(&mut self) -> (u64, u64) {
        let voice = self.here();
        let (mut above, mut below) = voice.broken.take().unwrap_or((1, 1));
        if let Some((left, p, q)) = voice.tuplet {
            (above, below) = (above * q, below * p);
            voice.tuplet = (left > 1).then_some((left - 1, p, q));
        }
        (above, below)
    }

    fn rest(&mut self, line: &mut Line) -> Result<(), Fault> {
        let byte = line.peek().unwrap_or(b'z');
        line.at += 1;
        self.found.notation.rests += 1;
        if byte.is_ascii_uppercase() {
            let number = line.number().unwrap_or(1);
            if number > MAX_REST {
                return Err(format!("a rest of {number} measures is longer than any music"));
            }
            for place in 0..number {
                if place > 0 {
                    self.end_measure()?;
                }
                let metre = self.metre.unwrap_or(crate::Metre::COMMON);
                let bar = self.found.written.bar(metre);
                self.advance(bar)?;
            }
            return Ok(());
        }
        let (above, below) = line.length()?;
        let ticks = self.ticks(above, below);
        let factor = self.take_factor();
        let voice = self.here();
        let duration = ticks / factor.1 * factor.0 + ticks % factor.1 * factor.0 / factor.1;
        voice.ties.clear();
        voice.graces = 0;
        voice.last = Some((voice.notes.len(), duration, voice.cursor));
        self.advance(duration)
    }

    fn tie(&mut self) {
        let voice = self.here();
        let Some((first, ..)) = voice.last else { return };
        for note in &mut voice.notes[first..] {
            note.tie_to = true;
        }
        let pitches: Vec<u8> = voice.notes[first..].iter().map(|note| note.pitch).collect();
        // The letter is not known here: the next note needs the same accidental.
        voice.ties.extend(pitches.into_iter().map(|pitch| (u8::MAX, 0, pitch)));
    }

    fn graces(&mut self, line: &mut Line) -> Result<(), Fault> {
        line.at += 1;
        let mut chord = false;
        loop {
            match line.peek() {
                None => return Err("grace notes do not end".to_owned()),
                Some(b'}') => break,
                Some(byte @ (b'[' | b']')) => {
                    chord = byte == b'[';
                    line.at += 1;
                    let voice = self.here();
                    voice.graces = voice.graces.saturating_add(u16::from(chord));
                }
                Some(b'A'..=b'G' | b'a'..=b'g' | b'^' | b'_' | b'=') => {
                    let start = line.at;
                    let Some(pitch) = self.pitch(line) else {
                        line.at = line.at.max(start + 1);
                        continue;
                    };
                    line.length()?;
                    let drum = self.is_drum();
                    let voice = self.here();
                    voice.graces = voice.graces.saturating_add(u16::from(!chord)).max(1);
                    let note = WrittenNote {
                        onset: voice.cursor,
                        pitch: pitch.pitch.unwrap_or(0),
                        velocity: voice.velocity,
                        channel: if drum { 9 } else { voice.channel },
                        program: voice.program,
                        voice: voice.layer,
                        grace: voice.graces,
                        ..WrittenNote::default()
                    };
                    if pitch.pitch.is_some() {
                        voice.notes.push(note);
                        self.found.notation.grace_notes += 1;
                    }
                }
                Some(byte) if byte.is_ascii() => line.at += 1,
                Some(_) => line.at += line.text[line.at..].chars().next().map_or(1, char::len_utf8),
            }
        }
        line.at += 1;
        Ok(())
    }
}
