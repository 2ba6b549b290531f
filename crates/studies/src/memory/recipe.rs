//! Training settings and budget, which all cells share.

use composer_bptt::{Cell, RecurrentConfig};
use serde::Serialize;

use super::tasks::Task;
use crate::Error;
use crate::size::widest_within;

/// One task, length and cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Trial {
    /// The task.
    pub task: Task,
    /// How many steps lie between the input and its target; see [`Task`].
    pub length: usize,
    /// The cell.
    pub cell: Cell,
}

/// The training settings and the budget.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// Parameters of each network, at most.
    pub parameters: usize,
    /// Time steps of a trial, at most: sequences, each new, times their length. So all trials take about equally long, and a short
    /// task gets more sequences than a long one.
    pub steps: usize,
    /// `B`: sequences per update.
    pub batch: usize,
    /// Learning rate of Adam for gated cells.
    pub learning_rate: f64,
    /// Learning rate of Adam for RNNs, which diverge at a higher one.
    pub learning_rate_rnn: f64,
    /// Gradients are clipped to this norm.
    pub clip_grad_norm: f64,
    /// Whether to use chrono initialisation; see [`Initialisation::Chrono`](crate::Initialisation::Chrono).
    pub chrono: bool,
    /// The initial bias of an LSTM's forget gate without chrono initialisation.
    pub forget_bias: f64,
    /// Tests per trial, at most, spread evenly over its budget.
    pub tests: usize,
    /// Sequences per test; every test of a trial uses the same ones.
    pub test_sequences: usize,
    /// Seed of weights and sequences.
    pub seed: u64,
}

impl Default for Recipe {
    fn default() -> Self {
        Recipe {
            parameters: 8_000,
            steps: 20_000_000,
            batch: 50,
            learning_rate: 1e-2,
            learning_rate_rnn: 1e-3,
            clip_grad_norm: 1.0,
            chrono: true,
            forget_bias: 1.0,
            tests: 100,
            test_sequences: 500,
            seed: 1,
        }
    }
}

/// The longest length.
const MAX_LENGTH: usize = 100_000;

/// Time steps per update, at most: with the default networks, their saved activations take about 4 GB.
const MAX_STEPS_OF_UPDATE: usize = 4_000_000;

/// The error of a setting that is out of its range.
fn setting<T>(name: &'static str, value: impl ToString, must: &'static str) -> Result<T, Error> {
    Err(Error::Setting { name, value: value.to_string(), must })
}

impl Recipe {
    /// Updates of a trial, at most.
    pub fn updates(&self, trial: Trial) -> usize {
        self.steps.div_ceil(trial.task.steps(trial.length) * self.batch)
    }

    /// The learning rate of a cell.
    pub fn rate(&self, cell: Cell) -> f64 {
        if cell.spec().is_gated() { self.learning_rate } else { self.learning_rate_rnn }
    }

    /// The recurrent stack of a trial.
    ///
    /// # Errors
    /// A setting is out of its range, the length is too short for the task, or one update needs too much memory.
    pub fn network(&self, trial: Trial) -> Result<RecurrentConfig, Error> {
        self.check()?;
        trial.check()?;
        let Trial { task, length, cell } = trial;
        if self.batch.saturating_mul(task.steps(length)) > MAX_STEPS_OF_UPDATE {
            return setting(
                "batch",
                self.batch,
                "smaller: at this length, one update has more than 4000000 time steps",
            );
        }
        widest_within(self.parameters, cell, task.features(), 1, task.outputs())
    }

    /// Checks every setting on its own.
    ///
    /// # Errors
    /// The first one that is out of its range.
    fn check(&self) -> Result<(), Error> {
        for (name, value) in [
            ("parameters", self.parameters),
            ("steps", self.steps),
            ("batch", self.batch),
            ("tests", self.tests),
            ("test_sequences", self.test_sequences),
        ] {
            if value == 0 {
                return setting(name, value, "at least 1");
            }
        }
        for (name, value) in [
            ("learning_rate", self.learning_rate),
            ("learning_rate_rnn", self.learning_rate_rnn),
            ("clip_grad_norm", self.clip_grad_norm),
        ] {
            if !(value > 0.0 && value.is_finite()) {
                return setting(name, value, "above 0");
            }
        }
        if !self.forget_bias.is_finite() {
            return setting("forget_bias", self.forget_bias, "a number");
        }
        Ok(())
    }
}

impl Trial {
    /// Checks the length.
    ///
    /// # Errors
    /// It is too short for the task, or above the limit.
    fn check(&self) -> Result<(), Error> {
        if self.length < self.task.least_length() {
            return setting("length", self.length, "longer for this task");
        }
        if self.length > MAX_LENGTH {
            return setting("length", self.length, "at most 100000");
        }
        Ok(())
    }
}
