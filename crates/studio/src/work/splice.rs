//! Two versions of a piece as one.

use composer_music::{BarMap, Score, Ticks, Track};

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
    let finer = |score: &Score| Ticks::from(score.ticks_per_quarter);
    // The new version may have finer ticks, by a whole factor.
    let factor = (finer(new) / finer(old)).max(1);
    let map = BarMap::new(new);
    let (first, end) = (map.bar(bars.0).start, map.bar(bars.1.max(1) - 1).end);
    let inside = |onset: Ticks| (first..end).contains(&onset);
    let mut result = new.clone();
    for (index, track) in result.tracks.iter_mut().enumerate() {
        track.notes.retain(|note| inside(note.onset));
        if let Some(before) = old.tracks.get(index) {
            let scaled = before.notes.iter().map(|note| composer_music::Note {
                onset: note.onset * factor,
                duration: note.duration * factor,
                ..*note
            });
            track.notes.extend(scaled.filter(|note| !inside(note.onset)));
            sort(track);
        }
    }
    result
}

/// Brings the notes of a track into their order.
pub fn sort(track: &mut Track) {
    track.notes.sort_unstable_by_key(|note| (note.onset, note.pitch, note.duration));
}

#[cfg(test)]
mod tests {
    use super::*;
    use composer_music::Note;

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
}
