//! Pieces with other notes, and excerpts of notes: what corruptions are made of.

use crate::grid::{Grid, GridNote};

/// The notes (by onset) that sound in `from..to`, cut at both ends and moved so that `from` comes to lie at `at`.
pub(super) fn excerpt(
    notes: &[GridNote],
    from: u32,
    to: u32,
    at: u32,
    semitones: i8,
) -> impl Iterator<Item = GridNote> {
    let inside = notes.iter().take_while(move |note| note.onset < to).filter(move |note| note.end() > from);
    inside.map(move |note| {
        let (start, end) = (note.onset.max(from), note.end().min(to));
        GridNote { onset: start - from + at, pitch: transposed(note.pitch, semitones), duration: end - start }
    })
}

/// A pitch moved by semitones; by octaves back into MIDI's range where it would leave it.
pub(super) fn transposed(pitch: u8, semitones: i8) -> u8 {
    let mut pitch = i16::from(pitch) + i16::from(semitones);
    while pitch < 0 {
        pitch += 12;
    }
    while pitch > 127 {
        pitch -= 12;
    }
    pitch as u8
}

/// The piece with other notes, in its own bars.
pub(super) fn with_notes(piece: &Grid, notes: Vec<GridNote>) -> Grid {
    Grid::in_bars_like(piece, notes)
}
