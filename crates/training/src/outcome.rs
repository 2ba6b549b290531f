//! [`Outcome`]: what became of a training.

use crate::history::{EpochReport, StopReason};
use serde::Serialize;

/// The weights at one moment of a training.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrainedWeights {
    /// The epoch after which they were validated, from 1; 0: before the first.
    pub epoch: u64,
    /// Updates that had been made by then.
    pub updates: u64,
    /// Their validation loss, nats per step; infinite if they were not validated.
    pub valid_nll: f64,
    /// The weights, in the order of the model's parameters; averaged if an average is kept.
    #[serde(skip)]
    pub weights: Vec<f32>,
}

/// How training ended. The model then has the best weights.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The weights with the lowest validation loss.
    pub best: TrainedWeights,
    /// The weights after the last update.
    pub last: TrainedWeights,
    /// Every epoch.
    pub epochs: Vec<EpochReport>,
    /// Why it ended.
    pub stop: StopReason,
}

impl Outcome {
    /// Whether the observer asked to stop before the end: the run can be resumed.
    pub fn interrupted(&self) -> bool {
        self.stop == StopReason::Observer
    }
}
