//! The training loop: plan, update, validate, keep the best weights, until a limit is reached.

use crate::checkpoint::{Checkpoint, Header, Snapshot, fingerprint};
use crate::config::TrainingConfig;
use crate::dataset::TrainingSet;
use crate::diagnosis;
use crate::distributed::Alone;
use crate::error::Error;
use crate::frozen::Frozen;
use crate::history::{EpochReport, History, StopReason, UpdateReport, is_count};
use crate::observer::{Control, Observer};
use crate::outcome::{Outcome, TrainedWeights};
use crate::shards::{Place, Shards};
use crate::trainable::Trainable;
use composer_bptt::optim::{GroupNorms, MovingAverage, Optimizer, clip_grad_norm};
use std::borrow::Cow;
use std::time::Instant;

mod together;

/// Trains `model` on `train` until a limit is reached or `valid` no longer gets better, and leaves it with the weights that were
/// best there.
///
/// # Errors
/// A setting is out of range, there is nothing to learn from or nothing that the model reads, training diverges, or the observer
/// fails.
pub fn train<'a, M: Trainable>(
    model: &'a mut M,
    train: impl Into<TrainingSet<'a, M::Example>>,
    valid: &'a [M::Example],
    config: &'a TrainingConfig,
    observer: &mut dyn Observer<M>,
) -> Result<Outcome, Error> {
    Trainer::new(model, train, valid, config)?.run(observer)
}

/// Resumes a run bit for bit, on the same data and in the same configuration, of which only the end
/// ([`TrainingConfig::epochs`], [`TrainingConfig::updates`], [`TrainingConfig::minutes`], [`TrainingConfig::patience`]) may
/// differ.
///
/// # Errors
/// As for [`train`], and when the checkpoint belongs to another model, configuration or data.
pub fn resume<'a, M: Trainable>(
    model: &'a mut M,
    train: impl Into<TrainingSet<'a, M::Example>>,
    valid: &'a [M::Example],
    config: &'a TrainingConfig,
    checkpoint: &Checkpoint,
    observer: &mut dyn Observer<M>,
) -> Result<Outcome, Error> {
    Trainer::new(model, train, valid, config)?.resume(checkpoint)?.run(observer)
}

/// A training that is ready to begin, or, after [`Trainer::resume`], to go on.
pub struct Trainer<'a, M: Trainable> {
    model: &'a mut M,
    config: &'a TrainingConfig,
    set: TrainingSet<'a, M::Example>,
    /// The examples of the epoch in progress, or variants of them.
    train: Cow<'a, [M::Example]>,
    valid: &'a [M::Example],
    fingerprint: String,
    history: History,
    stop: Option<StopReason>,
    best_weights: Vec<f32>,
    optimizer: Optimizer,
    average: Option<MovingAverage>,
    frozen: Option<Frozen>,
    shards: Shards<'a, M>,
    norms: GroupNorms,
    seconds_before: f64,
    started: Instant,
    /// The clock of rank 0 when the ranks last agreed; `None`: this process is alone.
    agreed: Option<f64>,
}

impl<'a, M: Trainable> Trainer<'a, M> {
    /// Checks settings and data.
    ///
    /// # Errors
    /// As for [`train`].
    pub fn new(
        model: &'a mut M,
        train: impl Into<TrainingSet<'a, M::Example>>,
        valid: &'a [M::Example],
        config: &'a TrainingConfig,
    ) -> Result<Self, Error> {
        config.check()?;
        model.check_config(config)?;
        let set = train.into();
        for (name, set) in [("training", set.examples), ("validation", valid)] {
            if set.iter().all(|example| M::steps(example) == 0) {
                return Err(Error::NoMusic(name));
            }
        }
        set.examples.iter().chain(valid).try_for_each(|example| model.check_example(example))?;
        let values = model.params().values();
        let average = (config.ema_decay > 0.0).then(|| MovingAverage::new(config.ema_decay, values));
        Ok(Self {
            config,
            train: Cow::Borrowed(set.examples),
            fingerprint: fingerprint([set.examples, valid], M::bytes),
            set,
            valid,
            history: History::default(),
            stop: None,
            best_weights: Vec::new(),
            optimizer: Optimizer::new(config.optimizer, values.len()),
            average,
            frozen: None,
            shards: Shards::new(model, config, &Alone)?,
            norms: GroupNorms::new(model.params()),
            seconds_before: 0.0,
            started: Instant::now(),
            agreed: None,
            model,
        })
    }

