//! How long each note lasts, and how loud it is: decided after the note, before the next one.
//!
//! ```text
//! length_k[l]   = y_k[lengths + l] + (W_context context)[C + l]                       after note_k is read
//! loud_k[u]     = y_k[velocities + u] + (W_context context)[C + L + u] + W_after[length of note_k, C + u]
//! logit_k[v]   += W_after[length of note_k, v]                                        of the next note
//! P(length of note_k) = softmax over 1 … L steps
//! P(at least r steps) = Σ_(l ≥ r) P(l)                                                of a note that ends with the piece
//! ```
//!
//! The note stack reads the length and the velocity of a note one note later, together with the next one. What follows a note that ends with
//! the piece is given its length up to there: so the probabilities of all pieces of `T` steps sum to one.

use super::NoteWise;
use super::block::NoteBlock;
use super::layout::NoteSpace;
use super::workspace::{BlockWorkspace, EndWorkspace, NoteNll};
use crate::note_lengths::NoteEnd;
use composer_bptt::{ParamId, Parameters};
use composer_tensor::Scalar;
use std::ops::Range;

/// What is added to the logits of a place by the length of its last note `[C + U]`.
pub(super) fn after<'a, S: Scalar>(
    (id, space): (ParamId, &NoteSpace),
    length: usize,
    params: &'a Parameters<S>,
) -> &'a [S] {
    let width = space.classes() + space.velocities;
    &params.value(id)[length * width..][..width]
}

/// Writes the logits of lengths by what the note stack `y` and the context say.
pub(super) fn length_logits<S: Scalar>(space: &NoteSpace, y: &[S], from_context: &[S], logits: &mut [S]) {
    let (y, context) = (&y[space.first_length()..], &from_context[space.classes()..]);
    logits.iter_mut().zip(y.iter().zip(context)).for_each(|(logit, (&y, &context))| *logit = y + context);
}

/// Writes the logits of velocities; `after` is that of the length.
pub(super) fn velocity_logits<S: Scalar>(
    space: &NoteSpace,
    (y, from_context, after): (&[S], &[S], &[S]),
    logits: &mut [S],
) {
    let y = &y[space.first_length() + space.lengths..];
    let context = &from_context[space.classes() + space.lengths..];
    let sums = y.iter().zip(context).zip(&after[space.classes()..]);
    logits.iter_mut().zip(sums).for_each(|(logit, ((&y, &context), &after))| *logit = y + context + after);
}

impl NoteWise {
    /// After the logits of classes, without their mask: those of lengths and velocities, and what lengths add.
    pub(super) fn end_logits<S: Scalar>(
        &self,
        params: &Parameters<S>,
        block: &NoteBlock,
        ws: &mut BlockWorkspace<S>,
    ) {
        let (Some(id), space) = (self.after_length, &self.space) else { return };
        let (rows, outputs, width) = (block.rows.len(), self.output.outputs(), self.context.outputs());
        let places = block.ends.len();
        let BlockWorkspace { ends, outputs: all, from_context, logits, .. } = ws;
        for (plane, size) in [(&mut ends.lengths, space.lengths), (&mut ends.velocities, space.velocities)] {
            plane.clear();
            plane.resize(places * size, S::zero());
        }
        for place in (0..places).filter(|&place| block.ends[place].is_some()) {
            let Some(length) = block.decided[place].lengths[0] else { continue };
            let y = &all[place * outputs..][..outputs];
            let from_context = &from_context[place % rows * width..][..width];
            let after = after((id, space), length, params);
            let lengths = &mut ends.lengths[place * space.lengths..][..space.lengths];
            length_logits(space, y, from_context, lengths);
            let velocities = &mut ends.velocities[place * space.velocities..][..space.velocities];
            velocity_logits(space, (y, from_context, after), velocities);
            let logits = &mut logits[place * space.classes()..][..space.classes()];
            logits.iter_mut().zip(after).for_each(|(logit, &after)| *logit += after);
        }
    }

    /// Nats of lengths and velocities. Turns their logits into the gradient of that sum times `scale`.
    pub(super) fn end_loss<S: Scalar>(
        &self,
        scale: f64,
        block: &NoteBlock,
        ends: &mut EndWorkspace<S>,
    ) -> f64 {
        let mut nats = 0.0;
        self.each_end(block, |place, end| {
            let (lengths, velocities) = ends.of(&self.space, place);
            nats += tail_loss(lengths, end_classes(end, &self.space), scale);
            if !velocities.is_empty() {
                let only = end.velocity as usize;
                nats += tail_loss(velocities, only..only + 1, scale);
            }
        });
        nats
    }

