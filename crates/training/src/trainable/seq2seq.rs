//! Training of a [`Seq2Seq`]: windows of pairs in random order, each from a state of its own.

use super::model::Trainable;
use super::sequence::sequence_bytes;
use crate::config::{CONDITION_DROPOUT, TrainingConfig};
use crate::distributed::Shard;
use crate::error::Error;
use crate::plan::WHOLE_PIECES;
use crate::sampling::{Curve, Source};
use composer_bptt::divergence::Breakdown;
use composer_bptt::{Mode, Parameters};
use composer_models::encoding::Symbol;
use composer_models::seq2seq::{
    Pair, PairBatch, Seq2SeqWorkspace, Window, draw_symbol, mean_pair_nll, replace_inputs,
};
use composer_models::streams::{Purpose, stream};
use composer_models::{Seq2Seq, Seq2SeqConfig};
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// The batches of a [`Seq2Seq`].
pub struct PairBatches {
    /// Which windows of a batch are here.
    shard: Shard,
    /// Windows over all steps of all pairs, in the order of the epoch.
    windows: Vec<Placed>,
    batch: PairBatch,
    ws: Seq2SeqWorkspace<f32>,
    /// Target steps here; those of the batch are of the whole one.
    own_steps: usize,
}

/// A window of a pair, by the pair's index.
#[derive(Clone, Copy, Debug)]
struct Placed {
    pair: usize,
    start: usize,
    steps: usize,
    transpose: i8,
}

/// Steps of a window under a configuration.
fn window(config: &TrainingConfig) -> usize {
    if config.tbptt_len == WHOLE_PIECES { usize::MAX } else { config.tbptt_len }
}

impl Trainable for Seq2Seq {
    const KIND: &'static str = "seq2seq";
    type Config = Seq2SeqConfig;
    type Example = Pair;
    type Batches = PairBatches;

    fn config(&self) -> &Seq2SeqConfig {
        self.config()
    }

    fn params(&self) -> &Parameters<f32> {
        self.params()
    }

    fn params_mut(&mut self) -> &mut Parameters<f32> {
        self.params_mut()
    }

    fn check_config(&self, config: &TrainingConfig) -> Result<(), Error> {
        if config.recompute {
            return Err(Error::setting("training.recompute", true, "false for an encoder–decoder"));
        }
        if config.condition_dropout != CONDITION_DROPOUT {
            let only_told = "left as it is for an encoder–decoder";
            return Err(Error::setting("training.condition_dropout", config.condition_dropout, only_told));
        }
        let sampled =
            config.sampling.curve != Curve::TeacherForcing && config.sampling.source == Source::Model;
        if self.config().note_wise.is_some() && sampled {
            let expected = "0 for an encoder–decoder that writes note by note";
            return Err(Error::setting("scheduled_sampling", 1.0 - config.sampling.floor, expected));
        }
        if config.source_only && !self.config().aligned {
            return Err(Error::setting("training.source_only", true, "false unless the source is aligned"));
        }
        Ok(())
    }

    fn check_example(&self, pair: &Pair) -> Result<(), Error> {
        let mut batch = PairBatch::new(self.config());
        Ok(batch.fill(self.config(), &[Window::of(pair, 0, 1)])?)
    }

    fn steps(pair: &Pair) -> usize {
        pair.target.len()
    }

    fn bytes(pair: &Pair, sink: &mut dyn FnMut(&[u8])) {
        sequence_bytes(&pair.source, sink);
        sequence_bytes(&pair.target, sink);
        sink(&pair.style.map_or(0, |style| u64::from(style) + 1).to_le_bytes());
    }

    fn trained(&self, config: &TrainingConfig) -> Option<Vec<bool>> {
        config.source_only.then(|| self.reads_source())
    }

    fn batches(&self, _config: &TrainingConfig, shard: Shard) -> PairBatches {
        PairBatches {
            shard,
            windows: Vec::new(),
            batch: PairBatch::new(self.config()),
            ws: Seq2SeqWorkspace::default(),
            own_steps: 0,
        }
    }

    fn pass_scratch(from: &mut PairBatches, to: &mut PairBatches) {
        std::mem::swap(&mut from.ws, &mut to.ws);
    }

    /// Windows of aligned pairs begin anywhere, so that they differ from epoch to epoch.
    fn plan(
        &self,
        batches: &mut PairBatches,
        pairs: &[Pair],
        copies: usize,
        config: &TrainingConfig,
        epoch: u64,
    ) -> usize {
        let mut rng = stream(config.seed, Purpose::Shuffling, epoch);
        let (windows, steps) = (&mut batches.windows, window(config));
        windows.clear();
        let visits = (0..pairs.len()).flat_map(|pair| std::iter::repeat_n(pair, copies));
        for pair in visits {
            let Pair { source, target, .. } = &pairs[pair];
            let range = {
                let source = self.config().source.transpositions(source, config.transpose);
                let target = self.config().target.transpositions(target, config.transpose);
                *source.start().max(target.start())..=*source.end().min(target.end())
            };
            let transpose = rng.random_range(range);
            let anywhere = self.config().aligned && config.tbptt_len != WHOLE_PIECES;
            let first = if anywhere { rng.random_range(0..steps.min(target.len().max(1))) } else { 0 };
            if first > 0 {
                windows.push(Placed { pair, start: 0, steps: first, transpose });
            }
            let starts = (first..target.len()).step_by(steps);
            windows.extend(starts.map(|start| Placed { pair, start, steps, transpose }));
        }
        windows.shuffle(&mut rng);
        windows.len().div_ceil(config.batch_size)
    }

