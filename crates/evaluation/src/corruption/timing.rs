//! Timing artefacts: notes early, late or cut short.

use rand::{Rng, RngExt};

use super::edit::with_notes;
use crate::grid::{Grid, GridNote, STEPS_PER_QUARTER};

/// The shift of [`jitter`] and the shortest note of [`cut_durations`]: a sixteenth.
const SIXTEENTH: u32 = STEPS_PER_QUARTER / 4;

pub(super) fn jitter(piece: &Grid, share: f64, rng: &mut impl Rng) -> Grid {
    let shift = |note: &GridNote| {
        let onset = match (rng.random_bool(share.clamp(0.0, 1.0)), rng.random_bool(0.5)) {
            (false, _) => note.onset,
            (true, true) if note.onset >= SIXTEENTH => note.onset - SIXTEENTH,
            (true, _) => note.onset + SIXTEENTH,
        };
        GridNote { onset, ..*note }
    };
    with_notes(piece, piece.notes.iter().map(shift).collect())
}

pub(super) fn cut_durations(piece: &Grid, share: f64, rng: &mut impl Rng) -> Grid {
    let cut = |note: &GridNote| {
        let sixteenths = note.duration.div_ceil(SIXTEENTH);
        let cut = sixteenths > 1 && rng.random_bool(share.clamp(0.0, 1.0));
        let duration = if cut { SIXTEENTH * rng.random_range(1..sixteenths) } else { note.duration };
        GridNote { duration, ..*note }
    };
    with_notes(piece, piece.notes.iter().map(cut).collect())
}
