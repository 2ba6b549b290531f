//! Keys and chord progressions as sets of pitch classes.

use crate::Error;
use composer_music::representation::chords::{self, ChordRepresentation, NUM_SYMBOLS};
use std::str::FromStr;

/// A set of pitch classes: bit 0 is C.
pub type PitchClasses = u16;

/// The MIDI pitches of a set of pitch classes, as a plane of a frame.
pub fn plane(classes: PitchClasses) -> u128 {
    (0..128).filter(|pitch| classes >> (pitch % 12) & 1 == 1).fold(0, |plane, pitch| plane | 1 << pitch)
}

/// A key: where the tonic is, and which scale stands on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// 0 is C.
    pub tonic: u8,
    /// Whether it is minor.
    pub minor: bool,
}

impl Key {
    /// Pitch classes of the scale. Minor has the sixth and the seventh degree in both forms, as music in minor does.
    pub fn scale(&self) -> PitchClasses {
        let degrees: &[u8] =
            if self.minor { &[0, 2, 3, 5, 7, 8, 9, 10, 11] } else { &[0, 2, 4, 5, 7, 9, 11] };
        self.classes(degrees)
    }

    /// Pitch classes of the tonic triad.
    pub fn triad(&self) -> PitchClasses {
        self.classes(if self.minor { &[0, 3, 7] } else { &[0, 4, 7] })
    }

    fn classes(&self, degrees: &[u8]) -> PitchClasses {
        degrees.iter().fold(0, |set, degree| set | 1 << ((self.tonic + degree) % 12))
    }
}

/// The pitch class of a letter with accidentals, and what follows it.
pub(crate) fn read_pitch_class(text: &str) -> Option<(u8, &str)> {
    let letter = text.chars().next()?;
    let class = match letter.to_ascii_uppercase() {
        'C' => 0,
        'D' => 2,
        'E' => 4,
        'F' => 5,
        'G' => 7,
        'A' => 9,
        'B' => 11,
        _ => return None,
    };
    let rest = &text[1..];
    let after = rest.trim_start_matches(['#', 'b', '♯', '♭']);
    let accidentals = &rest[..rest.len() - after.len()];
    let shift: i32 = accidentals.chars().map(|c| if matches!(c, '#' | '♯') { 1 } else { -1 }).sum();
    Some(((class + shift).rem_euclid(12) as u8, after))
}

impl FromStr for Key {
    type Err = Error;

    /// `D minor`, `F# major`, `Bb`, `Am`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let unreadable =
            || Error::Unreadable { what: "the key", text: text.into(), like: "\"D minor\" or \"F# major\"" };
        let (tonic, mode) = read_pitch_class(text.trim()).ok_or_else(unreadable)?;
        match mode.trim() {
            "" | "maj" | "major" | "Major" | "dur" => Ok(Self { tonic, minor: false }),
            "m" | "min" | "minor" | "Minor" | "moll" => Ok(Self { tonic, minor: true }),
            _ => Err(unreadable()),
        }
    }
}

/// Chords to follow, each for the same number of steps; after the last, the first again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChordPlan {
    /// Pitch classes of each chord; all twelve for "no chord".
    pub chords: Vec<PitchClasses>,
    /// Steps of each.
    pub steps: u64,
}

impl ChordPlan {
    /// Reads chord symbols with spaces between them, such as `Dm A7 Dm N`; `N` is no chord: anything goes.
    ///
    /// # Errors
    /// [`Error::Unreadable`] names the symbol.
    pub fn read(text: &str, steps: u64) -> Result<Self, Error> {
        let symbols = text.split(|c: char| c.is_whitespace() || c == '|').filter(|symbol| !symbol.is_empty());
        let chords = symbols.map(chord).collect::<Result<Vec<_>, _>>()?;
        if chords.is_empty() || steps == 0 {
            return Err(Error::Unreadable { what: "the chords", text: text.into(), like: "\"Dm A7 Dm\"" });
        }
        Ok(Self { chords, steps })
    }

    /// The chord at a step.
    pub fn at(&self, step: u64) -> PitchClasses {
        self.chords[(step / self.steps) as usize % self.chords.len()]
    }
}

/// Pitch classes of a chord symbol that the representation of chords knows.
fn chord(symbol: &str) -> Result<PitchClasses, Error> {
    if symbol == "N" {
        return Ok(0xfff);
    }
    let unreadable = || Error::Unreadable {
        what: "the chord",
        text: symbol.into(),
        like: "a root and one of nothing, m, dim, aug, sus4, sus2, 7, maj7, m7, m7b5, dim7, for example F#m7",
    };
    let (root, quality) = read_pitch_class(symbol).ok_or_else(unreadable)?;
    // Qualities are named once, on C, in the vocabulary of chords; what they are made of is what they sound like.
    let on_c = (1..NUM_SYMBOLS)
        .find(|&token| chords::symbol_name(token) == format!("C{quality}"))
        .ok_or_else(unreadable)?;
    let sounding = ChordRepresentation::default().decode_tokens(&[on_c]);
    Ok(sounding.notes().fold(0, |set, note| set | 1 << ((note.pitch + root) % 12)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(classes: &[u8]) -> PitchClasses {
        classes.iter().fold(0, |set, class| set | 1 << class)
    }

    #[test]
    fn keys_are_read_as_people_write_them() {
        assert_eq!("D minor".parse::<Key>().expect("a key"), Key { tonic: 2, minor: true });
        assert_eq!("Bb".parse::<Key>().expect("a key"), Key { tonic: 10, minor: false });
        assert_eq!("f#m".parse::<Key>().expect("a key"), Key { tonic: 6, minor: true });
        assert_eq!("Cb major".parse::<Key>().expect("a key").tonic, 11);
        assert_eq!("C".parse::<Key>().expect("a key").scale(), set(&[0, 2, 4, 5, 7, 9, 11]));
        for wrong in ["", "H", "D lydian", "12"] {
            assert!(wrong.parse::<Key>().expect_err("refused").to_string().contains("D minor"));
        }
    }

    #[test]
    fn chords_are_read_and_repeat() {
        let plan = ChordPlan::read("Dm A7 | F#m7b5 N", 16).expect("chords");
        assert_eq!(plan.chords, [set(&[2, 5, 9]), set(&[9, 1, 4, 7]), set(&[6, 9, 0, 4]), 0xfff]);
        assert_eq!((plan.at(15), plan.at(16), plan.at(64)), (plan.chords[0], plan.chords[1], plan.chords[0]));
        assert!(ChordPlan::read("Dm Xyz", 16).expect_err("refused").to_string().contains("Xyz"));
    }
}
