//! Less memory for more time: the activations of a long sequence are computed again, segment by segment.
//!
//! A first pass keeps only the state at the start of each segment. A second pass goes through the segments from the last to the
//! first: forward again, now saving activations, and back. With segments of about √T steps, memory for activations grows with √T
//! instead of T, for one more forward pass: about a third more time.

use std::ops::Range;

use composer_tensor::Scalar;
use ndarray::{ArrayView3, ArrayViewMut3, s};
use rand_chacha::ChaCha8Rng;

use super::{Input, Mask, Mode, Recurrent, RecurrentWorkspace, State};
use crate::arrays::{as_slice_or_copy, view, view_mut};
use crate::divergence::{Breakdown, first_breakdown};
use crate::fused::chunk_steps;
use crate::{Error, Parameters};

/// The memory of [`Recurrent::train_with_checkpointing`].
#[derive(Clone, Debug, Default)]
pub struct CheckpointingWorkspace<S> {
    inner: RecurrentWorkspace<S>,
    /// The state, and the generator if there is one, at the start of each segment.
    starts: Vec<(State<S>, Option<ChaCha8Rng>)>,
    d_output: Vec<S>,
    d_state: State<S>,
    want_d_input: bool,
    /// `[T, B, F]`, if it is wanted.
    d_input: Vec<S>,
    d_input_shape: (usize, usize, usize),
}

/// A sequence that is gone through in segments. (The mask has a lifetime of its own: that of an array's view cannot be shortened.)
#[derive(Clone, Copy, Debug)]
pub struct Checkpointed<'a, 'm, S> {
    /// The input of all steps.
    pub input: Input<'a, S>,
    /// Padding.
    pub mask: Option<&'m Mask>,
    /// Steps of a segment, at least 1; the last one may be shorter. See [`Recurrent::segment_steps`].
    pub segment: usize,
}

impl<S: Scalar> CheckpointingWorkspace<S> {
    /// Empty; the first pass sizes it.
    pub fn new() -> Self {
        CheckpointingWorkspace::default()
    }

    /// Whether trainings compute the gradient of the input; off at first.
    pub fn request_d_input(&mut self, wanted: bool) {
        self.want_d_input = wanted;
    }

    /// The gradient of the input of the last training, `[T, B, F]`, if it was requested; `T` is 0 otherwise.
    pub fn d_input(&self) -> ArrayView3<'_, S> {
        view(self.d_input_shape, &self.d_input)
    }

    /// The gradient of the initial state.
    pub fn d_state(&self) -> &State<S> {
        &self.d_state
    }
}

impl Recurrent {
    /// How many steps a segment should have: about √`steps`, and whole chunks of the backward pass, so that every sum of dense
    /// gradients has the order that it has without segments.
    pub fn segment_steps(&self, steps: usize, batch: usize) -> usize {
        let chunk = chunk_steps(self.config().cell, self.config().hidden, batch.max(1));
        ((steps as f64).sqrt().ceil() as usize).next_multiple_of(chunk).max(1)
    }

    /// Forward and backward over a sequence, keeping the activations of one segment at a time. Gradients are added to
    /// those in `params`, the same as from [`Recurrent::forward`] and [`Recurrent::backward`]: the same bits for dense inputs and
    /// segments of [`Recurrent::segment_steps`], within rounding otherwise. `state` becomes the final state.
    ///
    /// `loss` is called once for each segment, from the last to the first, with the steps it covers and its outputs `[t, B, H]`,
    /// and overwrites their gradients `[t, B, H]`; it may add to gradients of other layers in `params`, and must not change values.
    ///
    /// # Errors
    /// As for [`Recurrent::forward`]; the stack is bidirectional; segments have no steps; or what `loss` returns.
    pub fn train_with_checkpointing<S: Scalar>(
        &self,
        params: &mut Parameters<S>,
        sequence: Checkpointed<'_, '_, S>,
        state: &mut State<S>,
        mut mode: Mode<'_>,
        mut loss: impl FnMut(
            &mut Parameters<S>,
            Range<usize>,
            ArrayView3<'_, S>,
            ArrayViewMut3<'_, S>,
        ) -> Result<(), Error>,
        ws: &mut CheckpointingWorkspace<S>,
    ) -> Result<(), Error> {
        if self.config().bidirectional {
            return Err(Error::Unsupported("a bidirectional stack cannot be cut into segments"));
        }
        let Checkpointed { input, mask, segment } = sequence;
        if segment == 0 {
            return Err(Error::Config {
                name: "segment",
                value: "0".into(),
                expected: "it must be at least 1",
            });
        }
        let (steps, batch) = self.check(input, state, mask)?;
        let (output, features) = (self.config().output(), self.config().input);
        ws.inner.request_d_input(ws.want_d_input);
        ws.d_input_shape = (if ws.want_d_input { steps } else { 0 }, batch, features);
        ws.d_input.resize(ws.d_input_shape.0 * batch * features, S::zero());
        ws.starts.clear();
        for part in parts(steps, segment) {
            let (rng, mode) = match &mut mode {
                Mode::Eval => (None, Mode::Eval),
                Mode::Train { rng } => (Some((**rng).clone()), Mode::Train { rng }),
            };
            ws.starts.push((state.clone(), rng));
            let x = PartInput::of(input, &part, batch);
            let mask = mask.map(|mask| mask.steps(part.start, part.end, batch));
            self.forward(params, x.get(), state, mask.as_ref(), mode, &mut ws.inner)?;
        }
        for (index, part) in parts(steps, segment).enumerate().rev() {
            let last = part.end == steps;
            if !last {
                self.again(params, sequence, (index, &part), ws)?;
            }
            let shape = (part.len(), batch, output);
            ws.d_output.resize(part.len() * batch * output, S::zero());
            let x = PartInput::of(input, &part, batch);
            let rows = part.start * batch..part.end * batch;
            let mut d_output = view_mut(shape, &mut ws.d_output);
            loss(params, part, ws.inner.output(), d_output.view_mut())?;
            let d_state_n = (!last).then_some(&ws.d_state);
            self.backward(params, x.get(), d_output.view(), d_state_n, &mut ws.inner)?;
            ws.d_state.clone_from(ws.inner.d_state());
            if ws.want_d_input {
                let d_input = &mut ws.d_input[rows.start * features..rows.end * features];
                d_input.copy_from_slice(&as_slice_or_copy(ws.inner.d_input()));
            }
        }
        Ok(())
    }

