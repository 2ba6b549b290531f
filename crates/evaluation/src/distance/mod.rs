//! How far two sets of music are apart, beside how far real music is from itself.

mod compare;
mod distributions;
pub mod measures;
pub mod sets;

pub use compare::{Closer, Comparison, closer, compare, excerpts, permutation_test};
pub use distributions::{DistributionComparison, compare_distributions};
