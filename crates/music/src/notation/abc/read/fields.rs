//! Fields: metre, unit, tempo, voices, directives.

use super::super::super::written::{metre, micros_per_quarter};
use super::fraction::Fraction;
use super::key::{Accidentals, key_of};
use super::line::Fault;
use super::reader::{Propagation, RESOLUTION, Reader};
use super::voice::Voice;
use crate::metre::Metre;
use crate::score::{DRUM_CHANNEL, Ticks};

impl Reader {
    /// A field, of a line of its own or inline.
    pub(super) fn field(&mut self, letter: u8, value: &str) -> Result<(), Fault> {
        match letter {
            b'T' if self.title.is_none() => self.title = Some(value.chars().take(200).collect()),
            b'M' => self.metre_field(value)?,
            b'L' => {
                let unit =
                    Fraction::parse(value).ok_or_else(|| format!("L: {} is no length", shown(value)))?;
                match self.in_body {
                    true => self.here().unit = unit,
                    false => self.unit = Some(unit),
                }
            }
            b'Q' => self.tempo(value)?,
            b'K' => self.key(value)?,
            b'V' => self.voice_field(value)?,
            b'I' => {
                if let Some(directive) = value.strip_prefix("MIDI") {
                    self.directive(&format!("MIDI {}", directive.trim_start_matches(['=', ' '])))?;
                } else {
                    self.directive(value)?;
                }
            }
            b'm' | b'U' => {
                let defined = if letter == b'm' {
                    self.own_signs.add_macro(value)
                } else {
                    self.own_signs.add_symbol(value)
                };
                if !defined {
                    self.found.damage(
                        self.offset,
                        format!("{}: {} defines nothing", char::from(letter), shown(value)),
                    );
                }
            }
            b'P' if self.in_body => self.section(value)?,
            b'P' => self.order.stated = Some(value.to_owned()),
            b'w' => {
                let syllables =
                    |word: &str| word.split('-').filter(|part| part.chars().any(char::is_alphabetic)).count();
                self.found.notation.lyrics += value.split_whitespace().map(syllables).sum::<usize>();
            }
            b'd' | b's' => self.found.not_kept("line of symbols (s:)"),
            _ => {}
        }
        Ok(())
    }

    fn metre_field(&mut self, value: &str) -> Result<(), Fault> {
        let said = metre_of(value).ok_or_else(|| format!("M: {} is no metre", shown(value)))?;
        if self.in_body {
            let measure = self.here().measure + usize::from(self.here().length > 0);
            self.metres.entry(measure).or_insert(said);
        } else {
            self.metre = said;
        }
        self.here_metre(said);
        Ok(())
    }

    fn here_metre(&mut self, said: Option<Metre>) {
        if self.in_body {
            self.metre = said;
        }
    }

    /// `1/4=120`, `"Allegro" 3/8=80`, `C3=40`, or a number of units in a minute.
    fn tempo(&mut self, value: &str) -> Result<(), Fault> {
        let plain: String = value.split('"').step_by(2).collect::<Vec<_>>().join(" ");
        let plain = plain.trim();
        if plain.is_empty() {
            self.found.not_kept("tempo without a number");
            return Ok(());
        }
        let unit = if self.in_body { Some(self.here().unit) } else { self.unit };
        let (beat, number) = plain.split_once('=').unwrap_or(("", plain));
        let Ok(number) = number.trim().split(['-', ' ']).next().unwrap_or_default().parse::<f64>() else {
            return Err(format!("Q: {} is no tempo", shown(value)));
        };
        let quarters = match beat.trim() {
            "" => unit.map(Fraction::quarters),
            beat if beat.starts_with('C') => {
                let units = beat[1..].trim().parse::<f64>().unwrap_or(1.0);
                unit.map(|unit| unit.quarters() * units)
            }
            beat => {
                let lengths: Option<Vec<Fraction>> = beat.split_whitespace().map(Fraction::parse).collect();
                let lengths = lengths.ok_or_else(|| format!("Q: {} is no tempo", shown(value)))?;
                Some(lengths.into_iter().map(Fraction::quarters).sum())
            }
        };
        match quarters {
            Some(quarters) => self.set_tempo(quarters * number),
            None => {
                self.tempo_in_units = Some(number);
                Ok(())
            }
        }
    }

