//! Training of encoder–decoders: windows of pairs, teacher forcing or scheduled sampling, early stopping.

use crate::Error;
use crate::optim::{Optimizer, OptimizerConfig, OptimizerKind, clip_grad_norm};
use composer_bptt::Mode;
use composer_models::seq2seq::{Pair, PairBatch, Seq2SeqWorkspace, Window, resample_inputs};
use composer_models::streams::{Purpose, stream};
use composer_models::{Seq2Seq, Sequence};
use rand::seq::SliceRandom;
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

/// How to train.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PairConfig {
    /// Times that training goes through all pairs at most.
    pub epochs: u64,
    /// `B`: windows side by side.
    pub batch_size: usize,
    /// Steps of a window. Pairs that are not aligned must fit one.
    pub window: usize,
    /// Semitones that a pair is transposed by at most, where the ranges allow.
    pub transpose: i8,
    /// Probability that a feature of a symbol of the source is hidden.
    pub hide_source: f64,
    /// Probability that a feature of a symbol that the decoder is fed is hidden.
    pub hide_history: f64,
    /// Weight decay of AdamW.
    pub weight_decay: f64,
    /// Learning rate of Adam at its highest; it falls along half a cosine.
    pub learning_rate: f64,
    /// Gradients longer than this are shortened to it.
    pub clip_grad_norm: f64,
    /// Share of the symbols fed back at the end of training that the model drew itself; it rises linearly from 0, which is
    /// teacher forcing.
    pub scheduled_sampling: f64,
    /// Learns only to read an aligned source ([`Seq2Seq::reads_source`]); all other weights stay as they are.
    pub only_listening: bool,
    /// Epochs without a better validation before training stops; 0: never.
    pub patience: u64,
    /// Of the order and place of windows, transpositions and dropout.
    pub seed: u64,
}

impl Default for PairConfig {
    fn default() -> Self {
        Self {
            epochs: 30,
            batch_size: 16,
            window: 128,
            transpose: 5,
            hide_source: 0.0,
            hide_history: 0.0,
            weight_decay: 0.0,
            learning_rate: 3e-3,
            clip_grad_norm: 1.0,
            scheduled_sampling: 0.0,
            only_listening: false,
            patience: 5,
            seed: 1,
        }
    }
}

/// One epoch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PairEpoch {
    /// From 1.
    pub epoch: u64,
    /// Training loss, nats per step of the target, with dropout.
    pub train_nll: f64,
    /// Validation loss, nats per step of the target.
    pub valid_nll: f64,
    /// Whether it is the best so far.
    pub best: bool,
}

/// Trains `model` on `train` until `valid` no longer gets better, and leaves it with the weights that were best there. Returns
/// the best validation loss. `after_epoch` is told how each epoch went, and may end the training with `false`.
///
/// # Errors
/// A setting is out of range, there is nothing to learn from, a pair is none of the model's, or the loss is no longer finite.
pub fn train_pairs(
    model: &mut Seq2Seq,
    train: &[Pair],
    valid: &[Pair],
    config: &PairConfig,
    after_epoch: &mut dyn FnMut(&PairEpoch) -> bool,
) -> Result<f64, Error> {
    check(config)?;
    for (name, pairs) in [("training", train), ("validation", valid)] {
        if pairs.iter().all(|pair| pair.target.is_empty()) {
            return Err(Error::NoMusic(name));
        }
    }
    let adam_w = OptimizerConfig {
        kind: OptimizerKind::AdamW,
        weight_decay: config.weight_decay,
        ..OptimizerConfig::default()
    };
    let mut optimizer = Optimizer::new(adam_w, model.params().values().len());
    let mut scratch = Scratch {
        batch: PairBatch::new(model.config()),
        ws: Seq2SeqWorkspace::default(),
        fixed: config.only_listening.then(|| Fixed::but_listening(model)),
    };
    // A model that was trained before may be as good as it gets.
    let mut best = (pair_nll(model, valid, config.window)?, 0, model.params().values().to_vec());
    for epoch in 1..=config.epochs {
        let train_nll = one_epoch(model, train, config, epoch, &mut optimizer, &mut scratch)?;
        let valid_nll = pair_nll(model, valid, config.window)?;
        let report = PairEpoch { epoch, train_nll, valid_nll, best: valid_nll < best.0 };
        if report.best {
            (best.0, best.1) = (valid_nll, epoch);
            best.2.copy_from_slice(model.params().values());
        }
        let go_on = after_epoch(&report);
        if !go_on || config.patience > 0 && epoch >= best.1 + config.patience {
            break;
        }
    }
    model.params_mut().values_mut().copy_from_slice(&best.2);
    Ok(best.0)
}

