//! What the writers of a part know: what is written, where, and what instruments are called.

use crate::notation::sheet::{Part, Sheet};

/// What is written, and how.
pub struct Context<'a> {
    /// The sheet.
    pub sheet: &'a Sheet,
    /// The part.
    pub part: &'a Part,
    /// Its place among the parts.
    pub index: usize,
    /// Time of one division.
    pub unit: u64,
    /// Whether the part has the tempos.
    pub leads: bool,
    /// Whether the part has the chord symbols.
    pub has_chords: bool,
}

/// Where an element is written.
#[derive(Clone, Copy)]
pub struct Place {
    /// Number of the voice in the part, from 1.
    pub voice: usize,
    /// The staff, from 0.
    pub staff: usize,
}

/// The id of the instrument of a part by its place among the part's instruments.
pub fn instrument_id(part: usize, instrument: usize) -> String {
    format!("P{}-I{}", part + 1, instrument + 1)
}
