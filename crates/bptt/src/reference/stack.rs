//! The reference cells through time, layers and directions.

use composer_tensor::Scalar;

use super::cells::{Step, Weights};
use super::dispatch;
use super::tape::{Node, Tape};
use crate::arrays::as_slice_or_copy;
use crate::problem::{Problem, Run};
use crate::{RecurrentConfig, State};

/// A stack on a tape, forward.
struct Forward<S> {
    tape: Tape<S>,
    parameters: Vec<Node>,
    inputs: Vec<Node>,
    h_0: Vec<Node>,
    c_0: Vec<Node>,
    outputs: Vec<Node>,
    h_n: Vec<Node>,
    c_n: Vec<Node>,
}

/// Runs a stack forward and backward on a tape.
pub fn run<S: Scalar>(problem: &Problem<'_, S>) -> Run<S> {
    let Problem { config, state, .. } = *problem;
    let (batch, hidden) = (state.batch(), config.hidden);
    let Forward { mut tape, parameters, inputs, h_0, c_0, outputs, h_n, c_n } = forward(problem);
    let width = batch * config.output();
    let d_output = as_slice_or_copy(problem.d_output);
    let mut seeds: Vec<(Node, &[S])> = outputs.iter().copied().zip(d_output.chunks_exact(width)).collect();
    seeds.extend(h_n.iter().copied().zip(problem.d_state_n.h.chunks_exact(batch * hidden)));
    seeds.extend(c_n.iter().copied().zip(problem.d_state_n.c.chunks_exact(batch * hidden)));
    tape.backward(&seeds);

    let grads = |nodes: &[Node]| nodes.iter().flat_map(|&node| tape.grad(node).to_vec()).collect::<Vec<_>>();
    Run {
        output: values(&tape, &outputs),
        state_n: state_of(problem, values(&tape, &h_n), values(&tape, &c_n)),
        grads: grads(&parameters),
        d_input: grads(&inputs),
        d_state: state_of(problem, grads(&h_0), grads(&c_0)),
    }
}

/// Runs a stack forward: the output `[T, B, H·D]` and the final state.
pub fn run_forward<S: Scalar>(problem: &Problem<'_, S>) -> (Vec<S>, State<S>) {
    let Forward { tape, outputs, h_n, c_n, .. } = forward(problem);
    (values(&tape, &outputs), state_of(problem, values(&tape, &h_n), values(&tape, &c_n)))
}

fn values<S: Scalar>(tape: &Tape<S>, nodes: &[Node]) -> Vec<S> {
    nodes.iter().flat_map(|&node| tape.value(node).to_vec()).collect()
}

fn state_of<S: Scalar>(problem: &Problem<'_, S>, h: Vec<S>, c: Vec<S>) -> State<S> {
    let mut state = State::zeros(problem.config, problem.state.batch());
    state.h.copy_from_slice(&h);
    state.c.copy_from_slice(&c);
    state
}

fn forward<S: Scalar>(problem: &Problem<'_, S>) -> Forward<S> {
    let Problem { config, params, state, .. } = *problem;
    let (steps, input) = (problem.steps(), as_slice_or_copy(problem.input));
    let (batch, hidden) = (state.batch(), config.hidden);
    let mut tape = Tape::new();
    let parameters: Vec<Node> = params
        .entries()
        .iter()
        .map(|entry| {
            let [rows, columns] = match entry.shape[..] {
                [rows, columns] => [rows, columns],
                _ => [1, entry.range.len()],
            };
            tape.leaf(rows, columns, &params.values()[entry.range.clone()])
        })
        .collect();
    let inputs: Vec<Node> =
        input.chunks_exact(batch * config.input).map(|x| tape.leaf(batch, config.input, x)).collect();
    let initial = |tape: &mut Tape<S>, values: &[S]| -> Vec<Node> {
        values.chunks_exact(batch * hidden).map(|values| tape.leaf(batch, hidden, values)).collect()
    };
    let (h_0, c_0) = (initial(&mut tape, &state.h), initial(&mut tape, &state.c));

    let mut leaf = parameters.iter().copied();
    let mut outputs = inputs.clone();
    let (mut h_n, mut c_n) = (Vec::new(), Vec::new());
    for _ in 0..config.layers {
        let mut both: Vec<Vec<Node>> = Vec::new();
        for direction in 0..config.directions() {
            let weights = next_weights(config, &mut leaf);
            let index = h_n.len();
            let start = (h_0[index], c_0.get(index).copied());
            let (of_direction, h, c) =
                through_time(&mut tape, problem, &weights, &outputs, start, direction == 1);
            both.push(of_direction);
            h_n.push(h);
            c_n.extend(c);
        }
        outputs = match both.as_slice() {
            [forward, backward] => forward.iter().zip(backward).map(|(&a, &b)| tape.beside(a, b)).collect(),
            _ => both.swap_remove(0),
        };
    }
    debug_assert_eq!(outputs.len(), steps);
    Forward { tape, parameters, inputs, h_0, c_0, outputs, h_n, c_n }
}

