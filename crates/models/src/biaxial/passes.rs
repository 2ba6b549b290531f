//! Forward pass, loss and backward pass of what stands on the recurrence over time, for a block of frames at a time.
//!
//! The steps of the second recurrence are the pitches, and its rows frames, which know nothing of each other: so a block of frames can go forward,
//! to its loss and back before the next one, and what backpropagation keeps is that of one block.

use super::Biaxial;
use super::block::{FrameBlock, FrameList};
use crate::keep::{Keep, Kept};
use crate::mode::reborrow;
use crate::targets::FrameTargets;
use composer_bptt::arrays::{as_slice_or_copy, view, view_mut, with_slice_mut};
use composer_bptt::divergence::{self, Breakdown};
use composer_bptt::loss::sigmoid_cross_entropy;
use composer_bptt::{Error, Input, LinearWorkspace, Mode, Parameters, RecurrentWorkspace, State};
use composer_tensor::{Buffer, Scalar};
use ndarray::{ArrayView3, ArrayViewMut3};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Scratch of the passes.
#[derive(Default)]
pub(crate) struct BiaxialWorkspace<S> {
    /// Probability that an output over time is dropped.
    dropout: f64,
    /// What all masks are drawn from, block by block; `None`: there are none.
    masks: Option<ChaCha8Rng>,
    frames: FrameList,
    passes: BlockWorkspace<S>,
    /// The first gate or state that was not finite in the last passes, if what they led to was not.
    breakdown: Option<Breakdown>,
}

/// What the passes over a block keep.
#[derive(Default)]
struct BlockWorkspace<S> {
    /// Of the outputs over time, `[R, P, H]`, and of those over pitch, which the output layer reads, `[P, R, N]`.
    keep: Keep,
    kept_notes: Kept<S>,
    /// What the second recurrence reads `[P, R, H + D + conditions]`.
    input: Buffer<S>,
    state: State<S>,
    recurrent: RecurrentWorkspace<S>,
    output: LinearWorkspace<S>,
    d_notes: Buffer<S>,
    /// Logits `[P, R, planes]`; later their gradient.
    logits: Buffer<S>,
    /// Targets and loss mask likewise.
    on: Buffer<S>,
    weight: Buffer<S>,
}

impl Biaxial {
    /// While training, draws where the masks begin. All passes up to the next draw have the same.
    pub fn draw<S: Scalar>(&self, dropout: f64, mode: Mode<'_>, ws: &mut BiaxialWorkspace<S>) {
        ws.dropout = dropout;
        ws.masks = match mode {
            Mode::Train { rng } if dropout > 0.0 || self.draws() => Some(ChaCha8Rng::from_rng(rng)),
            _ => None,
        };
    }

    /// From the outputs over time `[T, B·P, H]` to the logits `[T·B, V]` of all bits of the targets, each given the pitches below.
    pub fn forward<S: Scalar>(
        &self,
        params: &Parameters<S>,
        hidden: ArrayView3<'_, S>,
        targets: FrameTargets<'_, S>,
        logits: &mut Vec<S>,
        ws: &mut BiaxialWorkspace<S>,
    ) -> Result<(), Error> {
        logits.clear();
        logits.resize(targets.on.len(), S::zero());
        let hidden = &*as_slice_or_copy(hidden);
        let mut masks = ws.masks.clone();
        let mut mode = masks.as_mut().map_or(Mode::Eval, |rng| Mode::Train { rng });
        let BiaxialWorkspace { dropout, frames, passes, breakdown, .. } = ws;
        frames.fill(self, targets);
        *breakdown = None;
        for block in frames.blocks() {
            self.forward_block(params, (hidden, *dropout), block, reborrow(&mut mode), passes)?;
            self.each_place(block, |place, output| logits[output] = passes.logits[place]);
            if breakdown.is_none() && passes.logits.iter().any(|logit| !logit.is_finite()) {
                *breakdown = divergence::first_breakdown(&self.notes, &passes.recurrent);
            }
        }
        Ok(())
    }

