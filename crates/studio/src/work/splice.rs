//! Two versions of a piece as one.

use composer_music::{BarMap, Note, Score, Ticks, Track};
use std::collections::BTreeMap;

/// A piece up to a tick: later notes go, and none sounds on.
pub fn until(score: &Score, end: Ticks) -> Score {
    let mut cut = score.clone();
    for track in &mut cut.tracks {
        track.notes.retain(|note| note.onset < end);
        for note in &mut track.notes {
            note.duration = note.duration.min(end - note.onset);
        }
    }
    cut.tempos.retain(|change| change.tick < end);
    cut.time_signatures.retain(|change| change.tick < end);
    cut.key_signatures.retain(|change| change.tick < end);
    cut.pedals.retain(|pedal| pedal.tick < end);
    cut.chord_symbols.retain(|symbol| symbol.tick < end);
    cut
}

/// A piece with the notes of another version that begin within bars, from 0 and with the one behind the last. Tracks that only the new
/// version has come behind the others.
pub fn within(old: &Score, new: &Score, bars: (u64, u64)) -> Score {
    let factor = finer(old, new);
    let map = BarMap::new(new);
    let (first, end) = (map.bar(bars.0).start, map.bar(bars.1.max(1) - 1).end);
    let inside = |onset: Ticks| (first..end).contains(&onset);
    let mut result = new.clone();
    for (index, track) in result.tracks.iter_mut().enumerate() {
        track.notes.retain(|note| inside(note.onset));
        if let Some(before) = old.tracks.get(index) {
            let scaled = before.notes.iter().map(|note| scaled(note, factor));
            track.notes.extend(scaled.filter(|note| !inside(note.onset)));
            sort(track);
        }
    }
    result
}

/// How much finer the ticks of a new version are: a whole factor.
fn finer(old: &Score, new: &Score) -> Ticks {
    (Ticks::from(new.ticks_per_quarter) / Ticks::from(old.ticks_per_quarter)).max(1)
}

fn scaled(note: &Note, factor: Ticks) -> Note {
    Note { onset: note.onset * factor, duration: note.duration * factor, ..*note }
}

/// A piece twice: with the notes that begin within bars, from 0 and with the one behind the last, and with all others.
pub fn apart(score: &Score, bars: (u64, u64)) -> (Score, Score) {
    let map = BarMap::new(score);
    let span = map.bar(bars.0).start..map.bar(bars.1.max(1) - 1).end;
    let only = |wanted: bool| {
        let mut part = score.clone();
        for track in &mut part.tracks {
            track.notes.retain(|note| span.contains(&note.onset) == wanted);
        }
        part
    };
    (only(true), only(false))
}

/// Adds the notes that [`apart`] left out, wherever the others are now. None of one part sounds into the next of the other at its pitch.
pub fn together(score: &mut Score, rest: &Score) {
    let factor = finer(rest, score);
    for (track, others) in score.tracks.iter_mut().zip(&rest.tracks) {
        let own = std::mem::take(&mut track.notes).into_iter().map(|note| (note, true));
        let mut notes: Vec<(Note, bool)> =
            own.chain(others.notes.iter().map(|note| (scaled(note, factor), false))).collect();
        notes.sort_by_key(|(note, _)| (note.onset, note.pitch, note.duration));
        let mut last: BTreeMap<(u8, u8), usize> = BTreeMap::new();
        for place in 0..notes.len() {
            let (Note { onset, channel, pitch, .. }, part) = notes[place];
            if let Some(before) = last.insert((channel, pitch), place) {
                let (before, other) = &mut notes[before];
                if *other != part && before.onset < onset {
                    before.duration = before.duration.min(onset - before.onset);
                }
            }
        }
        track.notes = notes.into_iter().map(|(note, _)| note).collect();
    }
}

/// Brings the notes of a track into their order.
pub fn sort(track: &mut Track) {
    track.notes.sort_unstable_by_key(|note| (note.onset, note.pitch, note.duration));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(ticks_per_quarter: u16, onsets: &[u64]) -> Score {
        let mut score = Score::new(ticks_per_quarter);
        let note =
            |&onset: &u64| Note { onset, duration: 24, pitch: 60, velocity: 80, channel: 0, program: 0 };
        score.tracks.push(Track { name: None, notes: onsets.iter().map(note).collect() });
        score
    }

    #[test]
    fn only_the_bars_are_new_and_nothing_sounds_past_an_end() {
        let (old, new) = (score(12, &[0, 48, 96]), score(24, &[24, 120, 216]));
        let both = within(&old, &new, (1, 2));
        assert_eq!(both.tracks[0].notes.iter().map(|note| note.onset).collect::<Vec<_>>(), [0, 120, 192]);
        assert_eq!(both.tracks[0].notes[0].duration, 48);
        let cut = until(&old, 60);
        assert_eq!(cut.tracks[0].notes.iter().map(Note::end).collect::<Vec<_>>(), [24, 60]);
    }

    #[test]
    fn what_is_taken_apart_comes_together_though_notes_have_moved() {
        let whole = score(12, &[0, 48, 96]);
        let (mut inside, outside) = apart(&whole, (1, 2));
        assert_eq!((inside.notes().count(), outside.notes().count()), (1, 2));
        inside.ticks_per_quarter = 24;
        // Played a little early, before the bar begins and while the note before still sounds.
        inside.tracks[0].notes[0].onset = 40;
        together(&mut inside, &outside);
        let notes = &inside.tracks[0].notes;
        assert_eq!(notes.iter().map(|note| note.onset).collect::<Vec<_>>(), [0, 40, 192]);
        assert_eq!(notes[0].duration, 40);
    }
}
