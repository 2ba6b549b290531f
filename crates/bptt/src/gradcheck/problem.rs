//! A recurrent stack as a function of one vector.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::Part;
use crate::{Error, Input, Mask, Mode, Parameters, Recurrent, RecurrentConfig, RecurrentWorkspace, State};

/// A recurrent stack as a function of one vector: parameters, then the input, then the initial state.
///
/// Its loss is the sum of outputs and final states times fixed random factors, so that every one of them matters.
#[derive(Clone, Debug)]
pub struct CellProblem {
    /// The stack.
    pub stack: Recurrent,
    /// Where the loss is evaluated, at first.
    pub values: Vec<f64>,
    /// If set, passes are those of training, and every one draws its masks from this seed.
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
        Ok(CellProblem { stack, values, train: None, params, steps, batch, mask, d_output, d_state_n, ws })
    }

    /// The parts of the values.
    pub fn parts(&self) -> Vec<Part> {
        let config = self.stack.config();
        let entries = self.params.entries().iter();
        let gates = config.cell.gates();
        let mut parts: Vec<Part> = entries
            .map(|entry| Part { name: entry.name.clone(), range: entry.range.clone(), gates })
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

    fn forward(&mut self, values: &[f64]) -> Result<State<f64>, Error> {
        let (weights, rest) = values.split_at(self.params.len());
        self.params.values_mut().copy_from_slice(weights);
        let (input, initial) = rest.split_at(self.steps * self.batch * self.stack.config().input);
        let mut state = self.d_state_n.clone();
        let (h, c) = initial.split_at(state.h.len());
        state.h.copy_from_slice(h);
        state.c.copy_from_slice(c);
        let (steps, batch, mask) = (self.steps, self.batch, self.mask.as_ref());
        let mut rng = ChaCha8Rng::seed_from_u64(self.train.unwrap_or(0));
        let mode = if self.train.is_some() { Mode::Train { rng: &mut rng } } else { Mode::Eval };
        let input = Input::Dense(input);
        self.stack.forward(&self.params, input, steps, batch, &mut state, mask, mode, &mut self.ws)?;
        Ok(state)
    }

    /// The loss at `values`.
    ///
    /// # Errors
    /// A value among the weights is not finite.
    pub fn loss(&mut self, values: &[f64]) -> Result<f64, Error> {
        let state = self.forward(values)?;
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        Ok(dot(self.ws.output(), &self.d_output)
            + dot(&state.h, &self.d_state_n.h)
            + dot(&state.c, &self.d_state_n.c))
    }

    /// The gradient of the loss at the problem's own values, from the hand-written backward pass.
    ///
    /// # Errors
    /// A value among the weights is not finite.
    pub fn gradient(&mut self) -> Result<Vec<f64>, Error> {
        let values = self.values.clone();
        self.forward(&values)?;
        self.params.zero_grad();
        self.ws.request_d_input(true);
        let from = self.params.len();
        let input = Input::Dense(&values[from..from + self.steps * self.batch * self.stack.config().input]);
        self.stack.backward(&mut self.params, input, &self.d_output, Some(&self.d_state_n), &mut self.ws)?;
        let d_state = self.ws.d_state();
        Ok([self.params.grads(), self.ws.d_input(), &d_state.h, &d_state.c].concat())
    }
}
