//! The training loop: truncated BPTT with carried state, validation, early stopping, the best weights kept.

use crate::checkpoint::{Checkpoint, Snapshot, fingerprint};
use crate::diagnosis;
use crate::history::{EpochReport, History, UpdateReport};
use crate::music::Music;
use crate::observer::{Control, Observer};
use crate::optim::{GroupNorms, MovingAverage, Optimizer, clip_grad_norm};
use crate::plan::{Chunk, EpochPlan, PieceShape, WHOLE_PIECES};
use crate::sampling::Sampler;
use crate::{Error, TrainingConfig};
use composer_bptt::{Mode, State};
use composer_models::batch::Slice;
use composer_models::streams::{Purpose, stream};
use composer_models::{Sequence, SequenceBatch, SequenceModel, Workspace, scoring};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use std::borrow::Cow;

/// How training ended. The model then has the best weights.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// Every epoch.
    pub epochs: Vec<EpochReport>,
    /// The epoch with the best validation, from 1; 0: no epoch was finished.
    pub best_epoch: u64,
    /// Its validation loss, nats per step.
    pub best_valid_nll: f64,
    /// Whether the observer asked to stop.
    pub stopped: bool,
    /// The weights after the last update, averaged if an average is kept; the model has the best ones.
    #[serde(skip)]
    pub last_weights: Vec<f32>,
}

/// Trains `model` on `train` until `valid` no longer gets better, and leaves it with the weights that were best there.
///
/// # Errors
/// A setting is out of range, there is no music or not the kind that the model reads, training diverges, or the observer
/// fails.
pub fn train<'a>(
    model: &'a mut SequenceModel,
    train: impl Into<Music<'a>>,
    valid: &'a [Sequence],
    config: &'a TrainingConfig,
    observer: &mut dyn Observer,
) -> Result<Outcome, Error> {
    Trainer::new(model, train.into(), valid, config)?.run(observer)
}

/// Goes on with a training bit for bit, on the same music and in the same configuration, of which only the end
/// ([`TrainingConfig::epochs`], [`TrainingConfig::patience`]) may differ.
///
/// # Errors
/// As for [`train`], and when the checkpoint belongs to another model, configuration or music.
pub fn resume<'a>(
    model: &'a mut SequenceModel,
    train: impl Into<Music<'a>>,
    valid: &'a [Sequence],
    config: &'a TrainingConfig,
    checkpoint: &Checkpoint,
    observer: &mut dyn Observer,
) -> Result<Outcome, Error> {
    let mut trainer = Trainer::new(model, train.into(), valid, config)?;
    trainer.restore(checkpoint)?;
    trainer.run(observer)
}

pub(crate) struct Trainer<'a> {
    pub(crate) model: &'a mut SequenceModel,
    pub(crate) config: &'a TrainingConfig,
    pub(crate) fingerprint: String,
    pub(crate) history: History,
    pub(crate) best_weights: Vec<f32>,
    pub(crate) optimizer: Optimizer,
    pub(crate) average: Option<MovingAverage>,
    pub(crate) state: State<f32>,
    pub(crate) dropout: ChaCha8Rng,
    pub(crate) sampling: ChaCha8Rng,
    pub(crate) sampler: Sampler,
    music: Music<'a>,
    /// The pieces of the epoch in progress, or variants of them.
    train: Cow<'a, [Sequence]>,
    valid: &'a [Sequence],
    norms: GroupNorms,
    batch: SequenceBatch,
    ws: Workspace,
}

impl<'a> Trainer<'a> {
    fn new(
        model: &'a mut SequenceModel,
        music: Music<'a>,
        valid: &'a [Sequence],
        config: &'a TrainingConfig,
    ) -> Result<Self, Error> {
        config.check()?;
        for (name, set) in [("training", music.pieces), ("validation", valid)] {
            if set.iter().all(Sequence::is_empty) {
                return Err(Error::NoMusic(name));
            }
        }
        let encoding = model.encoding();
        music.pieces.iter().chain(valid).try_for_each(|sequence| encoding.check(sequence))?;
        let values = model.params().values();
        let average = (config.ema_decay > 0.0).then(|| MovingAverage::new(config.ema_decay, values));
        Ok(Self {
            config,
            fingerprint: fingerprint([music.pieces, valid]),
            history: History::default(),
            best_weights: Vec::new(),
            optimizer: Optimizer::new(config.optimizer, values.len()),
            average,
            state: model.zero_state(1),
            dropout: stream(config.seed, Purpose::Dropout, 0),
            sampling: stream(config.seed, Purpose::ScheduledSampling, 0),
            sampler: Sampler::new(config.sampling),
            train: Cow::Borrowed(music.pieces),
            music,
            valid,
            norms: GroupNorms::new(model.params()),
            batch: SequenceBatch::new(encoding),
            ws: Workspace::default(),
            model,
        })
    }

