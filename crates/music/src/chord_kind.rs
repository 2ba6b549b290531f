//! [`ChordKind`]: the kinds of chords that lead sheets write above the staff, and their tones.

/// Which tones stand on the root: the kinds of chord that MusicXML names (its type `kind-value`), without the functional ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // The names are those of MusicXML.
pub enum ChordKind {
    Major,
    Minor,
    Augmented,
    Diminished,
    Dominant,
    MajorSeventh,
    MinorSeventh,
    DiminishedSeventh,
    AugmentedSeventh,
    HalfDiminished,
    MajorMinor,
    MajorSixth,
    MinorSixth,
    DominantNinth,
    MajorNinth,
    MinorNinth,
    Dominant11th,
    Major11th,
    Minor11th,
    Dominant13th,
    Major13th,
    Minor13th,
    SuspendedSecond,
    SuspendedFourth,
    Power,
    /// A chord that none of the others describes, of which only root and bass are known.
    Other,
}

/// Kind, name in MusicXML, suffix in lead sheets and ABC, semitones above the root.
type Row = (ChordKind, &'static str, &'static str, &'static [u8]);

/// What a kind is called, and its tones. Where several kinds had one suffix, the first would be read.
const KINDS: [Row; 26] = [
    (ChordKind::Major, "major", "", &[0, 4, 7]),
    (ChordKind::Minor, "minor", "m", &[0, 3, 7]),
    (ChordKind::Augmented, "augmented", "aug", &[0, 4, 8]),
    (ChordKind::Diminished, "diminished", "dim", &[0, 3, 6]),
    (ChordKind::Dominant, "dominant", "7", &[0, 4, 7, 10]),
    (ChordKind::MajorSeventh, "major-seventh", "maj7", &[0, 4, 7, 11]),
    (ChordKind::MinorSeventh, "minor-seventh", "m7", &[0, 3, 7, 10]),
    (ChordKind::DiminishedSeventh, "diminished-seventh", "dim7", &[0, 3, 6, 9]),
    (ChordKind::AugmentedSeventh, "augmented-seventh", "aug7", &[0, 4, 8, 10]),
    (ChordKind::HalfDiminished, "half-diminished", "m7b5", &[0, 3, 6, 10]),
    (ChordKind::MajorMinor, "major-minor", "m(maj7)", &[0, 3, 7, 11]),
    (ChordKind::MajorSixth, "major-sixth", "6", &[0, 4, 7, 9]),
    (ChordKind::MinorSixth, "minor-sixth", "m6", &[0, 3, 7, 9]),
    (ChordKind::DominantNinth, "dominant-ninth", "9", &[0, 4, 7, 10, 14]),
    (ChordKind::MajorNinth, "major-ninth", "maj9", &[0, 4, 7, 11, 14]),
    (ChordKind::MinorNinth, "minor-ninth", "m9", &[0, 3, 7, 10, 14]),
    (ChordKind::Dominant11th, "dominant-11th", "11", &[0, 4, 7, 10, 14, 17]),
    (ChordKind::Major11th, "major-11th", "maj11", &[0, 4, 7, 11, 14, 17]),
    (ChordKind::Minor11th, "minor-11th", "m11", &[0, 3, 7, 10, 14, 17]),
    (ChordKind::Dominant13th, "dominant-13th", "13", &[0, 4, 7, 10, 14, 17, 21]),
    (ChordKind::Major13th, "major-13th", "maj13", &[0, 4, 7, 11, 14, 17, 21]),
    (ChordKind::Minor13th, "minor-13th", "m13", &[0, 3, 7, 10, 14, 17, 21]),
    (ChordKind::SuspendedSecond, "suspended-second", "sus2", &[0, 2, 7]),
    (ChordKind::SuspendedFourth, "suspended-fourth", "sus4", &[0, 5, 7]),
    (ChordKind::Power, "power", "5", &[0, 7]),
    (ChordKind::Other, "other", "?", &[0]),
];

impl ChordKind {
    fn row(self) -> &'static Row {
        &KINDS[self as usize]
    }

    /// Its name in MusicXML, such as `half-diminished`.
    pub fn musicxml(self) -> &'static str {
        self.row().1
    }

    /// What lead sheets and ABC write after the root, such as `m7b5`.
    pub fn suffix(self) -> &'static str {
        self.row().2
    }

    /// The tones, in semitones above the root, from the root up.
    pub fn tones(self) -> &'static [u8] {
        self.row().3
    }

    /// The kind with a name of MusicXML; `None` for names that say nothing of the tones, as `Neapolitan`.
    pub fn from_musicxml(name: &str) -> Option<Self> {
        KINDS.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// The kind with a suffix.
    pub fn from_suffix(suffix: &str) -> Option<Self> {
        KINDS.iter().find(|row| row.2 == suffix).map(|row| row.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_both_of_its_names() {
        for (index, &(kind, name, suffix, tones)) in KINDS.iter().enumerate() {
            assert_eq!(kind as usize, index, "{name} stands at the wrong place of the table");
            assert_eq!(
                (ChordKind::from_musicxml(name), ChordKind::from_suffix(suffix)),
                (Some(kind), Some(kind))
            );
            assert!(tones.is_sorted() && tones[0] == 0, "{name}: {tones:?}");
        }
    }
}
