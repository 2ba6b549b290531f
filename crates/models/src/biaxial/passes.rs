//! Forward pass and backward pass of what stands on the recurrence over time, for all frames of a batch at once.
//!
//! The steps of the second recurrence are the pitches and its rows all frames, at most `T·B`, but `R` without padding: thousands of rows for
//! each product.

use super::Biaxial;
use crate::frame_bits::decided_planes;
use crate::keep::{Keep, Kept};
use crate::mode::reborrow;
use crate::targets::FrameRows;
use composer_bptt::arrays::{as_slice_or_copy, view, view_mut, with_slice_mut};
use composer_bptt::divergence::{self, Breakdown};
use composer_bptt::{Error, Input, LinearWorkspace, Mode, Parameters, RecurrentWorkspace, State};
use composer_tensor::parallel::{SliceRows, share_rows};
use composer_tensor::{Buffer, Scalar};
use ndarray::{ArrayView3, ArrayViewMut3};

/// Scratch of the passes.
#[derive(Default)]
pub(crate) struct BiaxialWorkspace<S> {
    /// Of the outputs over time, `[R, P, H]`, and of those over pitch, which the output layer reads, `[P, R, N]`.
    keep: Keep,
    kept_notes: Kept<S>,
    /// The frames that are not padding, as rows of the batch `[R]`, and where in that list each row is `[T·B]`.
    frames: Vec<usize>,
    places: Vec<Option<usize>>,
    /// What is decided of each frame: the pitches that sound, and those that are struck `[R]`.
    decided: Vec<[u128; 2]>,
    /// The conditions of each frame, which are on, one after the other, and where they begin `[R + 1]`.
    told: Vec<u32>,
    told_starts: Vec<usize>,
    /// What the second recurrence reads `[P, R, H + D + conditions]`.
    input: Buffer<S>,
    state: State<S>,
    recurrent: RecurrentWorkspace<S>,
    output: LinearWorkspace<S>,
    d_notes: Buffer<S>,
    /// Logits `[P, R, planes]`; later their gradient.
    logits: Buffer<S>,
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

