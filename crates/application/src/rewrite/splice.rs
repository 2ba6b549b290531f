//! New notes of the grid as notes of the score, beside all notes that stay.

use super::layout::{Layout, NoteId};
use composer_decoding::rewrite::{GridNote, Keep};
use composer_music::{Note, Score, Ticks};
use std::collections::BTreeMap;

/// From which tick new notes begin, and where they end at the latest.
pub(super) type Within = (Ticks, Ticks);

/// The score with these new notes in the place of those that went.
pub(super) fn splice(layout: &Layout, original: &Score, notes: &[GridNote], within: Within) -> Score {
    let mut score = layout.kept.clone();
    let new: Vec<(usize, Note)> = match layout.passage.keep {
        Keep::Nothing => notes.iter().filter_map(|&note| fresh(layout, original, note, within)).collect(),
        Keep::Rhythm => other_pitches(layout, original, notes),
        Keep::Pitches => other_times(layout, original, notes, within),
    };
    for (track, note) in new {
        if let Some(note) = free(&score, note) {
            let notes = &mut score.tracks[track].notes;
            let place = notes.partition_point(|other| (other.onset, other.pitch) <= (note.onset, note.pitch));
            notes.insert(place, note);
        }
    }
    score
}

/// The ticks of a note, within limits.
fn ticks(layout: &Layout, note: GridNote, (first, last): Within) -> (Ticks, Ticks) {
    let tick = |step: usize| layout.grid.tick(step as u64).clamp(first, last);
    // A gap ends where its last bar does, also where that is no whole number of steps.
    let end = if note.end >= layout.passage.end { last } else { tick(note.end) };
    (tick(note.start), end)
}

/// A new note with the track, channel, program and velocity of the old note that is nearest in pitch and time.
fn fresh(layout: &Layout, original: &Score, note: GridNote, within: Within) -> Option<(usize, Note)> {
    let (onset, end) = ticks(layout, note, within);
    let quarter = f64::from(original.ticks_per_quarter);
    let distance = |other: &Note| {
        let apart = onset.abs_diff(other.onset) as f64 / quarter;
        // A voice moves some semitones in a bar.
        f64::from(note.pitch.abs_diff(other.pitch)) + apart.min(64.0)
    };
    let old =
        layout.selected.iter().map(|&((track, place), _)| (track, &original.tracks[track].notes[place]));
    let others = original.tracks.iter().enumerate().flat_map(|(track, all)| {
        all.notes.iter().filter(|note| !note.is_drum()).map(move |note| (track, note))
    });
    let nearest = |notes: &mut dyn Iterator<Item = (usize, &Note)>| {
        notes.min_by(|a, b| distance(a.1).total_cmp(&distance(b.1))).map(|(track, note)| (track, *note))
    };
    let (track, like) = nearest(&mut old.into_iter()).or_else(|| nearest(&mut others.into_iter()))?;
    (end > onset).then_some((track, Note { onset, duration: end - onset, pitch: note.pitch, ..like }))
}

/// The old notes with new pitches: of those that begin together on the grid the lowest has the lowest.
fn other_pitches(layout: &Layout, original: &Score, notes: &[GridNote]) -> Vec<(usize, Note)> {
    let mut ranks: BTreeMap<(usize, u8), u8> = BTreeMap::new();
    for (old, new) in layout.passage.notes.iter().zip(notes) {
        ranks.insert((old.start, old.pitch), new.pitch);
    }
    let with_pitch = |&((track, place), on_grid): &(NoteId, GridNote)| {
        let note = original.tracks[track].notes[place];
        let pitch = ranks.get(&(on_grid.start, on_grid.pitch)).copied().unwrap_or(note.pitch);
        (track, Note { pitch, ..note })
    };
    layout.selected.iter().map(with_pitch).collect()
}

/// The old notes at new times: those of one pitch in their order.
fn other_times(layout: &Layout, original: &Score, notes: &[GridNote], within: Within) -> Vec<(usize, Note)> {
    let mut times: BTreeMap<(usize, u8), GridNote> = BTreeMap::new();
    let of_pitch = |notes: &[GridNote], pitch: u8| -> Vec<GridNote> {
        notes.iter().copied().filter(|note| note.pitch == pitch).collect()
    };
    for pitch in 0..128 {
        let (old, new) = (of_pitch(&layout.passage.notes, pitch), of_pitch(notes, pitch));
        times.extend(old.iter().zip(new).map(|(old, new)| ((old.start, pitch), new)));
    }
    let at_time = |&((track, place), on_grid): &(NoteId, GridNote)| {
        let note = original.tracks[track].notes[place];
        let new = *times.get(&(on_grid.start, on_grid.pitch))?;
        // What stays where it was stays exactly.
        if (new.start, new.end) == (on_grid.start, on_grid.end) {
            return Some((track, note));
        }
        let (onset, end) = ticks(layout, new, within);
        (end > onset).then_some((track, Note { onset, duration: end - onset, ..note }))
    };
    layout.selected.iter().filter_map(at_time).collect()
}

/// A note cut so that it does not sound together with a note of its pitch and channel that stays; `None`: nothing is left of it.
fn free(score: &Score, mut note: Note) -> Option<Note> {
    let (mut onset, mut end) = (note.onset, note.end());
    let same = |other: &&Note| (other.pitch, other.channel) == (note.pitch, note.channel);
    for other in score.notes().filter(same) {
        if other.onset >= onset {
            end = end.min(other.onset);
        } else if other.end() > onset {
            onset = other.end();
        }
    }
    note.onset = onset;
    note.duration = end.checked_sub(onset).filter(|&duration| duration > 0)?;
    Some(note)
}
