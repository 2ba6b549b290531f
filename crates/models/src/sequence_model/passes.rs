//! The passes of a [`SequenceModel`]: forward, loss, backward, and all of them in one.

use super::{SequenceModel, Workspace};
use crate::Error;
use crate::bar_attention::{BarAttention, BarWorkspace, SequenceState};
use crate::batch::SequenceBatch;
use crate::head::{Goal, Layers};
use crate::mode::reborrow;
use crate::note_wise::{NoteNll, NoteWise};
use crate::stack_input::StackInput;
use crate::targets::TargetRows;
use composer_bptt::arrays::view_mut;
use composer_bptt::divergence::{self, Breakdown};
use composer_bptt::{Checkpointed, Mode, RecurrentWorkspace};
use composer_tensor::Scalar;
use ndarray::ArrayView3;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

impl<S: Scalar> SequenceModel<S> {
    /// Runs a batch from `state` and leaves the final state there and the logits `[T, B, V]` in `ws`; with a coupling, those given
    /// the bits of the targets that are decided before. A model that writes frames note by note comes to its notes in the loss.
    pub fn forward(
        &self,
        batch: &SequenceBatch<S>,
        state: &mut SequenceState<S>,
        mut mode: Mode<'_>,
        ws: &mut Workspace<S>,
    ) -> Result<(), Error> {
        self.run_stack(batch, state, reborrow(&mut mode), ws)?;
        let targets = self.targets(batch);
        let read = read_by_head(&self.bars, &ws.recurrent, &ws.bars);
        Ok(self.head.forward(&self.params, read, targets, mode, &mut ws.head)?)
    }

    /// The forward pass of what is below the head.
    fn run_stack(
        &self,
        batch: &SequenceBatch<S>,
        state: &mut SequenceState<S>,
        mode: Mode<'_>,
        ws: &mut Workspace<S>,
    ) -> Result<(), Error> {
        self.below().write(&self.params, batch, &mut ws.features, &mut ws.vectors)?;
        self.recurrent.forward(
            &self.params,
            self.below().read(batch, &ws.features, &ws.vectors),
            &mut state.stack,
            None,
            mode,
            &mut ws.recurrent,
        )?;
        let (hidden, outputs) = (self.config.recurrent.output(), self.config.encoding.outputs());
        ws.shape = [batch.steps, batch.batch, hidden, outputs];
        if let Some(bars) = &self.bars {
            let features = (&batch.indices[..], &batch.offsets[..]);
            bars.forward(&self.params, ws.recurrent.output(), features, &mut state.bars, &mut ws.bars)?;
        }
        Ok(())
    }

