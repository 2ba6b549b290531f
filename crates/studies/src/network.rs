//! The smallest network that can learn a sequence task: one recurrent stack, one linear layer on its last states.

use composer_bptt::{
    Init, Input, Linear, LinearWorkspace, Mode, Parameters, Recurrent, RecurrentConfig, RecurrentWorkspace,
    State,
};
use rand::{Rng, RngExt};

use crate::Error;

/// Prefix of the stack's parameters.
const STACK: &str = "stack";

/// A recurrent stack and a linear layer that reads its states at the last steps.
#[derive(Debug)]
pub struct Network {
    /// Weights and gradients.
    pub params: Parameters<f32>,
    stack: Recurrent,
    readout: Linear,
    ws: RecurrentWorkspace<f32>,
    linear_ws: LinearWorkspace<f32>,
    d_output: Vec<f32>,
    answers: Vec<f32>,
}

/// How the weights of a [`Network`] begin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Start {
    /// PyTorch's uniform weights, and this bias of an LSTM's forget gate.
    ForgetBias(f64),
    /// PyTorch's uniform weights, and gates that begin with memories of 1 to this many steps (Tallec and Ollivier 2018): the
    /// biases of an LSTM's forget gate and a GRU's update gate are `ln U(1, T − 1)`, that of an LSTM's input gate is its
    /// negative.
    Chrono(usize),
}

impl Network {
    /// A network with random weights.
    ///
    /// # Errors
    /// A size is zero.
    pub fn new<R: Rng>(
        config: RecurrentConfig,
        outputs: usize,
        start: &Start,
        rng: &mut R,
    ) -> Result<Self, Error> {
        let mut params = Parameters::new();
        let stack = Recurrent::new(config, STACK, &mut params)?;
        let readout = Linear::new(stack.config().output(), outputs, true, "readout", &mut params)?;
        stack.init(&mut params, &start.init(), rng);
        readout.init(&mut params, &Init::PYTORCH, rng);
        if let Start::Chrono(longest) = *start {
            remember(&stack, &mut params, longest, rng);
        }
        Ok(Network {
            params,
            stack,
            readout,
            ws: RecurrentWorkspace::new(),
            linear_ws: LinearWorkspace::new(),
            d_output: Vec::new(),
            answers: Vec::new(),
        })
    }

    /// Reads `input` `[T, B, F]` from a state of zeros and answers at the last `questions` steps: `[questions, B, O]`.
    ///
    /// # Errors
    /// A size does not fit, or a weight is not finite.
    pub fn forward(
        &mut self,
        input: &[f32],
        steps: usize,
        batch: usize,
        questions: usize,
    ) -> Result<&mut [f32], Error> {
        let mut state = State::zeros(self.stack.config(), batch);
        let input = Input::Dense(input);
        self.stack.forward(&self.params, input, steps, batch, &mut state, None, Mode::Eval, &mut self.ws)?;
        let rows = questions * batch;
        self.answers.resize(rows * self.readout.outputs(), 0.0);
        let output = self.ws.output();
        let last = &output[output.len() - rows * self.readout.features()..];
        self.readout.forward(&self.params, last, rows, &mut self.answers, &mut self.linear_ws)?;
        Ok(&mut self.answers)
    }

    /// After [`Network::forward`], whose answers are now the gradient of the loss: overwrites the gradients of all weights.
    ///
    /// # Errors
    /// A size does not fit.
    pub fn backward(&mut self, input: &[f32], batch: usize, questions: usize) -> Result<(), Error> {
        self.params.zero_grad();
        let rows = questions * batch;
        let output = self.ws.output();
        let from = output.len() - rows * self.readout.features();
        self.d_output.clear();
        self.d_output.resize(output.len(), 0.0);
        self.readout.backward(
            &mut self.params,
            &output[from..],
            rows,
            &self.answers,
            Some(&mut self.d_output[from..]),
            &mut self.linear_ws,
        )?;
        self.stack.backward(&mut self.params, Input::Dense(input), &self.d_output, None, &mut self.ws)?;
        Ok(())
    }
}

impl Start {
    fn init(&self) -> Init {
        let forget_bias = match *self {
            Start::ForgetBias(bias) => Some(bias),
            Start::Chrono(_) => None,
        };
        Init { forget_bias, ..Init::PYTORCH }
    }
}

/// Sets the biases of the gates that keep, or let in: a unit whose gate keeps with bias `ln τ`, or lets in with bias `−ln τ`, forgets
/// about a τ-th of itself at each step.
fn remember<R: Rng>(stack: &Recurrent, params: &mut Parameters<f32>, longest: usize, rng: &mut R) {
    let RecurrentConfig { cell, hidden, layers, .. } = *stack.config();
    let (keep, admit) = (cell.spec().keeps, cell.spec().admits);
    if keep.or(admit).is_none() {
        return;
    }
    for layer in 0..layers {
        let [bias_ih, bias_hh] = ["ih", "hh"].map(|of| params.id(&format!("{STACK}.bias_{of}_l{layer}")));
        let (Some(bias_ih), Some(bias_hh)) = (bias_ih, bias_hh) else { continue };
        for gate in [keep, admit].into_iter().flatten() {
            params.value_mut(bias_hh)[gate * hidden..][..hidden].fill(0.0);
        }
        for unit in 0..hidden {
            let tau = rng.random_range(1.0..(longest as f64 - 1.0).max(2.0));
            let bias = &mut params.value_mut(bias_ih);
            if let Some(keep) = keep {
                bias[keep * hidden + unit] = tau.ln() as f32;
            }
            if let Some(admit) = admit {
                bias[admit * hidden + unit] = -tau.ln() as f32;
            }
        }
    }
}
