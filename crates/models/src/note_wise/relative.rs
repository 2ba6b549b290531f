//! Logits that depend on what the network read: how far a note is from the outer notes of the last frame, and whether earlier bars had it.
//!
//! ```text
//! logit_k[v] += y_k[highest, v − highest note of the last frame]      v is struck; likewise from the lowest note
//!             + Σ_bars y_k[bar, struck there | sounding there]        v is struck; its pitch was struck, or went on, at this place of an earlier bar
//!             + Σ_bars y_k[bar, held]                                 v is held; its pitch sounded there
//! ```
//!
//! The outputs `y_k` of the note stack say how much each counts. So what the network learns of a melodic interval holds for all pitches, as the
//! interval from the note below does.

use super::layout::{Decided, NoteSpace, Read};
use composer_music::representation::frames::pitches;

/// Widest interval from an outer note of the last frame with a logit of its own, either way, in semitones.
const REACH: usize = 24;
/// Outputs for the intervals from one outer note.
const INTERVALS: usize = 2 * REACH + 1;
/// Outputs for each earlier bar: struck where it was struck, struck where it went on, held where it sounded.
const FOR_BAR: usize = 3;

impl NoteSpace {
    /// Outputs that are relative to what was read.
    pub(super) fn relative_outputs(&self) -> usize {
        if self.relative { 2 * INTERVALS + self.lags * FOR_BAR } else { 0 }
    }

    /// Calls `add` with each output, from `first` on, and a class whose logit it is added to.
    pub(super) fn each_relative(
        &self,
        (decided, read): (Decided, &Read),
        first: usize,
        mut add: impl FnMut(usize, usize),
    ) {
        if !self.relative {
            return;
        }
        let lowest_open = decided.first(self);
        let [last, earlier @ ..] = read;
        let outer = [127 - last[0].leading_zeros().min(127), last[0].trailing_zeros()];
        for (place, outer) in outer.into_iter().enumerate().filter(|_| last[0] != 0) {
            let outer = outer as usize;
            let reached = outer.saturating_sub(REACH).max(lowest_open)..self.pitches.min(outer + REACH + 1);
            for offset in reached {
                add(first + place * INTERVALS + offset + REACH - outer, self.class(offset, true));
            }
        }
        let open = u128::MAX.checked_shl(lowest_open as u32).unwrap_or(0);
        for (lag, &[sounding, struck]) in earlier[..self.lags].iter().enumerate() {
            let output = first + 2 * INTERVALS + lag * FOR_BAR;
            let offsets = |plane: u128| pitches(plane & open).map(usize::from);
            offsets(struck).for_each(|offset| add(output, self.class(offset, true)));
            offsets(sounding & !struck).for_each(|offset| add(output + 1, self.class(offset, true)));
            if self.writes_held() {
                offsets(sounding).for_each(|offset| add(output + 2, offset));
            }
        }
    }
}