    /// What is before the recurrent stack.
    fn below(&self) -> StackInput<'_> {
        StackInput { embedding: &self.embedding, head: &self.head }
    }

    /// What a batch should predict.
    fn targets<'b>(&self, batch: &'b SequenceBatch<S>) -> TargetRows<'b, S> {
        batch.target_rows(0..batch.steps * batch.batch, self.config.encoding.outputs())
    }

    /// After [`SequenceModel::forward`]: the negative log-likelihood of the batch in nats, summed over all target steps.
    /// Turns the logits in `ws`, if there are any, into the gradient of the *mean over target steps*.
    pub fn loss(&self, batch: &SequenceBatch<S>, ws: &mut Workspace<S>) -> Result<f64, Error> {
        self.smoothed_loss(batch, 0.0, ws)
    }

    /// [`SequenceModel::loss`] with label smoothing: the share `smoothing` of every target is spread evenly over all
    /// tokens, or over yes and no of every bit.
    pub fn smoothed_loss(
        &self,
        batch: &SequenceBatch<S>,
        smoothing: f64,
        ws: &mut Workspace<S>,
    ) -> Result<f64, Error> {
        let (targets, goal) = (self.targets(batch), goal(batch, smoothing));
        let read = read_by_head(&self.bars, &ws.recurrent, &ws.bars);
        Ok(self.head.loss(&self.params, read, targets, goal, &mut ws.head)?)
    }

    /// After [`SequenceModel::forward`] in which nothing is dropped, for a model that writes frames note by note: calls `each` with a row of the
    /// batch and what a note in it costs, from the lowest note to the stop.
    pub(crate) fn note_nlls(
        &self,
        notes: &NoteWise,
        batch: &SequenceBatch<S>,
        each: impl FnMut(usize, NoteNll),
        ws: &mut Workspace<S>,
    ) -> Result<(), Error> {
        let targets = self.targets(batch).of_frames()?;
        let read = read_by_head(&self.bars, &ws.recurrent, &ws.bars);
        Ok(notes.nlls(&self.params, read, targets, each, &mut ws.head.notes)?)
    }

    /// After [`SequenceModel::forward`]: the first gate or state of the stack that is infinite or not a number; after a loss, of that over notes
    /// too.
    pub fn first_breakdown(&self, ws: &Workspace<S>) -> Option<Breakdown> {
        let notes = || match &self.head.layers {
            Layers::NoteWise(notes) => notes.first_breakdown(&ws.head.notes),
            Layers::Biaxial(tied) => tied.first_breakdown(&ws.head.biaxial),
            Layers::Linear { .. } | Layers::Mixture(_) => None,
        };
        divergence::first_breakdown(&self.recurrent, &ws.recurrent).or_else(notes)
    }

    /// After [`SequenceModel::loss`]: adds the gradient of the mean loss to the parameters' gradients.
    pub fn backward(&mut self, batch: &SequenceBatch<S>, ws: &mut Workspace<S>) -> Result<(), Error> {
        let (targets, goal) = (self.targets(batch), goal(batch, 0.0));
        let read = read_by_head(&self.bars, &ws.recurrent, &ws.bars);
        ws.d_hidden.resize(read.len(), S::zero());
        let d_hidden = view_mut(read.raw_dim(), &mut ws.d_hidden);
        self.head.backward(&mut self.params, read, targets, goal, d_hidden, &mut ws.head)?;
        self.below_head(batch, ws)
    }

    /// [`SequenceModel::forward`], [`SequenceModel::smoothed_loss`] and, if that is finite, [`SequenceModel::backward`] in one. A model that writes
    /// frames note by note or pitch by pitch takes less time so, because what writes them goes forward once and not twice, and leaves no logits.
    ///
    /// # Errors
    /// The batch does not fit the model.
    pub fn learn(
        &mut self,
        batch: &SequenceBatch<S>,
        state: &mut SequenceState<S>,
        smoothing: f64,
        mut mode: Mode<'_>,
        ws: &mut Workspace<S>,
    ) -> Result<f64, Error> {
        self.run_stack(batch, state, reborrow(&mut mode), ws)?;
        let (targets, goal) = (self.targets(batch), goal(batch, smoothing));
        let read = read_by_head(&self.bars, &ws.recurrent, &ws.bars);
        ws.d_hidden.resize(read.len(), S::zero());
        let d_hidden = view_mut(read.raw_dim(), &mut ws.d_hidden);
        let nats = self.head.learn(&mut self.params, read, targets, goal, mode, d_hidden, &mut ws.head)?;
        if nats.is_finite() {
            self.below_head(batch, ws)?;
        }
        Ok(nats)
    }

    /// The backward pass of what is below the head.
    fn below_head(&mut self, batch: &SequenceBatch<S>, ws: &mut Workspace<S>) -> Result<(), Error> {
        let hidden = ws.recurrent.output();
        let mut d_hidden = view_mut(hidden.raw_dim(), &mut ws.d_hidden);
        if let Some(bars) = &self.bars {
            bars.backward(&mut self.params, hidden, d_hidden.view_mut(), &mut ws.bars)?;
        }
        let Self { params, embedding, recurrent, head, .. } = self;
        let below = StackInput { embedding, head };
        let (input, d_hidden) = (below.read(batch, &ws.features, &ws.vectors), d_hidden.view());
        ws.recurrent.request_d_input(embedding.is_some());
        recurrent.backward(params, input, d_hidden, None, &mut ws.recurrent)?;
        below.backward(params, batch, ws.recurrent.d_input());
        Ok(())
    }

    /// [`SequenceModel::forward`], [`SequenceModel::smoothed_loss`] and [`SequenceModel::backward`] in one, which keeps the
    /// activations of about √T steps at a time and computes them again on the way back: less memory, for about a third more time.
    /// Gradients are the same within rounding. Dropout draws other masks, of the same kind.
    ///
    /// # Errors
    /// The batch does not fit the model, or the model attends to past bars, which are needed at all steps.
    pub fn learn_with_checkpointing(
        &mut self,
        batch: &SequenceBatch<S>,
        state: &mut SequenceState<S>,
        smoothing: f64,
        mut mode: Mode<'_>,
        ws: &mut Workspace<S>,
    ) -> Result<f64, Error> {
        let Self { config, params, embedding, recurrent, bars, head } = self;
        if bars.is_some() {
            return Err(Error::Unsupported(
                "a network that attends to past bars keeps its activations: set training.recompute to false, or \
                 model.bar_attention to 0",
            ));
        }
        let below = StackInput { embedding, head };
        // Segments come to the head from the last to the first, after the stack has drawn for all of them.
        let mut masks = match &mut mode {
            Mode::Train { rng } if head.draws() => Some(ChaCha8Rng::from_rng(rng)),
            _ => None,
        };
        let (segment, outputs) =
            (recurrent.segment_steps(batch.steps, batch.batch * config.rows()), config.encoding.outputs());
        ws.shape = [0; 4]; // no logits of all steps
        let mut nats = 0.0;
        below.write(params, batch, &mut ws.features, &mut ws.vectors)?;
        ws.segments.request_d_input(embedding.is_some());
        recurrent.train_with_checkpointing(
            params,
            Checkpointed { input: below.read(batch, &ws.features, &ws.vectors), mask: None, segment },
            &mut state.stack,
            mode,
            |params, steps, hidden, d_hidden| {
                let targets = batch.target_rows(steps.start * batch.batch..steps.end * batch.batch, outputs);
                let mode = masks.as_mut().map_or(Mode::Eval, |rng| Mode::Train { rng });
                let goal = goal(batch, smoothing);
                nats += head.learn(params, hidden, targets, goal, mode, d_hidden, &mut ws.head)?;
                Ok(())
            },
            &mut ws.segments,
        )?;
        below.backward(params, batch, ws.segments.d_input());
        Ok(nats)
    }

    /// After [`SequenceModel::learn_with_checkpointing`] of the same batch: the first gate or state of the stack that is infinite or not
    /// a number.
    pub fn first_breakdown_with_checkpointing(
        &self,
        batch: &SequenceBatch<S>,
        ws: &mut Workspace<S>,
    ) -> Result<Option<Breakdown>, Error> {
        let segment = self.recurrent.segment_steps(batch.steps, batch.batch * self.config.rows());
        self.below().write(&self.params, batch, &mut ws.features, &mut ws.vectors)?;
        let input = self.below().read(batch, &ws.features, &ws.vectors);
        let sequence = Checkpointed { input, mask: None, segment };
        Ok(self.recurrent.first_breakdown_with_checkpointing(&self.params, sequence, &mut ws.segments)?)
    }
}

/// The mean over the target steps of a batch.
fn goal<S>(batch: &SequenceBatch<S>, smoothing: f64) -> Goal {
    Goal { target_steps: batch.target_steps, smoothing }
}

/// What the head reads: the output of the recurrent stack, or what past bars made of it.
fn read_by_head<'w, S: Scalar>(
    bars: &Option<BarAttention>,
    recurrent: &'w RecurrentWorkspace<S>,
    ws: &'w BarWorkspace<S>,
) -> ArrayView3<'w, S> {
    let hidden = recurrent.output();
    bars.as_ref().map_or(hidden, |_| ws.joined(hidden.dim()))
}
