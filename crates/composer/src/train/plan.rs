//! What a training would cost, measured by a few updates.

use super::session::Session;
use crate::settings::Settings;
use composer_training::plan::memory_estimate;
use composer_training::{Control, Observer, Trainable, TrainingConfig, UpdateReport, train};
use serde::Serialize;
use std::time::Instant;

/// Updates that are timed; the first one is a warm-up.
pub(crate) const UPDATES: u64 = 4;

/// What a training would cost.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plan {
    /// All settings.
    pub settings: Settings,
    /// Parameters of the network.
    pub parameters: usize,
    /// Updates in an epoch.
    pub updates_per_epoch: u64,
    /// Updates at most.
    pub most_updates: u64,
    /// Bytes of the network during training: weights, gradients, what the optimiser keeps, and activations.
    pub memory_bytes: usize,
    /// Seconds of training at most, by the clock of [`Self::timed_updates`] updates.
    pub most_seconds: f64,
    /// Updates that were timed.
    pub timed_updates: u64,
}

/// Times a few updates.
pub(super) fn plan(mut session: Session) -> anyhow::Result<Plan> {
    let settings = session.config.clone();
    let training = &settings.training;
    let sets = &session.material;
    let cost = cost(&mut session.model, &sets.train.sequences, &sets.valid.sequences, training)?;
    let longest = sets.train.sequences.iter().map(|sequence| sequence.len()).max().unwrap_or(0);
    let steps = if training.tbptt_len == 0 { longest } else { training.tbptt_len };
    Ok(Plan {
        parameters: session.model.params().len(),
        memory_bytes: memory_estimate(&session.model, training, steps),
        updates_per_epoch: cost.updates_per_epoch,
        most_updates: cost.most_updates,
        most_seconds: cost.most_seconds,
        timed_updates: UPDATES - 1,
        settings,
    })
}

/// How many updates a training of any model makes, and how long they take.
pub(crate) struct Cost {
    pub updates_per_epoch: u64,
    pub most_updates: u64,
    pub most_seconds: f64,
}

/// Times a few updates of a model, whose weights they change.
pub(crate) fn cost<M: Trainable>(
    model: &mut M,
    train_set: &[M::Example],
    valid_set: &[M::Example],
    training: &TrainingConfig,
) -> anyhow::Result<Cost> {
    let mut batches = model.batches(training);
    let updates_per_epoch = model.plan(&mut batches, train_set, training.copies, training, 1) as u64;
    let mut timed = TimedUpdates::default();
    train(model, train_set, valid_set, training, &mut timed)?;
    let (most_updates, most_seconds) = at_most(training, updates_per_epoch, timed.seconds_per_update());
    Ok(Cost { updates_per_epoch, most_updates, most_seconds })
}

/// Updates and seconds of the whole run, by the limit that ends it first.
fn at_most(training: &TrainingConfig, per_epoch: u64, seconds_per_update: f64) -> (u64, f64) {
    let limits = [training.epochs * per_epoch, training.updates];
    let updates = limits.into_iter().filter(|&limit| limit > 0).min();
    let seconds = updates.map_or(f64::INFINITY, |updates| updates as f64 * seconds_per_update);
    match 60.0 * training.minutes {
        budget if budget > 0.0 && budget < seconds => {
            ((budget / seconds_per_update.max(1e-9)) as u64, budget)
        }
        _ => (updates.unwrap_or(0), seconds),
    }
}

/// Times a few updates.
#[derive(Default)]
struct TimedUpdates {
    times: Vec<Instant>,
}

impl TimedUpdates {
    fn seconds_per_update(&self) -> f64 {
        match (self.times.first(), self.times.last()) {
            (Some(first), Some(last)) if self.times.len() > 1 => {
                last.duration_since(*first).as_secs_f64() / (self.times.len() - 1) as f64
            }
            _ => 0.0,
        }
    }
}

impl<M> Observer<M> for TimedUpdates {
    /// Stops without the validation that an end of the run would bring: it is not what is timed.
    fn update(&mut self, report: &UpdateReport) -> Control {
        self.times.push(Instant::now());
        if report.update >= UPDATES { Control::Stop } else { Control::Continue }
    }
}
