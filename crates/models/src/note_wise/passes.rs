//! Forward pass, loss and backward pass of the note stack, for a block of rows at a time.
//!
//! The rows know nothing of each other, and the note stack is the last layer: so a block goes forward, to its loss and back before the next
//! one, and what backpropagation keeps is that of one block. Gradients are added up block by block, in an order that the targets alone decide.

use super::NoteWise;
use super::block::{LEAST_ROWS, NoteBlock};
use super::workspace::{BlockWorkspace, NoteNll, NoteWorkspace};
use crate::keep::Keep;
use crate::mode::reborrow;
use crate::targets::FrameTargets;
use composer_bptt::arrays::{as_slice_or_copy, view, view_mut, with_slice_mut};
use composer_bptt::divergence::{self, Breakdown};
use composer_bptt::loss::softmax_cross_entropy;
use composer_bptt::{Error, Input, Mode, Parameters, State};
use composer_tensor::Scalar;
use composer_tensor::parallel::{SliceRows, share_rows};
use ndarray::{ArrayView3, ArrayViewMut3};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

impl NoteWise {
    /// While training, draws which of `count` values of the contexts are dropped, and where the masks within the note stack begin. All passes up
    /// to the next draw have the same.
    pub fn draw<S: Scalar>(&self, count: usize, dropout: f64, mut mode: Mode<'_>, ws: &mut NoteWorkspace<S>) {
        ws.keep.draw(count, dropout, &mut mode);
        ws.masks = match mode {
            Mode::Train { rng } if self.draws() => Some(ChaCha8Rng::from_rng(rng)),
            _ => None,
        };
    }

    /// From the contexts `[T, B, H]` to the nats of the notes of the targets, each given the notes below, summed over all frames. Adds the
    /// gradient of that sum times `scale` to those of the parameters, overwrites that of the contexts. Stops where the nats are not finite.
    pub fn learn<S: Scalar>(
        &self,
        params: &mut Parameters<S>,
        contexts: ArrayView3<'_, S>,
        targets: FrameTargets<'_, S>,
        scale: f64,
        mut d_contexts: ArrayViewMut3<'_, S>,
        ws: &mut NoteWorkspace<S>,
    ) -> Result<f64, Error> {
        let contexts = &*as_slice_or_copy(contexts);
        let mut masks = ws.masks.clone();
        let mut mode = masks.as_mut().map_or(Mode::Eval, |rng| Mode::Train { rng });
        let NoteWorkspace { keep, layout, block, passes, breakdown, .. } = ws;
        let mut nats = 0.0;
        layout.fill(&self.space, targets);
        *breakdown = None;
        d_contexts.fill(S::zero());
        passes.recurrent.begin_parts();
        let mut learn = |d_contexts: &mut [S]| -> Result<f64, Error> {
            for rows in layout.blocks() {
                block.fill(&self.space, rows, targets.frames);
                self.forward(params, (contexts, keep), block, reborrow(&mut mode), passes)?;
                nats += self.loss_of(scale, block, passes)?;
                if !nats.is_finite() {
                    *breakdown = divergence::first_breakdown(&self.notes, &passes.recurrent);
                    break;
                }
                self.backward(params, block, passes)?;
                let hidden = self.bridge.features();
                for (row, d) in block.rows.iter().zip(passes.d_contexts.chunks_exact(hidden)) {
                    keep.copy(row * hidden, d, &mut d_contexts[row * hidden..][..hidden]);
                }
            }
            self.notes.end_parts(params, &mut passes.recurrent);
            Ok(nats)
        };
        with_slice_mut(d_contexts, |d_contexts| learn(d_contexts))
    }

    /// The nats of [`NoteWise::learn`] alone.
    pub fn loss<S: Scalar>(
        &self,
        params: &Parameters<S>,
        contexts: ArrayView3<'_, S>,
        targets: FrameTargets<'_, S>,
        ws: &mut NoteWorkspace<S>,
    ) -> Result<f64, Error> {
        let mut nats = 0.0;
        self.each_block(params, contexts, targets, ws, |block, ws| {
            nats += self.loss_of(1.0, block, ws)?;
            Ok(nats.is_finite())
        })?;
        Ok(nats)
    }

