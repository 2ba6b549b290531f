//! Gradient flow: how far back a loss reaches through the gates of each cell, before and after training on music.
//!
//! The models of all cells have the same number of parameters, begin from the same seed and learn from the same windows. Each
//! is looked at twice: the loss of the last step of a window alone, and what reaches every state before it.

mod learn;
mod observe;
mod quartiles;
mod verdict;
mod windows;

use composer_bptt::{Cell, Init};
use composer_models::output_bias::output_bias;
use composer_models::sequence_model::{OUTPUT_PREFIX, RECURRENT_PREFIX};
use composer_models::{Encoding, ModelConfig, Sequence, SequenceModel};
use serde::Serialize;

use crate::Error;
use crate::size::widest_within;

pub use learn::Learning;
pub use observe::{LayerFlow, Observation, observe};
pub use quartiles::Quartiles;
pub use verdict::{Decay, MATTERS, VERDICT_BARS, Verdict, decay, horizon};

/// What is studied.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The cells, side by side.
    pub cells: Vec<Cell>,
    /// Parameters of each model, at most.
    pub parameters: usize,
    /// Layers of each model.
    pub layers: usize,
    /// `T`: steps of a window, which a gradient goes back at most.
    pub window: usize,
    /// Steps of a bar.
    pub bar: usize,
    /// Windows that are looked at, at most.
    pub observed: usize,
    /// Updates of the training.
    pub updates: usize,
    /// Windows of an update.
    pub batch: usize,
    /// The rate of Adam.
    pub learning_rate: f64,
    /// Gradients longer than this are shortened to it.
    pub clip_grad_norm: f64,
    /// First weights. The forget bias is also that of a GRU's update gate, so that both keep alike.
    pub init: Init,
    /// Of weights and windows.
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

/// All that was found out about one cell.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CellStudy {
    /// The cell.
    pub cell: Cell,
    /// `H`
    pub hidden: usize,
    /// Parameters of the model.
    pub parameters: usize,
    /// Before training.
    pub before: Observation,
    /// After training.
    pub after: Observation,
    /// The training in between.
    pub learning: Learning,
}

/// A study.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Study {
    /// Each cell, in the order of the configuration.
    pub cells: Vec<CellStudy>,
    /// Windows that were looked at.
    pub observed: usize,
}

/// Makes the study: `train` to learn from, `valid` to look at and to measure the loss on. `told` is told the cell, the update
/// and its loss in nats per step.
///
/// # Errors
/// A setting is out of its range, or no piece is as long as a window.
pub fn study(
    encoding: &Encoding,
    train: &[Sequence],
    valid: &[Sequence],
    config: &Config,
    told: &mut dyn FnMut(Cell, usize, f64),
) -> Result<Study, Error> {
    config.check(encoding, train, valid)?;
    for sequence in train.iter().chain(valid) {
        encoding.check(sequence)?;
    }
    let observed = windows::spread(encoding, valid, config.window, config.observed);
    let frequencies = output_bias(encoding, train);
    let mut cells = Vec::new();
    for &cell in &config.cells {
        let stack =
            widest_within(config.parameters, cell, encoding.inputs(), config.layers, encoding.outputs())?;
        let hidden = stack.hidden;
        let mut model =
            SequenceModel::new(ModelConfig::new(encoding.clone(), stack), &config.init, config.seed)?;
        // Otherwise the first updates only learn that most pitches are silent, and drive every unit to its limits for it.
        if let Some(bias) = model.params().id(&format!("{OUTPUT_PREFIX}.bias")) {
            model.params_mut().value_mut(bias).copy_from_slice(&frequencies);
        }
        if let (None, Some(bias)) = (cell.spec().forget_gate, config.init.forget_bias) {
            // A gate that keeps, or lets in, does what the forget gate does, and begins alike.
            let alike =
                [cell.spec().keeps.map(|gate| (gate, bias)), cell.spec().admits.map(|gate| (gate, -bias))];
            for (gate, bias) in alike.into_iter().flatten() {
                for layer in 0..config.layers {
                    if let Some(id) = model.params().id(&format!("{RECURRENT_PREFIX}.bias_ih_l{layer}")) {
                        model.params_mut().value_mut(id)[gate * hidden..][..hidden].fill(bias as f32);
                    }
                }
            }
        }
        let before = observe(&model, &observed, config.bar)?;
        let learning = learn::learn(&mut model, train, valid, config, |update, nll| {
            told(cell, update, nll);
            true
        })?;
        let after = observe(&model, &observed, config.bar)?;
        cells.push(CellStudy { cell, hidden, parameters: model.params().len(), before, after, learning });
    }
    Ok(Study { cells, observed: observed.batch })
}

impl Config {
    /// Whether a study of this music can be made with these settings.
    ///
    /// # Errors
    /// The first setting that is out of its range; or no piece is as long as a window.
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
