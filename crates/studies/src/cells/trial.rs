//! One training and everything that is measured of it.

use std::time::Instant;

use composer_bptt::{Cell, Init, RecurrentConfig};
use composer_models::scoring::{StepNll, score};
use composer_models::{ModelConfig, Sequence, SequenceModel, Workspace};
use composer_music::representation::frames::Frame;
use composer_training::{Control, Observer, Schedule, TrainingConfig, UpdateReport, train};
use serde::Serialize;

use super::free_running::{Bar, Yardstick, compositions};
use super::music::{BAR, Form, STEPS_PER_QUARTER};
use super::recovery::Wounds;
use super::{Arm, Config};
use crate::Error;
use crate::size::{network_parameters, widest_within};

/// What is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Trial {
    /// How the music is written.
    pub form: Form,
    /// The cell.
    pub cell: Cell,
    /// What it reads while it learns.
    pub arm: Arm,
    /// Of weights, order, samples and compositions.
    pub seed: u64,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// What was trained.
    pub trial: Trial,
    /// `H`
    pub hidden: usize,
    /// Parameters of the model.
    pub parameters: usize,
    /// Updates that were made.
    pub updates: u64,
    /// Seconds of training alone.
    pub seconds: f64,
    /// −ln P of held-out music after the last update, true symbols read, in nats per step.
    pub nll_per_step: f64,
    /// The same in nats per quarter.
    pub nll_per_quarter: f64,
    /// Every bar of what it composes.
    pub bars: Vec<Bar>,
    /// What a bar of wrong notes costs in each bar after it, in nats per quarter.
    pub recovery: Vec<f64>,
}

/// Music in one form.
pub(super) struct Pieces {
    pub(super) form: Form,
    train: Vec<Sequence>,
    held_out: Vec<Sequence>,
    /// Quarters of the held-out music.
    quarters: f64,
    /// Symbols that a stretch of the training's length has on average.
    pub(super) window: usize,
}

impl Pieces {
    /// Writes pieces in a form.
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

/// A model of a cell, as wide as the budget allows.
pub(super) fn model_within(budget: usize, form: Form, cell: Cell) -> Result<ModelConfig, Error> {
    let encoding = form.encoding();
    let (inputs, outputs) = (encoding.inputs(), encoding.outputs());
    let config = |recurrent: RecurrentConfig| ModelConfig {
        coupled: form == Form::Frames,
        ..ModelConfig::new(encoding.clone(), recurrent)
    };
    let smallest = RecurrentConfig { cell, input: inputs, hidden: 1, ..RecurrentConfig::default() };
    let least = network_parameters(&smallest, outputs);
    // What the coupling of a frame's bits takes is no longer there for the stack.
    let coupling = SequenceModel::zeros(config(smallest))?.params().len() - least;
    if budget < least + coupling {
        return Err(Error::TooFewParameters { budget, cell, least: least + coupling });
    }
    Ok(config(widest_within(budget - coupling, cell, inputs, 1, outputs)?))
}

/// Reports every update.
struct Updated<'a>(&'a mut dyn FnMut());

impl Observer for Updated<'_> {
    fn update(&mut self, _report: &UpdateReport) -> Control {
        (self.0)();
        Control::Continue
    }
}

/// Trains a model and leaves it with the weights of the last update; says how many seconds that took.
pub(super) fn learn(
    trial: Trial,
    pieces: &Pieces,
    config: &Config,
    updates: u64,
    updated: &mut dyn FnMut(),
) -> Result<(SequenceModel, f64), Error> {
    let shape = model_within(config.parameters, trial.form, trial.cell)?;
    let shape = ModelConfig { output_dropout: trial.arm.output_dropout(), ..shape };
    let mut model = SequenceModel::new(shape, &Init::PYTORCH, trial.seed)?;
    model.set_prior(&pieces.train);
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
    // The loop validates after every epoch, on as little as there is: the weights of the last update are what counts.
    let shortest = pieces.held_out.iter().min_by_key(|piece| piece.len());
    let shortest = shortest.map(std::slice::from_ref).unwrap_or_default();
    let started = Instant::now();
    let outcome = train(&mut model, &pieces.train, shortest, &training, &mut Updated(updated))?;
    let seconds = started.elapsed().as_secs_f64();
    model.params_mut().values_mut().copy_from_slice(&outcome.last.weights);
    Ok((model, seconds))
}

/// −ln P of the held-out pieces, in nats per step and per quarter.
pub(super) fn held_out(model: &SequenceModel, pieces: &Pieces) -> Result<(f64, f64), Error> {
    let scores = score(model, &pieces.held_out, &mut Workspace::default())?;
    let nats: f64 = scores.iter().flatten().map(StepNll::total).sum();
    let steps: usize = scores.iter().map(Vec::len).sum();
    Ok((nats / steps.max(1) as f64, nats / pieces.quarters))
}

/// Trains and measures.
pub(super) fn run(
    trial: Trial,
    pieces: &Pieces,
    yardstick: &Yardstick,
    wounds: &Wounds,
    config: &Config,
    updated: &mut dyn FnMut(),
) -> Result<Outcome, Error> {
    let (model, seconds) = learn(trial, pieces, config, config.updates, updated)?;
    let (nll_per_step, nll_per_quarter) = held_out(&model, pieces)?;
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
        bars: yardstick.measure(&music, bars)?,
        recovery: wounds.cost(&model, pieces.form)?,
    })
}