    /// Calls `each` with a row of the batch and what a note in it costs; of each row from the lowest note to the stop.
    pub fn nlls<S: Scalar>(
        &self,
        params: &Parameters<S>,
        contexts: ArrayView3<'_, S>,
        targets: FrameTargets<'_, S>,
        mut each: impl FnMut(usize, NoteNll),
        ws: &mut NoteWorkspace<S>,
    ) -> Result<(), Error> {
        self.each_block(params, contexts, targets, ws, |block, ws| {
            self.block_nlls(block, ws, &mut each);
            Ok(true)
        })
    }

    /// Takes every block forward and calls `each` with it, until that says that its numbers are not finite.
    fn each_block<S: Scalar>(
        &self,
        params: &Parameters<S>,
        contexts: ArrayView3<'_, S>,
        targets: FrameTargets<'_, S>,
        ws: &mut NoteWorkspace<S>,
        mut each: impl FnMut(&NoteBlock, &mut BlockWorkspace<S>) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        let contexts = &*as_slice_or_copy(contexts);
        let mut masks = ws.masks.clone();
        let mut mode = masks.as_mut().map_or(Mode::Eval, |rng| Mode::Train { rng });
        let NoteWorkspace { keep, layout, block, passes, breakdown, .. } = ws;
        layout.fill(&self.space, targets);
        *breakdown = None;
        for rows in layout.blocks() {
            block.fill(&self.space, rows, targets.frames);
            self.forward(params, (contexts, keep), block, reborrow(&mut mode), passes)?;
            if !each(block, passes)? {
                *breakdown = divergence::first_breakdown(&self.notes, &passes.recurrent);
                break;
            }
        }
        Ok(())
    }

    /// After a loss that is not finite: the first gate or state of the note stack that is not.
    pub fn first_breakdown<S: Scalar>(&self, ws: &NoteWorkspace<S>) -> Option<Breakdown> {
        ws.breakdown
    }

    /// From all contexts `[T·B, H]`, of which some values are kept, to the logits of every note of a block, given the notes below.
    fn forward<S: Scalar>(
        &self,
        params: &Parameters<S>,
        (contexts, keep): (&[S], &Keep),
        block: &NoteBlock,
        mut mode: Mode<'_>,
        ws: &mut BlockWorkspace<S>,
    ) -> Result<(), Error> {
        let (rows, steps, hidden) = (block.rows.len(), block.steps, self.bridge.features());
        ws.contexts.resize(rows * hidden, S::zero());
        let gathered = SliceRows { data: &mut ws.contexts, first: 0, width: hidden };
        share_rows(gathered, rows, LEAST_ROWS, &|part| {
            for (to, row) in part.data.chunks_exact_mut(hidden).zip(&block.rows[part.first..]) {
                keep.copy(row * hidden, &contexts[row * hidden..][..hidden], to);
            }
        });
        let read = view((rows, hidden), &ws.contexts);
        ws.bridged.resize(rows * self.bridge.outputs(), S::zero());
        let bridged = view_mut((rows, self.bridge.outputs()), &mut ws.bridged);
        self.bridge.forward(params, read, bridged, &mut ws.bridge)?;
        composer_tensor::maths::tanh_slice(&mut ws.bridged);
        ws.from_context.resize(rows * self.context.outputs(), S::zero());
        let from_context = view_mut((rows, self.context.outputs()), &mut ws.from_context);
        self.context.forward(params, read, from_context, &mut ws.context)?;

        self.begin(&ws.bridged, rows, &mut ws.state);
        let input = Input::MultiHot { indices: &block.indices, offsets: &block.offsets };
        let (notes, state) = (&self.notes, &mut ws.state);
        notes.forward(params, input, state, None, reborrow(&mut mode), &mut ws.recurrent)?;
        ws.kept.draw(ws.recurrent.output(), self.output_dropout, &mut mode);
        let outputs = self.output.outputs();
        ws.outputs.resize(steps * rows * outputs, S::zero());
        let y = view_mut((steps, rows, outputs), &mut ws.outputs);
        self.output.forward(params, ws.kept.of(ws.recurrent.output()), y, &mut ws.output)?;
        self.logits(block, ws);
        self.end_logits(params, block, ws);
        Ok(())
    }

