//! A whole training step and a generated step on random piano rolls.

use std::ops::Range;
use std::time::Instant;

use composer_bptt::arrays::{view, view_mut};
use composer_bptt::{
    Checkpointed, CheckpointingWorkspace, Init, Input, Linear, LinearWorkspace, Mode, Parameters, Recurrent,
    RecurrentWorkspace, State, StepWorkspace, loss,
};
use composer_tensor::maths::sigmoid_slice;
use ndarray::{ArrayView3, ArrayViewMut3};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::shape::Shape;
use crate::Error;
use crate::optimiser::ClippedAdam;

/// A random piano roll `[rows, features]` in which each pitch sounds with probability 0.05.
#[derive(Clone, Debug)]
pub struct Roll {
    /// The pitches that sound, row after row.
    pub indices: Vec<u32>,
    /// Where each row begins in `indices`, and its end.
    pub offsets: Vec<usize>,
    /// The same as zeros and ones, `[rows, features]`.
    pub dense: Vec<f32>,
}

impl Roll {
    /// A roll that is determined by its seed.
    pub fn random(rows: usize, features: usize, seed: u64) -> Roll {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (mut indices, mut offsets, mut dense) = (Vec::new(), vec![0], vec![0.0; rows * features]);
        for row in dense.chunks_exact_mut(features) {
            for (feature, cell) in row.iter_mut().enumerate() {
                if rng.random_bool(0.05) {
                    indices.push(feature as u32);
                    *cell = 1.0;
                }
            }
            offsets.push(indices.len());
        }
        Roll { indices, offsets, dense }
    }

    /// The roll as an input of sequences side by side: multi-hot indices or a dense matrix `[T, batch, features]`.
    ///
    /// # Panics
    /// If the rows are not whole steps of the batch, or `sparse` is false and there is no dense matrix.
    pub fn input(&self, sparse: bool, batch: usize) -> Input<'_, f32> {
        let rows = self.offsets.len() - 1;
        match sparse {
            true => Input::MultiHot { indices: &self.indices, offsets: &self.offsets },
            false => Input::Dense(view((rows / batch, batch, self.dense.len() / rows), &self.dense)),
        }
    }
}

/// How a training step is computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Multiply a dense input matrix instead of gathering weight columns by multi-hot indices.
    pub dense: bool,
    /// Gradient checkpointing: recompute activations in the backward pass, about √T steps at a time.
    pub recompute: bool,
}

/// A model, its data and its optimiser: everything that a training step needs.
#[derive(Debug)]
pub struct Training {
    /// Its shape.
    pub shape: Shape,
    /// Weights and gradients.
    pub params: Parameters<f32>,
    sparse: bool,
    /// Takes the place of `ws` with gradient checkpointing.
    checkpointing: Option<CheckpointingWorkspace<f32>>,
    stack: Recurrent,
    readout: Readout,
    x: Roll,
    ws: RecurrentWorkspace<f32>,
    d_hidden: Vec<f32>,
    optimiser: ClippedAdam,
    state: State<f32>,
}

/// Seconds of each phase of a training step.
#[derive(Clone, Copy, Debug)]
pub struct Phases {
    /// Forward pass of the stack.
    pub forward: f64,
    /// Forward and backward pass of the output layer, and the loss.
    pub output: f64,
    /// Backward pass of the stack.
    pub backward: f64,
    /// Gradient clipping and Adam.
    pub optimiser: f64,
}

impl Phases {
    /// Seconds of the whole step.
    pub fn total(&self) -> f64 {
        self.forward + self.output + self.backward + self.optimiser
    }
}

impl Training {
    /// A model with PyTorch's initialisation.
    ///
    /// # Errors
    /// A size is out of range, see [`Shape::check`].
    pub fn new(shape: Shape, options: Options) -> Result<Training, Error> {
        shape.check()?;
        let mut params = Parameters::new();
        let stack = Recurrent::new(shape.config(), "rnn", &mut params)?;
        let linear = Linear::new(shape.hidden, shape.features, true, "out", &mut params)?;
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        stack.init(&mut params, &Init::PYTORCH, &mut rng);
        linear.init(&mut params, &Init::PYTORCH, &mut rng);
        let rows = shape.steps * shape.batch;
        let mut x = Roll::random(rows, shape.features, 2);
        let sparse = !options.dense;
        if sparse {
            x.dense = Vec::new();
        }
        Ok(Training {
            shape,
            sparse,
            checkpointing: options.recompute.then(CheckpointingWorkspace::new),
            stack,
            readout: Readout {
                linear,
                ws: LinearWorkspace::new(),
                logits: Vec::new(),
                y: Roll::random(rows, shape.features, 3).dense,
            },
            x,
            ws: RecurrentWorkspace::new(),
            d_hidden: Vec::new(),
            optimiser: ClippedAdam::new(params.len(), 1e-3, 1.0),
            state: State::zeros(&shape.config(), shape.batch),
            params,
        })
    }

