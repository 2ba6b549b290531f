//! Layers on top of each other, each in one direction or both.

use super::TextbookCell;
use super::layer::{self, Activations, LayerState, Sizes, Weights};
use crate::arrays::as_slice_or_copy;
use crate::problem::{Problem, Run};
use crate::{Error, State};

/// Refuses what the textbook does without.
pub(super) fn check(problem: &Problem<'_, f64>) -> Result<(), Error> {
    let config = problem.config;
    if config.layer_norm || config.zoneout > 0.0 || config.zoneout_cell > 0.0 {
        return Err(Error::Unsupported(
            "the textbook implementation has no layer normalisation and no zoneout: check them with fused or reference",
        ));
    }
    Ok(())
}

/// A forward pass of all layers.
struct Forward<Saved> {
    /// The input of each layer, and the output of the last one.
    values: Vec<Vec<f64>>,
    /// Layer `l` in direction `d` at `l·D + d`.
    saved: Vec<Activations<Saved>>,
    state_n: State<f64>,
}

pub(super) fn run_cell_forward<C: TextbookCell>(problem: &Problem<'_, f64>) -> (Vec<f64>, State<f64>) {
    let mut forward = forward::<C>(problem, &weights(problem, problem.params.values()));
    (forward.values.pop().unwrap_or_default(), forward.state_n)
}

pub(super) fn run_cell<C: TextbookCell>(problem: &Problem<'_, f64>) -> Run<f64> {
    let Problem { config, .. } = *problem;
    let (hidden, directions) = (config.hidden, config.directions());
    let weights = weights(problem, problem.params.values());
    let mut forward = forward::<C>(problem, &weights);
    let mut d_weights = self::weights(problem, &vec![0.0; problem.params.len()]);
    let mut d_state = problem.d_state_n.clone();
    let mut d_above = as_slice_or_copy(problem.d_output).into_owned();
    for layer in (0..config.layers).rev() {
        let x = &forward.values[layer];
        let mut d_x = vec![0.0; x.len()];
        for direction in 0..directions {
            let index = layer * directions + direction;
            let sizes = sizes(problem, layer, direction);
            let d_output = columns(&d_above, direction, directions, hidden);
            let mut d_layer_state = layer_state(&d_state, index, &sizes);
            layer::backward::<C>(
                &sizes,
                &weights[index],
                x,
                &forward.saved[index],
                &d_output,
                &mut d_layer_state,
                &mut d_weights[index],
                &mut d_x,
            );
            keep_state(&d_layer_state, index, &mut d_state);
        }
        d_above = d_x;
    }
    Run {
        output: forward.values.pop().unwrap_or_default(),
        state_n: forward.state_n,
        grads: d_weights.into_iter().flat_map(flat).collect(),
        d_input: d_above,
        d_state,
    }
}

fn forward<C: TextbookCell>(problem: &Problem<'_, f64>, weights: &[Weights]) -> Forward<C::Saved> {
    let directions = problem.config.directions();
    let input = as_slice_or_copy(problem.input).into_owned();
    let mut forward = Forward { values: vec![input], saved: Vec::new(), state_n: problem.state.clone() };
    for layer in 0..problem.config.layers {
        let mut outputs = Vec::new();
        for direction in 0..directions {
            let index = layer * directions + direction;
            let sizes = sizes(problem, layer, direction);
            let mut state = layer_state(problem.state, index, &sizes);
            let (output, saved) =
                layer::forward::<C>(&sizes, &weights[index], &forward.values[layer], &mut state);
            keep_state(&state, index, &mut forward.state_n);
            forward.saved.push(saved);
            outputs.push(output);
        }
        forward.values.push(side_by_side(&outputs, problem.config.hidden));
    }
    forward
}

fn sizes<'a>(problem: &Problem<'a, f64>, layer: usize, direction: usize) -> Sizes<'a> {
    Sizes {
        steps: problem.steps(),
        batch: problem.state.batch(),
        features: problem.config.layer_input(layer),
        hidden: problem.config.hidden,
        reverse: direction == 1,
        valid: problem.mask.map(crate::Mask::valid),
    }
}

/// Cuts flat values into the parameters of each layer and direction, in the order of [`crate::Recurrent::new`].
fn weights(problem: &Problem<'_, f64>, values: &[f64]) -> Vec<Weights> {
    let config = problem.config;
    let mut entries = problem.params.entries().iter();
    let mut next = || entries.next().map(|entry| values[entry.range.clone()].to_vec()).unwrap_or_default();
    let layers = config.layers * config.directions();
    (0..layers)
        .map(|_| {
            let (weight_ih, weight_hh) = (next(), next());
            let (bias_ih, bias_hh) = if config.bias { (next(), next()) } else { (Vec::new(), Vec::new()) };
            let diagonals = config.cell.spec().diagonals.iter().flat_map(|_| next()).collect();
            Weights { weight_ih, weight_hh, bias_ih, bias_hh, diagonals }
        })
        .collect()
}

/// The reverse of [`weights`], for one layer and direction.
fn flat(weights: Weights) -> Vec<f64> {
    let Weights { weight_ih, weight_hh, bias_ih, bias_hh, diagonals } = weights;
    [weight_ih, weight_hh, bias_ih, bias_hh, diagonals].concat()
}

fn layer_state(state: &State<f64>, index: usize, sizes: &Sizes<'_>) -> LayerState {
    let size = sizes.batch * sizes.hidden;
    let part = |values: &[f64]| values.get(index * size..(index + 1) * size).map(<[f64]>::to_vec);
    LayerState { h: part(&state.h).unwrap_or_default(), c: part(&state.c).unwrap_or(vec![0.0; size]) }
}

fn keep_state(from: &LayerState, index: usize, to: &mut State<f64>) {
    let size = from.h.len();
    to.h[index * size..][..size].copy_from_slice(&from.h);
    if !to.c.is_empty() {
        to.c[index * size..][..size].copy_from_slice(&from.c);
    }
}

/// The outputs of both directions next to each other in every row.
fn side_by_side(outputs: &[Vec<f64>], hidden: usize) -> Vec<f64> {
    let rows = outputs[0].len() / hidden;
    (0..rows)
        .flat_map(|row| outputs.iter().flat_map(move |output| output[row * hidden..][..hidden].to_vec()))
        .collect()
}

/// The columns of one direction.
fn columns(values: &[f64], direction: usize, directions: usize, hidden: usize) -> Vec<f64> {
    values
        .chunks_exact(hidden * directions)
        .flat_map(|row| row[direction * hidden..][..hidden].to_vec())
        .collect()
}