    /// After the loss of [`Biaxial::forward`], whose gradient with respect to the logits is `d_logits` `[T·B, V]`: goes forward once more, adds to
    /// the gradients of the parameters, overwrites those of the outputs over time.
    pub fn backward<S: Scalar>(
        &self,
        params: &mut Parameters<S>,
        hidden: ArrayView3<'_, S>,
        targets: FrameTargets<'_, S>,
        d_logits: &[S],
        d_hidden: ArrayViewMut3<'_, S>,
        ws: &mut BiaxialWorkspace<S>,
    ) -> Result<(), Error> {
        let gradient = |block: FrameBlock<'_>, passes: &mut BlockWorkspace<S>| {
            self.each_place(block, |place, output| passes.logits[place] = d_logits[output]);
            Ok(0.0)
        };
        self.back_and_forth(params, hidden, targets, gradient, d_hidden, ws).map(drop)
    }

    /// From the outputs over time `[T, B·P, H]` to the nats of all bits of the targets, each given the pitches below, with so much label smoothing.
    /// Adds the gradient of that sum times `scale` to those of the parameters, overwrites that of the outputs over time. Stops where the nats are
    /// not finite.
    pub fn learn<S: Scalar>(
        &self,
        params: &mut Parameters<S>,
        hidden: ArrayView3<'_, S>,
        targets: FrameTargets<'_, S>,
        (scale, smoothing): (f64, f64),
        d_hidden: ArrayViewMut3<'_, S>,
        ws: &mut BiaxialWorkspace<S>,
    ) -> Result<f64, Error> {
        let (keep, share) = (S::of(1.0 - smoothing), S::of(0.5 * smoothing));
        let gradient = |block: FrameBlock<'_>, passes: &mut BlockWorkspace<S>| {
            let places = passes.logits.len();
            let BlockWorkspace { logits, on, weight, .. } = passes;
            on.fit(places);
            weight.fit(places);
            self.each_place(block, |place, output| {
                on[place] = keep * targets.on[output] + share;
                weight[place] = targets.weight[output];
            });
            let (on, weight) = (view(places, on), view(places, weight));
            Ok(sigmoid_cross_entropy(view_mut(places, logits), on, Some(weight), scale)?.sum)
        };
        self.back_and_forth(params, hidden, targets, gradient, d_hidden, ws)
    }

    /// Takes each block forward and back; `gradient` says what it costs, and turns its logits into the gradient of that.
    fn back_and_forth<S: Scalar>(
        &self,
        params: &mut Parameters<S>,
        hidden: ArrayView3<'_, S>,
        targets: FrameTargets<'_, S>,
        mut gradient: impl FnMut(FrameBlock<'_>, &mut BlockWorkspace<S>) -> Result<f64, Error>,
        mut d_hidden: ArrayViewMut3<'_, S>,
        ws: &mut BiaxialWorkspace<S>,
    ) -> Result<f64, Error> {
        let hidden = &*as_slice_or_copy(hidden);
        let mut masks = ws.masks.clone();
        let mut mode = masks.as_mut().map_or(Mode::Eval, |rng| Mode::Train { rng });
        let BiaxialWorkspace { dropout, frames, passes, breakdown, .. } = ws;
        frames.fill(self, targets);
        *breakdown = None;
        d_hidden.fill(S::zero());
        let mut nats = 0.0;
        with_slice_mut(d_hidden, |d_hidden| {
            for block in frames.blocks() {
                self.forward_block(params, (hidden, *dropout), block, reborrow(&mut mode), passes)?;
                nats += gradient(block, passes)?;
                if !nats.is_finite() {
                    *breakdown = divergence::first_breakdown(&self.notes, &passes.recurrent);
                    break;
                }
                self.backward_block(params, block, d_hidden, passes)?;
            }
            Ok(nats)
        })
    }

    /// Calls `each` with a place of the logits of a block `[P, R, planes]`, and that of the same logit in those of all frames `[T·B, V]`.
    fn each_place(&self, block: FrameBlock<'_>, mut each: impl FnMut(usize, usize)) {
        let (pitches, outputs, planes) = (self.space.pitches, self.outputs(), self.space.planes());
        let mut place = 0;
        for pitch in 0..pitches {
            for frame in block.frames {
                for plane in 0..planes {
                    each(place, frame * outputs + plane * pitches + pitch);
                    place += 1;
                }
            }
        }
    }

    fn forward_block<S: Scalar>(
        &self,
        params: &Parameters<S>,
        (hidden, dropout): (&[S], f64),
        block: FrameBlock<'_>,
        mut mode: Mode<'_>,
        ws: &mut BlockWorkspace<S>,
    ) -> Result<(), Error> {
        let (pitches, rows, planes) = (self.space.pitches, block.frames.len(), self.space.planes());
        ws.keep.draw(rows * pitches * self.hidden, dropout, &mut mode);
        self.lay_out(hidden, block, &ws.keep, &mut ws.input);
        ws.state.fit(self.notes.config(), rows);
        ws.state.reset();
        ws.recurrent.request_d_input(true);
        let input = Input::Dense(view((pitches, rows, self.width()), &ws.input));
        let (state, recurrent) = (&mut ws.state, &mut ws.recurrent);
        self.notes.forward(params, input, state, None, reborrow(&mut mode), recurrent)?;
        let notes = ws.recurrent.output();
        ws.kept_notes.draw(notes, self.output_dropout, &mut mode);
        ws.logits.fit(rows * self.outputs());
        let y = view_mut((pitches, rows, planes), &mut ws.logits);
        self.output.forward(params, ws.kept_notes.of(notes), y, &mut ws.output)
    }

    /// From the gradient of the logits of a block: adds to the gradients of the parameters, overwrites those of the block's outputs over time.
    fn backward_block<S: Scalar>(
        &self,
        params: &mut Parameters<S>,
        block: FrameBlock<'_>,
        d_hidden: &mut [S],
        ws: &mut BlockWorkspace<S>,
    ) -> Result<(), Error> {
        let (pitches, rows, planes) = (self.space.pitches, block.frames.len(), self.space.planes());
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
        self.lay_back(&as_slice_or_copy(ws.recurrent.d_input()), block, &ws.keep, d_hidden);
        Ok(())
    }

    /// After [`Biaxial::forward`] whose logits, or [`Biaxial::learn`] whose nats are not finite: the first gate or state of the second recurrence
    /// that is not.
    pub fn first_breakdown<S: Scalar>(&self, ws: &BiaxialWorkspace<S>) -> Option<Breakdown> {
        ws.breakdown
    }
}
