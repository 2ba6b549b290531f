//! Keys by their names, in English and in German, in any case.

use super::pitch_classes::{PitchClasses, natural};
use crate::Error;
use composer_music::KeySignature;
use std::fmt;
use std::str::FromStr;

/// A key: where the tonic is, and which scale stands on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// 0 is C.
    pub tonic: u8,
    /// Whether it is minor.
    pub minor: bool,
    /// Which of two names the tonic has: 1 with sharps (F#), −1 with flats (Gb), 0 where that makes no difference. Only the
    /// key signature and the name depend on it.
    pub accidental: i8,
}

impl Key {
    /// A key by its tonic, 0 for C, under the name with the fewest accidentals.
    pub fn new(tonic: u8, minor: bool) -> Self {
        Self { tonic: tonic % 12, minor, accidental: 0 }
    }

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

    /// The key signature at a tick: of those that the tonic can have, the one that its name asks for, or that with the fewest
    /// accidentals.
    pub fn signature(&self, tick: u64) -> KeySignature {
        let above = if self.minor { 9 } else { 0 };
        let fits =
            |sharps: &i8| (7 * i16::from(*sharps) + above).rem_euclid(12) == i16::from(self.tonic % 12);
        let asked = |sharps: i8| sharps.signum() * self.accidental < 0;
        let sharps = (-7..=7).filter(fits).min_by_key(|&sharps| (asked(sharps), sharps.abs(), -sharps));
        // Seven fifths up and down from the middle reach all twelve pitch classes.
        KeySignature { tick, sharps: sharps.unwrap_or(0), minor: self.minor }
    }

    /// The name of the tonic: `F#`, `Bb`.
    pub fn tonic_name(&self) -> &'static str {
        const FIFTHS: [&str; 21] = [
            "Fb", "Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#", "G#",
            "D#", "A#", "E#", "B#",
        ];
        let place = 8 + i16::from(self.signature(0).sharps) + if self.minor { 3 } else { 0 };
        usize::try_from(place).ok().and_then(|place| FIFTHS.get(place)).unwrap_or(&"C")
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.tonic_name(), if self.minor { "minor" } else { "major" })
    }
}

impl FromStr for Key {
    type Err = Error;

    /// `D minor`, `F# major`, `Bb`, `f#m`, `B-flat minor`, `C MAJOR`, `Es-Dur`, `cis-Moll`, `H-Dur`.
    ///
    /// With Dur and Moll the names of notes are German: H is B natural, and B is B flat. A small letter on its own is refused:
    /// it is major to some and minor to others.
    fn from_str(text: &str) -> Result<Self, Error> {
        let like = "\"D minor\", \"F# major\", \"B-flat minor\" or \"Es-Dur\"";
        let unreadable = || Error::Unreadable { what: "the key", text: text.into(), like };
        let word = text.trim();
        let letter = word.chars().next().filter(char::is_ascii_alphabetic).ok_or_else(unreadable)?;
        let natural = natural(letter).ok_or_else(unreadable)?;
        let (shift, rest) = accidental(letter, &word[1..]);
        let mode = rest.trim_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '_' | '.'));
        let tonic = |shift: i32| (natural + shift).rem_euclid(12) as u8;
        let ambiguous = || {
            let [first, second] = [false, true].map(|minor| {
                Self { tonic: tonic(shift), minor, accidental: shift.signum() as i8 }.to_string()
            });
            Error::Ambiguous { text: text.into(), first, second }
        };
        let minor = match (mode, mode.to_lowercase().as_str()) {
            ("", _) if letter.is_ascii_lowercase() => return Err(ambiguous()),
            ("", _) if letter != 'H' => false,
            ("M", _) => return Err(ambiguous()),
            ("m", _) | (_, "min" | "minor" | "moll") => true,
            (_, "maj" | "major" | "dur") => false,
            _ => return Err(unreadable()),
        };
        let german = matches!(mode.to_lowercase().as_str(), "dur" | "moll");
        let flat = german && letter.eq_ignore_ascii_case(&'b') && shift == 0;
        let shift = if flat { -1 } else { shift };
        Ok(Self { tonic: tonic(shift), minor, accidental: shift.signum() as i8 })
    }
}

