//! Tempos as marks, and as what only playback reads.

use super::measures::{DIVISIONS, Measure, SHORTEST, position};
use crate::score::Score;

/// A change of tempo.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TempoMark {
    /// Where it begins.
    pub at: u64,
    /// Microseconds per quarter.
    pub micros_per_quarter: u32,
    /// Whether a metronome mark is written: a player's small changes are for playback alone.
    pub shown: bool,
}

impl TempoMark {
    /// Quarters per minute.
    pub fn quarters_per_minute(&self) -> f64 {
        60e6 / f64::from(self.micros_per_quarter.max(1))
    }
}

/// Change of tempo from which a new mark is written, as a share.
const NOTABLE: f64 = 0.04;

/// The tempos of a score up to its last measure; of several at one place the last.
pub fn marks(score: &Score, measures: &[Measure]) -> Vec<TempoMark> {
    let end = measures.last().map_or(0, Measure::end);
    let mut marks: Vec<TempoMark> = Vec::new();
    let mut shown: Option<(u64, f64)> = None;
    for tempo in &score.tempos {
        let exact = position(tempo.tick, score.ticks_per_quarter);
        let at = (exact + SHORTEST / 2) / SHORTEST * SHORTEST;
        if at >= end {
            continue;
        }
        let mut mark = TempoMark { at, micros_per_quarter: tempo.micros_per_quarter, shown: false };
        let speed = mark.quarters_per_minute();
        mark.shown = shown.is_none_or(|(from, before)| {
            at >= from + 4 * DIVISIONS && (speed / before - 1.0).abs() > NOTABLE
        });
        if marks.last().is_some_and(|last| last.at == at) {
            let replaced = marks.pop();
            mark.shown |= replaced.is_some_and(|last| last.shown);
        }
        if mark.shown {
            shown = Some((at, speed));
        }
        marks.push(mark);
    }
    marks
}
