//! Training: lanes of pieces, truncated BPTT with carried state, optimisers, schedules, early stopping.
//!
//! [`train`] is the loop; [`plan`] says which steps of which piece it sees when; [`optim`] moves the weights. Nothing
//! here prints: an [`Observer`] is told what happens and may ask to stop.

mod error;
pub mod optim;
pub mod plan;
pub mod schedule;
mod trainer;

pub use error::Error;
pub use optim::{Adam, AdamConfig, clip_grad_norm};
pub use schedule::Schedule;
pub use trainer::{EpochReport, Observer, Outcome, Stop, TrainingConfig, UpdateReport, mean_nll, train};
