//! How sure a figure is: intervals by bootstrap and Student's, tests by permutation, separation by rank.

pub mod auc;
pub mod bootstrap;
pub mod hypothesis;
pub mod quantile;
pub mod student;

pub use bootstrap::Interval;
