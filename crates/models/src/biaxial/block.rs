//! The frames of a batch, some at a time, and what the second recurrence reads of them.

use super::Biaxial;
use crate::frame_bits::decided_planes;
use crate::keep::Keep;
use crate::targets::FrameTargets;
use composer_tensor::parallel::{SliceRows, share_rows};
use composer_tensor::{Buffer, Scalar};

/// Frames of a block at most. Its sums are those of the weight gradients, so trained bits depend on it.
const BLOCK_FRAMES: usize = 128;

/// The frames of a batch that are not padding.
#[derive(Clone, Debug, Default)]
pub(super) struct FrameList {
    /// As rows of the batch, ascending.
    frames: Vec<usize>,
    /// What is decided of each frame: the pitches that sound, and those that are struck.
    decided: Vec<[u128; 2]>,
    /// The conditions of each frame, which are on, one after the other, and where they begin, one more than frames.
    told: Vec<u32>,
    told_starts: Vec<usize>,
}

/// Some of them, `R`.
#[derive(Clone, Copy, Debug)]
pub(super) struct FrameBlock<'a> {
    /// As rows of the batch, ascending `[R]`.
    pub frames: &'a [usize],
    decided: &'a [[u128; 2]],
    told: &'a [u32],
    told_starts: &'a [usize],
}

impl FrameList {
    /// Those of a batch.
    pub fn fill<S: Scalar>(&mut self, layers: &Biaxial, targets: FrameTargets<'_, S>) {
        self.told.clear();
        self.told_starts.clear();
        self.told_starts.push(0);
        self.frames.clear();
        self.decided.clear();
        let (outputs, read) = (layers.outputs(), targets.frames);
        let each = targets.on.chunks_exact(outputs).zip(targets.weight.chunks_exact(outputs)).enumerate();
        for (frame, (on, weight)) in each.filter(|(_, (_, weight))| weight[0] > S::zero()) {
            self.frames.push(frame);
            self.decided.push(decided_planes(layers.space.pitches, on, weight));
            self.told.extend(layers.told(&read.indices[read.offsets[frame]..read.offsets[frame + 1]]));
            self.told_starts.push(self.told.len());
        }
    }

    /// All of them, block by block.
    pub fn blocks(&self) -> impl Iterator<Item = FrameBlock<'_>> {
        let starts = (0..self.frames.len()).step_by(BLOCK_FRAMES);
        starts.map(|first| {
            let block = first..self.frames.len().min(first + BLOCK_FRAMES);
            FrameBlock {
                frames: &self.frames[block.clone()],
                decided: &self.decided[block.clone()],
                told: &self.told,
                told_starts: &self.told_starts[block.start..=block.end],
            }
        })
    }
}

impl Biaxial {
    /// Features of what the second recurrence reads, `H + D` and the conditions.
    pub(super) fn width(&self) -> usize {
        self.hidden + self.space.planes() * self.below + self.space.conditions
    }

    /// The conditions in the features of the encoding that the network read, counted from 0.
    pub(super) fn told<'a>(&self, features: &'a [u32]) -> impl Iterator<Item = u32> + use<'a> {
        let first = self.space.first_condition() as u32;
        features.iter().filter_map(move |feature| feature.checked_sub(first))
    }

    /// Overwrites `to` by the conditions that are on.
    pub(super) fn write_told<S: Scalar>(&self, told: &[u32], to: &mut [S]) {
        to.fill(S::zero());
        told.iter().for_each(|&condition| to[condition as usize] = S::one());
    }

    /// Overwrites the first `D` of `to` by what is decided of the pitches below one, the nearest first.
    pub(super) fn write_decided<S: Scalar>(&self, decided: [u128; 2], pitch: usize, to: &mut [S]) {
        let planes = self.space.planes();
        let (to, _) = to.split_at_mut(planes * self.below);
        for (distance, to) in to.chunks_exact_mut(planes).enumerate() {
            for (to, plane) in to.iter_mut().zip(decided) {
                let on = pitch.checked_sub(distance + 1).is_some_and(|below| plane >> below & 1 == 1);
                *to = if on { S::one() } else { S::zero() };
            }
        }
    }

    /// Lays the outputs over time of the frames of a block, of all `[T·B, P, H]`, out by pitch, as they are kept `[R, P, H]`, beside what is
    /// decided below each: `[P, R, H + D + conditions]`.
    pub(super) fn lay_out<S: Scalar>(
        &self,
        hidden: &[S],
        block: FrameBlock<'_>,
        keep: &Keep,
        input: &mut Buffer<S>,
    ) {
        let (pitches, hidden_width, width) = (self.space.pitches, self.hidden, self.width());
        let FrameBlock { frames, decided, told, told_starts: starts } = block;
        let rows = frames.len();
        input.fit(pitches * rows * width);
        let input = SliceRows { data: &mut input[..], first: 0, width: rows * width };
        share_rows(input, pitches, 1, &|part| {
            for (pitch, input) in (part.first..).zip(part.data.chunks_exact_mut(rows * width)) {
                for (row, to) in input.chunks_exact_mut(width).enumerate() {
                    let (to, below) = to.split_at_mut(hidden_width);
                    let from = &hidden[(frames[row] * pitches + pitch) * hidden_width..][..hidden_width];
                    keep.copy((row * pitches + pitch) * hidden_width, from, to);
                    self.write_decided(decided[row], pitch, below);
                    let (_, to) = below.split_at_mut(below.len() - self.space.conditions);
                    self.write_told(&told[starts[row]..starts[row + 1]], to);
                }
            }
        });
    }

    /// The mirror of [`Biaxial::lay_out`]: overwrites the gradients of the outputs over time of the frames of a block, of all `[T·B, P, H]`.
    pub(super) fn lay_back<S: Scalar>(
        &self,
        d_input: &[S],
        block: FrameBlock<'_>,
        keep: &Keep,
        d_hidden: &mut [S],
    ) {
        let (pitches, hidden, width) = (self.space.pitches, self.hidden, self.width());
        let (Some(&first), Some(&last)) = (block.frames.first(), block.frames.last()) else { return };
        let (rows, frames) = (block.frames.len(), last + 1 - first);
        let d_hidden = &mut d_hidden[first * pitches * hidden..][..frames * pitches * hidden];
        let d_hidden = SliceRows { data: d_hidden, first, width: pitches * hidden };
        share_rows(d_hidden, frames, 1, &|part| {
            let start = block.frames.partition_point(|&frame| frame < part.first);
            let end = part.first + part.data.len() / part.width;
            for (row, &frame) in (start..).zip(block.frames[start..].iter().take_while(|frame| **frame < end))
            {
                let d_frame = &mut part.data[(frame - part.first) * part.width..][..part.width];
                for (pitch, d) in d_frame.chunks_exact_mut(hidden).enumerate() {
                    let from = &d_input[(pitch * rows + row) * width..][..hidden];
                    keep.copy((row * pitches + pitch) * hidden, from, d);
                }
            }
        });
    }
}
