//! Texture: too few notes, chords that stand, too many notes, a range that shrinks.

use rand::{Rng, RngExt};

use super::edit::{excerpt, with_notes};
use crate::grid::{Grid, GridNote};

/// Bars that a sustained chord fills.
const SUSTAINED: usize = 2;

pub(super) fn thin_out(piece: &Grid, share: f64, rng: &mut impl Rng) -> Grid {
    let notes = piece.notes.iter().filter(|_| !rng.random_bool(share.clamp(0.0, 1.0)));
    let mut notes: Vec<GridNote> = notes.copied().collect();
    // A piece of which nothing is left would be silence, which is another fault.
    if notes.is_empty() {
        notes.extend(piece.notes.first());
    }
    with_notes(piece, notes)
}

pub(super) fn sustain(piece: &Grid, share: f64, rng: &mut impl Rng) -> Grid {
    let mut notes: Vec<GridNote> = Vec::with_capacity(piece.notes.len());
    for first in (0..piece.num_bars()).step_by(SUSTAINED) {
        let (from, to) = (piece.bar_lines[first], piece.bar_lines[(first + SUSTAINED).min(piece.num_bars())]);
        let inside: Vec<GridNote> = excerpt(&piece.notes, from, to, from, 0).collect();
        match inside.iter().map(|note| note.onset).min() {
            Some(chord) if rng.random_bool(share.clamp(0.0, 1.0)) => {
                let held = inside.iter().filter(|note| note.onset == chord);
                notes.extend(held.map(|note| GridNote { duration: to - note.onset, ..*note }));
            }
            _ => notes.extend(inside),
        }
    }
    with_notes(piece, notes)
}

pub(super) fn clutter(piece: &Grid, share: f64, rng: &mut impl Rng) -> Grid {
    let pitches = || piece.notes.iter().map(|note| note.pitch);
    let (Some(low), Some(high)) = (pitches().min(), pitches().max()) else { return piece.clone() };
    let mut notes = piece.notes.clone();
    for note in &piece.notes {
        // More than 100 % adds several notes to each.
        let (whole, rest) = (share.max(0.0).floor(), share.max(0.0).fract());
        let added = whole as usize + usize::from(rng.random_bool(rest));
        notes.extend((0..added).map(|_| GridNote { pitch: rng.random_range(low..=high), ..*note }));
    }
    with_notes(piece, notes)
}

pub(super) fn flatten_range(piece: &Grid, semitones: u8) -> Grid {
    let mut pitches: Vec<u8> = piece.notes.iter().map(|note| note.pitch).collect();
    pitches.sort_unstable();
    let Some(&middle) = pitches.get(pitches.len() / 2) else { return piece.clone() };
    let low = middle.saturating_sub(semitones / 2);
    let high = low + semitones.max(1);
    let fold = |pitch: u8| {
        let mut pitch = pitch;
        while pitch > high && pitch >= low + 12 {
            pitch -= 12;
        }
        while pitch < low && pitch + 12 <= high {
            pitch += 12;
        }
        // A band narrower than an octave holds not every pitch class: the nearest end then.
        pitch.clamp(low, high)
    };
    with_notes(piece, piece.notes.iter().map(|note| GridNote { pitch: fold(note.pitch), ..*note }).collect())
}
