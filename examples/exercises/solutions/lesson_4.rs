//! Exercise 4, solved.

/// Scales all gradients so that their common norm is at most `max_norm`; returns the norm before.
pub fn clip_grad_norm(grads: &mut [Vec<f64>], max_norm: f64) -> f64 {
    let norm = grads.iter().flatten().map(|grad| grad * grad).sum::<f64>().sqrt();
    if norm > max_norm {
        grads.iter_mut().flatten().for_each(|grad| *grad *= max_norm / norm);
    }
    norm
}
