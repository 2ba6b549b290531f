//! The four ways in which composed music fails, and detectors for each; and figures that lie outside the reference.
//!
//! [`Detectors::calibrate`] learns from real music what is usual; [`Detectors::diagnose`] says what a piece does worse,
//! where, and what to try. The measurements behind them are in the modules of their own:
//! [`timing`], [`repetition`], [`drift`], [`structure`].

mod by_length;
mod detectors;
mod diagnosis;
pub mod drift;
mod fault;
mod finding;
mod fitted;
pub mod logistic;
pub mod repetition;
mod scarcity;
pub mod structure;
mod thresholds;
pub mod timing;
pub mod voices;

pub(crate) use by_length::quarters;
pub use by_length::{DetectorsByLength, EXCERPT};
pub use detectors::{Detectors, Extent, FailureMode, MINIMUM, STRUCTURE_NEGATIVES, TooLittleMusic};
pub use diagnosis::Diagnosis;
pub(crate) use diagnosis::by_mode;
pub use fault::Fault;
pub use finding::{Finding, bar_list};
pub use fitted::Scores;
pub use thresholds::FALSE_ALARMS;
