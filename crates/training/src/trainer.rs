//! The training loop: truncated BPTT with carried state, validation, early stopping, the best weights kept.

use crate::optim::{Adam, AdamConfig, clip_grad_norm};
use crate::plan::{Chunk, EpochPlan, PieceShape};
use crate::{Error, Schedule};
use composer_bptt::{Mode, State};
use composer_models::batch::Slice;
use composer_models::streams::{Purpose, stream};
use composer_models::{Sequence, SequenceBatch, SequenceModel, Workspace, scoring};
use serde::{Deserialize, Serialize};

/// How to train.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainingConfig {
    /// Times that training goes through the corpus at most.
    pub epochs: u64,
    /// `B`: pieces side by side.
    pub batch_size: usize,
    /// `T`: steps that a gradient goes back at most; the state is carried on.
    pub tbptt_len: usize,
    /// Transpositions of each piece in an epoch.
    pub copies: usize,
    /// Semitones that a piece is transposed by at most, up and down, where its range allows.
    pub transpose: i8,
    /// Learning rate of Adam at its highest.
    pub learning_rate: f64,
    /// What happens to the learning rate over the run.
    pub schedule: Schedule,
    /// Constants of Adam.
    pub adam: AdamConfig,
    /// Gradients longer than this are shortened to it.
    pub clip_grad_norm: f64,
    /// Epochs without a better validation before training stops; 0: never.
    pub patience: u64,
    /// Of initial weights, the order of pieces and dropout.
    pub seed: u64,
}

impl Default for TrainingConfig {
    fn default() -> Self {
        Self {
            epochs: 30,
            batch_size: 32,
            tbptt_len: 64,
            copies: 2,
            transpose: 5,
            learning_rate: 3e-3,
            schedule: Schedule::WarmupCosine { warmup: 20 },
            adam: AdamConfig::default(),
            clip_grad_norm: 1.0,
            patience: 8,
            seed: 1,
        }
    }
}

impl TrainingConfig {
    fn check(&self) -> Result<(), Error> {
        let setting = |name, value: String, must| Err(Error::Setting { name, value, must });
        for (name, value) in [
            ("training.epochs", self.epochs as usize),
            ("training.batch_size", self.batch_size),
            ("training.tbptt_len", self.tbptt_len),
            ("training.copies", self.copies),
        ] {
            if value == 0 {
                return setting(name, "0".into(), "at least 1");
            }
        }
        for (name, value) in
            [("training.learning_rate", self.learning_rate), ("training.clip_grad_norm", self.clip_grad_norm)]
        {
            if !(value > 0.0 && value.is_finite()) {
                return setting(name, value.to_string(), "above 0");
            }
        }
        if !(0..=11).contains(&self.transpose) {
            return setting("training.transpose", self.transpose.to_string(), "from 0 to 11 semitones");
        }
        Ok(())
    }
}

/// One update of the weights.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UpdateReport {
    /// Epoch, from 1.
    pub epoch: u64,
    /// Update since the beginning, from 1.
    pub update: u64,
    /// Updates that the whole run will have at most (an estimate: epochs differ by a chunk or two).
    pub total_updates: u64,
    /// Negative log-likelihood in nats per step of this update's batch.
    pub nll: f64,
    /// Norm of the gradient before clipping.
    pub grad_norm: f64,
    /// Learning rate of this update.
    pub learning_rate: f64,
    /// Steps of music seen in this update.
    pub steps: usize,
}

/// One epoch, and how well it went on held-out pieces.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EpochReport {
    /// Epoch, from 1.
    pub epoch: u64,
    /// Updates since the beginning.
    pub updates: u64,
    /// Training loss over the epoch, nats per step (with dropout, while the weights moved).
    pub train_nll: f64,
    /// Validation loss, nats per step.
    pub valid_nll: f64,
    /// Whether this is the best validation so far.
    pub best: bool,
    /// Mean gradient norm before clipping.
    pub grad_norm: f64,
    /// Learning rate at the end of the epoch.
    pub learning_rate: f64,
    /// Steps of music seen in the epoch.
    pub steps: u64,
}

/// Whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Go on.
    No,
    /// Stop after this update.
    Yes,
}

/// Is told what happens.
pub trait Observer {
    /// After every update.
    fn update(&mut self, report: &UpdateReport) -> Stop;
    /// After every epoch; an error (a full disk, say) ends the training.
    fn epoch(&mut self, report: &EpochReport, model: &SequenceModel) -> std::io::Result<()>;
}

/// How training ended. The model then has the best weights.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// Every epoch.
    pub epochs: Vec<EpochReport>,
    /// The epoch with the best validation, from 1.
    pub best_epoch: u64,
    /// Its validation loss, nats per step.
    pub best_valid_nll: f64,
    /// Whether the observer asked to stop.
    pub stopped: bool,
}

/// Trains `model` on `train` until `valid` no longer gets better, and leaves it with the weights that were best there.
pub fn train(
    model: &mut SequenceModel,
    train: &[Sequence],
    valid: &[Sequence],
    config: &TrainingConfig,
    observer: &mut dyn Observer,
) -> Result<Outcome, Error> {
    config.check()?;
    for (name, set) in [("training", train), ("validation", valid)] {
        if set.iter().all(Sequence::is_empty) {
            return Err(Error::NoMusic(name));
        }
    }
    for sequence in train {
        model.encoding().check(sequence)?;
    }
    Trainer::new(model, train, config).run(valid, observer)
}

struct Trainer<'a> {
    model: &'a mut SequenceModel,
    train: &'a [Sequence],
    pieces: Vec<PieceShape>,
    config: &'a TrainingConfig,
    adam: Adam,
    batch: SequenceBatch,
    ws: Workspace,
    updates: u64,
}

/// Sums over an epoch.
#[derive(Default)]
struct Totals {
    nats: f64,
    steps: u64,
    grad_norm: f64,
    updates: u64,
    learning_rate: f64,
}

impl<'a> Trainer<'a> {
    fn new(model: &'a mut SequenceModel, train: &'a [Sequence], config: &'a TrainingConfig) -> Self {
        let encoding = model.encoding();
        let pieces = train
            .iter()
            .map(|sequence| PieceShape {
                steps: sequence.len(),
                transpositions: encoding.transpositions(sequence, config.transpose),
            })
            .collect();
        let batch = SequenceBatch::new(encoding);
        let adam = Adam::new(config.adam, model.params().values().len());
        Self { model, train, pieces, config, adam, batch, ws: Workspace::default(), updates: 0 }
    }

    fn run(&mut self, valid: &[Sequence], observer: &mut dyn Observer) -> Result<Outcome, Error> {
        let mut best = (f64::INFINITY, 0, self.model.params().values().to_vec());
        let mut epochs = Vec::new();
        let mut stopped = false;
        for epoch in 1..=self.config.epochs {
            let Some(totals) = self.epoch(epoch, observer)? else {
                stopped = true;
                break;
            };
            let valid_nll = mean_nll(self.model, valid, &mut self.ws)?;
            let report = EpochReport {
                epoch,
                updates: self.updates,
                train_nll: totals.nats / totals.steps.max(1) as f64,
                valid_nll,
                best: valid_nll < best.0,
                grad_norm: totals.grad_norm / totals.updates.max(1) as f64,
                learning_rate: totals.learning_rate,
                steps: totals.steps,
            };
            if report.best {
                best.0 = valid_nll;
                best.1 = epoch;
                best.2.copy_from_slice(self.model.params().values());
            }
            observer.epoch(&report, self.model).map_err(Error::Observer)?;
            epochs.push(report);
            if self.config.patience > 0 && epoch >= best.1 + self.config.patience {
                break;
            }
        }
        if best.1 > 0 {
            self.model.params_mut().values_mut().copy_from_slice(&best.2);
        }
        Ok(Outcome { epochs, best_epoch: best.1, best_valid_nll: best.0, stopped })
    }

