//! What happened so far in a training: counters, curves, the best epoch.

use crate::config::TrainingConfig;
use crate::schedule::Plateau;
use serde::{Deserialize, Serialize};

/// One update of the weights.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UpdateReport {
    /// Epoch, from 1.
    pub epoch: u64,
    /// Update since the beginning, from 1.
    pub update: u64,
    /// Updates that the whole run will have at most (an estimate: epochs differ in length, and a limit in minutes depends on
    /// the speed so far).
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

/// Why a training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StopReason {
    /// All epochs are done ([`TrainingConfig::epochs`]).
    Epochs,
    /// All updates are made ([`TrainingConfig::updates`]).
    Updates,
    /// The time is up ([`TrainingConfig::minutes`]).
    Minutes,
    /// Validation has not got better for [`TrainingConfig::patience`] epochs.
    Patience,
    /// The observer asked to stop; the run can be resumed.
    Observer,
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

/// More updates or steps than any training makes: so many can be added to without overflow.
const MOST: u64 = 1 << 48;

/// Whether a counter is one of a training. What a checkpoint says is not believed.
pub(crate) fn is_count(counter: u64) -> bool {
    counter <= MOST
}

impl History {
    /// Whether the counters can be those of a training.
    pub fn is_consistent(&self) -> bool {
        let counters = [self.updates, self.done_in_epoch as u64, self.totals.steps, self.totals.updates];
        counters.into_iter().all(is_count) && self.best_epoch <= self.epochs.len() as u64
    }

    /// The epoch in progress, from 1.
    pub fn epoch(&self) -> u64 {
        self.epochs.len() as u64 + 1
    }

    /// Why training has come to its end after so many seconds; `None`: it has not, or an epoch is in progress.
    pub fn finished(&self, config: &TrainingConfig, seconds: f64) -> Option<StopReason> {
        let done = self.epochs.len() as u64;
        match () {
            () if self.done_in_epoch > 0 => None,
            () if config.epochs > 0 && done >= config.epochs => Some(StopReason::Epochs),
            () if config.patience > 0 && done >= self.best_epoch.saturating_add(config.patience) => {
                Some(StopReason::Patience)
            }
            () => self.out_of_budget(config, seconds),
        }
    }

    /// Whether the limits that may be reached in the middle of an epoch are.
    pub fn out_of_budget(&self, config: &TrainingConfig, seconds: f64) -> Option<StopReason> {
        match () {
            () if config.updates > 0 && self.updates >= config.updates => Some(StopReason::Updates),
            () if config.minutes > 0.0 && seconds >= 60.0 * config.minutes => Some(StopReason::Minutes),
            () => None,
        }
    }

    /// How far the run has come, as updates done and their total, by the limit of which the largest share is used up.
    ///
    /// `position` is the number of updates done if all epochs had as many, `per_epoch`, as the one in progress.
    pub fn progress(
        &self,
        config: &TrainingConfig,
        position: u64,
        per_epoch: u64,
        seconds: f64,
    ) -> (u64, u64) {
        let mut progress = match config.epochs {
            0 => (self.updates, u64::MAX),
            epochs => (position, epochs.saturating_mul(per_epoch)),
        };
        let share = |(done, total): (u64, u64)| done as f64 / total.max(1) as f64;
        let by_updates = (self.updates, config.updates);
        if config.updates > 0 && (share(by_updates), progress.1) > (share(progress), config.updates) {
            progress = by_updates;
        }
        let spent = seconds / (60.0 * config.minutes);
        if config.minutes > 0.0 && spent > share(progress) && self.updates > 0 {
            progress = (self.updates, (self.updates as f64 / spent).ceil().max(1.0) as u64);
        }
        progress
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_the_largest_share_of_any_limit() {
        let limits =
            |epochs, updates, minutes| TrainingConfig { epochs, updates, minutes, ..Default::default() };
        let at = |updates: u64, limits: &TrainingConfig, seconds: f64| {
            let history = History { updates, ..History::default() };
            history.progress(limits, updates, 10, seconds)
        };
        assert_eq!(
            at(30, &limits(6, 0, 0.0), 1e9),
            (30, 60),
            "without a limit in minutes the clock says nothing"
        );
        assert_eq!(
            at(0, &limits(6, 40, 0.0), 0.0),
            (0, 40),
            "the limit that comes first, from the first update on"
        );
        assert_eq!(at(30, &limits(6, 90, 0.0), 0.0), (30, 60));
        assert_eq!(at(30, &limits(6, 40, 1.0), 30.0), (30, 40));
        assert_eq!(at(30, &limits(6, 90, 1.0), 54.0), (30, 34), "nine tenths of the minute");
        assert_eq!(at(0, &limits(0, 0, 1.0), 1.0), (0, u64::MAX), "nothing is known of the speed yet");
        assert_eq!(at(30, &limits(u64::MAX, 0, 0.0), 0.0), (30, u64::MAX), "more epochs than can be counted");
    }

    #[test]
    fn each_limit_ends_the_run_and_an_epoch_in_progress_is_not_the_end() {
        let config = TrainingConfig { epochs: 0, updates: 7, minutes: 2.0, ..TrainingConfig::default() };
        let mut history = History { updates: 6, ..History::default() };
        assert_eq!(history.finished(&config, 119.0), None);
        assert_eq!(history.finished(&config, 120.0), Some(StopReason::Minutes));
        history.updates = 7;
        assert_eq!(history.finished(&config, 0.0), Some(StopReason::Updates));
        history.done_in_epoch = 1;
        assert_eq!(history.finished(&config, 0.0), None);
        assert_eq!(history.out_of_budget(&config, 0.0), Some(StopReason::Updates));
        let endless = TrainingConfig { epochs: 0, updates: 0, minutes: 0.0, patience: u64::MAX, ..config };
        let best = History { best_epoch: 3, ..History::default() };
        assert_eq!(best.finished(&endless, 0.0), None, "the patience never runs out");
    }
}
