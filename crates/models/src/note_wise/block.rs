//! The notes of some frames of a batch, side by side.

use super::layout::{Decided, NoteSpace, Read};
use crate::frame_bits::decided_planes;
use crate::note_lengths::NoteEnd;
use crate::targets::{FrameRows, FrameTargets};
use composer_bptt::loss::IGNORE;
use composer_tensor::Scalar;

/// Rows of a batch whose frames have about as many notes, side by side: step `k` of each is after `k` notes.
#[derive(Clone, Debug, Default)]
pub(crate) struct NoteBlock {
    /// Steps, `K`: the notes of the fullest frame, and stop.
    pub steps: usize,
    /// The rows of the batch, `R`.
    pub rows: Vec<usize>,
    /// Features `[K·R]`, multi-hot.
    pub indices: Vec<u32>,
    pub offsets: Vec<usize>,
    /// Classes `[K·R]`; [`IGNORE`] after the stop.
    pub targets: Vec<u32>,
    /// What is decided before each `[K·R]`, the length and the velocity of the last note included.
    pub decided: Vec<Decided>,
    /// How the last note of each ends `[K·R]`; `None` before the first note, after the stop, and where lengths are not decided.
    pub ends: Vec<Option<NoteEnd>>,
    /// What may be held `[R]`; where lengths are decided, what is.
    pub before: Vec<u128>,
    /// What the model read `[R]`.
    pub read: Vec<Read>,
    /// The notes of each row, one after the other, and where they begin.
    notes: Vec<u32>,
    starts: Vec<usize>,
    /// How they end, note by note, where lengths are decided.
    note_ends: Vec<NoteEnd>,
    /// The features of its conditions, likewise.
    told: Vec<u32>,
    told_starts: Vec<usize>,
}

/// Most steps of the frames of each group.
const STEPS: [usize; 8] = [1, 2, 3, 5, 8, 12, 20, 129];

/// Rows that a thread takes at least.
pub(super) const LEAST_ROWS: usize = 16;

/// Rows of a block at most. Its sums are those of the weight gradients, so trained bits depend on it.
pub(super) const BLOCK_ROWS: usize = 128;

/// The rows of a batch that are no padding, in groups by the number of their notes, so that little of a block is padding.
#[derive(Clone, Debug, Default)]
pub(crate) struct NoteLayout {
    /// Of each group, the rows and what is decided in them.
    groups: [Vec<(usize, [u128; 2])>; STEPS.len()],
}

impl NoteLayout {
    /// Sorts all rows of the targets into the groups.
    pub fn fill<S: Scalar>(&mut self, space: &NoteSpace, targets: FrameTargets<'_, S>) {
        self.groups.iter_mut().for_each(Vec::clear);
        let outputs = space.bits();
        let each = targets.on.chunks_exact(outputs).zip(targets.weight.chunks_exact(outputs)).enumerate();
        for (row, (on, weight)) in each.filter(|(_, (_, weight))| weight[0] > S::zero()) {
            let planes = decided_planes(space.pitches, on, weight);
            let notes =
                if space.lengths > 0 { planes[0] & planes[1] } else { planes[0] }.count_ones() as usize;
            let group = STEPS.iter().position(|&steps| notes < steps).unwrap_or(STEPS.len() - 1);
            self.groups[group].push((row, planes));
        }
    }

    /// The rows of each block, and what is decided in them: group by group, in each in the order of the batch.
    pub fn blocks(&self) -> impl Iterator<Item = &[(usize, [u128; 2])]> {
        self.groups.iter().flat_map(|rows| rows.chunks(BLOCK_ROWS))
    }
}

impl NoteBlock {
    /// Lays out some rows of a batch.
    pub fn fill(&mut self, space: &NoteSpace, rows: &[(usize, [u128; 2])], frames: FrameRows<'_>) {
        self.clear();
        rows.iter().for_each(|&(row, planes)| self.push(space, row, planes, frames));
        self.lay_out(space);
    }

    fn clear(&mut self) {
        self.steps = 0;
        self.rows.clear();
        self.notes.clear();
        self.note_ends.clear();
        self.starts.clear();
        self.told.clear();
        self.told_starts.clear();
        self.before.clear();
        self.read.clear();
    }

    /// Takes a row: what is decided in it, and the frame before it.
    fn push(&mut self, space: &NoteSpace, row: usize, planes: [u128; 2], frames: FrameRows<'_>) {
        self.rows.push(row);
        self.starts.push(self.notes.len());
        self.notes.extend(space.notes_of(planes).map(|note| note as u32));
        self.steps = self.steps.max(self.notes.len() - self.starts[self.starts.len() - 1] + 1);
        self.note_ends.extend(frames.ends(row));
        let features = &frames.indices[frames.offsets[row]..frames.offsets[row + 1]];
        let held = || space.held(features);
        self.before.push(if space.lengths > 0 { held() } else { frames.before[row] });
        self.read.push(space.planes(features));
        self.told_starts.push(self.told.len());
        self.told.extend(space.told(features));
    }

    /// Features, targets and what is decided, step by step.
    fn lay_out(&mut self, space: &NoteSpace) {
        self.starts.push(self.notes.len());
        self.told_starts.push(self.told.len());
        let rows = self.rows.len();
        self.indices.clear();
        self.offsets.clear();
        self.offsets.push(0);
        self.targets.clear();
        self.decided.clear();
        self.ends.clear();
        for step in 0..self.steps {
            for row in 0..rows {
                let notes = self.starts[row]..self.starts[row + 1];
                let ends = self.note_ends.get(notes.clone()).unwrap_or(&[]);
                let notes = &self.notes[notes];
                let end = step.checked_sub(1).and_then(|last| ends.get(last).copied());
                let decided = match step {
                    0 => Decided::default(),
                    _ => match notes.get(step - 1) {
                        Some(&note) => self.decided[(step - 1) * rows + row].and(note as usize, space),
                        None => self.decided[(step - 1) * rows + row],
                    },
                };
                let decided = end.map_or(decided, |end| decided.ending(end, space));
                self.decided.push(decided);
                self.ends.push(end);
                if step <= notes.len() {
                    space.push_features(decided, (&self.read[row], self.before[row]), &mut self.indices);
                    let told = &self.told[self.told_starts[row]..self.told_starts[row + 1]];
                    self.indices.extend_from_slice(told);
                    self.targets.push(notes.get(step).map_or(space.stop() as u32, |&note| note));
                } else {
                    self.targets.push(IGNORE);
                }
                self.offsets.push(self.indices.len());
            }
        }
    }
}
