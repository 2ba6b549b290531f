//! Which pitches sound when: the exact sweep that statistics of polyphony, rests and harmony are made from.

use composer_music::{Score, Ticks};

/// A stretch of time during which the same pitches sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// First tick.
    pub start: Ticks,
    /// First tick after it.
    pub end: Ticks,
    /// Bit `p` says that MIDI pitch `p` sounds.
    pub pitches: u128,
}

impl Segment {
    /// Length in ticks.
    pub fn ticks(&self) -> Ticks {
        self.end - self.start
    }
}

/// Cuts a score, from tick 0 to the end of its last pitched note, wherever the set of sounding pitches changes.
///
/// A pitch that several notes play at once sounds once. Drums are left out. `O(notes · log notes)`.
pub fn segments(score: &Score) -> Vec<Segment> {
    let mut changes: Vec<(Ticks, u8, i32)> = Vec::new();
    for note in score.notes().filter(|note| !note.is_drum() && note.duration > 0) {
        changes.push((note.onset, note.pitch & 127, 1));
        changes.push((note.end(), note.pitch & 127, -1));
    }
    changes.sort_unstable();
    let mut segments: Vec<Segment> = Vec::new();
    let (mut voices, mut pitches, mut start) = ([0i32; 128], 0u128, 0);
    for (tick, pitch, change) in changes {
        let count = &mut voices[usize::from(pitch)];
        *count += change;
        let now = if *count > 0 { pitches | 1 << pitch } else { pitches & !(1 << pitch) };
        if now == pitches {
            continue;
        }
        if tick > start {
            match segments.last_mut() {
                // Changes within one tick that cancel out leave no cut.
                Some(last) if last.pitches == pitches => last.end = tick,
                _ => segments.push(Segment { start, end: tick, pitches }),
            }
            start = tick;
        }
        pitches = now;
    }
    segments
}

#[cfg(test)]
mod tests {
    use super::*;
    use composer_music::{Note, Track};

    fn note(onset: Ticks, duration: Ticks, pitch: u8) -> Note {
        Note { onset, duration, pitch, velocity: 64, channel: 0, program: 0 }
    }

    #[test]
    fn segments_change_with_the_pitches_and_cover_every_rest() {
        let mut score = Score::new(4);
        let notes = vec![note(2, 4, 60), note(4, 4, 64), note(10, 2, 60), note(11, 3, 60)];
        score.tracks.push(Track { name: None, notes });
        let (c, e) = (1u128 << 60, 1u128 << 64);
        let expected = [(0, 2, 0), (2, 4, c), (4, 6, c | e), (6, 8, e), (8, 10, 0), (10, 14, c)];
        let expected = expected.map(|(start, end, pitches)| Segment { start, end, pitches });
        assert_eq!(segments(&score), expected);
    }

    #[test]
    fn a_repeated_note_is_one_segment() {
        let mut score = Score::new(4);
        score.tracks.push(Track { name: None, notes: vec![note(0, 4, 60), note(4, 4, 60)] });
        assert_eq!(segments(&score), [Segment { start: 0, end: 8, pitches: 1 << 60 }]);
        assert_eq!(segments(&Score::new(4)), []);
    }
}