    /// From the gradients of the logits of lengths and velocities to those of the outputs `[K·R, O]`, and of what the context says `[R, D]`.
    pub(super) fn d_end_outputs<S: Scalar>(&self, block: &NoteBlock, ws: &mut BlockWorkspace<S>) {
        let space = &self.space;
        let (rows, outputs, width) = (block.rows.len(), self.output.outputs(), self.context.outputs());
        let BlockWorkspace { ends, outputs: all, from_context, .. } = ws;
        self.each_end(block, |place, _| {
            let (lengths, velocities) = ends.of(space, place);
            let d_y = &mut all[place * outputs..][..outputs][space.first_length()..];
            let d_context = &mut from_context[place % rows * width..][..width][space.classes()..];
            for (to, &d) in d_y.iter_mut().zip(lengths.iter().chain(&*velocities)) {
                *to = d;
            }
            for (to, &d) in d_context.iter_mut().zip(lengths.iter().chain(&*velocities)) {
                *to += d;
            }
        });
    }

    /// Adds the gradient of what lengths add to the logits.
    pub(super) fn d_after<S: Scalar>(
        &self,
        params: &mut Parameters<S>,
        block: &NoteBlock,
        ws: &mut BlockWorkspace<S>,
    ) {
        let (Some(id), space) = (self.after_length, &self.space) else { return };
        let (classes, width) = (space.classes(), space.classes() + space.velocities);
        let grad = params.grad_mut(id);
        self.each_end(block, |place, _| {
            let Some(length) = block.decided[place].lengths[0] else { return };
            let (_, velocities) = ws.ends.of(space, place);
            let logits = &ws.logits[place * classes..][..classes];
            let to = &mut grad[length * width..][..width];
            to.iter_mut().zip(logits.iter().chain(&*velocities)).for_each(|(to, &d)| *to += d);
        });
    }

    /// After the forward pass: what each length and velocity costs, as [`NoteWise::nlls`] has it.
    pub(super) fn end_nlls<S: Scalar>(
        &self,
        block: &NoteBlock,
        ends: &EndWorkspace<S>,
        each: &mut impl FnMut(usize, NoteNll),
    ) {
        let space = &self.space;
        self.each_end(block, |place, end| {
            let lengths = &ends.lengths[place * space.lengths..][..space.lengths];
            let mut sounds = tail_nll(lengths, end_classes(end, space));
            if space.velocities > 0 {
                let velocities = &ends.velocities[place * space.velocities..][..space.velocities];
                let only = end.velocity as usize;
                sounds += tail_nll(velocities, only..only + 1);
            }
            each(block.rows[place % block.rows.len()], NoteNll { sounds, struck: 0.0 });
        });
    }

    /// Calls `each` with the places of notes whose ends are decided.
    fn each_end(&self, block: &NoteBlock, mut each: impl FnMut(usize, NoteEnd)) {
        if self.after_length.is_some() {
            let ends = block.ends.iter().enumerate();
            ends.filter_map(|(place, end)| Some((place, (*end)?))).for_each(|(place, end)| each(place, end));
        }
    }
}

/// The classes of lengths that an end allows.
fn end_classes(end: NoteEnd, space: &NoteSpace) -> Range<usize> {
    let least = (end.steps.max(1) as usize).min(space.lengths) - 1;
    if end.open { least..space.lengths } else { least..least + 1 }
}

/// The largest of some logits, and `Σ e^(logit − largest)`.
fn largest_and_sum<S: Scalar>(logits: &[S]) -> (f64, f64) {
    let largest = logits.iter().fold(f64::NEG_INFINITY, |max, logit| max.max(logit.f64()));
    (largest, logits.iter().map(|logit| (logit.f64() - largest).exp()).sum())
}

/// −ln Σ of the probabilities of a range of classes, exact where they are tiny.
fn tail_nll<S: Scalar>(logits: &[S], range: Range<usize>) -> f64 {
    let ((largest, all), (own, within)) = (largest_and_sum(logits), largest_and_sum(&logits[range]));
    (largest + all.ln()) - (own + within.ln())
}

/// [`tail_nll`]; turns the logits into its gradient times `scale`: the softmax over all, less that over the range.
fn tail_loss<S: Scalar>(logits: &mut [S], range: Range<usize>, scale: f64) -> f64 {
    let nll = tail_nll(logits, range.clone());
    let ((largest, all), (own, within)) = (largest_and_sum(logits), largest_and_sum(&logits[range.clone()]));
    for (class, logit) in logits.iter_mut().enumerate() {
        let value = logit.f64();
        let inside = if range.contains(&class) { (value - own).exp() / within } else { 0.0 };
        *logit = S::of(scale * ((value - largest).exp() / all - inside));
    }
    nll
}
