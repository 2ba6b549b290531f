//! Exercise 2: a vanilla RNN forward, in plain loops.

/// The parameters of a network with `H` units that reads `F` numbers: matrices row by row.
pub struct Weights {
    /// `[H, F]`
    pub weight_ih: Vec<f64>,
    /// `[H, H]`
    pub weight_hh: Vec<f64>,
    /// `[H]`: the sum of both biases.
    pub bias: Vec<f64>,
}

/// The state after each step of `x`, each `[F]`, from `h_0` `[H]`: `h_t = tanh(W_ih x_t + W_hh h_{t−1} + b)`.
pub fn forward(weights: &Weights, x: &[Vec<f64>], h_0: &[f64]) -> Vec<Vec<f64>> {
    let mut h = h_0.to_vec();
    let mut states = Vec::new();
    for x_t in x {
        // Exercise: compute the new state. Every unit reads the whole state before, so the old one must not be overwritten yet.
        let _ = (weights, x_t, &mut h);
        states.push(h.clone());
    }
    states
}
