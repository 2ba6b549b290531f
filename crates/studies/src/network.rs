//! A network for sequence tasks: a recurrent stack, and a linear layer that reads its last steps.
//!
//! ```
//! use composer_bptt::{Cell, RecurrentConfig};
//! use composer_studies::Initialisation;
//! use composer_studies::network::{Network, NetworkConfig};
//! use ndarray::Array3;
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
//! let x = Array3::from_elem((10, 2, 3), 0.5); // [T, B, F]
//! let mut outputs = network.forward(x.view())?;
//! // Mean squared error to a target of 1: its gradient takes the place of the outputs.
//! let scale = 2.0 / outputs.len() as f32;
//! outputs.mapv_inplace(|y| scale * (y - 1.0));
//! network.backward(x.view())?;
//! assert!(network.params.grads().iter().all(|g| g.is_finite()));
//! # Ok::<(), composer_studies::Error>(())
//! ```

use composer_bptt::arrays::{view, view_mut};
use composer_bptt::{
    Input, Linear, LinearWorkspace, Mode, Parameters, Recurrent, RecurrentConfig, RecurrentWorkspace, State,
};
use ndarray::{ArrayView3, ArrayViewMut3, s};
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

    /// The outputs at the last steps, `[target_steps, B, O]`, of `x` `[T, B, F]`, from a zero initial state.
    ///
    /// # Errors
    /// A shape does not fit, or a weight is not finite.
    pub fn forward(&mut self, x: ArrayView3<'_, f32>) -> Result<ArrayViewMut3<'_, f32>, Error> {
        let first = self.first_target_step(x)?;
        let Network { params, stack, linear, ws, linear_ws, outputs, .. } = self;
        let (_, batch, _) = x.dim();
        let mut state = State::zeros(stack.config(), batch);
        stack.forward(params, Input::Dense(x), &mut state, None, Mode::Eval, ws)?;
        outputs.resize(self.target_steps * batch * linear.outputs(), 0.0);
        let mut outputs = view_mut((self.target_steps, batch, linear.outputs()), outputs);
        linear.forward(params, ws.output().slice(s![first.., .., ..]), outputs.view_mut(), linear_ws)?;
        Ok(outputs)
    }

    /// The first step of a sequence that has a target.
    fn first_target_step(&self, x: ArrayView3<'_, f32>) -> Result<usize, Error> {
        let steps = x.dim().0;
        steps.checked_sub(self.target_steps).ok_or_else(|| Error::Setting {
            name: "steps",
            value: steps.to_string(),
            must: "be at least as many as have a target",
        })
    }

    /// The gradients of all weights, which it overwrites. Call it after [`Network::forward`] with the same input, when the outputs
    /// have been replaced by the gradient of the loss.
    ///
    /// # Errors
    /// A shape does not fit.
    pub fn backward(&mut self, x: ArrayView3<'_, f32>) -> Result<(), Error> {
        let first = self.first_target_step(x)?;
        let Network { params, stack, linear, ws, linear_ws, d_hidden, outputs: d_outputs, .. } = self;
        params.zero_grad();
        let hidden = ws.output();
        d_hidden.clear();
        d_hidden.resize(hidden.len(), 0.0);
        let mut d_hidden = view_mut(hidden.raw_dim(), d_hidden);
        let d_outputs = view((self.target_steps, x.dim().1, linear.outputs()), d_outputs);
        let (last, d_last) = (s![first.., .., ..], d_hidden.slice_mut(s![first.., .., ..]));
        linear.backward(params, hidden.slice(last), d_outputs, Some(d_last), linear_ws)?;
        stack.backward(params, Input::Dense(x), d_hidden.view(), None, ws)?;
        Ok(())
    }
}
