//! Collapse: loops and stuck chords.

use super::edit::{excerpt, with_notes};
use crate::grid::{Grid, GridNote, STEPS_PER_QUARTER};

pub(super) fn repeat_beginning(piece: &Grid, bars: usize) -> Grid {
    let length = piece.bar_lines[bars.min(piece.num_bars())];
    repeat(piece, 0, length)
}

pub(super) fn looping_tail(piece: &Grid, share: f64) -> Grid {
    let bar = ((piece.num_bars() as f64 * share) as usize).clamp(1, piece.num_bars().max(1));
    if bar >= piece.num_bars() {
        return piece.clone();
    }
    repeat(piece, piece.bar_lines[bar - 1], piece.bar_lines[bar])
}

pub(super) fn stuck_chord(piece: &Grid, share: f64) -> Grid {
    let from = (f64::from(piece.len()) * share) as u32 / STEPS_PER_QUARTER * STEPS_PER_QUARTER;
    let stuck: Vec<u8> = sounding_at(piece, from);
    let mut notes: Vec<GridNote> = excerpt(&piece.notes, 0, from, 0, 0).collect();
    let beats = (from..piece.len()).step_by(STEPS_PER_QUARTER as usize);
    notes.extend(beats.flat_map(|onset| {
        stuck.iter().map(move |&pitch| GridNote { onset, pitch, duration: STEPS_PER_QUARTER })
    }));
    with_notes(piece, notes)
}

fn sounding_at(piece: &Grid, step: u32) -> Vec<u8> {
    piece.notes.iter().filter(|note| note.onset <= step && step < note.end()).map(|note| note.pitch).collect()
}

/// Everything before `to`, then `from..to` again and again until the end.
fn repeat(piece: &Grid, from: u32, to: u32) -> Grid {
    if to <= from {
        return piece.clone();
    }
    let mut notes: Vec<GridNote> = excerpt(&piece.notes, 0, to, 0, 0).collect();
    let mut at = to;
    while at < piece.len() {
        let length = (to - from).min(piece.len() - at);
        notes.extend(excerpt(&piece.notes, from, from + length, at, 0));
        at += length;
    }
    with_notes(piece, notes)
}
