//! Voice leading: what counterpoint forbids, counted. Bach's own rate is not zero: read every figure beside it.

use composer_music::{Score, Track};
use serde::Serialize;

use super::averages::ratio;
use crate::grid::{Grid, GridNote};

/// Semitones between neighbouring upper voices beyond which they are too far apart.
const WIDEST: i16 = 12;

/// Counts over all moments at which a chord follows a chord.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct VoiceLeading {
    /// Notes of all voices.
    pub notes: usize,
    /// Two voices move in the same direction from a fifth to a fifth.
    pub parallel_fifths: usize,
    /// Two voices move in the same direction from an octave or unison to another.
    pub parallel_octaves: usize,
    /// The outer voices move in the same direction to a fifth, the upper one by a leap.
    pub hidden_fifths: usize,
    /// The outer voices move in the same direction to an octave, the upper one by a leap.
    pub hidden_octaves: usize,
    /// A voice sounds above the next higher one.
    pub crossings: usize,
    /// A voice moves beyond where its neighbour just was.
    pub overlaps: usize,
    /// Neighbouring voices, the lowest pair left out, more than an octave apart.
    pub wide_spacings: usize,
}

impl VoiceLeading {
    /// Adds the counts of another piece.
    pub fn merge(&mut self, other: &Self) {
        self.notes += other.notes;
        self.parallel_fifths += other.parallel_fifths;
        self.parallel_octaves += other.parallel_octaves;
        self.hidden_fifths += other.hidden_fifths;
        self.hidden_octaves += other.hidden_octaves;
        self.crossings += other.crossings;
        self.overlaps += other.overlaps;
        self.wide_spacings += other.wide_spacings;
    }

    /// A count per 100 notes; NaN without notes.
    pub fn per_100_notes(&self, count: usize) -> f64 {
        ratio(100.0 * count as f64, self.notes as f64)
    }
}

/// One kind of fault, with what Bach allows himself.
#[derive(Clone, Copy)]
pub struct Fault {
    /// Name, as in tables and JSON.
    pub name: &'static str,
    /// Its count.
    pub count: fn(&VoiceLeading) -> usize,
    /// Per 100 notes in 382 four-part chorales of Bach (the JSB Chorales at sixteenths, held notes joined).
    pub bach: f64,
}

/// All faults that are counted.
pub const FAULTS: [Fault; 7] = [
    Fault { name: "parallel_fifths", count: |counts| counts.parallel_fifths, bach: bach(59) },
    Fault { name: "parallel_octaves", count: |counts| counts.parallel_octaves, bach: bach(42) },
    Fault { name: "hidden_fifths", count: |counts| counts.hidden_fifths, bach: bach(126) },
    Fault { name: "hidden_octaves", count: |counts| counts.hidden_octaves, bach: bach(43) },
    Fault { name: "crossings", count: |counts| counts.crossings, bach: bach(962) },
    Fault { name: "overlaps", count: |counts| counts.overlaps, bach: bach(2876) },
    Fault { name: "wide_spacings", count: |counts| counts.wide_spacings, bach: bach(553) },
];

/// A count in all chorales per 100 of their notes, by `scripts/goldens/voice_leading.py`.
const fn bach(count: u32) -> f64 {
    100.0 * count as f64 / 82_722.0
}

/// The voices of a score that is written in parts, from high to low by their mean pitch: every track with pitches, if there
/// are at least two and none sounds two notes at once; otherwise `None`.
pub fn voices(score: &Score) -> Option<Vec<Grid>> {
    let one_line = |grid: &Grid| grid.notes.windows(2).all(|pair| pair[0].end() <= pair[1].onset);
    let mean = |grid: &Grid| {
        let pitches = grid.notes.iter().map(|note| f64::from(note.pitch));
        ratio(pitches.sum(), grid.notes.len() as f64)
    };
    let track = |track: &Track| Score { tracks: vec![track.clone()], ..score.clone() };
    let grids = score.tracks.iter().map(|notes| Grid::new(&track(notes)));
    let mut voices: Vec<Grid> = grids.filter(|grid| !grid.is_empty()).collect();
    voices.sort_by(|a, b| mean(b).total_cmp(&mean(a)));
    (voices.len() >= 2 && voices.iter().all(one_line)).then_some(voices)
}

