//! A random recurrent stack and what it is run on, for the tests of the chain of proof.
#![allow(dead_code)] // each test file uses its part

use composer_bptt::arrays::{as_slice_or_copy, view};
use composer_bptt::implementation::equation;
use composer_bptt::problem::{Problem, Run};
use composer_bptt::{
    Cell, Implementation, Input, Mask, Mode, Parameters, Recurrent, RecurrentConfig, RecurrentWorkspace,
    State,
};
use composer_tensor::Scalar;
use composer_tensor::simd::{self, PathGuard};
use composer_testkit::{Checks, compare, uniform};
use ndarray::ArrayView3;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Names of the parts of a [`Run`] that tests compare.
pub const CELLS: [Cell; Cell::ALL.len()] = Cell::ALL;

#[derive(Clone, Debug)]
pub struct Setup {
    pub config: RecurrentConfig,
    pub steps: usize,
    pub batch: usize,
    pub mask: Option<Mask>,
    pub params: Parameters<f64>,
    pub stack: Recurrent,
    pub input: Vec<f64>,
    pub state: State<f64>,
    pub d_output: Vec<f64>,
    pub d_state_n: State<f64>,
    /// The seed of dropout masks; none in evaluation.
    pub train: Option<u64>,
}

impl Setup {
    /// Random numbers everywhere; gradients of outputs and final states are random, too.
    pub fn new(config: RecurrentConfig, steps: usize, batch: usize, seed: u64) -> Setup {
        let mut params = Parameters::new();
        let stack = Recurrent::new(config.clone(), "", &mut params).expect("the configuration is right");
        let bound = 1.2 / (config.hidden as f64).sqrt();
        let gains: Vec<f64> = params.values().to_vec(); // ones for gains, zeros for the others
        let random = uniform(seed, params.len(), bound);
        params
            .values_mut()
            .iter_mut()
            .zip(gains.iter().zip(&random))
            .for_each(|(p, (gain, x))| *p = gain + x);
        if config.cell == Cell::RnnRelu {
            // Few units that are all below zero would have no gradients at all: lift them.
            for entry in params.entries().to_vec().iter().filter(|entry| entry.name.starts_with("bias")) {
                params.values_mut()[entry.range.clone()].iter_mut().for_each(|bias| *bias = bias.abs() + 0.6);
            }
            if config.hidden == 1 {
                params.values_mut().iter_mut().for_each(|p| *p = 0.6 * p.abs());
            }
        }
        let mut state = State::zeros(&config, batch);
        state.h = uniform(seed + 1, state.h.len(), 0.9);
        state.c = uniform(seed + 2, state.c.len(), 1.5);
        let mut d_state_n = state.clone();
        d_state_n.h = uniform(seed + 3, state.h.len(), 1.0);
        d_state_n.c = uniform(seed + 4, state.c.len(), 1.0);
        Setup {
            input: uniform(seed + 5, steps * batch * config.input, 1.0),
            d_output: uniform(seed + 6, steps * batch * config.output(), 1.0),
            config,
            steps,
            batch,
            mask: None,
            params,
            stack,
            state,
            d_state_n,
            train: None,
        }
    }

    /// Rows of different lengths, at least one step each.
    pub fn padded(mut self) -> Setup {
        let lengths: Vec<usize> =
            (0..self.batch).map(|row| (self.steps * (row + 1)).div_ceil(self.batch)).rev().collect();
        self.mask = Some(Mask::from_lengths(&lengths, self.steps));
        self
    }

    /// Weights so large that gates are nearly 0 or 1.
    pub fn saturated(mut self) -> Setup {
        self.params.values_mut().iter_mut().for_each(|p| *p *= 12.0);
        self
    }

    /// The input, `[T, B, F]`.
    pub fn input(&self) -> ArrayView3<'_, f64> {
        view((self.steps, self.batch, self.config.input), &self.input)
    }

    /// The gradient of the output, `[T, B, H·D]`.
    pub fn d_output(&self) -> ArrayView3<'_, f64> {
        view((self.steps, self.batch, self.config.output()), &self.d_output)
    }

    pub fn problem(&self) -> Problem<'_, f64> {
        Problem {
            config: &self.config,
            params: &self.params,
            input: self.input(),
            state: &self.state,
            mask: self.mask.as_ref(),
            d_output: self.d_output(),
            d_state_n: &self.d_state_n,
        }
    }

    pub fn reference(&self) -> Run<f64> {
        Implementation::Reference.run(&self.problem()).expect("the sizes are right")
    }

    /// None where the configuration has an option that the textbook does without.
    pub fn textbook(&self) -> Option<Run<f64>> {
        let plain = !self.config.layer_norm && self.config.zoneout + self.config.zoneout_cell == 0.0;
        let run = Implementation::Textbook.run(&self.problem());
        assert_eq!(run.is_ok(), plain, "it refuses what it does not have, and nothing else");
        run.ok()
    }

    pub fn fused<S: Scalar>(&self) -> Run<f64> {
        self.fused_in::<S>(&mut RecurrentWorkspace::new())
    }

    /// Forward and backward with the given memory, in precision `S`.
    pub fn fused_in<S: Scalar>(&self, ws: &mut RecurrentWorkspace<S>) -> Run<f64> {
        let mut params: Parameters<S> = self.params.cast();
        let input = cast::<S>(&self.input);
        let mut state = cast_state::<S>(&self.state, &self.config);
        let mut rng = ChaCha8Rng::seed_from_u64(self.train.unwrap_or(0));
        let mode = if self.train.is_some() { Mode::Train { rng: &mut rng } } else { Mode::Eval };
        let dense = Input::Dense(view(self.input().raw_dim(), &input));
        ws.request_d_input(true);
        self.stack
            .forward(&params, dense, &mut state, self.mask.as_ref(), mode, ws)
            .expect("the sizes are right");
        let d_state_n = cast_state::<S>(&self.d_state_n, &self.config);
        let d_output = cast::<S>(&self.d_output);
        let d_output = view(self.d_output().raw_dim(), &d_output);
        self.stack.backward(&mut params, dense, d_output, Some(&d_state_n), ws).expect("the sizes are right");
        Run {
            output: back(&as_slice_or_copy(ws.output())),
            state_n: cast_state(&state, &self.config),
            grads: back(params.grads()),
            d_input: back(&as_slice_or_copy(ws.d_input())),
            d_state: cast_state(ws.d_state(), &self.config),
        }
    }

    pub fn name(&self) -> String {
        let c = &self.config;
        format!(
            "{} F{} H{} L{} T{} B{}{}{}{}",
            c.cell,
            c.input,
            c.hidden,
            c.layers,
            self.steps,
            self.batch,
            if c.bias { "" } else { " no bias" },
            if c.bidirectional { " both directions" } else { "" },
            if self.mask.is_some() { " padded" } else { "" },
        )
    }
}

