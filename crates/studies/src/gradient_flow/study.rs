//! Every cell before and after training.

use composer_bptt::Cell;
use composer_models::output_bias::output_bias;
use composer_models::sequence_model::{OUTPUT_PREFIX, RECURRENT_PREFIX};
use composer_models::{Encoding, ModelConfig, Sequence, SequenceModel};
use serde::Serialize;

use super::config::Config;
use super::learn::{Learning, learn};
use super::observe::{Observation, observe};
use super::windows;
use crate::Error;
use crate::size::widest_within;

/// The results for one cell.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CellStudy {
    /// The cell.
    pub cell: Cell,
    /// `H`: hidden units per layer.
    pub hidden: usize,
    /// Parameters of the model.
    pub parameters: usize,
    /// Before training.
    pub before: Observation,
    /// After training.
    pub after: Observation,
    /// The training run.
    pub learning: Learning,
}

/// The results of a study.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Study {
    /// Each cell, in the order of the configuration.
    pub cells: Vec<CellStudy>,
    /// Windows that were observed.
    pub observed: usize,
}

/// Trains on `train`; observes and measures the loss on `valid`. `on_update` gets the cell, the update and its loss in nats per
/// step.
///
/// # Errors
/// A setting is out of its range, or every piece is shorter than a window.
pub fn study(
    encoding: &Encoding,
    train: &[Sequence],
    valid: &[Sequence],
    config: &Config,
    on_update: &mut dyn FnMut(Cell, usize, f64),
) -> Result<Study, Error> {
    config.check(encoding, train, valid)?;
    for sequence in train.iter().chain(valid) {
        encoding.check(sequence)?;
    }
    let observed = windows::spread(encoding, valid, config.window, config.observed);
    let frequencies = output_bias(encoding, train);
    let mut cells = Vec::new();
    for &cell in &config.cells {
        let mut model = initialised(encoding, config, cell)?;
        // Otherwise the first updates only learn that most pitches are silent, and saturate every unit while they do.
        if let Some(bias) = model.params().id(&format!("{OUTPUT_PREFIX}.bias")) {
            model.params_mut().value_mut(bias).copy_from_slice(&frequencies);
        }
        let before = observe(&model, &observed, config.bar)?;
        let learning = learn(&mut model, train, valid, config, |update, nll| on_update(cell, update, nll))?;
        let after = observe(&model, &observed, config.bar)?;
        let (hidden, parameters) = (model.config().recurrent.hidden, model.params().len());
        cells.push(CellStudy { cell, hidden, parameters, before, after, learning });
    }
    Ok(Study { cells, observed: observed.batch })
}

/// The widest model of a cell within the budget. A gate that keeps the state, or admits new values, begins like a forget gate.
fn initialised(encoding: &Encoding, config: &Config, cell: Cell) -> Result<SequenceModel, Error> {
    let (inputs, outputs) = (encoding.inputs(), encoding.outputs());
    let stack = widest_within(config.parameters, cell, inputs, config.layers, outputs)?;
    let hidden = stack.hidden;
    let mut model = SequenceModel::new(ModelConfig::new(encoding.clone(), stack), &config.init, config.seed)?;
    if let (None, Some(bias)) = (cell.spec().forget_gate, config.init.forget_bias) {
        let gates =
            [cell.spec().keeps.map(|gate| (gate, bias)), cell.spec().admits.map(|gate| (gate, -bias))];
        for (gate, bias) in gates.into_iter().flatten() {
            for layer in 0..config.layers {
                if let Some(id) = model.params().id(&format!("{RECURRENT_PREFIX}.bias_ih_l{layer}")) {
                    model.params_mut().value_mut(id)[gate * hidden..][..hidden].fill(bias as f32);
                }
            }
        }
    }
    Ok(model)
}
