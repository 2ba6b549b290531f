//! A whole training step and a generated step, on random piano rolls.

use std::ops::Range;
use std::time::Instant;

use composer_bptt::{
    Init, Input, Linear, LinearWorkspace, Mode, Parameters, Recurrent, RecurrentWorkspace, SegmentWorkspace,
    State, StepWorkspace, loss,
};
use composer_tensor::maths::sigmoid_slice;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::Shape;
use crate::Error;
use crate::descent::Descent;

/// Frames of a piano roll `[rows, features]` in which one pitch in twenty sounds.
#[derive(Clone, Debug)]
pub struct Roll {
    /// Which pitches sound, row after row.
    pub indices: Vec<u32>,
    /// Where rows begin.
    pub offsets: Vec<usize>,
    /// The same, as numbers.
    pub dense: Vec<f32>,
}

impl Roll {
    /// Random, the same for the same seed.
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

    /// The roll as an input: listed or as numbers.
    pub fn input(&self, sparse: bool) -> Input<'_, f32> {
        match sparse {
            true => Input::MultiHot { indices: &self.indices, offsets: &self.offsets },
            false => Input::Dense(&self.dense),
        }
    }
}

/// How a training step is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether inputs are multiplied as numbers, not gathered from lists of notes.
    pub dense: bool,
    /// Whether activations are computed again, those of about √T steps at a time.
    pub recompute: bool,
}

/// A model in training: everything that one step needs.
#[derive(Debug)]
pub struct Training {
    /// Its shape.
    pub shape: Shape,
    /// Weights and gradients.
    pub params: Parameters<f32>,
    sparse: bool,
    /// In place of `ws` where activations are computed again.
    segments: Option<SegmentWorkspace<f32>>,
    stack: Recurrent,
    readout: Readout,
    x: Roll,
    ws: RecurrentWorkspace<f32>,
    d_hidden: Vec<f32>,
    descent: Descent,
    state: State<f32>,
}

/// Seconds of the parts of a training step.
#[derive(Clone, Copy, Debug)]
pub struct Phases {
    /// The stack, forward.
    pub forward: f64,
    /// The output layer, forward and backward, and the loss.
    pub output: f64,
    /// The stack, backward.
    pub backward: f64,
    /// Clipping and Adam.
    pub optimiser: f64,
}

impl Phases {
    /// The whole step.
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
            segments: options.recompute.then(SegmentWorkspace::new),
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
            descent: Descent::new(params.len(), 1e-3, 1.0),
            state: State::zeros(&shape.config(), shape.batch),
            params,
        })
    }

    /// Forward, loss, backward, clipping and Adam; the mean loss, and how long each part took. Where activations are computed again,
    /// all but the optimiser counts as the way back.
    ///
    /// # Errors
    /// A weight is not finite.
    pub fn step(&mut self) -> Result<(f64, Phases), Error> {
        let mut lap = Instant::now();
        let mut seconds = || std::mem::replace(&mut lap, Instant::now()).elapsed().as_secs_f64();
        self.state.reset();
        self.params.zero_grad();
        let (nats, forward, output) = match self.segments.take() {
            Some(mut ws) => {
                let nats = self.learn_in_segments(&mut ws)?;
                self.segments = Some(ws);
                (nats, 0.0, 0.0)
            }
            None => {
                let Training { shape: Shape { steps, batch, .. }, stack, params, state, ws, .. } = self;
                let x = self.x.input(self.sparse);
                stack.forward(params, x, *steps, *batch, state, None, Mode::Eval, ws)?;
                let forward = seconds();
                let hidden = ws.output();
                self.d_hidden.resize(hidden.len(), 0.0);
                let nats = self.readout.learn(params, 0..*steps * *batch, hidden, &mut self.d_hidden)?;
                let output = seconds();
                stack.backward(params, x, &self.d_hidden, None, ws)?;
                (nats, forward, output)
            }
        };
        let backward = seconds();
        self.descent.step(&mut self.params);
        let optimiser = seconds();
        let mean = nats / self.readout.y.len() as f64;
        Ok((mean, Phases { forward, output, backward, optimiser }))
    }

    /// Loss in nats, and gradients, with the activations of a segment at a time.
    fn learn_in_segments(&mut self, ws: &mut SegmentWorkspace<f32>) -> Result<f64, Error> {
        let Training { shape: Shape { steps, batch, .. }, stack, params, state, readout, .. } = self;
        let (steps, batch, mut nats) = (*steps, *batch, 0.0);
        stack.train_in_segments(
            params,
            self.x.input(self.sparse),
            steps,
            batch,
            stack.segment_steps(steps, batch),
            state,
            None,
            Mode::Eval,
            |params, steps, hidden, d_hidden| {
                nats += readout.learn(params, steps.start * batch..steps.end * batch, hidden, d_hidden)?;
                Ok(())
            },
            ws,
        )?;
        Ok(nats)
    }
}

/// The output layer, and what it should say.
#[derive(Debug)]
struct Readout {
    linear: Linear,
    ws: LinearWorkspace<f32>,
    logits: Vec<f32>,
    /// What should sound, `[T·B, F]`.
    y: Vec<f32>,
}

impl Readout {
    /// Loss of some rows in nats; their gradients, of the mean over all.
    fn learn(
        &mut self,
        params: &mut Parameters<f32>,
        rows: Range<usize>,
        hidden: &[f32],
        d_hidden: &mut [f32],
    ) -> Result<f64, composer_bptt::Error> {
        let Readout { linear, ws, logits, y } = self;
        let features = linear.outputs();
        logits.resize(rows.len() * features, 0.0);
        linear.forward(params, hidden, rows.len(), logits, ws)?;
        let scale = 1.0 / y.len() as f64;
        let y = &y[rows.start * features..rows.end * features];
        let nll = loss::sigmoid_cross_entropy(logits, y, None, scale)?;
        linear.backward(params, hidden, rows.len(), logits, Some(d_hidden), ws)?;
        Ok(nll.sum)
    }
}

/// A model that generates, one frame after the other.
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
    /// A model with PyTorch's initialisation; batch and steps of the shape do not matter.
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

    /// One frame: what sounded before goes in, each pitch is drawn by its probability. How many sound.
    ///
    /// # Errors
    /// A weight is not finite.
    pub fn step(&mut self) -> Result<usize, Error> {
        let offsets = [0, self.active.len()];
        let input = Input::MultiHot { indices: &self.active, offsets: &offsets };
        let h = self.stack.step(&self.params, input, &mut self.state, &mut self.ws)?;
        self.linear.forward(&self.params, h, 1, &mut self.logits, &mut self.linear_ws)?;
        sigmoid_slice(&mut self.logits);
        self.active.clear();
        for (pitch, &p) in self.logits.iter().enumerate() {
            if self.rng.random::<f32>() < p {
                self.active.push(pitch as u32);
            }
        }
        Ok(self.active.len())
    }

    /// Bytes of weights that a step reads.
    pub fn weight_bytes(&self) -> usize {
        4 * self.params.len()
    }
}