    /// Epochs differ in length, because windows begin anywhere.
    fn schedule_position(_updates: u64, as_planned: u64) -> u64 {
        as_planned
    }

    fn fill(
        &self,
        batches: &mut PairBatches,
        pairs: &[Pair],
        config: &TrainingConfig,
        update: usize,
    ) -> Result<(), Error> {
        let group = batches.windows.chunks(config.batch_size).nth(update).unwrap_or_default();
        let window = |placed: &Placed| Window {
            pair: &pairs[placed.pair],
            start: placed.start,
            steps: placed.steps,
            transpose: placed.transpose,
        };
        let group: Vec<Window<'_>> = group.iter().map(window).collect();
        let PairBatches { shard, batch, own_steps, .. } = batches;
        batch.fill(self.config(), &group[shard.rows(group.len())])?;
        *own_steps = batch.target.target_steps;
        // The loss is a mean over the steps of all micro-shards.
        let parts = (0..shard.count).map(|index| Shard { index, ..*shard }.rows(group.len()));
        batch.target.target_steps = parts.map(|rows| filled_steps(&group[rows])).sum();
        Ok(())
    }

    /// Samples from one pass over the true inputs.
    fn sample_inputs(
        &self,
        batches: &mut PairBatches,
        pairs: &[Pair],
        config: &TrainingConfig,
        truth: f64,
        rng: &mut ChaCha8Rng,
    ) -> Result<(), Error> {
        if truth >= 1.0 {
            return Ok(());
        }
        let PairBatches { batch, ws, .. } = batches;
        let encoding = &self.config().target;
        if config.sampling.source == Source::Noise {
            let draw = |_, _, rng: &mut ChaCha8Rng| noise(pairs, rng);
            replace_inputs(&mut batch.target, encoding, 1.0 - truth, rng, draw);
            return Ok(());
        }
        self.forward(batch, Mode::Eval, ws)?;
        if ws.logits().iter().any(|logit| !logit.is_finite()) {
            return Ok(()); // the forward pass of the update will find out where it began
        }
        let (logits, outputs) = (ws.logits(), encoding.outputs());
        let temperature = config.sampling.temperature;
        let draw = |row: usize, before, rng: &mut ChaCha8Rng| {
            draw_symbol(encoding, &logits[row * outputs..][..outputs], before, temperature, rng)
        };
        replace_inputs(&mut batch.target, encoding, 1.0 - truth, rng, draw);
        Ok(())
    }

    fn gradients(
        &mut self,
        batches: &mut PairBatches,
        config: &TrainingConfig,
        rng: &mut ChaCha8Rng,
    ) -> Result<f64, Error> {
        let PairBatches { batch, ws, .. } = batches;
        batch.drop_inputs(self.config(), config.source_dropout, config.history_dropout, rng);
        Ok(self.learn(batch, config.label_smoothing, Mode::Train { rng }, ws)?)
    }

    fn target_steps(batches: &PairBatches) -> usize {
        batches.batch.target.target_steps
    }

    fn is_empty(batches: &PairBatches) -> bool {
        batches.shard != Shard::WHOLE && batches.own_steps == 0
    }

    fn mean_nll(
        &self,
        batches: &mut PairBatches,
        pairs: &[Pair],
        config: &TrainingConfig,
    ) -> Result<f64, Error> {
        Ok(mean_pair_nll(self, pairs, window(config), &mut batches.ws)?)
    }

    fn first_breakdown(
        &self,
        batches: &mut PairBatches,
        _config: &TrainingConfig,
    ) -> Result<Option<(&'static str, Breakdown)>, Error> {
        Ok(self.first_breakdown(&batches.ws))
    }

    fn gate(&self, parameter: &str, row: usize) -> Option<&'static str> {
        let stack = match parameter.split('.').next() {
            Some("encoder") => &self.config().encoder,
            Some("decoder") => &self.config().decoder,
            _ => return None,
        };
        stack.cell.spec().gates_of(parameter).get(row / stack.hidden.max(1)).copied()
    }
}

/// A symbol of a random target that has nothing to do with the model.
fn noise(pairs: &[Pair], rng: &mut ChaCha8Rng) -> Symbol {
    loop {
        let target = &pairs[rng.random_range(0..pairs.len())].target;
        if target.is_empty() {
            continue;
        }
        if let Some(symbol) = target.symbol(rng.random_range(0..target.len())) {
            return symbol;
        }
    }
}

/// Target steps of some windows side by side: where the pair goes on, a short one is filled up to the longest.
fn filled_steps(windows: &[Window<'_>]) -> usize {
    let longest = windows.iter().map(Window::target_steps).max().unwrap_or(0);
    windows.iter().map(|window| Window { steps: longest, ..*window }.target_steps()).sum()
}
