//! Exercise 7: the likelihood of a chord whose notes depend on each other.

/// `ln P(frame)` of binary pitches that are decided from the lowest up. The logit of pitch `k` is
/// `bias[k] + Σ_{j < k} coupling[k][j] · frame[j]`; its probability is the sigmoid of that.
pub fn log_likelihood(bias: &[f64], coupling: &[Vec<f64>], frame: &[bool]) -> f64 {
    let mut total = 0.0;
    for (pitch, &sounds) in frame.iter().enumerate() {
        // Exercise: add what the lower pitches contribute.
        let _ = coupling;
        let logit = bias[pitch];
        let probability = 1.0 / (1.0 + (-logit).exp());
        total += if sounds { probability.ln() } else { (1.0 - probability).ln() };
    }
    total
}