    /// From the outputs over time `[T, B·P, H]` to the logits `[T·B, V]` of all bits of the targets `on` and `weight` `[T·B, V]`, each given
    /// the pitches below.
    pub fn forward<S: Scalar>(
        &self,
        params: &Parameters<S>,
        hidden: ArrayView3<'_, S>,
        (on, weight): (&[S], &[S]),
        read: FrameRows<'_>,
        (dropout, mut mode): (f64, Mode<'_>),
        logits: &mut Vec<S>,
        ws: &mut BiaxialWorkspace<S>,
    ) -> Result<(), Error> {
        let (pitches, outputs) = (self.space.pitches, self.outputs());
        logits.clear();
        logits.resize(on.len(), S::zero());
        self.choose_frames(on, weight, read, ws);
        let (config, rows) = (self.notes.config(), ws.frames.len());
        if rows == 0 {
            return Ok(());
        }
        ws.keep.draw(rows * pitches * self.hidden, dropout, &mut mode);
        self.lay_out(&as_slice_or_copy(hidden), rows, ws);
        ws.state.fit(config, rows);
        ws.state.reset();
        ws.recurrent.request_d_input(true);
        let input = Input::Dense(view((pitches, rows, self.width()), &ws.input));
        let (state, recurrent) = (&mut ws.state, &mut ws.recurrent);
        self.notes.forward(params, input, state, None, reborrow(&mut mode), recurrent)?;

        let notes = ws.recurrent.output();
        ws.kept_notes.draw(notes, self.output_dropout, &mut mode);
        ws.logits.fit(rows * outputs);
        let planes = self.space.planes();
        let y = view_mut((pitches, rows, planes), &mut ws.logits);
        self.output.forward(params, ws.kept_notes.of(notes), y, &mut ws.output)?;
        for (pitch, y) in ws.logits.chunks_exact(rows * planes).enumerate() {
            for (y, frame) in y.chunks_exact(planes).zip(&ws.frames) {
                for (plane, &y) in y.iter().enumerate() {
                    logits[frame * outputs + plane * pitches + pitch] = y;
                }
            }
        }
        Ok(())
    }

    /// The frames of a batch that are not padding, what is decided of them, and their conditions.
    fn choose_frames<S: Scalar>(
        &self,
        on: &[S],
        weight: &[S],
        read: FrameRows<'_>,
        ws: &mut BiaxialWorkspace<S>,
    ) {
        ws.told.clear();
        ws.told_starts.clear();
        ws.told_starts.push(0);
        ws.frames.clear();
        ws.places.clear();
        ws.decided.clear();
        let outputs = self.outputs();
        for (frame, (on, weight)) in on.chunks_exact(outputs).zip(weight.chunks_exact(outputs)).enumerate() {
            let counts = weight[0] > S::zero();
            ws.places.push(counts.then_some(ws.frames.len()));
            if counts {
                ws.frames.push(frame);
                ws.decided.push(decided_planes(self.space.pitches, on, weight));
                ws.told.extend(self.told(&read.indices[read.offsets[frame]..read.offsets[frame + 1]]));
                ws.told_starts.push(ws.told.len());
            }
        }
    }

    /// Lays the outputs over time of the frames `[T·B, P, H]` out by pitch, with dropout, beside what is decided below each.
    fn lay_out<S: Scalar>(&self, hidden: &[S], rows: usize, ws: &mut BiaxialWorkspace<S>) {
        let (pitches, hidden_width, width) = (self.space.pitches, self.hidden, self.width());
        ws.input.fit(pitches * rows * width);
        let (keep, frames, decided) = (&ws.keep, &ws.frames, &ws.decided);
        let (told, starts) = (&ws.told, &ws.told_starts);
        let input = SliceRows { data: &mut ws.input[..], first: 0, width: rows * width };
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

    /// After the loss, whose gradient with respect to the logits is `d_logits` `[T·B, V]`: adds to the gradients of the parameters,
    /// overwrites those of the outputs over time `[T, B·P, H]`.
    pub fn backward<S: Scalar>(
        &self,
        params: &mut Parameters<S>,
        d_logits: &[S],
        mut d_hidden: ArrayViewMut3<'_, S>,
        ws: &mut BiaxialWorkspace<S>,
    ) -> Result<(), Error> {
        let (pitches, outputs, planes) = (self.space.pitches, self.outputs(), self.space.planes());
        let rows = ws.frames.len();
        if rows == 0 {
            d_hidden.fill(S::zero());
            return Ok(());
        }
        for (pitch, d_y) in ws.logits.chunks_exact_mut(rows * planes).enumerate() {
            for (d_y, frame) in d_y.chunks_exact_mut(planes).zip(&ws.frames) {
                for (plane, d_y) in d_y.iter_mut().enumerate() {
                    *d_y = d_logits[frame * outputs + plane * pitches + pitch];
                }
            }
        }
        let notes = ws.recurrent.output();
        ws.d_notes.fit(notes.len());
        let d_y = view((pitches, rows, planes), &ws.logits);
        let mut d_notes = view_mut(notes.raw_dim(), &mut ws.d_notes);
        let read = ws.kept_notes.of(notes);
        self.output.backward(params, read, d_y, Some(d_notes.view_mut()), &mut ws.output)?;
        ws.kept_notes.backward(d_notes);
        let input = Input::Dense(view((pitches, rows, self.width()), &ws.input));
        let d_notes = view((pitches, rows, self.notes.config().hidden), &ws.d_notes);
        self.notes.backward(params, input, d_notes, None, &mut ws.recurrent)?;

        let (hidden, width, keep, places) = (self.hidden, self.width(), &ws.keep, &ws.places);
        let d_input = &*as_slice_or_copy(ws.recurrent.d_input());
        with_slice_mut(d_hidden, |d_hidden| {
            let all = SliceRows { data: d_hidden, first: 0, width: pitches * hidden };
            share_rows(all, places.len(), 1, &|part| {
                let frames = part.data.chunks_exact_mut(pitches * hidden);
                for (d_frame, place) in frames.zip(&places[part.first..]) {
                    let Some(row) = place else {
                        d_frame.fill(S::zero());
                        continue;
                    };
                    for (pitch, d) in d_frame.chunks_exact_mut(hidden).enumerate() {
                        let from = &d_input[(pitch * rows + row) * width..][..hidden];
                        keep.copy((row * pitches + pitch) * hidden, from, d);
                    }
                }
            });
        });
        Ok(())
    }

    /// After [`Biaxial::forward`]: the first gate or state of the second recurrence that is not finite.
    pub fn first_breakdown<S: Scalar>(&self, ws: &BiaxialWorkspace<S>) -> Option<Breakdown> {
        if ws.frames.is_empty() {
            return None;
        }
        divergence::first_breakdown(&self.notes, &ws.recurrent)
    }
}
