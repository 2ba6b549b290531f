//! A network for sequence tasks: a recurrent stack, and a linear layer that reads its last steps.
//!
//! ```
//! use composer_bptt::{Cell, RecurrentConfig};
//! use composer_studies::Initialisation;
//! use composer_studies::network::{DenseInput, Network, NetworkConfig};
//! use rand::SeedableRng;
//!
//! // Ten steps of two sequences with three features; two outputs at the last step.
//! let config = NetworkConfig {
//!     stack: RecurrentConfig { cell: Cell::Lstm, input: 3, hidden: 8, ..RecurrentConfig::default() },
//!     outputs: 2,
//!     target_steps: 1,
//! };
//! let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
//! let mut network = Network::new(config, Initialisation::ForgetBias(1.0), &mut rng)?;
//! let values = [0.5; 10 * 2 * 3];
//! let x = DenseInput { values: &values, steps: 10, batch: 2 };
//! let outputs = network.forward(x)?;
//! // Mean squared error to a target of 1: its gradient takes the place of the outputs.
//! let scale = 2.0 / outputs.len() as f32;
//! outputs.iter_mut().for_each(|y| *y = scale * (*y - 1.0));
//! network.backward(x)?;
//! assert!(network.params.grads().iter().all(|g| g.is_finite()));
//! # Ok::<(), composer_studies::Error>(())
//! ```

use composer_bptt::{
    Input, Linear, LinearWorkspace, Mode, Parameters, Recurrent, RecurrentConfig, RecurrentWorkspace, State,
};
use rand::Rng;

use crate::Error;
use crate::initialisation::{Initialisation, set_chrono_biases};

/// Prefix of the names of the stack's parameters.
const STACK: &str = "stack";

/// The sizes of a [`Network`].
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkConfig {
    /// The recurrent stack.
    pub stack: RecurrentConfig,
    /// `O`: outputs of the linear layer.
    pub outputs: usize,
    /// Steps at the end of a sequence that have a target.
    pub target_steps: usize,
}

/// Sequences of real-valued features.
#[derive(Clone, Copy, Debug)]
pub struct DenseInput<'a> {
    /// `[T, B, F]`
    pub values: &'a [f32],
    /// `T`
    pub steps: usize,
    /// `B`
    pub batch: usize,
}

/// A recurrent stack and a linear layer that reads its states in the last steps.
#[derive(Debug)]
pub struct Network {
    /// Weights and gradients.
    pub params: Parameters<f32>,
    stack: Recurrent,
    linear: Linear,
    target_steps: usize,
    ws: RecurrentWorkspace<f32>,
    linear_ws: LinearWorkspace<f32>,
    d_hidden: Vec<f32>,
    outputs: Vec<f32>,
}

impl Network {
    /// A network with random weights.
    ///
    /// # Errors
    /// A size is zero.
    pub fn new<R: Rng>(
        config: NetworkConfig,
        initialisation: Initialisation,
        rng: &mut R,
    ) -> Result<Self, Error> {
        let mut params = Parameters::new();
        let stack = Recurrent::new(config.stack, STACK, &mut params)?;
        let linear = Linear::new(stack.config().output(), config.outputs, true, "readout", &mut params)?;
        stack.init(&mut params, &initialisation.init(), rng);
        linear.init(&mut params, &initialisation.init(), rng);
        if let Initialisation::Chrono(longest) = initialisation {
            set_chrono_biases(&stack, STACK, &mut params, longest, rng);
        }
        Ok(Network {
            params,
            stack,
            linear,
            target_steps: config.target_steps,
            ws: RecurrentWorkspace::new(),
            linear_ws: LinearWorkspace::new(),
            d_hidden: Vec::new(),
            outputs: Vec::new(),
        })
    }

    /// The outputs at the last steps, `[target_steps, B, O]`, from a zero initial state.
    ///
    /// # Errors
    /// A size does not fit, or a weight is not finite.
    pub fn forward(&mut self, x: DenseInput<'_>) -> Result<&mut [f32], Error> {
        let Network { params, stack, linear, ws, linear_ws, outputs, .. } = self;
        let mut state = State::zeros(stack.config(), x.batch);
        stack.forward(params, Input::Dense(x.values), x.steps, x.batch, &mut state, None, Mode::Eval, ws)?;
        let rows = self.target_steps * x.batch;
        let hidden = ws.output();
        let hidden = &hidden[hidden.len() - rows * linear.features()..];
        outputs.resize(rows * linear.outputs(), 0.0);
        linear.forward(params, hidden, rows, outputs, linear_ws)?;
        Ok(outputs)
    }

    /// The gradients of all weights, which it overwrites. Call it after [`Network::forward`] with the same input, when the outputs
    /// have been replaced by the gradient of the loss.
    ///
    /// # Errors
    /// A size does not fit.
    pub fn backward(&mut self, x: DenseInput<'_>) -> Result<(), Error> {
        let Network { params, stack, linear, ws, linear_ws, d_hidden, outputs: d_outputs, .. } = self;
        params.zero_grad();
        let rows = self.target_steps * x.batch;
        let hidden = ws.output();
        let first = hidden.len() - rows * linear.features();
        d_hidden.clear();
        d_hidden.resize(hidden.len(), 0.0);
        let d_last = Some(&mut d_hidden[first..]);
        linear.backward(params, &hidden[first..], rows, d_outputs, d_last, linear_ws)?;
        stack.backward(params, Input::Dense(x.values), d_hidden, None, ws)?;
        Ok(())
    }
}
