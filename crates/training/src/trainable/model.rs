//! [`Trainable`]: what the [`crate::Trainer`] asks of a model.

use crate::config::TrainingConfig;
use crate::distributed::Shard;
use crate::error::Error;
use composer_bptt::Parameters;
use composer_bptt::divergence::Breakdown;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A model that the [`crate::Trainer`] can train.
///
/// The trainer owns what is the same for every model: epochs, random streams, schedules, clipping, the optimiser, the moving
/// average, validation, early stopping and checkpoints. A model says how its examples become batches, and computes the gradients
/// of one. In an update, the trainer calls [`fill`](Self::fill), [`sample_inputs`](Self::sample_inputs) and
/// [`gradients`](Self::gradients), in this order. All randomness comes from the generators that are handed in.
pub trait Trainable {
    /// Name of this kind of model in checkpoints.
    const KIND: &'static str;
    /// Everything that says what a model is, apart from its weights.
    type Config: Clone + PartialEq + Serialize + DeserializeOwned;
    /// What the model learns from: a sequence, a pair of them.
    type Example: Clone;
    /// Of one run: the plan of the epoch in progress, the batch, the state that is carried from one to the next, and scratch.
    type Batches;

    /// What the model is.
    fn config(&self) -> &Self::Config;

    /// All weights and their gradients.
    fn params(&self) -> &Parameters<f32>;

    /// All weights and their gradients, to change them.
    fn params_mut(&mut self) -> &mut Parameters<f32>;

    /// Refuses settings that make no sense for this model, by name.
    ///
    /// # Errors
    /// [`Error::Setting`].
    fn check_config(&self, _config: &TrainingConfig) -> Result<(), Error> {
        Ok(())
    }

    /// Refuses an example that the model cannot read.
    ///
    /// # Errors
    /// In words for the person who gave it.
    fn check_example(&self, example: &Self::Example) -> Result<(), Error>;

    /// Target steps of an example.
    fn steps(example: &Self::Example) -> usize;

    /// The content of an example, for the fingerprint of the data: all that makes two examples differ.
    fn bytes(example: &Self::Example, sink: &mut dyn FnMut(&[u8]));

    /// Which values of the parameters are trained; `None`: all.
    fn trained(&self, _config: &TrainingConfig) -> Option<Vec<bool>> {
        None
    }

    /// Batches for a run, before its first epoch: of all rows, or of those of a micro-shard, which has rows and state of its own.
    fn batches(&self, config: &TrainingConfig, shard: Shard) -> Self::Batches;

    /// Exchanges the scratch of the batches of two micro-shards, so that one place in memory does for all.
    fn pass_scratch(_from: &mut Self::Batches, _to: &mut Self::Batches) {}

    /// Plans an epoch (from 1) that visits each of `examples` `copies` times; how many updates it has. A function of the
    /// arguments alone, so that a resumed run plans the same.
    fn plan(
        &self,
        batches: &mut Self::Batches,
        examples: &[Self::Example],
        copies: usize,
        config: &TrainingConfig,
        epoch: u64,
    ) -> usize;

    /// Forgets the carried state: after [`plan`](Self::plan), before the first update of an epoch.
    fn reset_state(&self, _batches: &mut Self::Batches) {}

    /// How many updates have been made, for schedules: `updates` in truth, and `as_planned` if all epochs had been as long as the
    /// one in progress. They differ where epochs differ in length; the second ends exactly at the end of the run.
    fn schedule_position(updates: u64, _as_planned: u64) -> u64 {
        updates
    }

    /// Lays out the batch of an update (from 0) of the epoch, or the rows of it that a micro-shard has.
    ///
    /// # Errors
    /// An example does not fit the model.
    fn fill(
        &self,
        batches: &mut Self::Batches,
        examples: &[Self::Example],
        config: &TrainingConfig,
        update: usize,
    ) -> Result<(), Error>;

    /// Scheduled sampling: replaces inputs of the batch, each with probability `1 − truth`. Called in every update.
    ///
    /// # Errors
    /// The model's output cannot be sampled from.
    fn sample_inputs(
        &self,
        batches: &mut Self::Batches,
        examples: &[Self::Example],
        config: &TrainingConfig,
        truth: f64,
        rng: &mut ChaCha8Rng,
    ) -> Result<(), Error>;

    /// Forward pass with dropout, loss and backward pass of the batch: adds to the gradients of the parameters, which are zero,
    /// the gradient of the mean over target steps ([`target_steps`](Self::target_steps)), and carries the state on. Returns the loss in nats, summed over target steps;
    /// if it is not finite, the gradients are not used.
    ///
    /// # Errors
    /// The batch does not fit the model, or a weight is not finite.
    fn gradients(
        &mut self,
        batches: &mut Self::Batches,
        config: &TrainingConfig,
        rng: &mut ChaCha8Rng,
    ) -> Result<f64, Error>;

    /// Target steps of the batch; of a micro-shard, those of the whole batch that it is a part of.
    fn target_steps(batches: &Self::Batches) -> usize;

    /// After [`fill`](Self::fill): whether a micro-shard has no target steps, so that nothing is computed.
    fn is_empty(_batches: &Self::Batches) -> bool {
        false
    }

    /// −ln P of some examples, in nats per target step, without dropout.
    ///
    /// # Errors
    /// An example does not fit the model.
    fn mean_nll(
        &self,
        batches: &mut Self::Batches,
        examples: &[Self::Example],
        config: &TrainingConfig,
    ) -> Result<f64, Error>;

    /// What is carried from batch to batch, for a checkpoint: a record as JSON, and buffers.
    ///
    /// # Errors
    /// The record cannot be written as JSON.
    fn state(_batches: &Self::Batches) -> Result<(serde_json::Value, Vec<&[f32]>), Error> {
        Ok((serde_json::Value::Null, Vec::new()))
    }

    /// Takes back what [`state`](Self::state) gave.
    ///
    /// # Errors
    /// [`Error::Checkpoint`]: it is of another model.
    fn restore_state(
        &self,
        _batches: &mut Self::Batches,
        _record: &serde_json::Value,
        _buffers: &[Vec<f32>],
    ) -> Result<(), Error> {
        Ok(())
    }

    /// After [`gradients`](Self::gradients): the first gate or state that is not finite, after the name of its stack, which may be
    /// empty.
    ///
    /// # Errors
    /// There was no forward pass of this batch.
    fn first_breakdown(
        &self,
        _batches: &mut Self::Batches,
        _config: &TrainingConfig,
    ) -> Result<Option<(&'static str, Breakdown)>, Error> {
        Ok(None)
    }

    /// The gate that a row of a parameter belongs to, by the parameter's name.
    fn gate(&self, _parameter: &str, _row: usize) -> Option<&'static str> {
        None
    }
}
