//! Optimisers over flat buffers, gradient clipping, and the moving average of the weights.

mod average;
mod clip;

pub use average::MovingAverage;
pub use clip::{GroupNorms, clip_grad_norm};

use crate::Error;
use composer_bptt::Parameters;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Elements that one thread updates at a time. Fixed, so that sums do not depend on the number of threads.
const BLOCK: usize = 1 << 14;

/// How a gradient becomes a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OptimizerKind {
    /// Stochastic gradient descent, with momentum if that is not 0.
    Sgd,
    /// Divides by a running root mean square of the gradient (Hinton 2012).
    RmsProp,
    /// Adam (Kingma & Ba 2015); weight decay is added to the gradient.
    #[default]
    Adam,
    /// Adam with decoupled weight decay (Loshchilov & Hutter 2019).
    #[serde(rename = "adamw")]
    AdamW,
}

/// An optimiser and its constants, named and defined as in PyTorch. Constants that a kind does not have are ignored.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OptimizerConfig {
    /// Which one.
    pub kind: OptimizerKind,
    /// Share of the last step that goes into the next (SGD and RMSprop).
    pub momentum: f64,
    /// Whether SGD looks ahead along its momentum (Nesterov).
    pub nesterov: bool,
    /// Decay of the mean of gradients (Adam).
    pub beta1: f64,
    /// Decay of the mean of squared gradients (Adam).
    pub beta2: f64,
    /// Decay of the mean of squared gradients (RMSprop).
    pub alpha: f64,
    /// Keeps divisions finite.
    pub epsilon: f64,
    /// How fast weights shrink when no gradient holds them up.
    pub weight_decay: f64,
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self {
            kind: OptimizerKind::Adam,
            momentum: 0.0,
            nesterov: false,
            beta1: 0.9,
            beta2: 0.999,
            alpha: 0.99,
            epsilon: 1e-8,
            weight_decay: 0.0,
        }
    }
}

impl OptimizerConfig {
    /// Refuses constants out of range, by name.
    pub fn check(&self) -> Result<(), Error> {
        let shares = [
            ("training.optimizer.momentum", self.momentum),
            ("training.optimizer.beta1", self.beta1),
            ("training.optimizer.beta2", self.beta2),
            ("training.optimizer.alpha", self.alpha),
        ];
        for (name, value) in shares {
            if !(0.0..1.0).contains(&value) {
                return Err(Error::setting(name, value, "at least 0 and below 1"));
            }
        }
        if !(self.epsilon > 0.0 && self.epsilon.is_finite()) {
            return Err(Error::setting("training.optimizer.epsilon", self.epsilon, "above 0"));
        }
        if !(0.0..=1.0).contains(&self.weight_decay) {
            return Err(Error::setting("training.optimizer.weight_decay", self.weight_decay, "from 0 to 1"));
        }
        Ok(())
    }

    /// How many numbers the optimiser keeps for each weight.
    pub fn slots(&self) -> usize {
        match self.kind {
            OptimizerKind::Sgd => usize::from(self.momentum > 0.0),
            OptimizerKind::RmsProp => 1 + usize::from(self.momentum > 0.0),
            OptimizerKind::Adam | OptimizerKind::AdamW => 2,
        }
    }
}

/// An optimiser with what it remembers of earlier gradients.
#[derive(Clone, Debug)]
pub struct Optimizer {
    config: OptimizerConfig,
    updates: u64,
    /// Momentum, or Adam's mean of gradients; empty if not kept.
    mean: Vec<f32>,
    /// Mean of squared gradients; empty if not kept.
    mean_square: Vec<f32>,
}

impl Optimizer {
    /// An optimiser for `parameters` weights.
    pub fn new(config: OptimizerConfig, parameters: usize) -> Self {
        let adaptive = config.kind != OptimizerKind::Sgd;
        let mean = config.slots() > usize::from(adaptive);
        let kept = |wanted: bool| vec![0.0; if wanted { parameters } else { 0 }];
        Self { config, updates: 0, mean: kept(mean), mean_square: kept(adaptive) }
    }

    /// Updates so far.
    pub fn updates(&self) -> u64 {
        self.updates
    }

    /// What it remembers, for a checkpoint: the mean (or momentum) and the mean square; empty where it keeps none.
    pub fn memory(&self) -> [&[f32]; 2] {
        [&self.mean, &self.mean_square]
    }

    /// Takes back what [`Optimizer::memory`] and [`Optimizer::updates`] gave.
    ///
    /// # Errors
    /// The lengths are those of another optimiser or model.
    pub fn restore(&mut self, updates: u64, memory: [&[f32]; 2]) -> Result<(), Error> {
        if memory[0].len() != self.mean.len() || memory[1].len() != self.mean_square.len() {
            return Err(Error::Checkpoint("the optimiser in it is another one".into()));
        }
        self.updates = updates;
        self.mean.copy_from_slice(memory[0]);
        self.mean_square.copy_from_slice(memory[1]);
        Ok(())
    }

