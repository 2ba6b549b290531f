//! The smallest network that can learn a sequence task: one recurrent stack, one linear layer on its last states.

use composer_bptt::init::Scheme;
use composer_bptt::{
    Cell, Init, Input, Linear, LinearWorkspace, Mode, Parameters, Recurrent, RecurrentConfig,
    RecurrentWorkspace, State,
};
use rand::Rng;

use crate::Error;

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
pub struct Start {
    /// Weights.
    pub init: Init,
    /// Added to the update gate's bias of a GRU, which so remembers from the start as an LSTM with a forget bias does.
    pub update_bias: f64,
}

impl Default for Start {
    fn default() -> Self {
        let init = Init { input: Scheme::Uniform, recurrent: Scheme::Uniform, forget_bias: Some(1.0) };
        Start { init, update_bias: 0.0 }
    }
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
        let stack = Recurrent::new(config, "stack", &mut params)?;
        let readout = Linear::new(stack.config().output(), outputs, true, "readout", &mut params)?;
        stack.init(&mut params, &start.init, rng);
        readout.init(&mut params, &Init::PYTORCH, rng);
        if stack.config().cell == Cell::Gru {
            let hidden = stack.config().hidden;
            for layer in 0..stack.config().layers {
                if let Some(bias) = params.id(&format!("stack.bias_ih_l{layer}")) {
                    params.value_mut(bias)[hidden..2 * hidden]
                        .iter_mut()
                        .for_each(|b| *b += start.update_bias as f32);
                }
            }
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
