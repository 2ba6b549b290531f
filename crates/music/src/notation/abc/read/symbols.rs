//! Chord symbols, decorations and marks of dynamics.

use super::super::super::dynamics;
use super::super::super::repeats::Jump;
use super::key::{SEMITONES, letter};
use super::line::Fault;
use super::reader::Reader;
use super::voice::Mark;
use crate::chord_kind::ChordKind;
use crate::score::ChordSymbol;

/// Suffixes that are written for kinds of chords, besides the table's own.
const SUFFIXES: [(&str, ChordKind); 20] = [
    ("maj", ChordKind::Major),
    ("M", ChordKind::Major),
    ("min", ChordKind::Minor),
    ("mi", ChordKind::Minor),
    ("-", ChordKind::Minor),
    ("+", ChordKind::Augmented),
    ("+7", ChordKind::AugmentedSeventh),
    ("7+", ChordKind::AugmentedSeventh),
    ("o", ChordKind::Diminished),
    ("o7", ChordKind::DiminishedSeventh),
    ("M7", ChordKind::MajorSeventh),
    ("Maj7", ChordKind::MajorSeventh),
    ("min7", ChordKind::MinorSeventh),
    ("mi7", ChordKind::MinorSeventh),
    ("-7", ChordKind::MinorSeventh),
    ("min6", ChordKind::MinorSixth),
    ("maj6", ChordKind::MajorSixth),
    ("min9", ChordKind::MinorNinth),
    ("sus", ChordKind::SuspendedFourth),
    ("mM7", ChordKind::MajorMinor),
];

impl Reader {
    /// What stands in quotes: a chord symbol, or an annotation if it begins with its place.
    pub(super) fn quoted(&mut self, text: &str) -> Result<(), Fault> {
        if text.starts_with(['^', '_', '<', '>', '@']) {
            self.words(&text[1..]);
            return Ok(());
        }
        let (tick, measure) = (self.here().cursor, self.shared()?);
        let semitones = self.here().transpose;
        match chord_of(text, tick, semitones) {
            Some(symbol) => {
                self.found.notation.chord_symbols += 1;
                self.found.chord_symbol(measure, symbol);
            }
            None => {
                self.words(text);
                self.found.not_kept("text above the staff");
            }
        }
        Ok(())
    }

    /// Jumps in words.
    fn words(&mut self, text: &str) {
        let plain: String = text.to_lowercase().chars().filter(char::is_ascii_alphabetic).take(20).collect();
        if matches!(plain.as_str(), "fine" | "dc" | "dcalfine" | "ds" | "dsalfine") {
            self.mark(&plain);
        }
    }

    /// A decoration by its name.
    pub(super) fn decoration(&mut self, name: &str) {
        if let Some(&(_, velocity)) = dynamics::of_abc().iter().find(|mark| mark.0 == name) {
            self.here().velocity = velocity;
        } else {
            let plain: String =
                name.to_lowercase().chars().filter(char::is_ascii_alphabetic).take(20).collect();
            if !self.mark(&plain) {
                self.found.not_kept("decoration");
            }
        }
    }

    /// Does what a symbol of the tune's own stands for; whether the sign is one.
    pub(super) fn own_symbol(&mut self, sign: u8) -> Result<bool, Fault> {
        let Some(meaning) = self.own_signs.meaning(sign).map(str::to_owned) else { return Ok(false) };
        if let Some(text) = meaning.strip_prefix('"') {
            self.quoted(text.trim_end_matches('"'))?;
        } else {
            let name = meaning.trim_matches(['!', '+']);
            if !matches!(name, "nil" | "none" | "") {
                self.decoration(name);
            }
        }
        Ok(true)
    }

    /// A mark that changes the order of playing; whether it is one. It belongs to the measure that it stands in, or if nothing follows in
    /// that, to the one before.
    fn mark(&mut self, name: &str) -> bool {
        let mark = match name {
            "segno" => Mark::Segno,
            "coda" => Mark::Coda,
            "tocoda" | "dacoda" => Mark::ToCoda,
            "fine" => Mark::Fine,
            "dc" | "dacapo" | "dcalfine" | "dcalcoda" => Mark::Jump(Jump::DaCapo),
            "ds" | "dalsegno" | "dsalfine" | "dsalcoda" => Mark::Jump(Jump::DalSegno),
            _ => return false,
        };
        self.here().marks.push(mark);
        true
    }
}

/// A chord symbol such as `F#m7/C#`, moved by semitones.
fn chord_of(text: &str, tick: u64, semitones: i32) -> Option<ChordSymbol> {
    let text = text.trim().trim_start_matches('(').trim_end_matches(')');
    if matches!(text, "N.C." | "NC" | "N.C") {
        return Some(ChordSymbol { tick, root: None, kind: ChordKind::Major, bass: None });
    }
    let (chord, bass) = text.split_once('/').map_or((text, None), |(chord, bass)| (chord, Some(bass)));
    let (root, suffix) = root_of(chord, semitones)?;
    let kind = ChordKind::from_suffix(suffix)
        .or_else(|| SUFFIXES.iter().find(|row| row.0 == suffix).map(|row| row.1));
    // A word that begins with the capital of a note is no chord.
    let details = ["m", "maj", "dim", "aug", "sus", "add", "+", "-", "o", "(", "\u{b0}", "\u{f8}", "\u{394}"];
    let word = suffix.chars().filter(|letter| letter.is_ascii_lowercase()).count() > 5;
    let detailed = suffix.starts_with(|letter: char| letter.is_ascii_digit())
        || details.iter().any(|detail| suffix.starts_with(detail));
    if kind.is_none() && (word || !detailed) {
        return None;
    }
    let bass =
        bass.and_then(|bass| root_of(bass, semitones)).map(|(bass, _)| bass).filter(|&bass| bass != root);
    Some(ChordSymbol { tick, root: Some(root), kind: kind.unwrap_or(ChordKind::Other), bass })
}

/// The pitch class at the beginning of a text, and what follows it.
fn root_of(text: &str, semitones: i32) -> Option<(u8, &str)> {
    let first = text.bytes().next()?;
    let mut pitch = SEMITONES[usize::from(letter(first).filter(|_| first.is_ascii_uppercase())?)];
    let mut rest = &text[1..];
    for (sign, amount) in [("#", 1), ("b", -1), ("\u{266f}", 1), ("\u{266d}", -1)] {
        if let Some(after) = rest.strip_prefix(sign) {
            (pitch, rest) = (pitch + amount, after);
            break;
        }
    }
    Some(((pitch + semitones).rem_euclid(12) as u8, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chord_symbols_have_root_kind_and_bass() {
        for (text, root, kind, bass) in [
            ("G", Some(7), ChordKind::Major, None),
            ("F#m7/C#", Some(6), ChordKind::MinorSeventh, Some(1)),
            ("Bb", Some(10), ChordKind::Major, None),
            ("(E7)", Some(4), ChordKind::Dominant, None),
            ("Adim", Some(9), ChordKind::Diminished, None),
            ("C7b9", Some(0), ChordKind::Other, None),
            ("N.C.", None, ChordKind::Major, None),
        ] {
            let symbol = chord_of(text, 0, 0).expect(text);
            assert_eq!((symbol.root, symbol.kind, symbol.bass), (root, kind, bass), "{text}");
        }
        for text in ["Fine", "slowly", "", "1.", "Chorus", "H"] {
            assert!(chord_of(text, 0, 0).is_none(), "{text}");
        }
    }
}
