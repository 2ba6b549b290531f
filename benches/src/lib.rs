//! What the benches share: seeded inputs like piano rolls, a whole training step, and a generated step.

use std::time::Instant;

use composer_bptt::{
    Cell, Init, Input, Linear, LinearWorkspace, Mode, Parameters, Recurrent, RecurrentConfig,
    RecurrentWorkspace, State, StepWorkspace, loss,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// One point of the grid.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// The cell.
    pub cell: Cell,
    /// Features of input and output.
    pub features: usize,
    /// Hidden units.
    pub hidden: usize,
    /// Layers.
    pub layers: usize,
    /// Rows.
    pub batch: usize,
    /// Time steps.
    pub steps: usize,
}

impl Shape {
    /// Floating-point operations of one training step: three products for each weight.
    pub fn flops(&self) -> f64 {
        let Shape { features, hidden, layers, batch, steps, .. } = *self;
        let rows = self.cell.gates().len() * hidden;
        let recurrent: usize =
            (0..layers).map(|layer| rows * (if layer == 0 { features } else { hidden } + hidden)).sum();
        (3 * 2 * steps * batch * (recurrent + hidden * features)) as f64
    }

    fn config(&self) -> RecurrentConfig {
        RecurrentConfig {
            cell: self.cell,
            input: self.features,
            hidden: self.hidden,
            layers: self.layers,
            ..RecurrentConfig::default()
        }
    }
}

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
            for feature in 0..features {
                if rng.random_bool(0.05) {
                    indices.push(feature as u32);
                    row[feature] = 1.0;
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

/// A model in training: everything that one step needs.
#[derive(Debug)]
pub struct Training {
    /// Its shape.
    pub shape: Shape,
    /// Weights and gradients.
    pub params: Parameters<f32>,
    stack: Recurrent,
    linear: Linear,
    x: Roll,
    y: Roll,
    ws: RecurrentWorkspace<f32>,
    linear_ws: LinearWorkspace<f32>,
    logits: Vec<f32>,
    d_hidden: Vec<f32>,
    adam: (Vec<f32>, Vec<f32>, i32),
    state: State<f32>,
    /// Whether inputs are gathered.
    pub sparse: bool,
}

impl Training {
    /// A model with PyTorch's initialisation.
    pub fn new(shape: Shape) -> Training {
        let mut params = Parameters::new();
        let stack = Recurrent::new(shape.config(), "rnn", &mut params).expect("the shape is right");
        let linear =
            Linear::new(shape.hidden, shape.features, true, "out", &mut params).expect("the shape is right");
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        stack.init(&mut params, &Init::PYTORCH, &mut rng);
        linear.init(&mut params, &Init::PYTORCH, &mut rng);
        let rows = shape.steps * shape.batch;
        Training {
            shape,
            stack,
            linear,
            x: Roll::random(rows, shape.features, 2),
            y: Roll::random(rows, shape.features, 3),
            ws: RecurrentWorkspace::new(),
            linear_ws: LinearWorkspace::new(),
            logits: vec![0.0; rows * shape.features],
            d_hidden: vec![0.0; rows * shape.hidden],
            adam: (vec![0.0; params.len()], vec![0.0; params.len()], 0),
            state: State::zeros(&shape.config(), shape.batch),
            params,
            sparse: true,
        }
    }

    /// Forward, loss, backward, clipping and Adam; returns the loss and the seconds of each phase.
    pub fn step(&mut self) -> (f64, [f64; 4]) {
        let Shape { steps, batch, .. } = self.shape;
        let rows = steps * batch;
        let start = Instant::now();
        self.state.reset();
        let input = self.x.input(self.sparse);
        self.stack
            .forward(&self.params, input, steps, batch, &mut self.state, None, Mode::Eval, &mut self.ws)
            .expect("the shape is right");
        let forward = start.elapsed().as_secs_f64();
        let output = self.ws.output();
        self.linear
            .forward(&self.params, output, rows, &mut self.logits, &mut self.linear_ws)
            .expect("the shape is right");
        let scale = 1.0 / self.logits.len() as f64;
        let nll = loss::sigmoid_cross_entropy(&mut self.logits, &self.y.dense, None, scale)
            .expect("the shape is right");
        self.params.zero_grad();
        self.linear
            .backward(
                &mut self.params,
                output,
                rows,
                &self.logits,
                Some(&mut self.d_hidden),
                &mut self.linear_ws,
            )
            .expect("the shape is right");
        let loss = start.elapsed().as_secs_f64();
        self.stack
            .backward(&mut self.params, input, &self.d_hidden, None, &mut self.ws)
            .expect("the shape is right");
        let backward = start.elapsed().as_secs_f64();
        self.optimise();
        let all = start.elapsed().as_secs_f64();
        (nll.mean(), [forward, loss - forward, backward - loss, all - backward])
    }

    fn optimise(&mut self) {
        let norm = self.params.grads().iter().map(|&g| f64::from(g).powi(2)).sum::<f64>().sqrt();
        let clip = (1.0 / norm).min(1.0) as f32;
        let (mean, square, updates) = &mut self.adam;
        *updates += 1;
        let step = (1e-3 / (1.0 - 0.9f64.powi(*updates))) as f32;
        let root = (1.0 - 0.999f64.powi(*updates)).sqrt() as f32;
        let (values, grads) = self.params.split();
        for (((value, &g), m), v) in values.iter_mut().zip(grads).zip(mean).zip(square) {
            let g = g * clip;
            *m = 0.9 * *m + 0.1 * g;
            *v = 0.999 * *v + 0.001 * g * g;
            *value -= step * *m / (v.sqrt() / root + 1e-8);
        }
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
    pub fn new(shape: Shape) -> Generation {
        let Training { params, stack, linear, .. } = Training::new(Shape { batch: 1, steps: 1, ..shape });
        Generation {
            params,
            stack,
            linear,
            state: State::zeros(&shape.config(), 1),
            ws: StepWorkspace::new(),
            linear_ws: LinearWorkspace::new(),
            logits: vec![0.0; shape.features],
            active: Vec::with_capacity(shape.features),
            rng: ChaCha8Rng::seed_from_u64(4),
        }
    }

    /// One frame: what sounded before goes in, each pitch is drawn by its probability.
    pub fn step(&mut self) -> usize {
        let offsets = [0, self.active.len()];
        let input = Input::MultiHot { indices: &self.active, offsets: &offsets };
        let h =
            self.stack.step(&self.params, input, &mut self.state, &mut self.ws).expect("the shape is right");
        self.linear
            .forward(&self.params, h, 1, &mut self.logits, &mut self.linear_ws)
            .expect("the shape is right");
        composer_tensor::maths::sigmoid_slice(&mut self.logits);
        self.active.clear();
        for (pitch, &p) in self.logits.iter().enumerate() {
            if self.rng.random::<f32>() < p {
                self.active.push(pitch as u32);
            }
        }
        self.active.len()
    }

    /// Bytes of weights that a step reads.
    pub fn weight_bytes(&self) -> usize {
        4 * self.params.len()
    }
}
