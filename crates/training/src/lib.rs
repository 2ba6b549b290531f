//! Training: lanes of pieces, truncated BPTT with carried state, optimisers, schedules, early stopping, checkpoints.
//!
//! [`train`] is the loop; [`plan`] says which steps of which piece it sees when; [`sampling`] decides what the network
//! reads; [`optim`] moves the weights; [`checkpoint`] lets [`resume`] go on as if nothing had happened. Nothing here
//! prints: an [`Observer`] is told what happens and may ask to save or to stop.

pub mod checkpoint;
mod config;
pub mod diagnosis;
mod error;
mod history;
pub mod optim;
pub mod pairs;
pub mod plan;
pub mod sampling;
pub mod schedule;
mod trainer;

pub use checkpoint::{Checkpoint, Snapshot};
pub use config::TrainingConfig;
pub use diagnosis::{Advice, Diagnosis};
pub use error::Error;
pub use history::{EpochReport, UpdateReport};
pub use optim::{Optimizer, OptimizerConfig, OptimizerKind, clip_grad_norm};
pub use sampling::Sampling;
pub use schedule::{Schedule, ScheduleKind};
pub use trainer::{Control, Observer, Outcome, mean_nll, resume, train};
