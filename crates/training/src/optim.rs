//! Optimisers over flat buffers.

use composer_bptt::Parameters;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Elements that one thread updates at a time. Fixed, so that sums do not depend on the number of threads.
const BLOCK: usize = 1 << 14;

/// Constants of Adam (Kingma & Ba 2015).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdamConfig {
    /// Decay of the mean of gradients.
    pub beta1: f32,
    /// Decay of the mean of squared gradients.
    pub beta2: f32,
    /// Keeps the division finite.
    pub epsilon: f32,
}

impl Default for AdamConfig {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
    }
}

/// Adam (Kingma & Ba 2015, algorithm 1), as PyTorch computes it.
#[derive(Clone, Debug)]
pub struct Adam {
    config: AdamConfig,
    updates: i32,
    mean: Vec<f32>,
    mean_square: Vec<f32>,
}

impl Adam {
    /// An optimiser for `parameters` values.
    pub fn new(config: AdamConfig, parameters: usize) -> Self {
        Self { config, updates: 0, mean: vec![0.0; parameters], mean_square: vec![0.0; parameters] }
    }

    /// One update:
    ///
    /// ```text
    /// m ← β₁ m + (1 − β₁) g          m̂ = m / (1 − β₁ᵗ)
    /// v ← β₂ v + (1 − β₂) g²         v̂ = v / (1 − β₂ᵗ)
    /// θ ← θ − η · m̂ / (√v̂ + ε)
    /// ```
    pub fn update(&mut self, params: &mut Parameters<f32>, learning_rate: f64) {
        self.updates += 1;
        let AdamConfig { beta1, beta2, epsilon } = self.config;
        let correction1 = 1.0 - f64::from(beta1).powi(self.updates);
        let correction2 = 1.0 - f64::from(beta2).powi(self.updates);
        let step = (learning_rate / correction1) as f32;
        let root = correction2.sqrt() as f32;
        let (values, grads) = params.split();
        let blocks = values
            .par_chunks_mut(BLOCK)
            .zip(grads.par_chunks(BLOCK))
            .zip(self.mean.par_chunks_mut(BLOCK).zip(self.mean_square.par_chunks_mut(BLOCK)));
        blocks.for_each(|((values, grads), (mean, mean_square))| {
            for (((value, &grad), m), v) in values.iter_mut().zip(grads).zip(mean).zip(mean_square) {
                *m = beta1 * *m + (1.0 - beta1) * grad;
                *v = beta2 * *v + (1.0 - beta2) * grad * grad;
                *value -= step * *m / (v.sqrt() / root + epsilon);
            }
        });
    }
}

/// Scales all gradients so that their Euclidean norm is at most `max_norm` (Pascanu et al. 2013); returns the norm before.
///
/// The same on any number of threads: the sum is over blocks of fixed size, added in their order.
pub fn clip_grad_norm(params: &mut Parameters<f32>, max_norm: f64) -> f64 {
    let sums: Vec<f64> = params
        .grads()
        .par_chunks(BLOCK)
        .map(|block| block.iter().map(|&g| f64::from(g).powi(2)).sum())
        .collect();
    let norm = sums.iter().sum::<f64>().sqrt();
    if norm > max_norm {
        let scale = (max_norm / norm) as f32;
        params.grads_mut().par_chunks_mut(BLOCK).for_each(|block| block.iter_mut().for_each(|g| *g *= scale));
    }
    norm
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(values: &[f32], grads: &[f32]) -> Parameters<f32> {
        let mut params = Parameters::new();
        let id = params.add("x", &[values.len()]);
        params.value_mut(id).copy_from_slice(values);
        params.grad_mut(id).copy_from_slice(grads);
        params
    }

    /// ```python
    /// import torch  # 2.x, float64
    /// x = torch.tensor([1.0, -2.0], dtype=torch.float64, requires_grad=True); opt = torch.optim.Adam([x], lr=0.1)
    /// for _ in range(2): x.grad = torch.tensor([0.5, -3.0], dtype=torch.float64); opt.step()
    /// ```
    /// With a constant gradient every step is lr · g/(|g| + ε′): the values move by almost exactly the rate.
    #[test]
    fn adam_moves_by_the_rate_under_a_constant_gradient() {
        let mut params = parameters(&[1.0, -2.0], &[0.5, -3.0]);
        let mut adam = Adam::new(AdamConfig::default(), 2);
        adam.update(&mut params, 0.1);
        adam.update(&mut params, 0.1);
        for (value, expected) in params.values().iter().zip([0.8, -1.8]) {
            assert!((value - expected).abs() < 1e-6, "{value} against {expected}");
        }
    }

    #[test]
    fn clipping_returns_the_norm_before_and_keeps_the_direction() {
        let mut params = parameters(&[0.0, 0.0], &[3.0, 4.0]);
        assert_eq!(clip_grad_norm(&mut params, 1.0), 5.0);
        assert!((params.grads()[0] - 0.6).abs() < 1e-6 && (params.grads()[1] - 0.8).abs() < 1e-6);
        assert!((clip_grad_norm(&mut params, 10.0) - 1.0).abs() < 1e-6, "small gradients stay as they are");
    }
}