    /// One epoch; `None` if the observer asked to stop.
    fn epoch(&mut self, epoch: u64, observer: &mut dyn Observer) -> Result<Option<Totals>, Error> {
        let config = self.config;
        let plan = EpochPlan::new(
            &self.pieces,
            config.copies,
            config.batch_size,
            config.tbptt_len,
            config.seed,
            epoch,
        );
        let mut state = self.model.zero_state(plan.lanes());
        let mut dropout = stream(config.seed, Purpose::Dropout, epoch);
        let total_updates = config.epochs * plan.updates() as u64;
        let mut totals = Totals::default();
        let mut chunks: Vec<Option<Chunk>> = Vec::new();
        for update in 0..plan.updates() {
            chunks.clear();
            chunks.extend((0..plan.lanes()).map(|lane| plan.chunk(lane, update)));
            self.fill(&chunks, &mut state);
            totals.learning_rate = config.learning_rate * config.schedule.factor(self.updates, total_updates);
            let (nats, grad_norm) =
                self.update(&mut state, Mode::Train { rng: &mut dropout }, totals.learning_rate)?;
            totals.nats += nats;
            totals.steps += self.batch.charged as u64;
            totals.grad_norm += grad_norm;
            totals.updates += 1;
            let report = UpdateReport {
                epoch,
                update: self.updates,
                total_updates,
                nll: nats / self.batch.charged.max(1) as f64,
                grad_norm,
                learning_rate: totals.learning_rate,
                steps: self.batch.charged,
            };
            if observer.update(&report) == Stop::Yes {
                return Ok(None);
            }
        }
        Ok(Some(totals))
    }

    /// Lays out the next chunk of every lane, and forgets the state of lanes where a piece begins.
    fn fill(&mut self, chunks: &[Option<Chunk>], state: &mut State<f32>) {
        let begins: Vec<usize> =
            (0..chunks.len()).filter(|&lane| chunks[lane].is_some_and(|chunk| chunk.begins)).collect();
        state.reset_rows(&begins);
        let slices: Vec<Option<Slice<'_>>> = chunks
            .iter()
            .map(|chunk| {
                chunk.map(|Chunk { piece, start, transpose, .. }| Slice {
                    sequence: &self.train[piece],
                    start,
                    transpose,
                })
            })
            .collect();
        self.batch.fill(self.model.encoding(), &slices, self.config.tbptt_len);
    }

    /// Forward, loss, backward, clipping, Adam; returns the loss in nats and the norm of the gradient.
    fn update(
        &mut self,
        state: &mut State<f32>,
        mode: Mode<'_>,
        learning_rate: f64,
    ) -> Result<(f64, f64), Error> {
        self.updates += 1;
        self.model.forward(&self.batch, state, mode, &mut self.ws)?;
        let nats = self.model.loss(&self.batch, &mut self.ws)?;
        self.must_be_finite("loss", nats)?;
        self.model.params_mut().zero_grad();
        self.model.backward(&self.batch, &mut self.ws)?;
        let grad_norm = clip_grad_norm(self.model.params_mut(), self.config.clip_grad_norm);
        self.must_be_finite("gradient norm", grad_norm)?;
        self.adam.update(self.model.params_mut(), learning_rate);
        Ok((nats, grad_norm))
    }

    fn must_be_finite(&self, what: &'static str, value: f64) -> Result<(), Error> {
        if value.is_finite() { Ok(()) } else { Err(Error::Diverged { what, value, update: self.updates }) }
    }
}

/// Mean negative log-likelihood in nats per step: all steps of all sequences, each counted once.
pub fn mean_nll(model: &SequenceModel, sequences: &[Sequence], ws: &mut Workspace) -> Result<f64, Error> {
    let scores = scoring::score(model, sequences, ws)?;
    let steps: usize = scores.iter().map(Vec::len).sum();
    let nats: f64 = scores.iter().flatten().map(scoring::StepNll::total).sum();
    Ok(nats / steps.max(1) as f64)
}
