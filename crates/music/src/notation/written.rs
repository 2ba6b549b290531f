//! A piece as it is written: its measures and what stands in them, before repeats are played. MusicXML and ABC are read into it.

use super::repeats::Marks;
use crate::metre::Metre;
use crate::score::ChordSymbol;
use crate::score::Ticks;
use std::ops::Range;

/// A written piece. All times are in its own ticks, of which `resolution` make a quarter; within a measure they begin with it.
#[derive(Clone, Debug, Default)]
pub(super) struct Written {
    pub resolution: Ticks,
    pub measures: Vec<Measure>,
    pub tracks: Vec<String>,
    pub parts: Vec<Part>,
    /// The order in which sections are played, where the piece states one.
    pub order: Vec<Section>,
}

/// A run of measures that is played some times in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Section {
    pub measures: Range<usize>,
    pub times: usize,
}

/// What all parts share of a measure.
#[derive(Clone, Debug, Default)]
pub(super) struct Measure {
    pub length: Ticks,
    /// The metre that holds in it; `None` where there is none (senza misura).
    pub metre: Option<Metre>,
    pub marks: Marks,
    /// Changes of tempo, in microseconds per quarter.
    pub tempos: Vec<(Ticks, u32)>,
    /// Changes of key: sharps, and whether it is minor.
    pub keys: Vec<(Ticks, (i8, bool))>,
    /// Chord symbols, with ticks that begin with the measure.
    pub chords: Vec<ChordSymbol>,
}

/// The notes of a part, measure by measure.
#[derive(Clone, Debug, Default)]
pub(super) struct Part {
    /// For every measure, its notes in the order of their onsets.
    pub measures: Vec<Vec<WrittenNote>>,
}

/// A note as it is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct WrittenNote {
    pub onset: Ticks,
    pub duration: Ticks,
    pub pitch: u8,
    pub velocity: u8,
    pub channel: u8,
    pub program: u8,
    /// Its track, an index of [`Written::tracks`].
    pub track: usize,
    /// Its voice, by which ties and grace notes find their neighbours.
    pub voice: u32,
    /// Tied to a note before it.
    pub tie_from: bool,
    /// Tied to a note after it.
    pub tie_to: bool,
    /// Place among the grace notes before one note, from 1; 0 for other notes.
    pub grace: u16,
}

impl Written {
    /// Length of a bar of a metre.
    pub fn bar(&self, metre: Metre) -> Ticks {
        let whole = 4 * self.resolution * Ticks::from(metre.numerator);
        whole / Ticks::from(metre.denominator.max(1))
    }
}

/// A metre by its numerator and denominator, if it is one.
pub(super) fn metre(numerator: u64, denominator: u64) -> Option<Metre> {
    let numerator = u8::try_from(numerator).ok().filter(|&number| number > 0)?;
    let denominator = u8::try_from(denominator).ok().filter(|number| number.is_power_of_two())?;
    Some(Metre { numerator, denominator })
}

/// The metre of which a measure of this length is one bar, with the denominator of `like` or a finer one.
pub(super) fn metre_of(length: Ticks, resolution: Ticks, like: Metre) -> Option<Metre> {
    let mut denominator = u64::from(like.denominator);
    while denominator <= 128 {
        let beats = length * denominator;
        if beats.is_multiple_of(4 * resolution) {
            return metre(beats / (4 * resolution), denominator);
        }
        denominator *= 2;
    }
    None
}

/// Microseconds per quarter of a tempo in quarters per minute, if MIDI can express it.
pub(super) fn micros_per_quarter(quarters_per_minute: f64) -> Option<u32> {
    let micros = (60e6 / quarters_per_minute).round();
    (quarters_per_minute > 0.0 && micros >= 1.0 && micros < f64::from(1 << 24)).then_some(micros as u32)
}
