//! Exercise 2, solved.

/// The parameters.
pub struct Weights {
    /// `[H, F]`
    pub weight_ih: Vec<f64>,
    /// `[H, H]`
    pub weight_hh: Vec<f64>,
    /// `[H]`
    pub bias: Vec<f64>,
}

/// The state after each step.
pub fn forward(weights: &Weights, x: &[Vec<f64>], h_0: &[f64]) -> Vec<Vec<f64>> {
    let mut h = h_0.to_vec();
    let mut states = Vec::new();
    for x_t in x {
        let mut new = weights.bias.clone();
        for (unit, a) in new.iter_mut().enumerate() {
            for (feature, x) in x_t.iter().enumerate() {
                *a += weights.weight_ih[unit * x_t.len() + feature] * x;
            }
            for (other, h) in h.iter().enumerate() {
                *a += weights.weight_hh[unit * h_0.len() + other] * h;
            }
            *a = a.tanh();
        }
        h = new;
        states.push(h.clone());
    }
    states
}