/// Parameters come layer by layer, direction by direction, in the order of this function.
fn next_weights(config: &RecurrentConfig, leaves: &mut impl Iterator<Item = Node>) -> Weights {
    let mut next =
        || leaves.next().unwrap_or_else(|| unreachable!("the parameters were made for the configuration"));
    let (weight_ih, weight_hh) = (next(), next());
    let biases = config.bias.then(|| (next(), next()));
    let gains = config.layer_norm.then(|| (next(), next()));
    let diagonals = config.cell.spec().diagonals.iter().map(|_| next()).collect();
    Weights { weight_ih, weight_hh, biases, gains, diagonals, hidden: config.hidden }
}

/// One layer in one direction: its outputs in the order of time, and its final state.
fn through_time<S: Scalar>(
    tape: &mut Tape<S>,
    problem: &Problem<'_, S>,
    weights: &Weights,
    inputs: &[Node],
    (mut h, mut c): (Node, Option<Node>),
    reverse: bool,
) -> (Vec<Node>, Node, Option<Node>) {
    let (config, batch) = (problem.config, problem.state.batch());
    let mut outputs = vec![h; inputs.len()];
    for step in 0..inputs.len() {
        let t = if reverse { inputs.len() - 1 - step } else { step };
        let (h_prev, c_prev) = (h, c);
        (h, c) = dispatch::step(config.cell, tape, weights, Step { x: inputs[t], h_prev, c_prev });
        c = c.zip(c_prev).map(|(c, c_prev)| blend(tape, c, c_prev, config.zoneout_cell));
        h = blend(tape, h, h_prev, config.zoneout);
        outputs[t] = h;
        if let Some(mask) = problem.mask {
            // Padding: the output is zero, the state stays.
            let valid = &mask.valid()[t * batch..][..batch];
            outputs[t] = keep_rows(tape, h, valid, config.hidden, true);
            h = choose_rows(tape, h, h_prev, valid, config.hidden);
            c = c.zip(c_prev).map(|(c, c_prev)| choose_rows(tape, c, c_prev, valid, config.hidden));
        }
    }
    (outputs, h, c)
}

/// `(1 − share) now + share prev`, the expectation of zoneout.
fn blend<S: Scalar>(tape: &mut Tape<S>, now: Node, prev: Node, share: f64) -> Node {
    if share == 0.0 {
        return now;
    }
    let size = tape.value(now).len();
    let new = tape.scale(now, vec![S::of(1.0 - share); size]);
    let kept = tape.scale(prev, vec![S::of(share); size]);
    tape.add(new, kept)
}

/// Rows whose flag is `which`; zero in the others.
fn keep_rows<S: Scalar>(tape: &mut Tape<S>, a: Node, flags: &[bool], hidden: usize, which: bool) -> Node {
    let one_or_zero = |&flag: &bool| if flag == which { S::one() } else { S::zero() };
    let factors =
        flags.iter().map(one_or_zero).flat_map(|factor| std::iter::repeat_n(factor, hidden)).collect();
    tape.scale(a, factors)
}

/// Rows of `now` where the flag is true, of `prev` where it is not.
fn choose_rows<S: Scalar>(tape: &mut Tape<S>, now: Node, prev: Node, flags: &[bool], hidden: usize) -> Node {
    let new = keep_rows(tape, now, flags, hidden, true);
    let old = keep_rows(tape, prev, flags, hidden, false);
    tape.add(new, old)
}
