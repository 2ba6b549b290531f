//! Exercise 7, solved.

/// `ln P(frame)` of binary pitches that are decided from the lowest up.
pub fn log_likelihood(bias: &[f64], coupling: &[Vec<f64>], frame: &[bool]) -> f64 {
    let mut total = 0.0;
    for (pitch, &sounds) in frame.iter().enumerate() {
        let below = (0..pitch).filter(|&lower| frame[lower]).map(|lower| coupling[pitch][lower]);
        let logit = bias[pitch] + below.sum::<f64>();
        let probability = 1.0 / (1.0 + (-logit).exp());
        total += if sounds { probability.ln() } else { (1.0 - probability).ln() };
    }
    total
}