    /// Forward, loss, backward, clipping and Adam. Returns the mean loss in nats and the time of each phase; with gradient
    /// checkpointing, everything but the optimiser counts as backward.
    ///
    /// # Errors
    /// A weight is not finite.
    pub fn step(&mut self) -> Result<(f64, Phases), Error> {
        let mut lap = Instant::now();
        let mut seconds = || std::mem::replace(&mut lap, Instant::now()).elapsed().as_secs_f64();
        self.state.reset();
        self.params.zero_grad();
        let (nats, forward, output) = match self.checkpointing.take() {
            Some(mut ws) => {
                let nats = self.backpropagate_checkpointed(&mut ws)?;
                self.checkpointing = Some(ws);
                (nats, 0.0, 0.0)
            }
            None => {
                let Training { shape: Shape { steps, batch, .. }, stack, params, state, ws, .. } = self;
                let x = self.x.input(self.sparse, *batch);
                stack.forward(params, x, state, None, Mode::Eval, ws)?;
                let forward = seconds();
                let hidden = ws.output();
                self.d_hidden.resize(hidden.len(), 0.0);
                let mut d_hidden = view_mut(hidden.raw_dim(), &mut self.d_hidden);
                let nats = self.readout.loss_and_gradients(params, 0..*steps, hidden, d_hidden.view_mut())?;
                let output = seconds();
                stack.backward(params, x, d_hidden.view(), None, ws)?;
                (nats, forward, output)
            }
        };
        let backward = seconds();
        self.optimiser.step(&mut self.params);
        let optimiser = seconds();
        let mean = nats / self.readout.y.len() as f64;
        Ok((mean, Phases { forward, output, backward, optimiser }))
    }

    /// The loss in nats; adds the gradients, with gradient checkpointing.
    fn backpropagate_checkpointed(&mut self, ws: &mut CheckpointingWorkspace<f32>) -> Result<f64, Error> {
        let Training { shape: Shape { steps, batch, .. }, stack, params, state, readout, .. } = self;
        let (steps, batch, mut nats) = (*steps, *batch, 0.0);
        stack.train_with_checkpointing(
            params,
            Checkpointed {
                input: self.x.input(self.sparse, batch),
                mask: None,
                segment: stack.segment_steps(steps, batch),
            },
            state,
            Mode::Eval,
            |params, steps, hidden, d_hidden| {
                nats += readout.loss_and_gradients(params, steps, hidden, d_hidden)?;
                Ok(())
            },
            ws,
        )?;
        Ok(nats)
    }
}

/// The output layer and its targets.
#[derive(Debug)]
struct Readout {
    linear: Linear,
    ws: LinearWorkspace<f32>,
    logits: Vec<f32>,
    /// Targets `[T·B, F]`.
    y: Vec<f32>,
}

impl Readout {
    /// The loss of `steps` in nats; adds the gradients of their share of the mean loss over all steps. Overwrites `d_hidden`.
    fn loss_and_gradients(
        &mut self,
        params: &mut Parameters<f32>,
        steps: Range<usize>,
        hidden: ArrayView3<'_, f32>,
        d_hidden: ArrayViewMut3<'_, f32>,
    ) -> Result<f64, composer_bptt::Error> {
        let Readout { linear, ws, logits, y } = self;
        let (batch, features) = (hidden.dim().1, linear.outputs());
        let shape = (steps.len(), batch, features);
        logits.resize(steps.len() * batch * features, 0.0);
        let mut logits = view_mut(shape, logits);
        linear.forward(params, hidden, logits.view_mut(), ws)?;
        let scale = 1.0 / y.len() as f64;
        let y = view(shape, &y[steps.start * batch * features..steps.end * batch * features]);
        let nll = loss::sigmoid_cross_entropy(logits.view_mut(), y, None, scale)?;
        linear.backward(params, hidden, logits.view(), Some(d_hidden), ws)?;
        Ok(nll.sum)
    }
}

/// A model that generates one frame after another.
#[derive(Debug)]
pub struct Generation {
    params: Parameters<f32>,
    stack: Recurrent,
    linear: Linear,
    state: State<f32>,
    ws: StepWorkspace<f32>,
    linear_ws: LinearWorkspace<f32>,
    logits: Vec<f32>,
    active: Vec<u32>,
    rng: ChaCha8Rng,
}

impl Generation {
    /// A model with PyTorch's initialisation; batch and steps of the shape are ignored.
    ///
    /// # Errors
    /// As for [`Training::new`].
    pub fn new(shape: Shape) -> Result<Generation, Error> {
        let Training { params, stack, readout: Readout { linear, .. }, .. } =
            Training::new(Shape { batch: 1, steps: 1, ..shape }, Options::default())?;
        Ok(Generation {
            params,
            stack,
            linear,
            state: State::zeros(&shape.config(), 1),
            ws: StepWorkspace::new(),
            linear_ws: LinearWorkspace::new(),
            logits: vec![0.0; shape.features],
            active: Vec::with_capacity(shape.features),
            rng: ChaCha8Rng::seed_from_u64(4),
        })
    }

    /// Generates one frame: the last frame is the input, and each pitch is sampled with its probability. Returns how many sound.
    ///
    /// # Errors
    /// A weight is not finite.
    pub fn step(&mut self) -> Result<usize, Error> {
        let offsets = [0, self.active.len()];
        let input = Input::MultiHot { indices: &self.active, offsets: &offsets };
        let h = self.stack.step(&self.params, input, &mut self.state, &mut self.ws)?;
        let logits = view_mut((1, self.linear.outputs()), &mut self.logits);
        self.linear.forward(&self.params, h, logits, &mut self.linear_ws)?;
        sigmoid_slice(&mut self.logits);
        self.active.clear();
        for (pitch, &p) in self.logits.iter().enumerate() {
            if self.rng.random::<f32>() < p {
                self.active.push(pitch as u32);
            }
        }
        Ok(self.active.len())
    }

    /// Bytes of the weights that a step reads.
    pub fn weight_bytes(&self) -> usize {
        4 * self.params.len()
    }
}
