//! Gradients and gates of a model on a batch of windows, in double precision, so that a vanishing gradient can be followed over
//! hundreds of steps.

use composer_bptt::arrays::{as_slice_or_copy, view};
use composer_bptt::probe::{self, Flow, GateActivity, Span};
use composer_bptt::{
    Input, Linear, LinearWorkspace, Mode, Parameters, Recurrent, RecurrentWorkspace, State, loss,
};
use composer_models::sequence_model::{OUTPUT_PREFIX, RECURRENT_PREFIX};
use composer_models::{SequenceBatch, SequenceModel, Targets};
use ndarray::{Array2, Array3, ArrayViewMut2, s};
use serde::Serialize;

use super::quartiles::Quartiles;
use crate::Error;

/// Measurements of one model. Vectors over distance begin at the last step, the only one with a loss.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Observation {
    /// Each layer, from the lowest.
    pub layers: Vec<LayerFlow>,
    /// `‖∂loss_T/∂(state)_t‖` over `h` (and `c`) of all layers, at each distance `T − t`.
    pub state: Vec<Quartiles>,
    /// `‖∂loss_T/∂x_t‖` at each distance: how much the notes of that step matter.
    pub input: Vec<Quartiles>,
    /// Largest singular value of `∂(state)_t/∂(state)_{t−1}` in the top layer.
    pub growth_step: Quartiles,
    /// The same over a bar, as a rate per step: with 16 steps per bar, the 16th root.
    pub growth_bar: Quartiles,
}

/// Measurements of one layer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerFlow {
    /// `‖∂loss_T/∂h_t‖` at each distance.
    pub d_h: Vec<Quartiles>,
    /// `‖∂loss_T/∂c_t‖` at each distance; empty unless the cell is an LSTM.
    pub d_c: Vec<Quartiles>,
    /// Norm of the gradient of each gate before its nonlinearity, over all windows: `[gate][distance]`.
    pub d_gates: Vec<Vec<f64>>,
    /// The activity of the gates, over time instead of distance.
    pub activity: Vec<GateActivity>,
}

/// Positions in each window at which growth is measured.
const GROWTH_POSITIONS: usize = 4;
/// Windows in which growth is measured, at most.
const GROWTH_ROWS: usize = 8;

/// Observes a model on a batch of windows. The loss is that of the last step of each window alone.
///
/// # Errors
/// A weight is not finite.
pub fn observe(model: &SequenceModel, batch: &SequenceBatch, bar: usize) -> Result<Observation, Error> {
    let (steps, rows) = (batch.steps, batch.batch);
    let config = &model.config().recurrent;
    let outputs = model.encoding().outputs();
    let mut params = Parameters::<f64>::new();
    let stack = Recurrent::new(config.clone(), RECURRENT_PREFIX, &mut params)?;
    let readout = Linear::new(config.output(), outputs, true, OUTPUT_PREFIX, &mut params)?;
    let values = params.values_mut();
    values.iter_mut().zip(model.params().values()).for_each(|(to, &from)| *to = f64::from(from));

    // Dense, because the gradient of every input is needed, also of pitches that do not sound.
    let mut x = Array3::zeros((steps, rows, config.input));
    for (mut row, ends) in x.rows_mut().into_iter().zip(batch.offsets.windows(2)) {
        for &feature in &batch.indices[ends[0]..ends[1]] {
            row[feature as usize] = 1.0;
        }
    }
    let (input, mut state) = (Input::Dense(x.view()), State::zeros(config, rows));
    let (mut ws, mut linear_ws) = (RecurrentWorkspace::new(), LinearWorkspace::new());
    ws.attach_probe();
    ws.request_d_input(true);
    stack.forward(&params, input, &mut state, None, Mode::Eval, &mut ws)?;

    let hidden = ws.output().slice_move(s![steps - 1, .., ..]).to_owned();
    let mut logits = Array2::zeros((rows, outputs));
    readout.forward(&params, hidden.view(), logits.view_mut(), &mut linear_ws)?;
    last_loss(batch, (steps - 1) * rows, logits.view_mut())?;
    let mut d_output = Array3::zeros((steps, rows, config.output()));
    let d_hidden = d_output.slice_mut(s![steps - 1, .., ..]);
    readout.backward(&mut params, hidden.view(), logits.view(), Some(d_hidden), &mut linear_ws)?;
    stack.backward(&mut params, input, d_output.view(), None, &mut ws)?;

    let d_x = as_slice_or_copy(ws.d_input());
    let d_x = d_x.chunks_exact(config.input).map(probe::norm).collect::<Vec<_>>();
    Ok(Observation {
        layers: (0..config.layers).map(|layer| layer_flow(&stack, &ws, layer)).collect::<Result<_, _>>()?,
        state: whole_state(&ws, rows),
        input: Quartiles::by_distance(&d_x, rows),
        growth_step: growth(&stack, &params, &ws, steps, rows, 1)?,
        growth_bar: growth(&stack, &params, &ws, steps, rows, bar)?,
    })
}

