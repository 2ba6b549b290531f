//! What a file of notation held besides its notes.

use super::written::Written;
use crate::chord_symbol::ChordSymbol;
use crate::midi::ReadReport;

/// What was found in a file of MusicXML or ABC.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct NotationReport {
    /// The format's name: `MusicXML` or `ABC`.
    pub format: String,
    /// Version of the format, as the file says it; empty if it does not.
    pub version: String,
    /// Parts or voices.
    pub parts: usize,
    /// Measures that are written.
    pub measures: usize,
    /// Measures that are played, repeats included.
    pub measures_played: usize,
    /// Rests.
    pub rests: usize,
    /// Grace notes.
    pub grace_notes: usize,
    /// Syllables of lyrics.
    pub lyrics: usize,
    /// Chord symbols.
    pub chord_symbols: usize,
    /// Times that ticks hold rounded only.
    pub rounded_times: usize,
    /// The number of the tune in its book (`X:`), for ABC.
    pub tune: Option<u64>,
    /// The title, if there is one, for ABC.
    pub title: Option<String>,
}

/// A piece as it is written, and what was found with it.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    pub written: Written,
    pub notation: NotationReport,
    pub report: ReadReport,
}

impl Found {
    pub fn not_kept(&mut self, what: &str) {
        self.report.not_kept(what);
    }

    pub fn not_kept_of(&mut self, what: &str, number: usize) {
        (0..number).for_each(|_| self.report.not_kept(what));
    }

    pub fn damage(&mut self, offset: usize, what: impl Into<String>) {
        self.report.damage(offset, what);
    }

    /// Adds a chord symbol to a measure, unless another part has it already.
    pub fn chord_symbol(&mut self, measure: usize, symbol: ChordSymbol) {
        let chords = &mut self.written.measures[measure].chords;
        let place = chords.partition_point(|other| other.tick <= symbol.tick);
        if place == 0 || chords[place - 1] != symbol {
            chords.insert(place, symbol);
        }
    }
}