    /// Takes over from a checkpoint.
    fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), Error> {
        let Checkpoint { header, buffers } = checkpoint;
        let no = |why: &str| Err(Error::Checkpoint(why.to_owned()));
        if header.model != *self.model.config() || buffers.weights.len() != self.model.params().len() {
            return no("it is of another model; start a new run with --init-from to begin with its weights");
        }
        if !header.training.continues_as(self.config) {
            return no(
                "its training has other settings; only training.epochs and training.patience may change",
            );
        }
        if header.music != self.fingerprint {
            return no(
                "the music is not the same any more; start a new run with --init-from to begin with its weights",
            );
        }
        let best_fits = [0, buffers.weights.len()].contains(&buffers.best.len());
        let average_fits = self.average.as_ref().map_or(0, |a| a.values().len()) == buffers.average.len();
        if !best_fits || !average_fits {
            return no("its buffers do not fit its own configuration");
        }
        self.model.params_mut().values_mut().copy_from_slice(&buffers.weights);
        self.best_weights = buffers.best.clone();
        if let Some(average) = &mut self.average {
            average.values_mut().copy_from_slice(&buffers.average);
        }
        let [first, second] = &buffers.memory;
        self.optimizer
            .restore(header.optimizer_updates, [first, second])
            .map_err(|_| Error::Checkpoint("the optimiser in it is another one".into()))?;
        self.history = header.history.clone();
        self.sampler.restore(&header.sampled);
        self.begin_streams();
        self.dropout.set_word_pos(u128::from(header.dropout_position));
        self.sampling.set_word_pos(u128::from(header.sampling_position));
        let recurrent = &self.model.config().recurrent;
        let row = (recurrent.layers * recurrent.directions() * recurrent.hidden).max(1);
        let (h, c) = (buffers.state_h.clone(), buffers.state_c.clone());
        self.state =
            State::from_values(recurrent, h.len() / row, h, c).map_err(composer_models::Error::from)?;
        Ok(())
    }

    /// Whether training has come to its end.
    pub(crate) fn finished(&self) -> bool {
        self.history.finished(self.config)
    }

    fn run(mut self, observer: &mut dyn Observer) -> Result<Outcome, Error> {
        let mut stopped = false;
        while !self.finished() && !stopped {
            stopped = self.epoch(observer)?;
            if !stopped {
                self.end_epoch(observer)?;
            }
        }
        let last = self.average.as_ref().map_or(self.model.params().values(), MovingAverage::values);
        let last_weights = last.to_vec();
        if !self.best_weights.is_empty() {
            self.model.params_mut().values_mut().copy_from_slice(&self.best_weights);
        }
        Ok(Outcome {
            epochs: self.history.epochs,
            best_epoch: self.history.best_epoch,
            best_valid_nll: self.history.best_valid_nll.unwrap_or(f64::INFINITY),
            stopped,
            last_weights,
        })
    }

    fn begin_streams(&mut self) {
        self.dropout = stream(self.config.seed, Purpose::Dropout, self.history.epoch());
        self.sampling = stream(self.config.seed, Purpose::ScheduledSampling, self.history.epoch());
    }

    /// The pieces of the epoch as its plan sees them.
    fn shapes(&self) -> Vec<PieceShape> {
        let shape = |sequence: &Sequence| PieceShape {
            steps: sequence.len(),
            transpositions: self.model.encoding().transpositions(sequence, self.config.transpose),
        };
        self.train.iter().map(shape).collect()
    }

    /// The rest of the epoch in progress; whether the observer asked to stop.
    fn epoch(&mut self, observer: &mut dyn Observer) -> Result<bool, Error> {
        let config = self.config;
        let epoch = self.history.epoch();
        let copies = match self.music.variants(config.copies, config.seed, epoch)? {
            None => config.copies,
            Some(variants) => {
                variants.iter().try_for_each(|variant| self.model.encoding().check(variant))?;
                self.train = Cow::Owned(variants);
                1
            }
        };
        let plan =
            EpochPlan::new(&self.shapes(), copies, config.batch_size, config.tbptt_len, config.seed, epoch);
        if self.history.done_in_epoch == 0 {
            self.begin_streams();
            self.state = self.model.zero_state(plan.lanes());
        }
        let total_updates = config.epochs * plan.updates() as u64;
        let mut chunks: Vec<Option<Chunk>> = Vec::new();
        for update in self.history.done_in_epoch..plan.updates() {
            chunks.clear();
            chunks.extend((0..plan.lanes()).map(|lane| plan.chunk(lane, update)));
            let report = self.update(&chunks, total_updates)?;
            match observer.update(&report) {
                Control::Continue => {}
                Control::Save => observer.save(&Snapshot { trainer: self })?,
                Control::Stop => {
                    observer.save(&Snapshot { trainer: self })?;
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Validates, keeps the weights if they are the best, and lets the observer save.
    fn end_epoch(&mut self, observer: &mut dyn Observer) -> Result<(), Error> {
        self.swap_average();
        let valid_nll = mean_nll(self.model, self.valid, &mut self.ws)?;
        let report = self.history.end_epoch(valid_nll, self.norms.names());
        if report.best {
            self.best_weights.clear();
            self.best_weights.extend_from_slice(self.model.params().values());
        }
        self.config.schedule.validated(valid_nll, &mut self.history.plateau);
        observer.epoch(&report, self.model).map_err(Error::Observer)?;
        self.swap_average();
        let losses: Vec<f64> = self.history.epochs.iter().map(|epoch| epoch.train_nll).collect();
        if let Some(advice) = diagnosis::advice(&losses) {
            observer.advice(advice);
        }
        observer.save(&Snapshot { trainer: self })
    }

    /// Exchanges the weights with their moving average, if one is kept.
    fn swap_average(&mut self) {
        if let Some(average) = &mut self.average {
            self.model.params_mut().values_mut().swap_with_slice(average.values_mut());
        }
    }

    /// Lays out the next chunk of every lane, and forgets the state of lanes where a piece begins.
    fn fill(&mut self, chunks: &[Option<Chunk>]) {
        let begins: Vec<usize> =
            (0..chunks.len()).filter(|&lane| chunks[lane].is_some_and(|chunk| chunk.begins)).collect();
        self.state.reset_rows(&begins);
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
        let longest = || slices.iter().flatten().map(|slice| slice.sequence.len()).max().unwrap_or(0);
        let steps = if self.config.tbptt_len == WHOLE_PIECES { longest() } else { self.config.tbptt_len };
        self.batch.fill(self.model.encoding(), &slices, steps);
    }

    /// Scheduled sampling, forward, loss, backward, clipping, optimiser, average.
    fn update(&mut self, chunks: &[Option<Chunk>], total_updates: u64) -> Result<UpdateReport, Error> {
        let config = self.config;
        self.fill(chunks);
        let truth_probability = config.sampling.truth_probability(self.history.updates);
        self.sampler.replace(
            self.model,
            &self.train,
            chunks,
            truth_probability,
            &self.state,
            &mut self.batch,
            &mut self.sampling,
        )?;
        let factor = config.schedule.factor(self.history.updates, total_updates, &self.history.plateau);
        let learning_rate = config.learning_rate * factor;
        self.history.updates += 1;
        let (nats, grad_norm, layers) = self.learn(learning_rate)?;
        let report = UpdateReport {
            epoch: self.history.epoch(),
            update: self.history.updates,
            total_updates,
            nll: nats / self.batch.charged.max(1) as f64,
            grad_norm,
            learning_rate,
            truth_probability,
            steps: self.batch.charged,
        };
        self.history.add(&report, nats, &layers);
        Ok(report)
    }

    /// One step of learning from the batch: loss in nats, norm of the gradient, norms by layer.
    fn learn(&mut self, learning_rate: f64) -> Result<(f64, f64, Vec<f64>), Error> {
        let update = self.history.updates;
        let diverged = |diagnosis| Err(Error::Diverged(Box::new(diagnosis)));
        let nats = match self.gradients() {
            Ok(nats) => nats,
            Err(error) => {
                return match diagnosis::of_weights(self.model, update) {
                    Some(diagnosis) => diverged(diagnosis),
                    None => Err(error.into()),
                };
            }
        };
        if !nats.is_finite() {
            let breakdown = match self.config.recompute {
                true => self.model.first_breakdown_in_segments(&self.batch, &mut self.ws)?,
                false => self.model.first_breakdown(&self.ws),
            };
            return diverged(diagnosis::of_loss(breakdown, nats, update));
        }
        let layers = self.norms.measure(self.model.params());
        let grad_norm = clip_grad_norm(self.model.params_mut(), self.config.clip_grad_norm);
        if !grad_norm.is_finite() {
            return diverged(diagnosis::of_gradient(self.model, grad_norm, update));
        }
        self.optimizer.update(self.model.params_mut(), learning_rate);
        if let Some(average) = &mut self.average {
            average.update(self.model.params().values(), update);
        }
        Ok((nats, grad_norm, layers))
    }

    /// The loss of the batch in nats, and the gradients of all weights unless it is infinite or no number.
    fn gradients(&mut self) -> Result<f64, composer_models::Error> {
        let Trainer { config, model, batch, state, ws, .. } = self;
        let (smoothing, mode) = (config.label_smoothing, Mode::Train { rng: &mut self.dropout });
        model.params_mut().zero_grad();
        if config.recompute {
            return model.learn_in_segments(batch, state, smoothing, mode, ws);
        }
        model.forward(batch, state, mode, ws)?;
        let nats = model.smoothed_loss(batch, smoothing, ws)?;
        if nats.is_finite() {
            model.backward(batch, ws)?;
        }
        Ok(nats)
    }
}

/// Mean negative log-likelihood in nats per step: all steps of all sequences, each counted once.
///
/// # Errors
/// The model refuses a sequence.
pub fn mean_nll(model: &SequenceModel, sequences: &[Sequence], ws: &mut Workspace) -> Result<f64, Error> {
    let scores = scoring::score(model, sequences, ws)?;
    let steps: usize = scores.iter().map(Vec::len).sum();
    let nats: f64 = scores.iter().flatten().map(scoring::StepNll::total).sum();
    Ok(nats / steps.max(1) as f64)
}
