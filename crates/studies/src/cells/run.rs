//! One training run and its measures.

use std::time::Instant;

use composer_bptt::Init;
use composer_models::scoring::{SequenceNll, score};
use composer_models::{ModelConfig, Sequence, SequenceModel, Workspace};
use composer_music::representation::frames::Frame;
use composer_training::{Control, Observer, Schedule, TrainingConfig, UpdateReport};
use serde::{Deserialize, Serialize};

use super::config::{Config, Trial, model_within};
use super::free_running::{Bar, ReferenceModel, compositions};
use super::music::{BAR, Form, STEPS_PER_QUARTER};
use super::recovery::Perturbations;
use crate::Error;

/// The measures of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The run.
    pub trial: Trial,
    /// `H`: hidden units.
    pub hidden: usize,
    /// Parameters of the model.
    pub parameters: usize,
    /// Updates.
    pub updates: u64,
    /// Seconds of training, without the measures.
    pub seconds: f64,
    /// −ln P of held-out music after the last update, with teacher forcing, in nats per step.
    pub nll_per_step: f64,
    /// The same in nats per quarter.
    pub nll_per_quarter: f64,
    /// The bars of the compositions.
    pub bars: Vec<Bar>,
    /// The loss that a bar of wrong notes adds to each bar after it, in nats per quarter.
    pub recovery: Vec<f64>,
}

/// The music in one representation.
pub(super) struct Pieces {
    pub(super) form: Form,
    train: Vec<Sequence>,
    held_out: Vec<Sequence>,
    /// Quarters of the held-out music.
    quarters: f64,
    /// Mean number of symbols of a training excerpt.
    pub(super) window: usize,
}

impl Pieces {
    /// Encodes pieces; `bars` is the length of a training excerpt.
    pub(super) fn new(form: Form, train: &[Vec<Frame>], held_out: &[Vec<Frame>], bars: usize) -> Self {
        let steps = |pieces: &[Vec<_>]| pieces.iter().map(Vec::len).sum::<usize>();
        let quarters = steps(held_out) as f64 / STEPS_PER_QUARTER as f64;
        let frames = steps(train);
        let write = |pieces: &[Vec<_>]| pieces.iter().map(|piece| form.write(piece)).collect::<Vec<_>>();
        let (train, held_out) = (write(train), write(held_out));
        let symbols: usize = train.iter().map(Sequence::len).sum();
        let window = (symbols * bars * BAR).div_ceil(frames.max(1)).max(1);
        Self { form, train, held_out, quarters, window }
    }
}

/// Reports every update.
struct Updated<'a>(&'a mut dyn FnMut());

impl Observer for Updated<'_> {
    fn update(&mut self, _report: &UpdateReport) -> Control {
        (self.0)();
        Control::Continue
    }
}

/// Trains a model. Returns it with the weights of the last update, and the seconds of training.
pub(super) fn train(
    trial: Trial,
    pieces: &Pieces,
    config: &Config,
    updates: u64,
    updated: &mut dyn FnMut(),
) -> Result<(SequenceModel, f64), Error> {
    let shape = model_within(config.parameters, trial.form, trial.cell)?;
    let shape = ModelConfig { output_dropout: trial.arm.output_dropout(), ..shape };
    let mut model = SequenceModel::new(shape, &Init::PYTORCH, trial.seed)?;
    model.init_output_bias(&pieces.train);
    let training = TrainingConfig {
        epochs: 0,
        updates,
        batch_size: config.batch,
        tbptt_len: pieces.window,
        copies: 1,
        transpose: 0,
        learning_rate: config.learning_rate,
        patience: 0,
        seed: trial.seed,
        schedule: Schedule::CONSTANT,
        sampling: trial.arm.sampling(updates, config.floor),
        ..TrainingConfig::default()
    };
    // The trainer validates after every epoch. The result is not used, so the shortest piece is enough.
    let shortest = pieces.held_out.iter().min_by_key(|piece| piece.len());
    let shortest = shortest.map(std::slice::from_ref).unwrap_or_default();
    let started = Instant::now();
    let outcome =
        composer_training::train(&mut model, &pieces.train, shortest, &training, &mut Updated(updated))?;
    let seconds = started.elapsed().as_secs_f64();
    model.params_mut().values_mut().copy_from_slice(&outcome.last.weights);
    Ok((model, seconds))
}

/// −ln P of the held-out pieces, in nats per step and per quarter.
pub(super) fn held_out_nll(model: &SequenceModel, pieces: &Pieces) -> Result<(f64, f64), Error> {
    let scores = score(model, &pieces.held_out, &mut Workspace::default())?;
    let nats: f64 = scores.iter().flat_map(SequenceNll::steps).map(|step| step.total()).sum();
    let steps: usize = scores.iter().map(SequenceNll::len).sum();
    Ok((nats / steps.max(1) as f64, nats / pieces.quarters))
}

/// What every run is measured with.
pub(super) struct Measurers {
    pub(super) reference: ReferenceModel,
    pub(super) perturbations: Perturbations,
}

/// Trains a model and measures it.
pub(super) fn run(
    trial: Trial,
    pieces: &Pieces,
    measurers: &Measurers,
    config: &Config,
    updated: &mut dyn FnMut(),
) -> Result<Outcome, Error> {
    let (model, seconds) = train(trial, pieces, config, config.updates, updated)?;
    let (nll_per_step, nll_per_quarter) = held_out_nll(&model, pieces)?;
    let bars = config.composed_bars();
    let music = compositions(&model, pieces.form, config.compositions, bars * BAR, trial.seed)?;
    Ok(Outcome {
        trial,
        hidden: model.config().recurrent.hidden,
        parameters: model.params().len(),
        updates: config.updates,
        seconds,
        nll_per_step,
        nll_per_quarter,
        bars: measurers.reference.measure(&music, bars)?,
        recovery: measurers.perturbations.cost(&model, pieces.form)?,
    })
}