    /// One update of all weights `θ` from their gradients `g`, with rate `η` and weight decay `λ`:
    ///
    /// ```text
    /// SGD       g ← g + λθ      m ← μ m + g                        θ ← θ − η m          (Nesterov: θ ← θ − η (g + μ m))
    /// RMSprop   g ← g + λθ      v ← α v + (1 − α) g²               θ ← θ − η g / (√v + ε), through m as above with momentum
    /// Adam      g ← g + λθ      m ← β₁ m + (1 − β₁) g              m̂ = m / (1 − β₁ᵗ)
    ///                           v ← β₂ v + (1 − β₂) g²             v̂ = v / (1 − β₂ᵗ)
    ///                                                              θ ← θ − η m̂ / (√v̂ + ε)
    /// AdamW     θ ← (1 − ηλ) θ, then as Adam without decay
    /// ```
    pub fn update(&mut self, params: &mut Parameters<f32>, learning_rate: f64) {
        self.updates += 1;
        let OptimizerConfig { kind, nesterov, .. } = self.config;
        let [rate, decay, momentum] =
            [learning_rate, self.config.weight_decay, self.config.momentum].map(|constant| constant as f32);
        let [alpha, take, epsilon] =
            [self.config.alpha, 1.0 - self.config.alpha, self.config.epsilon].map(|constant| constant as f32);
        let (values, grads) = params.split();
        match kind {
            OptimizerKind::Sgd if self.mean.is_empty() => {
                let blocks = values.par_chunks_mut(BLOCK).zip(grads.par_chunks(BLOCK));
                blocks.for_each(|(values, grads)| {
                    values
                        .iter_mut()
                        .zip(grads)
                        .for_each(|(value, &g)| *value -= rate * (g + decay * *value));
                });
            }
            OptimizerKind::Sgd => each_with_one(values, grads, &mut self.mean, |value, g, m| {
                let g = g + decay * *value;
                *m = momentum * *m + g;
                *value -= rate * if nesterov { g + momentum * *m } else { *m };
            }),
            OptimizerKind::RmsProp if self.mean.is_empty() => {
                each_with_one(values, grads, &mut self.mean_square, |value, g, v| {
                    let g = g + decay * *value;
                    *v = alpha * *v + take * g * g;
                    *value -= rate * g / (v.sqrt() + epsilon);
                });
            }
            OptimizerKind::RmsProp => {
                each_with_two(values, grads, &mut self.mean, &mut self.mean_square, |value, g, m, v| {
                    let g = g + decay * *value;
                    *v = alpha * *v + take * g * g;
                    *m = momentum * *m + g / (v.sqrt() + epsilon);
                    *value -= rate * *m;
                });
            }
            OptimizerKind::Adam | OptimizerKind::AdamW => self.adam(params, learning_rate),
        }
    }

    fn adam(&mut self, params: &mut Parameters<f32>, learning_rate: f64) {
        let OptimizerConfig { kind, beta1, beta2, epsilon, weight_decay, .. } = self.config;
        let age = i32::try_from(self.updates).unwrap_or(i32::MAX);
        let decoupled = kind == OptimizerKind::AdamW;
        let shrink = if decoupled { (1.0 - learning_rate * weight_decay) as f32 } else { 1.0 };
        let decay = if decoupled { 0.0 } else { weight_decay as f32 };
        let step = (learning_rate / (1.0 - beta1.powi(age))) as f32;
        let root = (1.0 - beta2.powi(age)).sqrt() as f32;
        let [keep1, take1, keep2, take2, epsilon] =
            [beta1, 1.0 - beta1, beta2, 1.0 - beta2, epsilon].map(|constant| constant as f32);
        let (values, grads) = params.split();
        each_with_two(values, grads, &mut self.mean, &mut self.mean_square, |value, g, m, v| {
            *value *= shrink;
            let g = g + decay * *value;
            *m = keep1 * *m + take1 * g;
            *v = keep2 * *v + take2 * g * g;
            *value -= step * *m / (v.sqrt() / root + epsilon);
        });
    }
}

/// Runs `step(value, gradient, memory)` over all weights, in blocks shared out to threads.
fn each_with_one(
    values: &mut [f32],
    grads: &[f32],
    memory: &mut [f32],
    step: impl Fn(&mut f32, f32, &mut f32) + Sync,
) {
    let blocks = values.par_chunks_mut(BLOCK).zip(grads.par_chunks(BLOCK)).zip(memory.par_chunks_mut(BLOCK));
    blocks.for_each(|((values, grads), memory)| {
        for ((value, &g), m) in values.iter_mut().zip(grads).zip(memory) {
            step(value, g, m);
        }
    });
}

/// The same with two numbers of memory for each weight.
fn each_with_two(
    values: &mut [f32],
    grads: &[f32],
    first: &mut [f32],
    second: &mut [f32],
    step: impl Fn(&mut f32, f32, &mut f32, &mut f32) + Sync,
) {
    let memory = first.par_chunks_mut(BLOCK).zip(second.par_chunks_mut(BLOCK));
    let blocks = values.par_chunks_mut(BLOCK).zip(grads.par_chunks(BLOCK)).zip(memory);
    blocks.for_each(|((values, grads), (first, second))| {
        for (((value, &g), m), v) in values.iter_mut().zip(grads).zip(first).zip(second) {
            step(value, g, m, v);
        }
    });
}
