//! Optimisers over flat buffers, gradient clipping, and the moving average of the weights: all that they know is [`Parameters`].
//!
//! ```
//! use composer_bptt::Parameters;
//! use composer_bptt::optim::{Optimizer, OptimizerConfig, clip_grad_norm};
//!
//! // Minimises (θ − 3)², whose gradient is 2 (θ − 3).
//! let mut params = Parameters::<f32>::new();
//! let theta = params.add("theta", &[1]);
//! let mut adam = Optimizer::new(OptimizerConfig::default(), params.len());
//! for _ in 0..500 {
//!     params.zero_grad();
//!     params.grad_mut(theta)[0] = 2.0 * (params.value(theta)[0] - 3.0);
//!     clip_grad_norm(&mut params, 1.0);
//!     adam.update(&mut params, 0.05);
//! }
//! assert!((params.value(theta)[0] - 3.0).abs() < 1e-2);
//! ```

mod average;
mod blocks;
mod clip;

pub use average::MovingAverage;
pub use clip::{GroupNorms, clip_grad_norm};

use crate::Error;
use crate::error::check_len;
use crate::parameters::Parameters;
use blocks::each_block;
use serde::{Deserialize, Serialize};

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
    ///
    /// # Errors
    /// [`Error::Config`] with the name of the constant and its range.
    pub fn check(&self) -> Result<(), Error> {
        let refuse =
            |name, value: f64, expected| Err(Error::Config { name, value: value.to_string(), expected });
        let shares = [
            ("optimizer.momentum", self.momentum),
            ("optimizer.beta1", self.beta1),
            ("optimizer.beta2", self.beta2),
            ("optimizer.alpha", self.alpha),
        ];
        for (name, value) in shares {
            if !(0.0..1.0).contains(&value) {
                return refuse(name, value, "must be at least 0 and below 1");
            }
        }
        if !(self.epsilon > 0.0 && self.epsilon.is_finite()) {
            return refuse("optimizer.epsilon", self.epsilon, "must be above 0");
        }
        if !(0.0..=1.0).contains(&self.weight_decay) {
            return refuse("optimizer.weight_decay", self.weight_decay, "must be from 0 to 1");
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
    /// [`Error::Shape`]: the lengths are those of another optimiser or model.
    pub fn restore(&mut self, updates: u64, memory: [&[f32]; 2]) -> Result<(), Error> {
        check_len("the optimiser's mean", memory[0].len(), &[("weights", self.mean.len())])?;
        check_len("the optimiser's mean square", memory[1].len(), &[("weights", self.mean_square.len())])?;
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
        let memory = [&mut self.mean[..], &mut self.mean_square[..]];
        match kind {
            OptimizerKind::Sgd if memory[0].is_empty() => each_block(params, memory, &|values, grads, _| {
                values.iter_mut().zip(grads).for_each(|(value, &g)| *value -= rate * (g + decay * *value));
            }),
            OptimizerKind::Sgd => each_block(params, memory, &|values, grads, [mean, _]| {
                for ((value, &g), m) in values.iter_mut().zip(grads).zip(mean) {
                    let g = g + decay * *value;
                    *m = momentum * *m + g;
                    *value -= rate * if nesterov { g + momentum * *m } else { *m };
                }
            }),
            OptimizerKind::RmsProp if memory[0].is_empty() => {
                each_block(params, memory, &|values, grads, [_, square]| {
                    for ((value, &g), v) in values.iter_mut().zip(grads).zip(square) {
                        let g = g + decay * *value;
                        *v = alpha * *v + take * g * g;
                        *value -= rate * g / (v.sqrt() + epsilon);
                    }
                });
            }
            OptimizerKind::RmsProp => each_block(params, memory, &|values, grads, [mean, square]| {
                for (((value, &g), m), v) in values.iter_mut().zip(grads).zip(mean).zip(square) {
                    let g = g + decay * *value;
                    *v = alpha * *v + take * g * g;
                    *m = momentum * *m + g / (v.sqrt() + epsilon);
                    *value -= rate * *m;
                }
            }),
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
        each_block(params, [&mut self.mean, &mut self.mean_square], &|values, grads, [mean, square]| {
            for (((value, &g), m), v) in values.iter_mut().zip(grads).zip(mean).zip(square) {
                *value *= shrink;
                let g = g + decay * *value;
                *m = keep1 * *m + take1 * g;
                *v = keep2 * *v + take2 * g * g;
                *value -= step * *m / (v.sqrt() / root + epsilon);
            }
        });
    }
}
