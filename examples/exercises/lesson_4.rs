//! Exercise 4: clipping an exploding gradient.

/// Scales all gradients by one common factor so that their norm is at most `max_norm`: the root of the sum of the squares of all
/// numbers of all of them. Smaller gradients stay as they are. Returns the norm before.
pub fn clip_grad_norm(grads: &mut [Vec<f64>], max_norm: f64) -> f64 {
    // Exercise: compute the norm over all gradients together, then scale.
    let _ = (grads, max_norm);
    0.0
}
