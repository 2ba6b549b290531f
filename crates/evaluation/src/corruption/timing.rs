//! Timing artefacts: notes early, late or cut short.

use rand::{Rng, RngExt};

use super::{SIXTEENTH, with_notes};
use crate::grid::{Grid, GridNote};

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
