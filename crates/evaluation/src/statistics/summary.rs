//! A set of pieces in one table: range, pitch classes, density, polyphony and note lengths.

use composer_music::Score;
use serde::Serialize;

use super::averages::ratio;
use super::sounding::segments;

/// Upper ends, in quarter notes, of the classes of [`Summary::note_lengths`]; the last class is open.
pub const NOTE_LENGTH_BOUNDS: [f64; 6] = [0.1875, 0.375, 0.75, 1.5, 3.0, 6.0];

/// Names of the classes of [`Summary::note_lengths`].
pub const NOTE_LENGTH_NAMES: [&str; 7] =
    ["up to a sixteenth", "eighth", "quarter", "half", "whole", "two wholes", "longer"];

/// Figures of a set of pieces, pooled: every note, or every moment, counts once.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Number of pieces.
    pub pieces: usize,
    /// Notes with a pitch.
    pub notes: usize,
    /// Drum notes.
    pub drum_notes: usize,
    /// Length of all pieces together, in quarter notes.
    pub quarters: f64,
    /// Length of all pieces together, in seconds, by their tempo maps.
    pub seconds: f64,
    /// Lowest MIDI pitch, if there is a note.
    pub pitch_lowest: Option<u8>,
    /// Highest MIDI pitch, if there is a note.
    pub pitch_highest: Option<u8>,
    /// Mean MIDI pitch of the notes.
    pub pitch_mean: f64,
    /// Share of the notes at each MIDI pitch, 128 entries.
    pub pitch_histogram: Vec<f64>,
    /// Share of the notes in each pitch class, C first.
    pub pitch_classes: [f64; 12],
    /// Notes with a pitch per quarter note of time.
    pub notes_per_quarter: f64,
    /// Notes with a pitch per second.
    pub notes_per_second: f64,
    /// Mean number of pitches that sound at once, over the time when at least one does.
    pub polyphony: f64,
    /// Share of that time during which 1, 2, 3, 4, 5, 6, 7, or more pitches sound.
    pub polyphony_histogram: [f64; 8],
    /// Share of the time, up to the last note, in which no pitch sounds.
    pub silence: f64,
    /// Mean length of a note, in quarter notes.
    pub note_length_mean: f64,
    /// Median length of a note, in quarter notes.
    pub note_length_median: f64,
    /// Share of the notes by length; see [`NOTE_LENGTH_BOUNDS`] and [`NOTE_LENGTH_NAMES`].
    pub note_lengths: [f64; 7],
}

/// Sums a set of pieces up. Linear in the number of notes, but for sorting them.
pub fn summarise(scores: &[Score]) -> Summary {
    let mut pitches = [0usize; 128];
    let mut lengths = Vec::new();
    let mut drum_notes = 0;
    let (mut quarters, mut seconds) = (0.0, 0.0);
    let mut time_by_polyphony = [0.0f64; 9];
    let mut pitch_time = 0.0;
    for score in scores {
        let in_quarters = |ticks: u64| ticks as f64 / f64::from(score.ticks_per_quarter);
        quarters += in_quarters(score.end());
        seconds += score.seconds();
        for note in score.notes() {
            if note.is_drum() {
                drum_notes += 1;
            } else {
                pitches[usize::from(note.pitch & 127)] += 1;
                lengths.push(in_quarters(note.duration));
            }
        }
        for segment in segments(score) {
            let voices = segment.pitches.count_ones() as usize;
            time_by_polyphony[voices.min(8)] += in_quarters(segment.ticks());
            pitch_time += voices as f64 * in_quarters(segment.ticks());
        }
    }
    let notes = lengths.len();
    let sounding_time: f64 = time_by_polyphony[1..].iter().sum();
    let share_of_notes = |count: usize| ratio(count as f64, notes as f64);
    lengths.sort_by(f64::total_cmp);
    Summary {
        pieces: scores.len(),
        notes,
        drum_notes,
        quarters,
        seconds,
        pitch_lowest: pitches.iter().position(|&count| count > 0).map(|pitch| pitch as u8),
        pitch_highest: pitches.iter().rposition(|&count| count > 0).map(|pitch| pitch as u8),
        pitch_mean: ratio((0..128).map(|p| (p * pitches[p]) as f64).sum(), notes as f64),
        pitch_histogram: pitches.iter().map(|&count| share_of_notes(count)).collect(),
        pitch_classes: std::array::from_fn(|class| {
            share_of_notes(pitches.iter().skip(class).step_by(12).sum())
        }),
        notes_per_quarter: ratio(notes as f64, quarters),
        notes_per_second: ratio(notes as f64, seconds),
        polyphony: ratio(pitch_time, sounding_time),
        polyphony_histogram: std::array::from_fn(|n| ratio(time_by_polyphony[n + 1], sounding_time)),
        silence: ratio(time_by_polyphony[0], time_by_polyphony[0] + sounding_time),
        note_length_mean: ratio(lengths.iter().sum(), notes as f64),
        note_length_median: median(&lengths),
        note_lengths: length_classes(&lengths).map(share_of_notes),
    }
}

