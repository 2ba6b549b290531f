//! The optimiser of every study: gradient clipping by norm, then Adam.

use composer_bptt::Parameters;
use composer_training::{Optimizer, OptimizerConfig, clip_grad_norm};

/// Adam with gradient clipping, at a constant learning rate.
#[derive(Debug)]
pub(crate) struct ClippedAdam {
    adam: Optimizer,
    learning_rate: f64,
    clip_grad_norm: f64,
}

impl ClippedAdam {
    /// For `parameters` values.
    pub(crate) fn new(parameters: usize, learning_rate: f64, clip_grad_norm: f64) -> Self {
        ClippedAdam {
            adam: Optimizer::new(OptimizerConfig::default(), parameters),
            learning_rate,
            clip_grad_norm,
        }
    }

    /// One update from the accumulated gradients.
    pub(crate) fn step(&mut self, params: &mut Parameters<f32>) {
        clip_grad_norm(params, self.clip_grad_norm);
        self.adam.update(params, self.learning_rate);
    }
}
