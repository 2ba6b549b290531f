//! [`Made`]: what a recipe says of its result.

use std::path::PathBuf;

/// A result to write a recipe for.
#[derive(Clone, Debug)]
pub struct Made {
    /// Where it is.
    pub path: PathBuf,
    /// The seed.
    pub seed: u64,
    /// Its place among the results of the seed, from 1.
    pub output: usize,
    /// See [`Recipe::nats_per_step`](super::Recipe::nats_per_step).
    pub nats_per_step: Option<f64>,
}
