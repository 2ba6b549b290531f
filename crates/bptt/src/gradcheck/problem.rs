//! A recurrent stack as a function of one vector.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::Part;
use crate::arrays::{as_slice_or_copy, view};
use crate::problem::Problem;
use crate::{
    Error, Implementation, Input, Mask, Mode, Parameters, Recurrent, RecurrentConfig, RecurrentWorkspace,
    State,
};

/// A recurrent stack as a function of one vector: parameters, then the input, then the initial state.
///
/// Its loss is the sum of outputs and final states times fixed random factors, so that every one of them matters.
#[derive(Clone, Debug)]
pub struct CellProblem {
    /// The stack.
    pub stack: Recurrent,
    /// Where the loss is evaluated, at first.
    pub values: Vec<f64>,
    /// Who computes; the fused implementation at first.
    pub implementation: Implementation,
    /// If set, passes are those of training, and every one draws its masks from this seed; for the fused implementation.
    pub train: Option<u64>,
    params: Parameters<f64>,
    steps: usize,
    batch: usize,
    mask: Option<Mask>,
    /// Random factors of the output.
    d_output: Vec<f64>,
    /// Random factors of the final state.
    d_state_n: State<f64>,
    ws: RecurrentWorkspace<f64>,
}

impl CellProblem {
    /// Random weights, input, initial state and factors.
    ///
    /// # Errors
    /// A size is zero, or the mask has another one.
    pub fn new(
        config: RecurrentConfig,
        steps: usize,
        batch: usize,
        mask: Option<Mask>,
        seed: u64,
    ) -> Result<Self, Error> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut params = Parameters::new();
        let stack = Recurrent::new(config.clone(), "", &mut params)?;
        let mut random = |length: usize, bound: f64| -> Vec<f64> {
            (0..length).map(|_| rng.random_range(-bound..bound)).collect()
        };
        let mut d_state_n = State::zeros(&config, batch);
        let mut values = random(params.len(), 0.8);
        // Gains away from zero, as they are in use.
        for entry in params.entries().iter().filter(|entry| entry.name.starts_with("norm")) {
            values[entry.range.clone()].iter_mut().for_each(|gain| *gain += 1.0);
        }
        values.extend(random(steps * batch * config.input, 1.0));
        values.extend(random(d_state_n.h.len() + d_state_n.c.len(), 0.9));
        let d_output = random(steps * batch * config.output(), 1.0);
        d_state_n.h = random(d_state_n.h.len(), 1.0);
        d_state_n.c = random(d_state_n.c.len(), 1.0);
        let ws = RecurrentWorkspace::new();
        let implementation = Implementation::Fused;
        Ok(CellProblem {
            stack,
            values,
            implementation,
            train: None,
            params,
            steps,
            batch,
            mask,
            d_output,
            d_state_n,
            ws,
        })
    }

    /// The parts of the values.
    pub fn parts(&self) -> Vec<Part> {
        let config = self.stack.config();
        let entries = self.params.entries().iter();
        let mut parts: Vec<Part> = entries
            .map(|entry| {
                let gates = config.cell.spec().gates_of(&entry.name);
                Part { name: entry.name.clone(), range: entry.range.clone(), gates }
            })
            .collect();
        let mut from = self.params.len();
        let inputs = [
            ("input", self.steps * self.batch * config.input),
            ("h_0", self.d_state_n.h.len()),
            ("c_0", self.d_state_n.c.len()),
        ];
        for (name, length) in inputs.into_iter().filter(|(_, length)| *length > 0) {
            parts.push(Part::new(name, from..from + length));
            from += length;
        }
        parts
    }

    /// Takes the values apart: the parameters into `params`; returns the input and the initial state.
    fn take_apart<'v>(&mut self, values: &'v [f64]) -> (&'v [f64], State<f64>) {
        let (weights, rest) = values.split_at(self.params.len());
        self.params.values_mut().copy_from_slice(weights);
        let (input, initial) = rest.split_at(self.steps * self.batch * self.stack.config().input);
        let mut state = self.d_state_n.clone();
        let (h, c) = initial.split_at(state.h.len());
        state.h.copy_from_slice(h);
        state.c.copy_from_slice(c);
        (input, state)
    }

    fn problem<'a>(&'a self, input: &'a [f64], state: &'a State<f64>) -> Problem<'a, f64> {
        Problem {
            config: self.stack.config(),
            params: &self.params,
            input: view((self.steps, self.batch, self.stack.config().input), input),
            state,
            mask: self.mask.as_ref(),
            d_output: view((self.steps, self.batch, self.stack.config().output()), &self.d_output),
            d_state_n: &self.d_state_n,
        }
    }

    fn forward_fused(&mut self, input: &[f64], mut state: State<f64>) -> Result<State<f64>, Error> {
        let mask = self.mask.as_ref();
        let mut rng = ChaCha8Rng::seed_from_u64(self.train.unwrap_or(0));
        let mode = if self.train.is_some() { Mode::Train { rng: &mut rng } } else { Mode::Eval };
        let input = Input::Dense(view((self.steps, self.batch, self.stack.config().input), input));
        self.stack.forward(&self.params, input, &mut state, mask, mode, &mut self.ws)?;
        Ok(state)
    }

    /// The loss at `values`.
    ///
    /// # Errors
    /// A value among the weights is not finite, or the implementation lacks an option.
    pub fn loss(&mut self, values: &[f64]) -> Result<f64, Error> {
        let (input, state) = self.take_apart(values);
        if self.implementation == Implementation::Fused {
            let state_n = self.forward_fused(input, state)?;
            return Ok(self.weigh(&as_slice_or_copy(self.ws.output()), &state_n));
        }
        let (output, state_n) = self.implementation.run_forward(&self.problem(input, &state))?;
        Ok(self.weigh(&output, &state_n))
    }

    /// Outputs and final states times their factors, summed.
    fn weigh(&self, output: &[f64], state_n: &State<f64>) -> f64 {
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        dot(output, &self.d_output) + dot(&state_n.h, &self.d_state_n.h) + dot(&state_n.c, &self.d_state_n.c)
    }

    /// The gradient of the loss at the problem's own values, from the backward pass of the implementation.
    ///
    /// # Errors
    /// As for [`CellProblem::loss`].
    pub fn gradient(&mut self) -> Result<Vec<f64>, Error> {
        let values = self.values.clone();
        let (input, state) = self.take_apart(&values);
        if self.implementation != Implementation::Fused {
            let run = self.implementation.run(&self.problem(input, &state))?;
            return Ok([run.grads, run.d_input, run.d_state.h, run.d_state.c].concat());
        }
        self.forward_fused(input, state)?;
        self.params.zero_grad();
        self.ws.request_d_input(true);
        let config = self.stack.config();
        let input = Input::Dense(view((self.steps, self.batch, config.input), input));
        let d_output = view((self.steps, self.batch, config.output()), &self.d_output);
        self.stack.backward(&mut self.params, input, d_output, Some(&self.d_state_n), &mut self.ws)?;
        let d_state = self.ws.d_state();
        let d_input = as_slice_or_copy(self.ws.d_input());
        Ok([self.params.grads(), &d_input, &d_state.h, &d_state.c].concat())
    }
}
