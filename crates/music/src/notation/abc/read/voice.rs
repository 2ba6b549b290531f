//! One voice while it is read.

use super::super::super::repeats::{Jump, Marks};
use super::super::super::written::WrittenNote;
use super::fraction::Fraction;
use super::key::Accidentals;
use crate::score::Ticks;

/// Velocity where a tune says nothing.
const UNMARKED: u8 = 80;

/// State of a voice.
pub(super) struct Voice {
    pub id: String,
    pub name: Option<String>,
    pub measures: Vec<Vec<WrittenNote>>,
    /// The measure that is being written.
    pub measure: usize,
    pub notes: Vec<WrittenNote>,
    pub cursor: Ticks,
    /// Where the longest layer of the measure ends.
    pub length: Ticks,
    /// Layers of the measure, divided by `&`.
    pub layer: u32,
    pub unit: Fraction,
    pub key: Accidentals,
    /// Accidentals of this bar: letter, octave.
    pub in_bar: Vec<(u8, i32, i8)>,
    /// Octaves and semitones that are added to what is written.
    pub octave: i32,
    pub transpose: i32,
    pub clef_octave: i32,
    pub program: u8,
    pub channel: u8,
    pub velocity: u8,
    /// The last note, chord or rest: its first note in `notes`, its duration before a broken rhythm, its place.
    pub last: Option<(usize, Ticks, Ticks)>,
    /// What a broken rhythm does to the next note: multiplied by the first, divided by the second.
    pub broken: Option<(u64, u64)>,
    /// Notes left of a tuplet, and its factor.
    pub tuplet: Option<(u32, u64, u64)>,
    /// Notes that are tied to the next: letter, octave, pitch.
    pub ties: Vec<(u8, i32, u8)>,
    pub graces: u16,
    /// Whether an ending is open.
    pub in_ending: bool,
    /// Whether a repeat has begun by `|:`, and the last measure that a double bar line begins.
    pub repeat_open: bool,
    pub section: Option<usize>,
    /// Marks of the measure, for its end.
    pub marks: Vec<Mark>,
}

impl Voice {
    pub fn new(id: String, index: usize) -> Self {
        // Channels in turn, without that of drums.
        let channel = (index % 15) as u8;
        let channel = if channel >= 9 { channel + 1 } else { channel };
        Self {
            id,
            name: None,
            measures: Vec::new(),
            measure: 0,
            notes: Vec::new(),
            cursor: 0,
            length: 0,
            layer: 0,
            unit: Fraction(1, 8),
            key: Accidentals::default(),
            in_bar: Vec::new(),
            octave: 0,
            transpose: 0,
            clef_octave: 0,
            program: 0,
            channel,
            velocity: UNMARKED,
            last: None,
            broken: None,
            tuplet: None,
            ties: Vec::new(),
            graces: 0,
            in_ending: false,
            repeat_open: false,
            section: None,
            marks: Vec::new(),
        }
    }

    /// Key and unit of the tune's header.
    pub fn take_over(&mut self, first: &Voice) {
        (self.unit, self.key) = (first.unit, first.key);
        (self.octave, self.transpose, self.clef_octave) = (0, 0, 0);
    }

    pub fn is_untouched(&self) -> bool {
        self.measure == 0 && self.length == 0 && self.notes.is_empty()
    }

    /// Drops measures behind the last that has been written.
    pub fn trim(&mut self) {
        if self.measures.iter().all(Vec::is_empty) {
            self.measures.clear();
        }
    }

    pub fn put(&mut self) {
        if self.measures.len() <= self.measure {
            self.measures.resize(self.measure + 1, Vec::new());
        }
        self.measures[self.measure] = std::mem::take(&mut self.notes);
    }
}

/// A mark that waits for the end of its measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Segno,
    Coda,
    ToCoda,
    Fine,
    Jump(Jump),
}

impl Mark {
    pub fn put(self, marks: &mut Marks) {
        match self {
            Mark::Segno => marks.segno = true,
            Mark::Coda => marks.coda = true,
            Mark::ToCoda => marks.to_coda = true,
            Mark::Fine => marks.fine = true,
            Mark::Jump(jump) => marks.jump = Some(jump),
        }
    }
}
