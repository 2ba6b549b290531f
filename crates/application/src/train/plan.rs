//! What a training would cost: memory by arithmetic, time by a few updates.

use super::session::Prepared;
use crate::memory;
use crate::settings::Settings;
use composer_bptt::Init;
use composer_models::SequenceModel;
use composer_report::text::thousands;
use composer_training::distributed::Shard;
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
    /// Seconds of training at most, by the clock of [`Self::timed_updates`] updates; of a large network, those of one with fewer hidden
    /// units and in proportion to the number of parameters. Infinite if nothing was timed, because the network is too large.
    pub most_seconds: f64,
    /// Updates that were timed.
    pub timed_updates: u64,
    /// Parameters of the network that was timed.
    pub timed_parameters: usize,
}

/// What a plan says of the time, for people: seconds at most, the updates that were timed, and the parameters of the network that was, if
/// it was a smaller one.
pub fn time_in_words(most_seconds: f64, timed_updates: u64, smaller: Option<usize>) -> String {
    match timed_updates {
        0 => "no estimate of the time: it is too large to time a few updates".to_owned(),
        timed => {
            let of = smaller.map(|parameters| {
                format!(" of a network of {} parameters, in proportion", thousands(parameters as u64))
            });
            let of = of.unwrap_or_default();
            format!(
                "about {most_seconds:.0} s of training at most on this machine, from {timed} timed updates{of}"
            )
        }
    }
}

/// What a plan says of the memory, for people.
pub fn memory_in_words(bytes: usize) -> String {
    let more = if memory::exceeds(bytes) { ", more than this machine has" } else { "" };
    format!("about {} of memory for the network{more}", memory::in_words(bytes as f64))
}

/// Most parameters of a network that is timed; a larger one is timed by one with fewer hidden units.
pub(crate) const TIMED_PARAMETERS: usize = 2_000_000;
/// Most bytes that a timed network takes.
pub(crate) const TIMED_BYTES: usize = 1 << 30;

/// Computes what a training needs, and times a few updates; allocates no large network.
pub(super) fn plan(prepared: Prepared) -> anyhow::Result<Plan> {
    let memory_bytes = prepared.memory_bytes();
    let Prepared { config: settings, material: sets, model, parameters, .. } = prepared;
    let training = &settings.training;
    let mut timed = model;
    while timed.recurrent.hidden > 1 && SequenceModel::shapes(timed.clone())?.len() > TIMED_PARAMETERS {
        timed.recurrent.hidden /= 2;
        timed = timed.fitted();
    }
    let shapes = SequenceModel::shapes(timed.clone())?.len();
    let fits = memory_estimate(&timed, shapes, training, sets.longest_chunk(training)) <= TIMED_BYTES;
    let mut model = match fits && shapes <= 2 * TIMED_PARAMETERS {
        true => Some(SequenceModel::new(timed, &Init::default(), training.seed)?),
        false => None,
    };
    let scale = parameters as f64 / shapes as f64;
    let cost = cost(model.as_mut(), scale, &sets.train.sequences, &sets.valid.sequences, training)?;
    Ok(Plan {
        parameters,
        memory_bytes,
        updates_per_epoch: cost.updates_per_epoch,
        most_updates: cost.most_updates,
        most_seconds: cost.most_seconds,
        timed_updates: if model.is_some() { UPDATES - 1 } else { 0 },
        timed_parameters: shapes,
        settings,
    })
}

/// How many updates a training of any model makes, and how long they take.
pub(crate) struct Cost {
    pub updates_per_epoch: u64,
    pub most_updates: u64,
    pub most_seconds: f64,
}

/// Times a few updates of a model, whose weights they change, for one that takes `scale` times as long; without a model, the time is
/// not known, which is told as infinite.
pub(crate) fn cost<M: Trainable>(
    model: Option<&mut M>,
    scale: f64,
    train_set: &[M::Example],
    valid_set: &[M::Example],
    training: &TrainingConfig,
) -> anyhow::Result<Cost> {
    let Some(model) = model else {
        return Ok(Cost {
            updates_per_epoch: 0,
            most_updates: training.updates,
            most_seconds: f64::INFINITY,
        });
    };
    let mut batches = model.batches(training, Shard::WHOLE);
    let updates_per_epoch = model.plan(&mut batches, train_set, training.copies, training, 1) as u64;
    let mut timed = TimedUpdates::default();
    train(model, train_set, valid_set, training, &mut timed)?;
    let (most_updates, most_seconds) =
        at_most(training, updates_per_epoch, scale * timed.seconds_per_update());
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
