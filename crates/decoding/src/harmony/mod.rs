//! Keys and chord progressions as sets of pitch classes.

mod key;
mod pitch_classes;

pub use key::Key;
pub(crate) use pitch_classes::read_pitch_class;
pub use pitch_classes::{PitchClasses, plane};

use crate::Error;
use composer_music::representation::chords::{self, ChordRepresentation, NUM_SYMBOLS};

/// Chords to follow, one for each bar or each so many steps; after the last, the first again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChordPlan {
    /// Pitch classes of each chord; all twelve for "no chord".
    pub chords: Vec<PitchClasses>,
    /// Their symbols as they were written.
    pub symbols: Vec<String>,
    /// When the next chord comes.
    changes: Changes,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Changes {
    /// After so many steps.
    Every(u64),
    /// At these steps, the first at 0; the last chord stays.
    At(Vec<u64>),
}

impl ChordPlan {
    /// Reads chord symbols with spaces between them, such as `Dm A7 Dm N`, each for so many steps; `N` is no chord: anything goes.
    ///
    /// # Errors
    /// [`Error::Unreadable`] names the symbol.
    pub fn read(text: &str, steps: u64) -> Result<Self, Error> {
        Self::with_changes(text, Changes::Every(steps))
    }

    /// Reads chord symbols, one for each bar; `bars` are the first steps of the bars after the first, ascending.
    ///
    /// # Errors
    /// As for [`ChordPlan::read`].
    pub fn over_bars(text: &str, bars: impl IntoIterator<Item = u64>) -> Result<Self, Error> {
        Self::with_changes(text, Changes::At(std::iter::once(0).chain(bars).collect()))
    }

    fn with_changes(text: &str, changes: Changes) -> Result<Self, Error> {
        let symbols: Vec<String> = text
            .split(|c: char| c.is_whitespace() || c == '|')
            .filter(|symbol| !symbol.is_empty())
            .map(str::to_owned)
            .collect();
        let chords = symbols.iter().map(|symbol| chord(symbol)).collect::<Result<Vec<_>, _>>()?;
        if chords.is_empty() || changes == Changes::Every(0) {
            return Err(Error::Unreadable { what: "the chords", text: text.into(), like: "\"Dm A7 Dm\"" });
        }
        Ok(Self { chords, symbols, changes })
    }

    /// The chord at a step.
    pub fn at(&self, step: u64) -> PitchClasses {
        self.chords[self.place(step)]
    }

    /// The symbol of the chord at a step.
    pub fn symbol_at(&self, step: u64) -> &str {
        &self.symbols[self.place(step)]
    }

    fn place(&self, step: u64) -> usize {
        let number = match &self.changes {
            Changes::Every(steps) => (step / steps) as usize,
            Changes::At(starts) => starts.partition_point(|&start| start <= step).saturating_sub(1),
        };
        number % self.chords.len()
    }
}

/// Pitch classes of a chord symbol that the representation of chords knows.
pub fn chord(symbol: &str) -> Result<PitchClasses, Error> {
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
        assert_eq!("D minor".parse::<Key>().expect("a key"), Key::new(2, true));
        assert_eq!("Bb".parse::<Key>().expect("a key"), Key { accidental: -1, ..Key::new(10, false) });
        assert_eq!("f#m".parse::<Key>().expect("a key"), Key { accidental: 1, ..Key::new(6, true) });
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
        let bars = ChordPlan::over_bars("Dm A7", [12, 28]).expect("chords");
        assert_eq!(
            [0, 11, 12, 27, 28, 99].map(|step| bars.symbol_at(step)),
            ["Dm", "Dm", "A7", "A7", "Dm", "Dm"]
        );
        assert!(ChordPlan::read("Dm Xyz", 16).expect_err("refused").to_string().contains("Xyz"));
    }
}
