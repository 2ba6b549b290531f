//! Exercise 5: one unit of a GRU, backward.

/// One step of one unit, with what its way back needs.
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

/// `a_r` and `a_z` are the sums of the two gates, from the input and from the state; of the candidate, `a_n` is the sum from the input and `hn`
/// that from the state, because the reset gate stands between them.
///
/// `r = σ(a_r)`, `z = σ(a_z)`, `n = tanh(a_n + r hn)`, `h = (1 − z) n + z h_prev`: the unit and its new state.
pub fn forward(a_r: f64, a_z: f64, a_n: f64, hn: f64, h_prev: f64) -> (Unit, f64) {
    let (r, z) = (sigmoid(a_r), sigmoid(a_z));
    let n = (a_n + r * hn).tanh();
    (Unit { r, z, hn, n, h_prev }, (1.0 - z) * n + z * h_prev)
}

/// The gradients of `a_r`, `a_z`, `a_n`, `hn` and `h_prev`, from that of the new state.
pub fn backward(unit: Unit, d_h: f64) -> [f64; 5] {
    // Exercise: undo `forward` line by line, from the last to the first. The candidate's gradient is done.
    let d_n = d_h * (1.0 - unit.z);
    let d_a_n = d_n * (1.0 - unit.n * unit.n);
    let (d_a_r, d_a_z, d_hn, d_h_prev) = (0.0, 0.0, 0.0, 0.0);
    [d_a_r, d_a_z, d_a_n, d_hn, d_h_prev]
}