    /// Takes over from a checkpoint.
    ///
    /// # Errors
    /// It belongs to another model, configuration or data.
    pub fn resume(mut self, checkpoint: &Checkpoint) -> Result<Self, Error> {
        let Checkpoint { header, buffers } = checkpoint;
        let no = |why: &str| Err(Error::Checkpoint(why.to_owned()));
        let same_model = header.kind == M::KIND
            && checkpoint.model::<M::Config>().is_ok_and(|config| config == *self.model.config());
        if !same_model || buffers.weights.len() != self.model.params().len() {
            return no("it is of another model; start a new run in another folder");
        }
        if !header.training.continues_as(self.config) {
            return no("its training has other settings; only training.epochs, training.updates, \
                training.minutes and training.patience may change");
        }
        if header.data != self.fingerprint {
            return no("the music is not the same any more; start a new run in another folder");
        }
        if !header.history.is_consistent() || !is_count(header.optimizer_updates) {
            return no("its counters are not those of a training");
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
        self.begin_streams();
        self.shards.set_positions([header.dropout_position, header.sampling_position]);
        self.shards.restore_state(self.model, &header.state, &buffers.state)?;
        self.seconds_before = header.seconds;
        self.agreed = self.agreed.map(|_| header.seconds);
        self.stop = self.history.finished(self.config, self.seconds_before);
        Ok(self)
    }

    /// Trains to the end, or until the observer asks to stop.
    ///
    /// # Errors
    /// As for [`train`].
    pub fn run(mut self, observer: &mut dyn Observer<M>) -> Result<Outcome, Error> {
        self.started = Instant::now();
        self.frozen =
            self.model.trained(self.config).map(|trained| Frozen::new(trained, self.model.params()));
        if self.config.validate_first && self.history.updates == 0 {
            let valid_nll = self.shards.mean_nll(self.model, self.valid, self.config)?;
            self.history.best_valid_nll = Some(valid_nll);
            self.best_weights = self.model.params().values().to_vec();
        }
        let stop = loop {
            if let Some(stop) = self.stop {
                break stop;
            }
            if self.epoch(observer)? {
                break StopReason::Observer;
            }
            self.end_epoch(observer)?;
        };
        Ok(self.into_outcome(stop))
    }

    /// Gives the model the best weights.
    fn into_outcome(self, stop: StopReason) -> Outcome {
        let Self { model, history, average, best_weights, .. } = self;
        let last = average.as_ref().map_or(model.params().values(), MovingAverage::values).to_vec();
        if !best_weights.is_empty() {
            model.params_mut().values_mut().copy_from_slice(&best_weights);
        }
        let at = |epoch: u64| history.epochs.get((epoch as usize).wrapping_sub(1));
        let best = TrainedWeights {
            epoch: history.best_epoch,
            updates: at(history.best_epoch).map_or(0, |report| report.updates),
            valid_nll: history.best_valid_nll.unwrap_or(f64::INFINITY),
            weights: model.params().values().to_vec(),
        };
        let validated = history.epochs.last().filter(|report| report.updates == history.updates);
        let last = TrainedWeights {
            epoch: history.epochs.len() as u64,
            updates: history.updates,
            valid_nll: validated.map_or(f64::INFINITY, |report| report.valid_nll),
            weights: last,
        };
        Outcome { best, last, epochs: history.epochs, stop }
    }

    fn begin_streams(&mut self) {
        self.shards.begin_streams(self.config.seed, self.history.epoch());
    }

    /// The rest of the epoch in progress, or as much of it as the limits allow; whether the observer asked to stop.
    fn epoch(&mut self, observer: &mut dyn Observer<M>) -> Result<bool, Error> {
        let (config, epoch) = (self.config, self.history.epoch());
        let copies = match self.set.variants(config.copies, config.seed, epoch)? {
            None => config.copies,
            Some(variants) => {
                variants.iter().try_for_each(|variant| self.model.check_example(variant))?;
                self.train = Cow::Owned(variants);
                1
            }
        };
        let updates = self.shards.plan(self.model, &self.train, copies, config, epoch);
        if self.history.done_in_epoch == 0 {
            self.begin_streams();
            self.shards.reset_state(self.model);
        }
        for update in self.history.done_in_epoch..updates {
            if update > 0 && self.history.out_of_budget(config, self.seconds()).is_some() {
                break;
            }
            let report = self.update(update, updates)?;
            match self.agree(observer.update(&report))? {
                Control::Continue => {}
                Control::Save => self.save(observer, self.seconds())?,
                Control::Stop => {
                    self.save(observer, self.seconds())?;
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Validates, keeps the weights if they are the best, and lets the observer save.
    fn end_epoch(&mut self, observer: &mut dyn Observer<M>) -> Result<(), Error> {
        self.swap_average();
        let valid_nll = self.shards.mean_nll(self.model, self.valid, self.config)?;
        let report: EpochReport = self.history.end_epoch(valid_nll, self.norms.names());
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
        self.check_weights()?;
        self.agree(Control::Continue)?;
        // One look at the clock: what is saved as the end is the end.
        let seconds = self.seconds();
        self.stop = self.history.finished(self.config, seconds);
        self.save(observer, seconds)
    }

    /// Exchanges the weights with their moving average, if one is kept.
    fn swap_average(&mut self) {
        if let Some(average) = &mut self.average {
            self.model.params_mut().values_mut().swap_with_slice(average.values_mut());
        }
    }

    /// What a checkpoint holds.
    fn snapshot(&self, seconds: f64) -> Result<Snapshot<'_>, Error> {
        let json = |error: serde_json::Error| Error::Checkpoint(error.to_string());
        let (state, carried) = self.shards.state()?;
        let [first, second] = self.optimizer.memory();
        let average = self.average.as_ref().map_or(&[][..], |average| average.values());
        let own = [self.model.params().values(), &self.best_weights, average, first, second];
        let buffers = own.map(Cow::Borrowed).into_iter().chain(carried).collect();
        let [dropout_position, sampling_position] = self.shards.positions();
        let header = Header {
            version: 0,
            kind: M::KIND.to_owned(),
            training: self.config.clone(),
            model: serde_json::to_value(self.model.config()).map_err(json)?,
            data: self.fingerprint.clone(),
            history: self.history.clone(),
            seconds,
            optimizer_updates: self.optimizer.updates(),
            dropout_position,
            sampling_position,
            state,
            notes: String::new(),
            lengths: Vec::new(),
        };
        let is_final = self.history.finished(self.config, seconds).is_some();
        Ok(Snapshot { header, buffers, is_final })
    }

    /// Scheduled sampling, forward, loss, backward, clipping, optimiser, average: update `update` of `updates` in the epoch.
    fn update(&mut self, update: usize, updates: usize) -> Result<UpdateReport, Error> {
        let config = self.config;
        let as_planned = (self.history.epoch() - 1) * updates as u64 + update as u64;
        let position = M::schedule_position(self.history.updates, as_planned);
        let (done, total_updates) = self.history.progress(config, position, updates as u64, self.seconds());
        let truth_probability = config.sampling.truth_probability(done, total_updates);
        let factor = config.schedule.factor(done, total_updates, &self.history.plateau);
        let learning_rate = config.learning_rate * factor;
        let place = Place { epoch: self.history.epoch(), update, truth: truth_probability };
        self.history.updates += 1;
        let (nats, grad_norm, layers) = self.learn(place, learning_rate)?;
        let steps = self.shards.target_steps();
        let report = UpdateReport {
            epoch: self.history.epoch(),
            update: self.history.updates,
            total_updates,
            nll: nats / steps.max(1) as f64,
            grad_norm,
            learning_rate,
            truth_probability,
            steps,
        };
        self.history.add(&report, nats, &layers);
        Ok(report)
    }

    /// One step of learning from the batch: loss in nats, norm of the gradient, norms by layer.
    fn learn(&mut self, place: Place, learning_rate: f64) -> Result<(f64, f64, Vec<f64>), Error> {
        let update = self.history.updates;
        let diverged = |diagnosis| Err(Error::Diverged(Box::new(diagnosis)));
        let nats = match self.shards.gradients(self.model, &self.train, self.config, place) {
            Ok(nats) => nats,
            Err(error) => {
                let gate = |name: &str, row| self.model.gate(name, row);
                return match diagnosis::of_weights(self.model.params(), &gate, update) {
                    Some(diagnosis) => diverged(diagnosis),
                    None => Err(error),
                };
            }
        };
        if !nats.is_finite() {
            let breakdown = self.shards.first_breakdown(self.model, self.config)?;
            return diverged(diagnosis::of_loss(breakdown, nats, update));
        }
        if let Some(frozen) = &self.frozen {
            frozen.drop_gradients(self.model.params_mut());
        }
        let layers = self.norms.measure(self.model.params());
        let grad_norm = clip_grad_norm(self.model.params_mut(), self.config.clip_grad_norm);
        if !grad_norm.is_finite() {
            let gate = |name: &str, row| self.model.gate(name, row);
            return diverged(diagnosis::of_gradient(self.model.params(), &gate, grad_norm, update));
        }
        self.optimizer.update(self.model.params_mut(), learning_rate);
        if let Some(frozen) = &self.frozen {
            frozen.restore(self.model.params_mut());
        }
        if let Some(average) = &mut self.average {
            average.update(self.model.params().values(), update);
        }
        Ok((nats, grad_norm, layers))
    }
}