    fn set_tempo(&mut self, quarters_per_minute: f64) -> Result<(), Fault> {
        let Some(micros) = micros_per_quarter(quarters_per_minute) else {
            self.found.not_kept("tempo that MIDI cannot express");
            return Ok(());
        };
        let measure = self.shared()?;
        let at = self.here().cursor;
        let tempos = &mut self.found.written.measures[measure].tempos;
        match tempos.binary_search_by_key(&at, |&(at, _)| at) {
            Ok(place) => tempos[place].1 = micros,
            Err(place) => tempos.insert(place, (at, micros)),
        }
        Ok(())
    }

    /// A key, and with the first the end of the header.
    fn key(&mut self, value: &str) -> Result<(), Fault> {
        let said = key_of(value).ok_or_else(|| format!("K: {} is no key", shown(value)))?;
        if !self.in_body {
            self.in_body = true;
            self.metres.insert(0, self.metre);
            // Without L: the unit follows from the metre.
            let short = self.metre.is_some_and(|metre| metre.quarters() < 3.0);
            let unit = self.unit.unwrap_or(if short { Fraction(1, 16) } else { Fraction(1, 8) });
            self.voices.iter_mut().for_each(|voice| voice.unit = unit);
            if let Some(number) = self.tempo_in_units.take() {
                self.set_tempo(unit.quarters() * number)?;
            }
            if let Some(accidentals) = said.accidentals {
                self.voices.iter_mut().for_each(|voice| voice.key = accidentals);
            }
        } else if let Some(accidentals) = said.accidentals {
            self.here().key = accidentals;
        }
        self.properties(value);
        let (measure, first) = (self.shared()?, self.current == 0);
        if let (Some(accidentals), true) = (said.accidentals, first) {
            let (at, semitones) = (self.here().cursor, self.here().transpose);
            match accidentals.sharps(semitones) {
                Some(sharps) => self.found.written.measures[measure].keys.push((at, (sharps, said.minor))),
                None => self.found.not_kept("key of its own kind"),
            }
        }
        Ok(())
    }

    fn voice_field(&mut self, value: &str) -> Result<(), Fault> {
        let (name, rest) = value.split_once(char::is_whitespace).unwrap_or((value, ""));
        if name.is_empty() || name == "*" {
            return Ok(());
        }
        let before = self.current;
        self.current = self.voice(name)?;
        self.properties(rest);
        if !self.in_body {
            // Only described here; the tune begins with the first voice.
            self.described = Some(self.current);
            self.current = before.min(self.voices.len() - 1);
        }
        Ok(())
    }

    /// Properties of a voice or key: clef, octave, transposition, name.
    fn properties(&mut self, text: &str) {
        for (name, value) in properties(text) {
            let number = value.parse::<i32>().ok().filter(|number| (-120..=120).contains(number));
            match (name.as_str(), number) {
                ("octave", Some(octaves)) => self.here().octave = octaves.clamp(-10, 10),
                ("transpose" | "t", Some(semitones)) => self.here().transpose = semitones,
                ("clef" | "", _) if value.ends_with("-8") => self.here().clef_octave = -1,
                ("clef" | "", _) if value.ends_with("+8") => self.here().clef_octave = 1,
                ("clef", _) => self.here().clef_octave = 0,
                ("name" | "nm", _) => self.here().name = Some(value.chars().take(100).collect()),
                _ => {}
            }
        }
    }

