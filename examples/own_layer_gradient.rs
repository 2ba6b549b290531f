//! Checks the hand-written gradient of a layer of your own with central differences, in double precision.
//!
//! The layer is a gated linear unit with one output, `y = a σ(b)` with `a = w·x` and `b = v·x` (Dauphin et al. 2017). Prints the
//! report of the right gradient, and the one of a gradient with a planted error, which names what is wrong.

use composer::prelude::*;
use gradcheck::{Options, Part, Report, check};

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// `a`, `σ(b)` and `y`, where `values` are `w`, `v` and `x`, three numbers each.
fn forward(values: &[f64]) -> [f64; 3] {
    let (w, v, x) = (&values[..3], &values[3..6], &values[6..]);
    let (a, gate) = (dot(w, x), 1.0 / (1.0 + (-dot(v, x)).exp()));
    [a, gate, a * gate]
}

/// The gradient of `y` with respect to `w`, `v` and `x`.
fn backward(values: &[f64]) -> Vec<f64> {
    let (w, v, x) = (&values[..3], &values[3..6], &values[6..]);
    let [a, gate, _] = forward(values);
    let (d_a, d_b) = (gate, a * gate * (1.0 - gate));
    let d_w = x.iter().map(|x| d_a * x);
    let d_v = x.iter().map(|x| d_b * x);
    let d_x = w.iter().zip(v).map(|(w, v)| d_a * w + d_b * v);
    d_w.chain(d_v).chain(d_x).collect()
}

/// The report of the right gradient, and of a wrong one.
pub fn run() -> [Report; 2] {
    let values = [0.7, -0.4, 0.3, -1.1, 0.9, 0.5, 1.3, -0.2, 0.8];
    let parts = [Part::new("w", 0..3), Part::new("v", 3..6), Part::new("x", 6..9)];
    let compare =
        |gradient: &[f64]| check(&parts, &values, gradient, |values| forward(values)[2], &Options::default());
    let right = backward(&values);
    let mut wrong = right.clone();
    wrong[4] *= -1.0; // one sign of d_v
    [compare(&right), compare(&wrong)]
}

fn main() {
    run().iter().for_each(|report| println!("{report}\n"));
}