    /// The first state of every layer, from `bridged` `[R, L·H]`.
    pub(super) fn begin<S: Scalar>(&self, bridged: &[S], rows: usize, state: &mut State<S>) {
        let config = self.notes.config();
        state.fit(config, rows);
        state.c.fill(S::zero());
        let (layers, hidden) = (config.layers, config.hidden);
        for (row, bridged) in bridged.chunks_exact(layers * hidden).enumerate() {
            for (layer, values) in bridged.chunks_exact(hidden).enumerate() {
                state.h[(layer * rows + row) * hidden..][..hidden].copy_from_slice(values);
            }
        }
    }

    /// Nats of a block. Turns its logits into the gradient of that sum times `scale`.
    fn loss_of<S: Scalar>(
        &self,
        scale: f64,
        block: &NoteBlock,
        ws: &mut BlockWorkspace<S>,
    ) -> Result<f64, Error> {
        let places = block.targets.len();
        let logits = view_mut((places, self.space.classes()), &mut ws.logits);
        let notes = softmax_cross_entropy(logits, view(places, &block.targets), 0.0, scale)?.sum;
        Ok(notes + self.end_loss(scale, block, &mut ws.ends))
    }

    /// After the loss of a block: adds to the gradients of the parameters, leaves those of its contexts in `ws`.
    fn backward<S: Scalar>(
        &self,
        params: &mut Parameters<S>,
        block: &NoteBlock,
        ws: &mut BlockWorkspace<S>,
    ) -> Result<(), Error> {
        let (rows, steps, hidden) = (block.rows.len(), block.steps, self.bridge.features());
        self.d_outputs(block, ws);
        self.d_after(params, block, ws);
        let read = view((rows, hidden), &ws.contexts);
        ws.d_contexts.resize(rows * hidden, S::zero());
        let d_contexts = view_mut((rows, hidden), &mut ws.d_contexts);
        let d_from_context = view((rows, self.context.outputs()), &ws.from_context);
        self.context.backward(params, read, d_from_context, Some(d_contexts), &mut ws.context)?;

        let notes = ws.recurrent.output();
        ws.d_notes.resize(notes.len(), S::zero());
        let mut d_notes = view_mut(notes.raw_dim(), &mut ws.d_notes);
        let d_y = view((steps, rows, self.output.outputs()), &ws.outputs);
        let x = ws.kept.of(notes);
        self.output.backward(params, x, d_y, Some(d_notes.view_mut()), &mut ws.output)?;
        ws.kept.backward(d_notes.view_mut());
        let input = Input::MultiHot { indices: &block.indices, offsets: &block.offsets };
        self.notes.backward(params, input, d_notes.view(), None, &mut ws.recurrent)?;

        // Through h_0 = tanh(bridged) of every layer.
        let config = self.notes.config();
        let d_state = ws.recurrent.d_state();
        ws.d_bridged.clear();
        for row in 0..rows {
            for layer in 0..config.layers {
                let d_h = &d_state.h[(layer * rows + row) * config.hidden..][..config.hidden];
                let h = &ws.bridged[ws.d_bridged.len()..][..config.hidden];
                ws.d_bridged.extend(d_h.iter().zip(h).map(|(&d, &h)| d * (S::one() - h * h)));
            }
        }
        let d_bridged = view((rows, self.bridge.outputs()), &ws.d_bridged);
        ws.d_bridge_read.resize(rows * hidden, S::zero());
        let d_read = view_mut((rows, hidden), &mut ws.d_bridge_read);
        self.bridge.backward(params, read, d_bridged, Some(d_read), &mut ws.bridge)?;
        ws.d_contexts.iter_mut().zip(&ws.d_bridge_read).for_each(|(sum, &d)| *sum += d);
        Ok(())
    }
}