struct Scratch {
    batch: PairBatch,
    ws: Seq2SeqWorkspace<f32>,
    fixed: Option<Fixed>,
}

/// Weights that are not to change.
struct Fixed {
    learns: Vec<bool>,
    values: Vec<f32>,
}

impl Fixed {
    fn but_listening(model: &Seq2Seq) -> Self {
        Self { learns: model.reads_source(), values: model.params().values().to_vec() }
    }

    /// Takes their gradients out of the norm that is clipped, and out of the moments of the optimiser.
    fn drop_gradients(&self, model: &mut Seq2Seq) {
        for (gradient, &learns) in model.params_mut().grads_mut().iter_mut().zip(&self.learns) {
            *gradient = if learns { *gradient } else { 0.0 };
        }
    }

    /// Undoes what weight decay did to them.
    fn restore(&self, model: &mut Seq2Seq) {
        let values = model.params_mut().values_mut().iter_mut().zip(&self.values);
        for ((value, &before), &learns) in values.zip(&self.learns) {
            *value = if learns { *value } else { before };
        }
    }
}

fn check(config: &PairConfig) -> Result<(), Error> {
    let refuse = |name: &str, value: String, must| Err(Error::setting(name, value, must));
    for (name, value) in [("batch_size", config.batch_size), ("window", config.window)] {
        if value == 0 {
            return refuse(name, "0".into(), "at least 1");
        }
    }
    for (name, value) in [("learning_rate", config.learning_rate), ("clip_grad_norm", config.clip_grad_norm)]
    {
        if !(value > 0.0 && value.is_finite()) {
            return refuse(name, value.to_string(), "above 0");
        }
    }
    if !(0..=11).contains(&config.transpose) {
        return refuse("transpose", config.transpose.to_string(), "from 0 to 11 semitones");
    }
    let shares = [
        ("scheduled_sampling", config.scheduled_sampling),
        ("hide_source", config.hide_source),
        ("hide_history", config.hide_history),
        ("weight_decay", config.weight_decay),
    ];
    for (name, share) in shares {
        if !(0.0..=1.0).contains(&share) {
            return refuse(name, share.to_string(), "between 0 and 1");
        }
    }
    Ok(())
}

/// One epoch; returns the mean loss.
fn one_epoch(
    model: &mut Seq2Seq,
    pairs: &[Pair],
    config: &PairConfig,
    epoch: u64,
    optimizer: &mut Optimizer,
    Scratch { batch, ws, fixed }: &mut Scratch,
) -> Result<f64, Error> {
    let windows = windows(model, pairs, config, &mut stream(config.seed, Purpose::Shuffling, epoch));
    let mut dropout = stream(config.seed, Purpose::Dropout, epoch);
    let mut draws = stream(config.seed, Purpose::ScheduledSampling, epoch);
    let updates = windows.len().div_ceil(config.batch_size);
    let (mut nats, mut steps) = (0.0, 0);
    for (update, group) in windows.chunks(config.batch_size).enumerate() {
        let progress = ((epoch - 1) as f64 + update as f64 / updates as f64) / config.epochs.max(1) as f64;
        batch.fill(model.config(), group)?;
        let share = config.scheduled_sampling * progress;
        if share > 0.0 {
            model.forward(batch, Mode::Eval, ws)?;
            let encoding = model.config().target.clone();
            resample_inputs(&mut batch.target, &encoding, ws.logits(), share, &mut draws);
        }
        batch.hide(model.config(), config.hide_source, config.hide_history, &mut dropout);
        model.forward(batch, Mode::Train { rng: &mut dropout }, ws)?;
        let loss = model.loss(batch, ws)?;
        if !loss.is_finite() {
            let (name, index) = ("loss".to_owned(), optimizer_step(epoch, updates, update));
            let broken = composer_bptt::Error::NonFinite { name, index, value: loss };
            return Err(composer_models::Error::from(broken).into());
        }
        nats += loss;
        steps += batch.target.charged;
        model.params_mut().zero_grad();
        model.backward(batch, ws)?;
        if let Some(fixed) = fixed {
            fixed.drop_gradients(model);
        }
        clip_grad_norm(model.params_mut(), config.clip_grad_norm);
        let rate = config.learning_rate * (0.51 + 0.49 * (std::f64::consts::PI * progress).cos());
        optimizer.update(model.params_mut(), rate);
        if let Some(fixed) = fixed {
            fixed.restore(model);
        }
    }
    Ok(nats / steps.max(1) as f64)
}

