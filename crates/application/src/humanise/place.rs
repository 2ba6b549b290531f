//! Notes on the grid of a performance: which place each was meant for, and how far from it it is.
//!
//! Each quarter is divided into four or into three, whichever its notes are nearer to; so a place is a number of twelfths of a quarter.

use composer_music::{Note, Score, Ticks};

/// Places in a quarter, of which sixteenths and triplets use six.
pub const PLACES: u32 = 12;
/// Units of an offset in a quarter: about 5 ms at 120 quarters per minute.
pub const OFFSETS_PER_QUARTER: u32 = 96;

/// What a model performs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The notes on the channel of drums.
    Drums,
    /// All others.
    Pitched,
}

impl Kind {
    /// Whether a note is one of them.
    pub fn has(self, note: &Note) -> bool {
        note.is_drum() == (self == Self::Drums)
    }

    /// What most notes of some scores are.
    pub fn of<'a>(scores: impl IntoIterator<Item = &'a Score>) -> Self {
        let mut counts = [0usize; 2];
        scores.into_iter().flat_map(Score::notes).for_each(|note| counts[usize::from(note.is_drum())] += 1);
        if counts[1] > counts[0] { Self::Drums } else { Self::Pitched }
    }
}

/// A note with its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placed {
    /// Its track.
    pub track: usize,
    /// Its place in the notes of the track.
    pub index: usize,
    /// The note as it is in the score.
    pub note: Note,
    /// Its place from the beginning, in twelfths of a quarter.
    pub place: u64,
    /// How much later than its place it begins, in [`OFFSETS_PER_QUARTER`]; negative: earlier.
    pub offset: f64,
}

/// The notes of a kind with their places, in the order of place, pitch and onset.
pub fn placed(score: &Score, kind: Kind) -> Vec<Placed> {
    let quarter = f64::from(score.ticks_per_quarter);
    let all = score.tracks.iter().enumerate().flat_map(|(track, all)| {
        all.notes.iter().enumerate().map(move |(index, note)| (track, index, *note))
    });
    let mut notes: Vec<Placed> = all
        .filter(|(_, _, note)| kind.has(note))
        .map(|(track, index, note)| Placed { track, index, note, place: 0, offset: 0.0 })
        .collect();
    notes.sort_by_key(|placed| (placed.note.onset, placed.note.pitch, placed.track, placed.index));
    let beat = |placed: &Placed| (placed.note.onset as f64 / quarter + EARLY).floor();
    for group in notes.chunk_by_mut(|a, b| beat(a) == beat(b)) {
        let first = beat(&group[0]);
        let within = |placed: &Placed| placed.note.onset as f64 / quarter - first;
        let error = |parts: f64| -> f64 {
            group
                .iter()
                .map(|placed| (within(placed) - (within(placed) * parts).round() / parts).powi(2))
                .sum()
        };
        let parts = if EVIDENCE * error(3.0) < error(4.0) { 3.0 } else { 4.0 };
        for placed in group {
            let part = (within(placed) * parts).round().max(0.0) as u64;
            placed.place = first as u64 * u64::from(PLACES) + part * (u64::from(PLACES) / parts as u64);
            let units = f64::from(OFFSETS_PER_QUARTER) * placed.note.onset as f64;
            let at = f64::from(OFFSETS_PER_QUARTER / PLACES) * placed.place as f64 * quarter;
            placed.offset = (units - at) / quarter;
        }
    }
    notes.sort_by_key(|placed| (placed.place, placed.note.pitch, placed.note.onset, placed.track));
    notes
}

/// Quarters before a beat from which a note belongs to it: half a sixteenth.
const EARLY: f64 = 0.125;
/// How much nearer notes must be to triplets: sixteenths are more frequent, and triplets further apart.
const EVIDENCE: f64 = 3.0;

/// Whether notes have been performed: more than a fourth of them begin beside the grids of 32nds and of triplet sixteenths.
pub fn is_performed(notes: &[Placed], ticks_per_quarter: u16) -> bool {
    let quarter = Ticks::from(ticks_per_quarter);
    let beside = |note: &&Placed| {
        let near = |parts: Ticks| {
            let rest = (note.note.onset * parts) % quarter;
            // Resolutions that are no multiple of the grid round to a tick.
            rest.min(quarter - rest) < parts
        };
        !near(8) && !near(6)
    };
    4 * notes.iter().filter(beside).count() > notes.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use composer_music::Track;

    fn score(onsets: &[Ticks]) -> Score {
        let note =
            |&onset: &Ticks| Note { onset, duration: 60, pitch: 38, velocity: 90, channel: 9, program: 0 };
        let mut score = Score::new(480);
        score.tracks.push(Track { name: None, notes: onsets.iter().map(note).collect() });
        score
    }

    #[test]
    fn each_quarter_is_divided_as_its_notes_are() {
        let places = |onsets: &[Ticks]| -> Vec<(u64, f64)> {
            placed(&score(onsets), Kind::Drums).iter().map(|note| (note.place, note.offset)).collect()
        };
        assert_eq!(places(&[0, 120, 240, 360]), [(0, 0.0), (3, 0.0), (6, 0.0), (9, 0.0)]);
        assert_eq!(places(&[0, 160, 320, 480]), [(0, 0.0), (4, 0.0), (8, 0.0), (12, 0.0)]);
        assert_eq!(
            places(&[10, 125, 475]),
            [(0, 2.0), (3, 1.0), (12, -1.0)],
            "early notes are of the next beat"
        );
        assert!(placed(&score(&[0]), Kind::Pitched).is_empty());
    }

    #[test]
    fn what_is_off_the_grid_was_performed() {
        let performed = |onsets: &[Ticks]| is_performed(&placed(&score(onsets), Kind::Drums), 480);
        assert!(!performed(&[0, 60, 160, 240, 320, 420]), "32nds and triplets");
        assert!(performed(&[3, 130, 222, 371]));
        assert!(!performed(&[]));
    }
}
