//! Exercise 5, solved.

/// One step of one unit.
#[derive(Clone, Copy)]
pub struct Unit {
    /// Reset gate.
    pub r: f64,
    /// Update gate.
    pub z: f64,
    /// The recurrent sum of the candidate.
    pub hn: f64,
    /// Candidate.
    pub n: f64,
    /// The state before.
    pub h_prev: f64,
}

fn sigmoid(a: f64) -> f64 {
    1.0 / (1.0 + (-a).exp())
}

/// The unit and its new state.
pub fn forward(a_r: f64, a_z: f64, a_n: f64, hn: f64, h_prev: f64) -> (Unit, f64) {
    let (r, z) = (sigmoid(a_r), sigmoid(a_z));
    let n = (a_n + r * hn).tanh();
    (Unit { r, z, hn, n, h_prev }, (1.0 - z) * n + z * h_prev)
}

/// The gradients of `a_r`, `a_z`, `a_n`, `hn` and `h_prev`.
pub fn backward(unit: Unit, d_h: f64) -> [f64; 5] {
    let Unit { r, z, hn, n, h_prev } = unit;
    // h = (1 − z) n + z h_prev
    let d_n = d_h * (1.0 - z);
    let d_z = d_h * (h_prev - n);
    let d_h_prev = d_h * z;
    // n = tanh(a_n + r hn)
    let d_a_n = d_n * (1.0 - n * n);
    let d_r = d_a_n * hn;
    let d_hn = d_a_n * r;
    // r = σ(a_r)    z = σ(a_z)
    let d_a_r = d_r * r * (1.0 - r);
    let d_a_z = d_z * z * (1.0 - z);
    [d_a_r, d_a_z, d_a_n, d_hn, d_h_prev]
}
