//! What is studied, and how.

use composer_bptt::{Cell, Init};
use composer_models::{Encoding, Sequence};

use crate::Error;
use crate::size::widest_within;

/// The settings of a study.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The cells that are compared.
    pub cells: Vec<Cell>,
    /// Parameters of each model, at most.
    pub parameters: usize,
    /// Layers of each model.
    pub layers: usize,
    /// `T`: steps per window, over which gradients are propagated.
    pub window: usize,
    /// Steps per bar.
    pub bar: usize,
    /// Windows that are observed, at most.
    pub observed: usize,
    /// Updates of the training run.
    pub updates: usize,
    /// Windows per update.
    pub batch: usize,
    /// Learning rate of Adam.
    pub learning_rate: f64,
    /// Gradients are clipped to this norm.
    pub clip_grad_norm: f64,
    /// Initialisation. The forget bias also sets the bias of a GRU's update gate, so that both cells keep equally much at first.
    pub init: Init,
    /// Seed of weights and windows.
    pub seed: u64,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            cells: vec![Cell::RnnTanh, Cell::Lstm, Cell::Gru],
            parameters: 100_000,
            layers: 2,
            window: 128,
            bar: 16,
            observed: 64,
            updates: 400,
            batch: 16,
            learning_rate: 3e-3,
            clip_grad_norm: 1.0,
            init: Init { forget_bias: Some(4.0), ..Init::PYTORCH },
            seed: 1,
        }
    }
}

impl Config {
    /// Checks the settings and the length of the music.
    ///
    /// # Errors
    /// The first setting that is out of its range; or every piece is shorter than a window.
    pub fn check(&self, encoding: &Encoding, train: &[Sequence], valid: &[Sequence]) -> Result<(), Error> {
        let setting = |name, value: String, must| Err(Error::Setting { name, value, must });
        for (name, value) in [
            ("cells", self.cells.len()),
            ("bar", self.bar),
            ("observed", self.observed),
            ("updates", self.updates),
            ("batch", self.batch),
        ] {
            if value == 0 {
                return setting(name, "0".into(), "at least 1");
            }
        }
        for (name, value) in [("learning_rate", self.learning_rate), ("clip_grad_norm", self.clip_grad_norm)]
        {
            if !(value > 0.0 && value.is_finite()) {
                return setting(name, value.to_string(), "above 0");
            }
        }
        if let Some(bias) = self.init.forget_bias.filter(|bias| !bias.is_finite()) {
            return setting("forget_bias", bias.to_string(), "a number");
        }
        if self.window < 4 {
            return setting("window", self.window.to_string(), "at least 4 steps");
        }
        for &cell in &self.cells {
            widest_within(self.parameters, cell, encoding.inputs(), self.layers, encoding.outputs())?;
        }
        let longest = |set: &[Sequence]| set.iter().map(Sequence::len).max().unwrap_or(0);
        for (set, longest) in [("training", longest(train)), ("held-out", longest(valid))] {
            if longest < self.window {
                return Err(Error::TooShort { set, longest, window: self.window });
            }
        }
        Ok(())
    }
}
