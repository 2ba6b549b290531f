//! One step of learning, as every study takes it: clip, then Adam.

use composer_bptt::Parameters;
use composer_training::{Optimizer, OptimizerConfig, clip_grad_norm};

/// Adam with clipping at a constant rate.
#[derive(Debug)]
pub(crate) struct Descent {
    adam: Optimizer,
    learning_rate: f64,
    clip_grad_norm: f64,
}

impl Descent {
    /// For `parameters` values.
    pub(crate) fn new(parameters: usize, learning_rate: f64, clip_grad_norm: f64) -> Self {
        Descent {
            adam: Optimizer::new(OptimizerConfig::default(), parameters),
            learning_rate,
            clip_grad_norm,
        }
    }

    /// Moves the values against their gradients.
    pub(crate) fn step(&mut self, params: &mut Parameters<f32>) {
        clip_grad_norm(params, self.clip_grad_norm);
        self.adam.update(params, self.learning_rate);
    }
}
