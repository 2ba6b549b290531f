//! Tests of numbers: what the crate approx lacks.
//!
//! Numbers and whole arrays are compared with `approx` (`assert_relative_eq!`, `assert_abs_diff_eq!`). Here are comparisons of slices
//! that scale with the whole slice, name the worst element and reject an expectation of zeros, tables of checks that report
//! all failures ([`Checks`]), golden files ([`Golden`]), seeded inputs ([`uniform`]), and tests in a process of their own ([`alone`]).
//!
//! ```
//! use composer_testkit::{Checks, compare};
//!
//! assert!(compare(&[1.0, 2.0], &[1.0, 2.0 + 1e-12], 1e-10).is_ok());
//! assert!(compare(&[1.0, f64::NAN], &[1.0, 2.0], 1e-10).is_err());
//!
//! let mut checks = Checks::new(); // reports all that is wrong, not the first
//! checks.close("doubles", &[2.0, 4.0], &[2.0, 4.0], 1e-15);
//! checks.finish();
//! ```

mod compare;
mod golden;
mod process;

pub use compare::{Checks, compare};
pub use golden::{Golden, GoldenCase, Tensor};
pub use process::alone;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// `length` numbers, uniform in `±bound`, the same for the same seed.
pub fn uniform(seed: u64, length: usize, bound: f64) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..length).map(|_| rng.random_range(-1.0..1.0) * bound).collect()
}

/// `values` as `f32`.
pub fn f32s(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}

/// `values` as `f64`.
pub fn f64s(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}

/// The examples of README.md, as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExamples;