/// By how many semitones what follows a letter shifts it, and the rest: signs (`#`, `b`, `♯`, `♭`), words (`sharp`, `flat`), German
/// endings (`is`, `es`; `Es` and `As`).
fn accidental(letter: char, after: &str) -> (i32, &str) {
    let starts =
        |text: &str, with: &str| text.get(..with.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(with));
    let joined = after.trim_start_matches([' ', '-', '_']);
    for (word, shift) in [("sharp", 1), ("flat", -1)] {
        if starts(joined, word) {
            return (shift, &joined[word.len()..]);
        }
    }
    for (ending, shift) in [("is", 1), ("es", -1)] {
        if starts(after, ending) {
            return (shift, &after[ending.len()..]);
        }
    }
    if matches!(letter.to_ascii_uppercase(), 'A' | 'E') && starts(after, "s") {
        return (-1, &after[1..]);
    }
    let rest = after.trim_start_matches(['#', 'b', 'B', '♯', '♭']);
    let signs = &after[..after.len() - rest.len()];
    (signs.chars().map(|c| if matches!(c, '#' | '♯') { 1 } else { -1 }).sum(), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Key {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn names_are_read_in_both_languages_and_any_case() {
        for (names, tonic, minor) in [
            (
                "B-flat minor|Bb minor|bb minor|B♭ minor|BB MINOR|b flat Minor|bbm|b-Moll|B-moll|B moll",
                10,
                true,
            ),
            ("B-flat|Bb|B-Dur|b dur|bes major|BbMaj", 10, false),
            ("Es-Dur|ES DUR|es-dur|Eb|E flat major|E-flat|Es|EB MAJOR", 3, false),
            ("es-Moll|Es moll|ebm|D# minor|dis-moll", 3, true),
            ("As-Dur|as-dur|Ab|A flat", 8, false),
            ("C MAJOR|c major|C|c-Dur|C_major|C.", 0, false),
            ("cis-Moll|Cis moll|C# minor|c#m|C♯m|C sharp minor|des-moll", 1, true),
            ("F sharp minor|f#m|F-sharp minor|fis-moll|FIS-MOLL|f# min.|F#m", 6, true),
            ("H-Dur|h-dur|B|B major|Cb major", 11, false),
            ("h-Moll|B minor|bm|Bm|H minor", 11, true),
            ("A minor|am|Am|a-Moll|a MINOR", 9, true),
            ("Fis-Dur|F#|Gb|Ges-Dur", 6, false),
        ] {
            for name in names.split('|') {
                assert_eq!((read(name).tonic, read(name).minor), (tonic, minor), "{name}");
            }
        }
    }

    #[test]
    fn what_could_be_two_keys_is_refused_and_says_so() {
        for ambiguous in ["a", "c", "f#", "bb", "es", "AM"] {
            let complaint = ambiguous.parse::<Key>().expect_err("refused").to_string();
            assert!(
                ["major or", "minor: say", ambiguous].iter().all(|part| complaint.contains(part)),
                "{complaint}"
            );
        }
        for wrong in ["", "H", "D lydian", "12", "♯", "minor", "X minor", "é minor", "C major 7", "ä"] {
            assert!(wrong.parse::<Key>().expect_err("refused").to_string().contains("D minor"), "{wrong}");
        }
    }

    #[test]
    fn signatures_are_those_of_the_name() {
        for (name, sharps, said) in [
            ("C", 0, "C major"),
            ("D minor", -1, "D minor"),
            ("Gb", -6, "Gb major"),
            ("F#", 6, "F# major"),
            ("Es-moll", -6, "Eb minor"),
            ("D# minor", 6, "D# minor"),
            ("C#", 7, "C# major"),
            ("Db", -5, "Db major"),
            ("Cb", -7, "Cb major"),
            ("H-Dur", 5, "B major"),
            ("b-moll", -5, "Bb minor"),
            ("G# major", -4, "Ab major"),
        ] {
            let key = read(name);
            assert_eq!((key.signature(3).sharps, key.to_string().as_str()), (sharps, said), "{name}");
        }
        for tonic in 0..12 {
            for minor in [false, true] {
                let signature = Key::new(tonic, minor).signature(7);
                let above = if minor { 9 } else { 0 };
                assert_eq!((7 * i32::from(signature.sharps) + above).rem_euclid(12), i32::from(tonic));
                assert_eq!((signature.tick, signature.minor), (7, minor));
            }
        }
    }
}