    /// `%%MIDI program 12`, `%%propagate-accidentals octave` and what matters of others.
    pub(super) fn directive(&mut self, text: &str) -> Result<(), Fault> {
        let words: Vec<&str> = text.split_whitespace().take(8).collect();
        let last = words.last().and_then(|word| word.parse::<i32>().ok());
        match (words.first().copied(), words.get(1).copied(), last) {
            (Some("MIDI"), Some("program"), Some(program @ 0..=127)) => {
                self.addressed().program = program as u8;
                if !self.in_body && self.described.is_none() {
                    self.program = program as u8;
                }
            }
            (Some("MIDI"), Some("channel"), Some(channel @ 1..=16)) => {
                self.addressed().channel = channel as u8 - 1
            }
            (Some("MIDI"), Some("transpose"), Some(semitones @ -120..=120)) => {
                self.addressed().transpose = semitones
            }
            (Some("linebreak"), ..) => self.own_signs.bang_ends_line = words[1..].contains(&"!"),
            (Some("MIDI"), Some("drum" | "drumon" | "gchord" | "gchordon"), _) => {
                self.found.not_kept("accompaniment by %%MIDI");
            }
            (Some("propagate-accidentals"), Some(reach), _) => {
                self.propagation = match reach {
                    "not" => Propagation::Not,
                    "octave" => Propagation::Octave,
                    _ => Propagation::Pitch,
                };
            }
            _ => {}
        }
        Ok(())
    }

    /// The voice that a directive is for: in the header, the one that was described last.
    fn addressed(&mut self) -> &mut Voice {
        let described = self.described.filter(|_| !self.in_body);
        &mut self.voices[described.unwrap_or(self.current)]
    }

    /// Whether notes of a voice are percussion.
    pub(super) fn is_drum(&self) -> bool {
        self.voices[self.current].channel == DRUM_CHANNEL
    }

    /// A length of so many units in ticks.
    pub(super) fn ticks(&mut self, above: u64, below: u64) -> Ticks {
        let Fraction(numerator, denominator) = self.here().unit;
        let whole = u128::from(4 * RESOLUTION) * u128::from(numerator) * u128::from(above);
        let below = u128::from(denominator) * u128::from(below.max(1));
        self.found.notation.rounded_times += usize::from(!whole.is_multiple_of(below));
        u64::try_from((whole + below / 2) / below).unwrap_or(u64::MAX / 4).min(u64::MAX / 4)
    }
}

impl Accidentals {
    /// Sharps of the key signature, if it is one of the usual, moved by semitones.
    pub fn sharps(&self, semitones: i32) -> Option<i8> {
        let sharps = self.usual()?;
        let moved = i32::from(sharps) + 7 * semitones;
        let sharps =
            if semitones.rem_euclid(12) == 0 { i32::from(sharps) } else { (moved + 5).rem_euclid(12) - 5 };
        i8::try_from(sharps).ok()
    }
}

/// A metre; the outer `None` for what is none, the inner for `none`.
fn metre_of(value: &str) -> Option<Option<Metre>> {
    match value.split_whitespace().next().unwrap_or_default() {
        "C" => return Some(Some(Metre::COMMON)),
        "C|" => return Some(metre(2, 2)),
        "" | "none" => return Some(None),
        _ => {}
    }
    let (above, below) = value.split_once('/')?;
    let above: String = above.chars().filter(|letter| !matches!(letter, '(' | ')' | ' ')).collect();
    let beats =
        above.split('+').try_fold(0u64, |sum, beats| Some(sum + u64::from(beats.parse::<u8>().ok()?)))?;
    let below: String = below.trim().chars().take_while(char::is_ascii_digit).collect();
    Some(Some(metre(beats, below.parse().ok()?)?))
}

/// `clef=bass name="Left hand" treble-8` as pairs; a word alone has no name.
fn properties(text: &str) -> Vec<(String, String)> {
    let (mut pairs, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for letter in text.chars().chain([' ']) {
        match letter {
            '"' => quoted = !quoted,
            letter if letter.is_whitespace() && !quoted => {
                if !word.is_empty() {
                    let pair = match word.split_once('=') {
                        Some((name, value)) => (name.to_lowercase(), value.to_owned()),
                        None => (String::new(), word.clone()),
                    };
                    pairs.push(pair);
                }
                word.clear();
            }
            letter => word.push(letter),
        }
    }
    pairs
}

/// A value for people.
pub(super) fn shown(value: &str) -> String {
    let short: String = value.chars().take(30).collect();
    format!("\"{}\"", crate::text::printable(&short))
}