/// The number of an update since the beginning, for messages.
fn optimizer_step(epoch: u64, updates: usize, update: usize) -> usize {
    (epoch as usize - 1) * updates + update
}

/// Windows over all steps of all pairs, in random order. Those of aligned pairs begin anywhere, so that they differ from
/// epoch to epoch.
fn windows<'a, R: Rng>(
    model: &Seq2Seq,
    pairs: &'a [Pair],
    config: &PairConfig,
    rng: &mut R,
) -> Vec<Window<'a>> {
    let mut windows = Vec::new();
    for pair in pairs {
        let range = {
            let source = model.config().source.transpositions(&pair.source, config.transpose);
            let target = model.config().target.transpositions(&pair.target, config.transpose);
            *source.start().max(target.start())..=*source.end().min(target.end())
        };
        let transpose = rng.random_range(range);
        let steps = config.window;
        let first =
            if model.config().aligned { rng.random_range(0..steps.min(pair.target.len().max(1))) } else { 0 };
        if first > 0 {
            windows.push(Window { pair, start: 0, steps: first, transpose });
        }
        let starts = (first..pair.target.len()).step_by(steps);
        windows.extend(starts.map(|start| Window { pair, start, steps, transpose }));
    }
    windows.shuffle(rng);
    windows
}

/// The same targets, each with the source of the next pair, repeated or cut to fit: what a model knows without listening.
/// Sources that are tokens stay as they are.
pub fn with_foreign_sources(pairs: &[Pair]) -> Vec<Pair> {
    let foreign = |index: usize, pair: &Pair| {
        let Sequence::Frames(other) = &pairs[(index + 1) % pairs.len()].source else { return pair.clone() };
        let source = other.iter().copied().cycle().take(pair.target.len()).collect();
        Pair { source: Sequence::Frames(source), ..pair.clone() }
    };
    pairs.iter().enumerate().map(|(index, pair)| foreign(index, pair)).collect()
}

/// −ln P(target | source) of one pair.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairNll {
    /// In nats, summed.
    pub nats: f64,
    /// Steps of the target.
    pub steps: usize,
}

/// −ln P(target | source) of each pair, over windows of so many steps.
///
/// # Errors
/// A pair is none of the model's.
pub fn pair_nlls(model: &Seq2Seq, pairs: &[Pair], window: usize) -> Result<Vec<PairNll>, Error> {
    let mut batch = PairBatch::new(model.config());
    let mut ws = Seq2SeqWorkspace::default();
    let mut of_pair = |pair: &Pair| -> Result<PairNll, Error> {
        let starts = (0..pair.target.len()).step_by(window.max(1));
        let windows: Vec<Window<'_>> = starts.map(|start| Window::of(pair, start, window)).collect();
        let mut nll = PairNll { nats: 0.0, steps: 0 };
        for group in windows.chunks(16) {
            batch.fill(model.config(), group)?;
            model.forward(&batch, Mode::Eval, &mut ws)?;
            nll.nats += model.loss(&batch, &mut ws)?;
            nll.steps += batch.target.charged;
        }
        Ok(nll)
    };
    pairs.iter().map(&mut of_pair).collect()
}

/// −ln P(target | source) in nats per step of the targets of all pairs, over windows of so many steps.
///
/// # Errors
/// A pair is none of the model's.
pub fn pair_nll(model: &Seq2Seq, pairs: &[Pair], window: usize) -> Result<f64, Error> {
    let nlls = pair_nlls(model, pairs, window)?;
    let steps: usize = nlls.iter().map(|nll| nll.steps).sum();
    Ok(nlls.iter().map(|nll| nll.nats).sum::<f64>() / steps.max(1) as f64)
}
