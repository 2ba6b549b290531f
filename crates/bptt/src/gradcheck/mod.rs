//! Is a gradient right? Central differences in double precision say so, for any layer.
//!
//! [`check`] compares the gradient of any function with differences of its values:
//!
//! ```
//! use composer_bptt::gradcheck::{Options, Part, check};
//!
//! // loss(a, b) = a² b, whose gradient is (2ab, a²).
//! let values = [3.0, 2.0];
//! let parts = [Part::new("a", 0..1), Part::new("b", 1..2)];
//! let loss = |v: &[f64]| v[0] * v[0] * v[1];
//! assert!(check(&parts, &values, &[12.0, 9.0], loss, &Options::default()).passed());
//!
//! let wrong = check(&parts, &values, &[12.0, 9.1], loss, &Options::default());
//! assert_eq!(wrong.failures().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["b"]);
//! ```
//!
//! For a layer of your own, put its parameters, its input and its initial state into one vector. Here, a cell with one unit,
//! `f = σ(w_f x)`, `g = tanh(w_g x)`, `h = f h_prev + (1 − f) g`, three steps, and a loss that is its last state:
//!
//! ```
//! use composer_bptt::gradcheck::{Options, Part, check};
//!
//! // v = [w_f, w_g, x_1, x_2, x_3, h_0]
//! fn step(v: &[f64], x: f64, h_prev: f64) -> [f64; 3] {
//!     let (f, g) = (1.0 / (1.0 + (-v[0] * x).exp()), (v[1] * x).tanh());
//!     [f, g, f * h_prev + (1.0 - f) * g]
//! }
//! let loss = |v: &[f64]| v[2..5].iter().fold(v[5], |h_prev, &x| step(v, x, h_prev)[2]);
//!
//! // Backward, by hand: from the last step to the first.
//! let backward = |v: &[f64]| {
//!     let mut states = vec![v[5]];
//!     v[2..5].iter().for_each(|&x| states.push(step(v, x, states[states.len() - 1])[2]));
//!     let (mut d, mut d_h) = (vec![0.0; 6], 1.0);
//!     for t in (0..3).rev() {
//!         let (x, h_prev) = (v[2 + t], states[t]);
//!         let [f, g, _] = step(v, x, h_prev);
//!         let d_a_f = d_h * (h_prev - g) * f * (1.0 - f);
//!         let d_a_g = d_h * (1.0 - f) * (1.0 - g * g);
//!         d[0] += d_a_f * x;
//!         d[1] += d_a_g * x;
//!         d[2 + t] = d_a_f * v[0] + d_a_g * v[1];
//!         d_h *= f;
//!     }
//!     d[5] = d_h;
//!     d
//! };
//!
//! let values = [0.7, -0.4, 0.3, -1.1, 0.9, 0.5];
//! let weight = Part { name: "weight".into(), range: 0..2, gates: &["f", "g"] };
//! let parts = [weight, Part::new("input", 2..5), Part::new("h_0", 5..6)];
//! let mut gradient = backward(&values);
//! let report = check(&parts, &values, &gradient, loss, &Options::default());
//! assert!(report.passed(), "{report}");
//!
//! // One percent too much in one gate, and the report names it.
//! gradient[0] *= 1.01;
//! let report = check(&parts, &values, &gradient, loss, &Options::default());
//! assert!(report.to_string().contains("[0], gate f  WRONG"), "{report}");
//! ```
//!
//! A layer with many outputs becomes such a function when they are summed with fixed random factors, which backward is then
//! given as the gradient of the outputs. [`CellProblem`] does that for the recurrent stacks of this crate, and [`check_cells`]
//! for several of them, in each of their three implementations.

mod cells;
mod difference;
mod problem;
mod report;

pub use cells::{CellOptions, check_cells};
pub use difference::{Options, Part, check};
pub use problem::CellProblem;
pub use report::{Report, Row};
