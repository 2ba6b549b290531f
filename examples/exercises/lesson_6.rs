//! Exercise 6: from logits to a distribution to sample from.

/// Softmax of `logits / temperature`, then only the nucleus: the fewest most likely choices that have the probability `top_p`
/// together, with their probabilities scaled to sum to one, and all others zero. Of equals, the earlier is taken first.
pub fn distribution(logits: &[f64], temperature: f64, top_p: f64) -> Vec<f64> {
    // Exercise. Subtract the largest logit first: e^1000 is infinite.
    let _ = (temperature, top_p);
    vec![1.0 / logits.len() as f64; logits.len()]
}
