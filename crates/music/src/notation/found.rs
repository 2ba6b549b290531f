//! [`Found`]: a piece as a reader of notation has it, with its reports.

use super::report::NotationReport;
use super::written::Written;
use crate::midi::ReadReport;
use crate::score::ChordSymbol;

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
