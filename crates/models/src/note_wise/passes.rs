//! Forward pass, loss and backward pass of the note stack over all frames of a batch.

use super::NoteWise;
use super::group::NoteGroup;
use super::workspace::{GroupWorkspace, NoteNll, NoteWorkspace};
use crate::mode::reborrow;
use crate::targets::FrameRows;
use composer_bptt::arrays::{as_slice_or_copy, view, view_mut};
use composer_bptt::divergence::{self, Breakdown};
use composer_bptt::loss::{IGNORE, softmax_cross_entropy};
use composer_bptt::{Error, Input, Mode, Parameters, State};
use composer_tensor::Scalar;
use composer_tensor::parallel::{SliceRows, share_rows};
use ndarray::{ArrayView3, ArrayViewMut3};

/// Rows that a thread takes at least.
const LEAST_ROWS: usize = 16;

impl NoteWise {
    /// From the contexts `[T, B, H]` to the logits of every note of the targets, given the notes below.
    pub fn forward<S: Scalar>(
        &self,
        params: &Parameters<S>,
        contexts: ArrayView3<'_, S>,
        (on, weight): (&[S], &[S]),
        frames: FrameRows<'_>,
        mut mode: Mode<'_>,
        ws: &mut NoteWorkspace<S>,
    ) -> Result<(), Error> {
        ws.layout.fill(&self.space, on, weight, frames);
        ws.groups.resize_with(ws.layout.groups.len(), GroupWorkspace::default);
        for (group, ws) in ws.layout.groups.iter().zip(&mut ws.groups) {
            if !group.rows.is_empty() {
                self.forward_group(params, contexts, group, reborrow(&mut mode), ws)?;
            }
        }
        Ok(())
    }

    fn forward_group<S: Scalar>(
        &self,
        params: &Parameters<S>,
        contexts: ArrayView3<'_, S>,
        group: &NoteGroup,
        mut mode: Mode<'_>,
        ws: &mut GroupWorkspace<S>,
    ) -> Result<(), Error> {
        let (rows, steps, hidden) = (group.rows.len(), group.steps, self.bridge.features());
        ws.contexts.clear();
        let all = as_slice_or_copy(contexts);
        group.rows.iter().for_each(|row| ws.contexts.extend_from_slice(&all[row * hidden..][..hidden]));
        let read = view((rows, hidden), &ws.contexts);
        ws.bridged.resize(rows * self.bridge.outputs(), S::zero());
        let bridged = view_mut((rows, self.bridge.outputs()), &mut ws.bridged);
        self.bridge.forward(params, read, bridged, &mut ws.bridge)?;
        composer_tensor::maths::tanh_slice(&mut ws.bridged);
        ws.from_context.resize(rows * self.context.outputs(), S::zero());
        let from_context = view_mut((rows, self.context.outputs()), &mut ws.from_context);
        self.context.forward(params, read, from_context, &mut ws.context)?;

        self.begin(&ws.bridged, rows, &mut ws.state);
        let input = Input::MultiHot { indices: &group.indices, offsets: &group.offsets };
        let (notes, state) = (&self.notes, &mut ws.state);
        notes.forward(params, input, state, None, reborrow(&mut mode), &mut ws.recurrent)?;
        ws.kept.draw(ws.recurrent.output(), self.output_dropout, &mut mode);
        let outputs = self.output.outputs();
        ws.outputs.resize(steps * rows * outputs, S::zero());
        let y = view_mut((steps, rows, outputs), &mut ws.outputs);
        self.output.forward(params, ws.kept.of(ws.recurrent.output()), y, &mut ws.output)?;
        self.logits(group, ws);
        self.end_logits(params, group, ws);
        Ok(())
    }

