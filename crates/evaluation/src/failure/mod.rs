//! The four ways in which composed music fails, and detectors for each.
//!
//! [`Detectors::calibrate`] learns from real music what is usual; [`Detectors::diagnose`] says what a piece does worse,
//! where, and what to try. The measurements behind them are in the modules of their own:
//! [`timing`], [`repetition`], [`drift`], [`structure`].

mod detectors;
mod diagnosis;
pub mod drift;
pub mod logistic;
pub mod repetition;
pub mod structure;
pub mod timing;
pub mod voices;

pub use detectors::{Detectors, Extent, FailureMode, MINIMUM, STRUCTURE_NEGATIVES, Scores, TooLittleMusic};
pub(crate) use diagnosis::by_mode;
pub use diagnosis::{Diagnosis, Finding, bar_list};