    /// A part, forward again from the state that it started with.
    fn again<S: Scalar>(
        &self,
        params: &Parameters<S>,
        Checkpointed { input, mask, .. }: Checkpointed<'_, '_, S>,
        (index, part): (usize, &Range<usize>),
        ws: &mut CheckpointingWorkspace<S>,
    ) -> Result<(), Error> {
        let (mut state, mut rng) = ws.starts[index].clone();
        let (mode, batch) = (rng.as_mut().map_or(Mode::Eval, |rng| Mode::Train { rng }), state.batch());
        let x = PartInput::of(input, part, batch);
        let mask = mask.map(|mask| mask.steps(part.start, part.end, batch));
        self.forward(params, x.get(), &mut state, mask.as_ref(), mode, &mut ws.inner)
    }

    /// After [`Recurrent::train_with_checkpointing`] of the same sequence: [`first_breakdown`] in all of its steps, which are gone
    /// through again.
    ///
    /// # Errors
    /// As for [`Recurrent::forward`], or there was no such training.
    pub fn first_breakdown_with_checkpointing<S: Scalar>(
        &self,
        params: &Parameters<S>,
        sequence: Checkpointed<'_, '_, S>,
        ws: &mut CheckpointingWorkspace<S>,
    ) -> Result<Option<Breakdown>, Error> {
        let Some((start, _)) = ws.starts.first() else { return Err(Error::NoTape) };
        let (steps, _) = self.check(sequence.input, start, sequence.mask)?;
        let segment = sequence.segment;
        if segment == 0 || ws.starts.len() != steps.div_ceil(segment) {
            return Err(Error::NoTape);
        }
        for (index, part) in parts(steps, segment).enumerate() {
            self.again(params, sequence, (index, &part), ws)?;
            if let Some(found) = first_breakdown(self, &ws.inner) {
                return Ok(Some(Breakdown { step: found.step + part.start, ..found }));
            }
        }
        Ok(None)
    }
}

/// The steps of each segment.
fn parts(steps: usize, segment: usize) -> impl DoubleEndedIterator<Item = Range<usize>> + ExactSizeIterator {
    (0..steps.div_ceil(segment)).map(move |index| index * segment..steps.min((index + 1) * segment))
}

/// Some steps of an input. The offsets of a multi-hot part are its own.
enum PartInput<'a, S> {
    Dense(ArrayView3<'a, S>),
    MultiHot { indices: &'a [u32], offsets: Vec<usize> },
}

impl<'a, S: Scalar> PartInput<'a, S> {
    fn of(input: Input<'a, S>, part: &Range<usize>, batch: usize) -> Self {
        match input {
            Input::Dense(values) => PartInput::Dense(values.slice_move(s![part.clone(), .., ..])),
            Input::MultiHot { indices, offsets } => {
                let offsets = &offsets[part.start * batch..=part.end * batch];
                let (first, last) = (offsets[0], offsets[offsets.len() - 1]);
                let offsets = offsets.iter().map(|offset| offset - first).collect();
                PartInput::MultiHot { indices: &indices[first..last], offsets }
            }
        }
    }

    fn get(&self) -> Input<'_, S> {
        match self {
            PartInput::Dense(values) => Input::Dense(values.view()),
            PartInput::MultiHot { indices, offsets } => Input::MultiHot { indices, offsets },
        }
    }
}