    /// The first state of every layer, from `bridged` `[R, L·H]`.
    pub(super) fn begin<S: Scalar>(&self, bridged: &[S], rows: usize, state: &mut State<S>) {
        let config = self.notes.config();
        if state.batch() != rows {
            *state = State::zeros(config, rows);
        }
        state.c.fill(S::zero());
        let (layers, hidden) = (config.layers, config.hidden);
        for (row, bridged) in bridged.chunks_exact(layers * hidden).enumerate() {
            for (layer, values) in bridged.chunks_exact(hidden).enumerate() {
                state.h[(layer * rows + row) * hidden..][..hidden].copy_from_slice(values);
            }
        }
    }

    /// Outputs of the note stack, of the context and of intervals in one.
    fn logits<S: Scalar>(&self, group: &NoteGroup, ws: &mut GroupWorkspace<S>) {
        let (classes, outputs, rows) = (self.space.classes(), self.output.outputs(), group.rows.len());
        let decided = self.context.outputs();
        ws.logits.resize(group.steps * rows * classes, S::zero());
        let (all, from_context) = (&ws.outputs, &ws.from_context);
        let work = SliceRows { data: &mut ws.logits, first: 0, width: classes };
        share_rows(work, group.steps * rows, LEAST_ROWS, &|part| {
            let each =
                part.data.chunks_exact_mut(classes).zip(all[part.first * outputs..].chunks_exact(outputs));
            for (place, (logits, y)) in (part.first..).zip(each) {
                let row = place % rows;
                if group.targets[place] == IGNORE {
                    logits.fill(S::zero());
                    continue;
                }
                let from_context = &from_context[row * decided..][..classes];
                for ((logit, &y), &context) in logits.iter_mut().zip(y).zip(from_context) {
                    *logit = y + context;
                }
                self.space.each_added(group.decided[place], &group.read[row], |output, class| {
                    logits[class] += y[output];
                });
                self.space.mask(group.decided[place], group.before[row], logits);
            }
        });
    }

    /// Nats, summed over all frames. Turns the logits into the gradient of that sum times `scale`.
    pub fn loss<S: Scalar>(&self, scale: f64, ws: &mut NoteWorkspace<S>) -> Result<f64, Error> {
        let classes = self.space.classes();
        let mut nats = 0.0;
        for (group, ws) in ws.layout.groups.iter().zip(&mut ws.groups) {
            if group.rows.is_empty() {
                continue;
            }
            let places = group.targets.len();
            let logits = view_mut((places, classes), &mut ws.logits);
            nats += softmax_cross_entropy(logits, view(places, &group.targets), 0.0, scale)?.sum;
            nats += self.end_loss(scale, group, &mut ws.ends);
        }
        Ok(nats)
    }

    /// After [`NoteWise::loss`]: adds to the gradients of the parameters, overwrites those of the contexts `[T, B, H]`.
    pub fn backward<S: Scalar>(
        &self,
        params: &mut Parameters<S>,
        mut d_contexts: ArrayViewMut3<'_, S>,
        ws: &mut NoteWorkspace<S>,
    ) -> Result<(), Error> {
        d_contexts.fill(S::zero());
        let (batch, hidden) = (d_contexts.dim().1, self.bridge.features());
        for (group, ws) in ws.layout.groups.iter().zip(&mut ws.groups) {
            if group.rows.is_empty() {
                continue;
            }
            self.backward_group(params, group, ws)?;
            for (&row, d) in group.rows.iter().zip(ws.d_contexts.chunks_exact(hidden)) {
                let mut to = d_contexts.slice_mut(ndarray::s![row / batch, row % batch, ..]);
                to.iter_mut().zip(d).for_each(|(to, &d)| *to = d);
            }
        }
        Ok(())
    }

