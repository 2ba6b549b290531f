//! Who follows whom: a simple separation of a grid into voices, by nearness.

use crate::grid::{Grid, GridNote, STEPS_PER_QUARTER};

/// Longest rest, in steps, after which a voice is still the same: a half note.
const LONGEST_REST: u32 = 2 * STEPS_PER_QUARTER;

/// For every note, the index of the note that it follows in its voice, if any.
///
/// Each note, from the top of its chord down, follows the voice that is nearest in pitch among those that have just
/// ended (at most a half note ago) and that no other note of the chord has taken. `O(notes · voices)`.
pub fn predecessors(grid: &Grid) -> Vec<Option<usize>> {
    let mut predecessors = vec![None; grid.notes.len()];
    let mut voices: Vec<usize> = Vec::new();
    for chord in grid.notes.chunk_by(|a, b| a.onset == b.onset) {
        let onset = chord[0].onset;
        let first = grid.notes.partition_point(|note| note.onset < onset);
        voices.retain(|&last| grid.notes[last].end() + LONGEST_REST >= onset);
        for index in (first..first + chord.len()).rev() {
            let note = &grid.notes[index];
            match nearest_free(&voices, &grid.notes, note) {
                Some(voice) => {
                    predecessors[index] = Some(voices[voice]);
                    voices[voice] = index;
                }
                None => voices.push(index),
            }
        }
    }
    predecessors
}

/// The voice that ended by the note's onset and is nearest in pitch, then in time.
fn nearest_free(voices: &[usize], notes: &[GridNote], note: &GridNote) -> Option<usize> {
    let candidates = voices.iter().enumerate().filter(|&(_, &last)| notes[last].end() <= note.onset);
    let distance = |&(_, &last): &(usize, &usize)| {
        let last = &notes[last];
        (last.pitch.abs_diff(note.pitch), note.onset - last.end())
    };
    candidates.min_by_key(distance).map(|(voice, _)| voice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_voices_are_told_apart() {
        let note = |onset, pitch, duration| GridNote { onset, pitch, duration };
        // A bass in halves below a melody in quarters.
        let notes =
            vec![note(0, 48, 24), note(0, 72, 12), note(12, 74, 12), note(24, 50, 24), note(24, 76, 12)];
        let grid = Grid::with_bars_of(notes, 48);
        assert_eq!(predecessors(&grid), [None, None, Some(1), Some(0), Some(2)]);
    }

    #[test]
    fn a_long_rest_begins_a_new_voice() {
        let note = |onset| GridNote { onset, pitch: 60, duration: 12 };
        let grid = Grid::with_bars_of(vec![note(0), note(36), note(100)], 48);
        assert_eq!(predecessors(&grid), [None, Some(0), None]);
    }
}
