//! What happened so far in a training: counters, curves, the best epoch.

use crate::TrainingConfig;
use crate::schedule::Plateau;
use serde::{Deserialize, Serialize};

/// One update of the weights.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UpdateReport {
    /// Epoch, from 1.
    pub epoch: u64,
    /// Update since the beginning, from 1.
    pub update: u64,
    /// Updates that the whole run will have at most (an estimate: epochs differ by a chunk or two).
    pub total_updates: u64,
    /// Loss in nats per step of this update's batch.
    pub nll: f64,
    /// Norm of the gradient before clipping.
    pub grad_norm: f64,
    /// Learning rate of this update.
    pub learning_rate: f64,
    /// Probability that an input was the true symbol (1 unless there is scheduled sampling).
    pub truth_probability: f64,
    /// Steps of music seen in this update.
    pub steps: usize,
}

/// One epoch, and how well it went on held-out pieces.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochReport {
    /// Epoch, from 1.
    pub epoch: u64,
    /// Updates since the beginning.
    pub updates: u64,
    /// Training loss over the epoch, nats per step (with dropout and label smoothing, while the weights moved).
    pub train_nll: f64,
    /// Validation loss, nats per step.
    pub valid_nll: f64,
    /// Whether this is the best validation so far.
    pub best: bool,
    /// Mean gradient norm before clipping.
    pub grad_norm: f64,
    /// The same for each layer by name.
    pub layer_grad_norms: Vec<(String, f64)>,
    /// Learning rate at the end of the epoch.
    pub learning_rate: f64,
    /// Probability, at the end of the epoch, that an input was the true symbol.
    pub truth_probability: f64,
    /// Steps of music seen in the epoch.
    pub steps: u64,
}

/// Everything that a checkpoint keeps besides buffers of numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct History {
    /// Updates since the beginning.
    pub updates: u64,
    /// Updates of the epoch in progress.
    pub done_in_epoch: usize,
    /// Sums over the epoch in progress.
    pub totals: Totals,
    /// Finished epochs.
    pub epochs: Vec<EpochReport>,
    /// The epoch with the best validation, from 1; 0: none yet.
    pub best_epoch: u64,
    /// Its validation loss.
    pub best_valid_nll: Option<f64>,
    /// What the schedule remembers.
    pub plateau: Plateau,
}

/// Sums over an epoch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Totals {
    pub nats: f64,
    pub steps: u64,
    pub grad_norm: f64,
    pub layer_grad_norms: Vec<f64>,
    pub updates: u64,
    pub learning_rate: f64,
    pub truth_probability: f64,
}

impl History {
    /// The epoch in progress, from 1.
    pub fn epoch(&self) -> u64 {
        self.epochs.len() as u64 + 1
    }

    /// Whether training has come to its end: no epochs left, or no patience.
    pub fn finished(&self, config: &TrainingConfig) -> bool {
        let done = self.epochs.len() as u64;
        done >= config.epochs || (config.patience > 0 && done >= self.best_epoch + config.patience)
    }

    /// Takes the sums of an update in.
    pub fn add(&mut self, report: &UpdateReport, nats: f64, layers: &[f64]) {
        let totals = &mut self.totals;
        totals.nats += nats;
        totals.steps += report.steps as u64;
        totals.grad_norm += report.grad_norm;
        totals.layer_grad_norms.resize(layers.len(), 0.0);
        totals.layer_grad_norms.iter_mut().zip(layers).for_each(|(sum, norm)| *sum += norm);
        totals.updates += 1;
        totals.learning_rate = report.learning_rate;
        totals.truth_probability = report.truth_probability;
        self.done_in_epoch += 1;
    }

    /// Ends the epoch in progress.
    pub fn end_epoch(&mut self, valid_nll: f64, layer_names: &[String]) -> EpochReport {
        let totals = std::mem::take(&mut self.totals);
        let updates = totals.updates.max(1) as f64;
        let means = totals.layer_grad_norms.iter().map(|sum| sum / updates);
        let report = EpochReport {
            epoch: self.epoch(),
            updates: self.updates,
            train_nll: totals.nats / totals.steps.max(1) as f64,
            valid_nll,
            best: self.best_valid_nll.is_none_or(|best| valid_nll < best),
            grad_norm: totals.grad_norm / updates,
            layer_grad_norms: layer_names.iter().cloned().zip(means).collect(),
            learning_rate: totals.learning_rate,
            truth_probability: totals.truth_probability,
            steps: totals.steps,
        };
        if report.best {
            (self.best_epoch, self.best_valid_nll) = (report.epoch, Some(valid_nll));
        }
        self.done_in_epoch = 0;
        self.epochs.push(report.clone());
        report
    }
}