    fn backward_group<S: Scalar>(
        &self,
        params: &mut Parameters<S>,
        group: &NoteGroup,
        ws: &mut GroupWorkspace<S>,
    ) -> Result<(), Error> {
        let (rows, steps, hidden) = (group.rows.len(), group.steps, self.bridge.features());
        self.d_outputs(group, ws);
        self.d_after(params, group, ws);
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
        let input = Input::MultiHot { indices: &group.indices, offsets: &group.offsets };
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

    /// From the gradient of the logits to that of the outputs, and of what the context says of the classes.
    fn d_outputs<S: Scalar>(&self, group: &NoteGroup, ws: &mut GroupWorkspace<S>) {
        let (classes, outputs, rows) = (self.space.classes(), self.output.outputs(), group.rows.len());
        let decided = self.context.outputs();
        let GroupWorkspace { logits, from_context, outputs: d_outputs, .. } = ws;
        let work = SliceRows { data: d_outputs, first: 0, width: outputs };
        share_rows(work, group.steps * rows, LEAST_ROWS, &|part| {
            let each =
                part.data.chunks_exact_mut(outputs).zip(logits[part.first * classes..].chunks_exact(classes));
            for (place, (d_y, d_logits)) in (part.first..).zip(each) {
                d_y[..classes].copy_from_slice(d_logits);
                d_y[classes..].fill(S::zero());
                if group.targets[place] != IGNORE {
                    let read = &group.read[place % rows];
                    self.space.each_added(group.decided[place], read, |output, class| {
                        d_y[output] += d_logits[class];
                    });
                }
            }
        });
        let work = SliceRows { data: from_context, first: 0, width: decided };
        share_rows(work, rows, LEAST_ROWS, &|part| {
            part.data.fill(S::zero());
            for (row, sums) in (part.first..).zip(part.data.chunks_exact_mut(decided)) {
                let places = (0..group.steps).map(|step| step * rows + row);
                for place in places.filter(|&place| group.targets[place] != IGNORE) {
                    let d_logits = &logits[place * classes..][..classes];
                    sums.iter_mut().zip(d_logits).for_each(|(sum, &d)| *sum += d);
                }
            }
        });
        self.d_end_outputs(group, ws);
    }

    /// After [`NoteWise::forward`], before the loss: calls `each` with a row of the batch and what a note in it costs; of each row from the
    /// lowest note to the stop.
    pub fn nlls<S: Scalar>(&self, ws: &NoteWorkspace<S>, mut each: impl FnMut(usize, NoteNll)) {
        let classes = self.space.classes();
        for (group, ws) in ws.layout.groups.iter().zip(&ws.groups) {
            let rows = group.rows.len();
            for (place, &target) in group.targets.iter().enumerate().filter(|(_, target)| **target != IGNORE)
            {
                let target = target as usize;
                let logits = &ws.logits[place * classes..][..classes];
                each(group.rows[place % rows], self.nll(logits, target, group.before[place % rows]));
            }
            self.end_nlls(group, &ws.ends, &mut each);
        }
    }

    /// What a class costs, by its logits.
    fn nll<S: Scalar>(&self, logits: &[S], target: usize, before: u128) -> NoteNll {
        let largest = logits.iter().fold(f64::NEG_INFINITY, |max, logit| max.max(logit.f64()));
        let total: f64 = logits.iter().map(|logit| (logit.f64() - largest).exp()).sum();
        let whole = total.ln() - (logits[target].f64() - largest);
        let pitch = self.space.offset(target);
        if !self.space.writes_held() || target == self.space.stop() || before >> pitch & 1 == 0 {
            return NoteNll { sounds: whole, struck: 0.0 };
        }
        let pair = [pitch, self.space.pitches + pitch].map(|class| (logits[class].f64() - largest).exp());
        let sounds = total.ln() - (pair[0] + pair[1]).ln();
        NoteNll { sounds, struck: whole - sounds }
    }

    /// After [`NoteWise::forward`]: the first gate or state of the note stack that is not finite.
    pub fn first_breakdown<S: Scalar>(&self, ws: &NoteWorkspace<S>) -> Option<Breakdown> {
        let mut used = ws.layout.groups.iter().zip(&ws.groups).filter(|(group, _)| !group.rows.is_empty());
        used.find_map(|(_, ws)| divergence::first_breakdown(&self.notes, &ws.recurrent))
    }
}
