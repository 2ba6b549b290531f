//! How sure a figure is: intervals by bootstrap, tests by permutation, separation by rank.

pub mod auc;
pub mod bootstrap;
pub mod hypothesis;

pub use bootstrap::Interval;
