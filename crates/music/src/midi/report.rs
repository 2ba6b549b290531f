//! What a MIDI file held besides the score, and what was wrong with it.

use std::collections::BTreeMap;
use std::fmt;

use crate::notation::NotationReport;
use crate::score::Ticks;

/// One damaged place in a file.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Damage {
    /// Byte from the beginning of the file.
    pub offset: usize,
    /// What is wrong there and what became of it.
    pub what: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "byte {}: {}", self.offset, self.what)
    }
}

/// What [`super::read`] found, beyond the score: nothing is lost silently.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct ReadReport {
    /// MIDI format 0, 1 or 2.
    pub format: u8,
    /// Tracks in the file, also those without notes.
    pub tracks: usize,
    /// Tracks that the header declares.
    pub declared_tracks: usize,
    /// Where the last track ends, in ticks: perhaps after the last note.
    pub end: Ticks,
    /// Everything in the tracks, by kind, with its number.
    pub events: BTreeMap<String, usize>,
    /// Whether the file was wrapped in RIFF.
    pub riff: bool,
    /// Frames per second, if the file counts time in SMPTE frames instead of quarter notes.
    pub smpte: Option<u8>,
    /// Notes that were never released; they end at the last release of their key, or with their track.
    pub hanging_notes: usize,
    /// Note-offs without a note.
    pub stray_note_offs: usize,
    /// Notes without length, kept as they are.
    pub zero_length_notes: usize,
    /// Notes struck while the same pitch still sounded on their channel.
    pub overlapping_notes: usize,
    /// Notes ended by a controller that ends all notes of a channel (120, 123 to 127).
    pub silenced_notes: usize,
    /// Changes of tempo, metre or key replaced by a later one at the same tick.
    pub replaced_changes: usize,
    /// Events and chunks that a score does not hold, by kind, with their number.
    pub not_kept: BTreeMap<String, usize>,
    /// Damaged places, at most [`ReadReport::MAX_DAMAGE`]; the rest is only counted.
    pub damage: Vec<Damage>,
    /// All damaged places.
    pub damage_count: usize,
    /// What MusicXML or ABC had, if the file is that; the numbers above that only MIDI has are 0 then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notation: Option<NotationReport>,
}

impl ReadReport {
    /// Damaged places that are described in full.
    pub const MAX_DAMAGE: usize = 20;

    /// Damaged places that are told in one line; the rest is only counted.
    const TOLD: usize = 5;

    /// Whether the file was read to its end without a fault.
    pub fn is_undamaged(&self) -> bool {
        self.damage_count == 0
    }

    pub(crate) fn damage(&mut self, offset: usize, what: impl Into<String>) {
        self.damage_count += 1;
        if self.damage.len() < Self::MAX_DAMAGE {
            self.damage.push(Damage { offset, what: what.into() });
        }
    }

    /// The first damaged places and the number of the others, in one line; `None` if there are none.
    pub fn damage_in_words(&self) -> Option<String> {
        let mut places: Vec<String> = self.damage.iter().take(Self::TOLD).map(Damage::to_string).collect();
        if self.damage_count > places.len() {
            places.push(format!("{} more places", self.damage_count - places.len()));
        }
        (!places.is_empty()).then(|| places.join("; "))
    }

    pub(crate) fn not_kept(&mut self, what: &str) {
        count(&mut self.not_kept, what);
    }

    pub(super) fn event(&mut self, what: &str) {
        count(&mut self.events, what);
    }
}

fn count(counts: &mut BTreeMap<String, usize>, what: &str) {
    match counts.get_mut(what) {
        Some(count) => *count += 1,
        None => drop(counts.insert(what.to_owned(), 1)),
    }
}
