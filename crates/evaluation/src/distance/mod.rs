//! How far two sets of music are apart, beside how far real music is from itself.

mod compare;
pub mod measures;

pub use compare::{Comparison, compare, excerpts, permutation_test};
