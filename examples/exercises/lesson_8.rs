//! Exercise 8: attention with dot scores.

/// The weights of the source steps and the context, for one query: `e_s = q · k_s`, `a = softmax(e)` over the steps that are
/// valid, `context = Σ a_s k_s`. A step that is padding has the weight zero.
pub fn attend(query: &[f64], keys: &[Vec<f64>], valid: &[bool]) -> (Vec<f64>, Vec<f64>) {
    // Exercise. This attends to all steps alike, padding included.
    let weights = vec![1.0 / keys.len() as f64; keys.len()];
    let _ = valid;
    (weights, query.to_vec())
}
