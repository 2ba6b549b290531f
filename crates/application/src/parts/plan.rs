//! What training a model for a new part would cost: memory by arithmetic, time by a few updates.

use super::fine_tuning::GivenPart;
use super::folds::Folds;
use super::options::{TrainPartOptions, configuration};
use crate::error::Result;
use crate::train::plan;
use composer_bptt::Init;
use composer_models::{Seq2Seq, Seq2SeqConfig};
use composer_training::TrainingConfig;
use composer_training::plan::pair_memory_estimate;
use serde::Serialize;

/// What training a model for a new part would cost.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PartPlan {
    /// The model.
    pub model: Seq2SeqConfig,
    /// The training, after `unconditional_epochs` of unconditional training.
    pub training: TrainingConfig,
    /// Epochs of unconditional training first.
    pub unconditional_epochs: u64,
    /// Pieces for training, validation and test.
    pub pieces: [usize; 3],
    /// Parameters of the network.
    pub parameters: usize,
    /// Updates in an epoch.
    pub updates_per_epoch: u64,
    /// Bytes of the network during training: weights, gradients, what the optimiser keeps, and activations.
    pub memory_bytes: usize,
    /// Seconds of training at most, unconditional epochs included, by the clock of [`Self::timed_updates`] updates.
    pub most_seconds: f64,
    /// Updates that were timed.
    pub timed_updates: u64,
    /// Parameters of the network that was timed: a large one is timed by one with fewer hidden units, in proportion.
    pub timed_parameters: usize,
}

/// What [`train_part`](super::train_part) would do: reads the music, times a few updates, writes nothing.
///
/// # Errors
/// A folder or an option cannot be used, or too few pieces have both parts.
pub fn plan_part(options: &TrainPartOptions) -> Result<PartPlan> {
    Ok(planned(options)?)
}

fn planned(options: &TrainPartOptions) -> anyhow::Result<PartPlan> {
    let given = GivenPart::of(options)?;
    let mut recipe = options.recipe(given.as_ref().map(GivenPart::config))?;
    let folds = Folds::read(options.task, &options.folders, given.as_ref())?;
    let config = match &given {
        Some(given) => given.with(options, &recipe)?,
        None => configuration(options.task, folds.styles.len(), folds.kind, options, &recipe),
    };
    if given.is_some() && !options.compare_from_nothing {
        recipe.unconditional_epochs = 0;
    }
    let parameters = Seq2Seq::<f32>::shapes(config.clone())?.len();
    let memory_bytes = pair_memory_estimate(&config, parameters, &recipe.training);
    let (mut timed, timed_parameters) = timed_model(&config, &recipe.training, options.seed);
    let (train_set, valid_set) = (folds.train(0), folds.valid(0));
    let scale = parameters as f64 / timed_parameters.max(1) as f64;
    let cost = plan::cost(timed.as_mut(), scale, &train_set, valid_set, &recipe.training)?;
    let per_update = cost.most_seconds / cost.most_updates.max(1) as f64;
    let before = (recipe.unconditional_epochs * cost.updates_per_epoch) as f64 * per_update;
    Ok(PartPlan {
        pieces: [train_set.len(), valid_set.len(), folds.test(0).len()],
        parameters,
        updates_per_epoch: cost.updates_per_epoch,
        memory_bytes,
        most_seconds: before + cost.most_seconds,
        timed_updates: if timed.is_some() { plan::UPDATES - 1 } else { 0 },
        timed_parameters,
        model: config,
        unconditional_epochs: recipe.unconditional_epochs,
        training: recipe.training,
    })
}

/// A model to time updates of: this one, or if it is large one with fewer hidden units; and its parameters.
fn timed_model(config: &Seq2SeqConfig, training: &TrainingConfig, seed: u64) -> (Option<Seq2Seq>, usize) {
    let mut timed = config.clone();
    let len =
        |config: &Seq2SeqConfig| Seq2Seq::<f32>::shapes(config.clone()).map_or(0, |shapes| shapes.len());
    while len(&timed) > plan::TIMED_PARAMETERS && timed.encoder.hidden.min(timed.decoder.hidden) > 1 {
        timed.encoder.hidden /= 2;
        timed.decoder.hidden /= 2;
        timed.attention.iter_mut().for_each(|attention| attention.hidden = (attention.hidden / 2).max(1));
        timed = timed.completed();
    }
    let size = len(&timed);
    let fits = pair_memory_estimate(&timed, size, training) <= plan::TIMED_BYTES;
    let model = (fits && size > 0).then(|| Seq2Seq::new(timed, &Init::RECOMMENDED, seed).ok()).flatten();
    (model, size)
}