/// Counts in the voices of a piece, given from high to low, each as a piece of its own. Voices are compared wherever one of
/// them begins a note; a voice that rests at one of two moments is left out there.
pub fn voice_leading(voices: &[Grid]) -> VoiceLeading {
    let mut onsets: Vec<u32> = voices.iter().flat_map(|voice| &voice.notes).map(|note| note.onset).collect();
    onsets.sort_unstable();
    onsets.dedup();
    let mut counts =
        VoiceLeading { notes: voices.iter().map(|voice| voice.notes.len()).sum(), ..Default::default() };
    let moments: Vec<Vec<Option<i16>>> = onsets
        .iter()
        .map(|&step| voices.iter().map(|voice| sounding(&voice.notes, step)).collect())
        .collect();
    for moment in &moments {
        for upper in 0..voices.len().saturating_sub(1) {
            let (Some(high), Some(low)) = (moment[upper], moment[upper + 1]) else { continue };
            counts.crossings += usize::from(low > high);
            counts.wide_spacings += usize::from(upper + 2 < voices.len() && high - low > WIDEST);
        }
    }
    for pair in moments.windows(2) {
        count_motion(&pair[0], &pair[1], &mut counts);
    }
    counts
}

fn count_motion(before: &[Option<i16>], now: &[Option<i16>], counts: &mut VoiceLeading) {
    let voices = before.len();
    for upper in 0..voices {
        for lower in upper + 1..voices {
            let (Some(high), Some(low)) = (before[upper], before[lower]) else { continue };
            let (Some(new_high), Some(new_low)) = (now[upper], now[lower]) else { continue };
            if lower == upper + 1 {
                counts.overlaps += usize::from(new_low > high) + usize::from(new_high < low);
            }
            let (up, down) = (new_high - high, new_low - low);
            if up.signum() * down.signum() != 1 {
                continue;
            }
            let (was, is) = ((high - low).abs() % 12, (new_high - new_low).abs() % 12);
            counts.parallel_fifths += usize::from(was == 7 && is == 7);
            counts.parallel_octaves += usize::from(was == 0 && is == 0);
            let hidden = upper == 0 && lower == voices - 1 && was != is && up.abs() > 2;
            counts.hidden_fifths += usize::from(hidden && is == 7);
            counts.hidden_octaves += usize::from(hidden && is == 0);
        }
    }
}

/// The pitch that a voice sounds at a step.
fn sounding(notes: &[GridNote], step: u32) -> Option<i16> {
    let after = notes.partition_point(|note| note.onset <= step);
    let note = notes[..after].last()?;
    (step < note.end()).then_some(i16::from(note.pitch))
}

#[cfg(test)]
mod tests {
    use super::*;
    use composer_music::Note;

    fn count(lines: &[&[u8]]) -> VoiceLeading {
        let voice = |line: &&[u8]| {
            let notes = line.iter().enumerate();
            let notes = notes.map(|(i, &pitch)| GridNote { onset: 12 * i as u32, pitch, duration: 12 });
            Grid::with_bars_of(notes.collect(), 48)
        };
        voice_leading(&lines.iter().map(voice).collect::<Vec<_>>())
    }

    #[test]
    fn every_fault_is_counted_once() {
        assert_eq!(count(&[&[67, 69], &[60, 62]]).parallel_fifths, 1);
        assert_eq!(count(&[&[67, 67], &[60, 60]]).parallel_fifths, 0, "a repeated fifth does not move");
        assert_eq!(count(&[&[67, 65], &[60, 70]]).parallel_fifths, 0, "contrary motion");
        assert_eq!(count(&[&[60, 62], &[65, 67]]).parallel_fifths, 0, "a fourth between crossed voices");
        assert_eq!(count(&[&[72, 74], &[60, 62]]).parallel_octaves, 1);
        assert_eq!(count(&[&[64, 69], &[60, 62]]).hidden_fifths, 1);
        assert_eq!(count(&[&[67, 69], &[62, 62]]).hidden_fifths, 0, "oblique motion");
        assert_eq!(count(&[&[60, 60], &[64, 55]]).crossings, 1);
        assert_eq!(count(&[&[60, 67], &[55, 62]]).overlaps, 1);
        assert_eq!(count(&[&[79], &[60], &[40]]).wide_spacings, 1, "the lowest pair may be far apart");
    }

    #[test]
    fn parts_are_told_from_tracks_that_hold_chords() {
        let note = |onset, pitch| Note { onset, duration: 12, pitch, velocity: 64, channel: 0, program: 0 };
        let mut score = Score::new(12);
        let track = |notes| Track { name: None, notes };
        score.tracks = vec![track(vec![note(0, 48), note(12, 50)]), track(vec![note(0, 72)]), track(vec![])];
        let lines = voices(&score).unwrap();
        assert_eq!((lines.len(), lines[0].notes[0].pitch), (2, 72));
        score.tracks[1].notes.push(note(0, 76));
        assert!(voices(&score).is_none() && voices(&Score::new(12)).is_none());
    }

    #[test]
    fn clean_voices_have_no_faults_and_silence_has_no_rate() {
        let clean = count(&[&[72, 71, 72], &[67, 67, 67], &[64, 62, 64], &[48, 55, 48]]);
        assert_eq!(clean, VoiceLeading { notes: 12, ..VoiceLeading::default() });
        assert!(VoiceLeading::default().per_100_notes(0).is_nan());
        assert_eq!(count(&[]), VoiceLeading::default());
    }
}