/// Overwrites the logits of the last step by the gradient of each window's loss.
fn last_loss(batch: &SequenceBatch, last: usize, logits: ArrayViewMut2<'_, f64>) -> Result<(), Error> {
    let (rows, outputs) = logits.dim();
    match &batch.targets {
        Targets::Bits { on, weight } => {
            let doubles =
                |values: &[f32]| values[last * outputs..].iter().map(|&v| f64::from(v)).collect::<Vec<_>>();
            let (on, weight) = (doubles(on), doubles(weight));
            let (on, weight) = (view((rows, outputs), &on), view((rows, outputs), &weight));
            loss::sigmoid_cross_entropy(logits, on, Some(weight), 1.0)?;
        }
        Targets::Values { .. } => {
            let what = "gradient flow is studied in models of frames or tokens";
            return Err(composer_bptt::Error::Unsupported(what).into());
        }
        Targets::Tokens(tokens) => {
            loss::softmax_cross_entropy(logits, view(rows, &tokens[last..]), 0.0, 1.0)?;
        }
    }
    Ok(())
}

fn layer_flow(stack: &Recurrent, ws: &RecurrentWorkspace<f64>, layer: usize) -> Result<LayerFlow, Error> {
    let trace = ws.probe().and_then(|probe| probe.layers.get(layer)).ok_or(composer_bptt::Error::NoTape)?;
    let gates = stack.config().cell.gates().len();
    let steps = trace.d_gates.len() / gates;
    let rows = trace.d_h.len() / steps;
    Ok(LayerFlow {
        d_h: Quartiles::by_distance(&trace.d_h, rows),
        d_c: Quartiles::by_distance(&trace.d_c, rows),
        d_gates: (0..gates)
            .map(|gate| trace.d_gates.iter().skip(gate).step_by(gates).rev().copied().collect())
            .collect(),
        activity: probe::gate_activity(stack, ws, layer)?,
    })
}

/// Norm over `h` and `c` of all layers, at each distance.
fn whole_state(ws: &RecurrentWorkspace<f64>, rows: usize) -> Vec<Quartiles> {
    let Some(probe) = ws.probe() else { return Vec::new() };
    let mut squares: Vec<f64> = Vec::new();
    for norms in probe.layers.iter().flat_map(|trace| [&trace.d_h, &trace.d_c]) {
        squares.resize(squares.len().max(norms.len()), 0.0);
        squares.iter_mut().zip(norms).for_each(|(sum, norm)| *sum += norm * norm);
    }
    let norms: Vec<f64> = squares.iter().map(|sum| sum.sqrt()).collect();
    Quartiles::by_distance(&norms, rows)
}

/// Growth of the top layer's state over spans of `length` steps, as a rate per step, at positions spread over the windows.
fn growth(
    stack: &Recurrent,
    params: &Parameters<f64>,
    ws: &RecurrentWorkspace<f64>,
    steps: usize,
    rows: usize,
    length: usize,
) -> Result<Quartiles, Error> {
    let layer = stack.config().layers - 1;
    let length = length.min(steps.saturating_sub(2)).max(1);
    let mut rates = Vec::new();
    for row in 0..rows.min(GROWTH_ROWS) {
        for position in 1..=GROWTH_POSITIONS {
            let from = (steps - 1 - length) * position / GROWTH_POSITIONS;
            let span = Span { layer, row, from, to: from + length };
            let value = probe::growth(stack, params, ws, span, Flow::Whole)?;
            rates.push(value.powf(1.0 / length as f64));
        }
    }
    Ok(Quartiles::of(rates))
}