/// Median of sorted values; NaN if there are none.
fn median(sorted: &[f64]) -> f64 {
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[n / 2],
        n => 0.5 * (sorted[n / 2 - 1] + sorted[n / 2]),
    }
}

fn length_classes(sorted: &[f64]) -> [usize; 7] {
    let below = |bound: f64| sorted.partition_point(|&length| length <= bound);
    let mut ends = [sorted.len(); 7];
    for (end, bound) in ends.iter_mut().zip(NOTE_LENGTH_BOUNDS) {
        *end = below(bound);
    }
    std::array::from_fn(|class| ends[class] - if class == 0 { 0 } else { ends[class - 1] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use composer_music::score::DRUM_CHANNEL;
    use composer_music::{Note, Tempo, Track};

    fn note(onset: u64, duration: u64, pitch: u8) -> Note {
        Note { onset, duration, pitch, velocity: 64, channel: 0, program: 0 }
    }

    fn score(notes: Vec<Note>) -> Score {
        let mut score = Score::new(4);
        score.tempos.push(Tempo { tick: 0, micros_per_quarter: 1_000_000 });
        score.tracks.push(Track { name: None, notes });
        score
    }

    #[test]
    fn a_small_set_by_hand() {
        let drum = Note { channel: DRUM_CHANNEL, ..note(0, 1, 36) };
        let scores =
            [score(vec![note(0, 4, 60), note(0, 2, 64), note(6, 2, 72), drum]), score(vec![note(0, 8, 61)])];
        let summary = summarise(&scores);
        assert_eq!((summary.pieces, summary.notes, summary.drum_notes), (2, 4, 1));
        assert_eq!((summary.quarters, summary.seconds), (4.0, 4.0));
        assert_eq!((summary.pitch_lowest, summary.pitch_highest), (Some(60), Some(72)));
        assert_eq!(summary.pitch_mean, 64.25);
        assert_eq!(summary.pitch_classes[..5], [0.5, 0.25, 0.0, 0.0, 0.25]);
        assert_eq!(summary.notes_per_quarter, 1.0);
        // Two ticks of two voices, two of one, two of silence, two of one; then eight of one.
        assert_eq!(summary.polyphony, 16.0 / 14.0);
        assert_eq!(summary.polyphony_histogram[..2], [12.0 / 14.0, 2.0 / 14.0]);
        assert_eq!(summary.silence, 2.0 / 16.0);
        assert_eq!((summary.note_length_mean, summary.note_length_median), (1.0, 0.75));
        assert_eq!(summary.note_lengths, [0.0, 0.0, 0.5, 0.25, 0.25, 0.0, 0.0]);
        let json = serde_json::to_value(&summary).unwrap();
        assert_eq!(json["notes_per_second"], 1.0);
    }

    #[test]
    fn music_without_pitches_has_no_averages() {
        for scores in
            [vec![], vec![score(vec![])], vec![score(vec![Note { channel: DRUM_CHANNEL, ..note(0, 4, 36) }])]]
        {
            let summary = summarise(&scores);
            assert_eq!((summary.notes, summary.pitch_lowest), (0, None));
            assert!(
                summary.polyphony.is_nan()
                    && summary.pitch_mean.is_nan()
                    && summary.note_length_median.is_nan()
            );
        }
    }
}
