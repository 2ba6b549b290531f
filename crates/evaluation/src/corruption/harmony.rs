//! Drift: transpositions that add up, and wrong notes.

use rand::{Rng, RngExt};

use super::edit::{excerpt, transposed, with_notes};
use crate::grid::{Grid, GridNote};

pub(super) fn semitone_steps(piece: &Grid, bars: usize) -> Grid {
    transpose_sections(piece, bars, |section| (section % 12) as i8)
}

pub(super) fn random_walk(piece: &Grid, probability: f64, rng: &mut impl Rng) -> Grid {
    let mut at = 0i8;
    transpose_sections(piece, 2, |_| {
        if rng.random_bool(probability.clamp(0.0, 1.0)) {
            at += [-2, -1, 1, 2][rng.random_range(0..4)];
            // An octave away is home again, so stay within one.
            at = if at.abs() > 11 { at % 12 } else { at };
        }
        at
    })
}

/// Cuts the piece every so many bars and transposes each section; `interval` is asked from the second section on.
fn transpose_sections(piece: &Grid, bars: usize, mut interval: impl FnMut(usize) -> i8) -> Grid {
    let mut notes: Vec<GridNote> = Vec::with_capacity(piece.notes.len());
    for (section, first) in (0..piece.num_bars()).step_by(bars).enumerate() {
        let (from, to) = (piece.bar_lines[first], piece.bar_lines[(first + bars).min(piece.num_bars())]);
        let semitones = if section == 0 { 0 } else { interval(section) };
        notes.extend(excerpt(&piece.notes, from, to, from, semitones));
    }
    with_notes(piece, notes)
}

pub(super) fn wrong_notes(piece: &Grid, share: f64, rng: &mut impl Rng) -> Grid {
    let length = f64::from(piece.len().max(1));
    let spoil = |note: &GridNote| {
        let wrong = rng.random_bool((share * f64::from(note.onset) / length).clamp(0.0, 1.0));
        let semitones = if !wrong {
            0
        } else if rng.random_bool(0.5) {
            1
        } else {
            -1
        };
        GridNote { pitch: transposed(note.pitch, semitones), ..*note }
    };
    with_notes(piece, piece.notes.iter().map(spoil).collect())
}