pub fn cast<S: Scalar>(values: &[f64]) -> Vec<S> {
    values.iter().map(|&value| S::of(value)).collect()
}

pub fn back<S: Scalar>(values: &[S]) -> Vec<f64> {
    values.iter().map(|value| value.f64()).collect()
}

pub fn cast_state<S: Scalar>(state: &State<impl Scalar>, config: &RecurrentConfig) -> State<S> {
    let h = cast(&back(&state.h));
    let c = cast(&back(&state.c));
    State::from_values(config, state.batch(), h, c).expect("the sizes are right")
}

/// Compares all parts of two runs, each parameter's gradient by itself.
pub fn compare_runs(
    checks: &mut Checks,
    name: &str,
    setup: &Setup,
    found: &Run<f64>,
    expected: &Run<f64>,
    tolerance: f64,
) {
    for (part, found, expected) in parts(setup, found, expected) {
        let outcome = compare(found, expected, tolerance);
        let outcome = outcome.map_err(|error| format!("{error}{}", place(setup, &part, found, expected)));
        checks.outcome(&format!("{name}: {part}"), outcome);
    }
}

/// Gate and row of the largest difference, and the line of the textbook that computes it.
fn place(setup: &Setup, part: &str, found: &[f64], expected: &[f64]) -> String {
    let differences = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
    let worst = differences.enumerate().max_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(index, _)| index);
    let name = part.strip_prefix("d_").unwrap_or(part);
    let cell = setup.config.cell;
    let parameter = setup.params.id(name).map(|id| setup.params.entry(id));
    let gate = parameter.and_then(|entry| {
        let row = worst / entry.shape.iter().skip(1).product::<usize>();
        let gate = cell.spec().gates_of(name).get(row / setup.config.hidden)?;
        Some((*gate, row % setup.config.hidden))
    });
    let named = gate.map_or(String::new(), |(gate, row)| format!(", gate {gate}, row {row}"));
    let line = equation(cell, name, gate.map(|(gate, _)| gate));
    let line = line.map_or(String::new(), |line| format!("; the textbook's equation is at {line}"));
    format!("{named}{line}")
}

/// The parts of two runs, with names.
pub fn parts<'a>(
    setup: &Setup,
    found: &'a Run<f64>,
    expected: &'a Run<f64>,
) -> Vec<(String, &'a [f64], &'a [f64])> {
    let mut parts: Vec<(String, &[f64], &[f64])> = vec![
        ("output".into(), &found.output, &expected.output),
        ("h_n".into(), &found.state_n.h, &expected.state_n.h),
        ("d_input".into(), &found.d_input, &expected.d_input),
        ("d_h_0".into(), &found.d_state.h, &expected.d_state.h),
    ];
    if setup.config.cell.has_c() {
        parts.push(("c_n".into(), &found.state_n.c, &expected.state_n.c));
        parts.push(("d_c_0".into(), &found.d_state.c, &expected.d_state.c));
    }
    for entry in setup.params.entries() {
        let range = entry.range.clone();
        parts.push((format!("d_{}", entry.name), &found.grads[range.clone()], &expected.grads[range]));
    }
    parts
}

/// Every cell at every size of the chain of proof.
pub fn shapes() -> impl Iterator<Item = (Cell, usize, usize, usize, usize)> {
    let steps = [1, 2, 17];
    CELLS.into_iter().flat_map(move |cell| {
        steps.into_iter().flat_map(move |t| {
            [1, 3].into_iter().flat_map(move |b| {
                [1, 7, 8, 33].into_iter().flat_map(move |h| (1..=3).map(move |l| (cell, t, b, h, l)))
            })
        })
    })
}

/// For tests that compare bits: no other test changes the SIMD path while the guard lives.
pub fn hold_path() -> PathGuard {
    simd::use_path(simd::path()).expect("it is the one in use")
}
