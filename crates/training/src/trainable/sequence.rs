//! Training of a [`SequenceModel`]: truncated BPTT along the rows of a batch, with the state carried from chunk to chunk.

use super::model::Trainable;
use super::sequence_sampler::{Sampler, SymbolRecord};
use crate::config::{CONDITION_DROPOUT, TrainingConfig};
use crate::distributed::Shard;
use crate::error::Error;
use crate::plan::{Chunk, EpochPlan, PieceShape, WHOLE_PIECES};
use composer_bptt::divergence::Breakdown;
use composer_bptt::{Mode, Parameters, State};
use composer_models::batch::Slice;
use composer_models::conditions::{Condition, ConditionTrack, Dropped};
use composer_models::note_wise::NOTES_PREFIX;
use composer_models::streams::{Purpose, stream};
use composer_models::{
    ModelConfig, PastBars, Sequence, SequenceBatch, SequenceModel, SequenceState, Workspace, scoring,
};
use composer_music::{BarMap, Metre};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

/// The batches of a [`SequenceModel`], and the state of each row.
pub struct SequenceBatches {
    /// Which rows are here.
    shard: Shard,
    plan: EpochPlan,
    /// The chunk of each row in the update at hand.
    chunks: Vec<Option<Chunk>>,
    /// The epoch, and what each row is not told.
    epoch: u64,
    dropped: Vec<Dropped>,
    batch: SequenceBatch,
    state: SequenceState,
    sampler: Sampler,
    ws: Workspace,
    /// Target steps here; those of the batch are of the whole one.
    own_steps: usize,
}

impl Trainable for SequenceModel {
    const KIND: &'static str = "sequence";
    type Config = ModelConfig;
    type Example = Sequence;
    type Batches = SequenceBatches;

    fn config(&self) -> &ModelConfig {
        self.config()
    }

    fn params(&self) -> &Parameters<f32> {
        self.params()
    }

    fn params_mut(&mut self) -> &mut Parameters<f32> {
        self.params_mut()
    }

    fn check_config(&self, config: &TrainingConfig) -> Result<(), Error> {
        let only_pairs = "0 for a model without a source";
        for (name, value) in [
            ("training.source_dropout", config.source_dropout),
            ("training.history_dropout", config.history_dropout),
        ] {
            if value != 0.0 {
                return Err(Error::setting(name, value, only_pairs));
            }
        }
        if config.source_only {
            return Err(Error::setting("training.source_only", true, "false for a model without a source"));
        }
        if self.config().conditions.is_empty() && config.condition_dropout != CONDITION_DROPOUT {
            let only_told = "left as it is for a model without conditions";
            return Err(Error::setting("training.condition_dropout", config.condition_dropout, only_told));
        }
        if config.recompute && self.config().bar_attention > 0 {
            let keeps = "false for a model that attends to past bars, which are needed at all steps";
            return Err(Error::setting("training.recompute", true, keeps));
        }
        Ok(())
    }

    fn check_example(&self, example: &Sequence) -> Result<(), Error> {
        Ok(self.encoding().check(example)?)
    }

    fn steps(example: &Sequence) -> usize {
        example.len()
    }

    fn bytes(example: &Sequence, sink: &mut dyn FnMut(&[u8])) {
        sequence_bytes(example, sink);
    }

    fn batches(&self, config: &TrainingConfig, shard: Shard) -> SequenceBatches {
        SequenceBatches {
            shard,
            plan: EpochPlan::new(&[], 1, 1, 1, config.seed, 0),
            chunks: Vec::new(),
            epoch: 0,
            dropped: Vec::new(),
            batch: SequenceBatch::of_model(self.config()),
            state: self.zero_state(1),
            sampler: Sampler::new(config.sampling),
            ws: Workspace::default(),
            own_steps: 0,
        }
    }

    fn pass_scratch(from: &mut SequenceBatches, to: &mut SequenceBatches) {
        std::mem::swap(&mut from.ws, &mut to.ws);
    }

    fn plan(
        &self,
        batches: &mut SequenceBatches,
        examples: &[Sequence],
        copies: usize,
        config: &TrainingConfig,
        epoch: u64,
    ) -> usize {
        let shape = |sequence: &Sequence| PieceShape {
            steps: sequence.len(),
            transpositions: self.encoding().transpositions(sequence, config.transpose),
        };
        let shapes: Vec<PieceShape> = examples.iter().map(shape).collect();
        let (rows, length) = (config.batch_size, config.tbptt_len);
        batches.epoch = epoch;
        batches.plan = EpochPlan::new(&shapes, copies, rows, length, config.seed, epoch);
        batches.plan.updates()
    }

    fn reset_state(&self, batches: &mut SequenceBatches) {
        batches.state = self.zero_state(batches.shard.rows(batches.plan.rows()).len());
    }

    fn fill(
        &self,
        batches: &mut SequenceBatches,
        examples: &[Sequence],
        config: &TrainingConfig,
        update: usize,
    ) -> Result<(), Error> {
        let SequenceBatches { shard, plan, chunks, epoch, dropped, batch, state, own_steps, .. } = batches;
        let rows = shard.rows(plan.rows());
        chunks.clear();
        chunks.extend(rows.clone().map(|row| plan.chunk(row, update)));
        dropped.clear();
        dropped.extend((chunks.iter().enumerate()).map(|(row, chunk)| {
            let before = chunk.map_or(0, |chunk| chunk.start / config.tbptt_len.max(1));
            let visit = (update - before) * plan.rows() + rows.start + row;
            dropped_of(self.config(), config, *epoch, visit)
        }));
        let begins: Vec<usize> =
            (0..chunks.len()).filter(|&row| chunks[row].is_some_and(|chunk| chunk.begins)).collect();
        self.reset_rows(state, &begins);
        let slice = |Chunk { piece, start, transpose, .. }: Chunk| Slice {
            sequence: &examples[piece],
            start,
            transpose,
        };
        let slices: Vec<Option<Slice<'_>>> = chunks.iter().map(|chunk| chunk.map(slice)).collect();
        let longest = || slices.iter().flatten().map(|slice| slice.sequence.len()).max().unwrap_or(0);
        let steps = if config.tbptt_len == WHOLE_PIECES { longest() } else { config.tbptt_len };
        batch.fill_without(self.encoding(), &slices, dropped, steps);
        *own_steps = batch.target_steps;
        if *shard != Shard::WHOLE {
            // The loss is a mean over all of them.
            let chunks = (0..plan.rows()).filter_map(|row| plan.chunk(row, update));
            batch.target_steps = chunks.map(|chunk| chunk.steps(&examples[chunk.piece], config)).sum();
        }
        let place = Drawn { epoch: *epoch, update, first: rows.start, rows: plan.rows() };
        drop_tokens(self.config(), config, place, batch);
        Ok(())
    }

    fn sample_inputs(
        &self,
        batches: &mut SequenceBatches,
        examples: &[Sequence],
        _config: &TrainingConfig,
        truth: f64,
        rng: &mut ChaCha8Rng,
    ) -> Result<(), Error> {
        let SequenceBatches { sampler, chunks, state, batch, .. } = batches;
        sampler.replace(self, examples, chunks, truth, state, batch, rng)
    }

    fn gradients(
        &mut self,
        batches: &mut SequenceBatches,
        config: &TrainingConfig,
        rng: &mut ChaCha8Rng,
    ) -> Result<f64, Error> {
        let SequenceBatches { batch, state, ws, .. } = batches;
        let (smoothing, mode) = (config.label_smoothing, Mode::Train { rng });
        if config.recompute {
            return Ok(self.learn_with_checkpointing(batch, state, smoothing, mode, ws)?);
        }
        Ok(self.learn(batch, state, smoothing, mode, ws)?)
    }

    fn target_steps(batches: &SequenceBatches) -> usize {
        batches.batch.target_steps
    }

    fn is_empty(batches: &SequenceBatches) -> bool {
        batches.shard != Shard::WHOLE && batches.own_steps == 0
    }

    fn mean_nll(
        &self,
        batches: &mut SequenceBatches,
        examples: &[Sequence],
        _config: &TrainingConfig,
    ) -> Result<f64, Error> {
        mean_nll(self, examples, &mut batches.ws)
    }

    fn state(batches: &SequenceBatches) -> Result<(Value, Vec<&[f32]>), Error> {
        let last = serde_json::to_value(batches.sampler.last());
        let last = last.map_err(|error| Error::Checkpoint(error.to_string()))?;
        let SequenceState { stack, bars } = &batches.state;
        let rows = bars.rows().iter().map(Vec::as_slice);
        Ok((last, [&stack.h[..], &stack.c[..]].into_iter().chain(rows).collect()))
    }

    fn restore_state(
        &self,
        batches: &mut SequenceBatches,
        record: &Value,
        buffers: &[Vec<f32>],
    ) -> Result<(), Error> {
        let no = || Error::Checkpoint("the state in it is of another model".to_owned());
        let last: Vec<SymbolRecord> = serde_json::from_value(record.clone()).map_err(|_| no())?;
        batches.sampler.restore(&last);
        let [h, c, bars @ ..] = buffers else { return Err(no()) };
        let recurrent = &self.config().recurrent;
        let row = (recurrent.layers * recurrent.directions() * recurrent.hidden).max(1);
        let stack = State::from_values(recurrent, h.len() / row, h.clone(), c.clone())
            .map_err(composer_models::Error::from)?;
        let with_bars = if self.config().bar_attention > 0 { stack.batch() } else { 0 };
        if bars.len() != with_bars {
            return Err(no());
        }
        let bars = PastBars::from_rows(bars.to_vec(), recurrent.output()).map_err(|_| no())?;
        batches.state = SequenceState { stack, bars };
        Ok(())
    }

    fn first_breakdown(
        &self,
        batches: &mut SequenceBatches,
        config: &TrainingConfig,
    ) -> Result<Option<(&'static str, Breakdown)>, Error> {
        let breakdown = match config.recompute {
            true => self.first_breakdown_with_checkpointing(&batches.batch, &mut batches.ws)?,
            false => self.first_breakdown(&batches.ws),
        };
        Ok(breakdown.map(|found| ("", found)))
    }

    fn gate(&self, parameter: &str, row: usize) -> Option<&'static str> {
        let recurrent = match parameter.starts_with(NOTES_PREFIX) {
            true => self.config().notes()?,
            false => &self.config().recurrent,
        };
        let of_stack = parameter.contains("_l");
        of_stack
            .then(|| recurrent.cell.spec().gates_of(parameter).get(row / recurrent.hidden.max(1)))
            .flatten()
            .copied()
    }
}

/// Numbers of 32 bits between the draws of two visits: many more than a draw takes.
const DRAW: u128 = 256;

/// What a visit to a piece in an epoch is not told. A function of these numbers alone, so that a resumed run draws the same.
fn dropped_of(model: &ModelConfig, config: &TrainingConfig, epoch: u64, visit: usize) -> Dropped {
    if model.conditions.is_empty() || config.condition_dropout == 0.0 {
        return Dropped::NONE;
    }
    let mut rng = stream(config.seed, Purpose::ConditionDropout, epoch);
    rng.set_word_pos(visit as u128 * DRAW);
    Dropped::draw(&model.conditions, config.condition_dropout, &mut rng)
}

/// What the tokens that are dropped depend on: the update of an epoch, and which rows of the batch there are, from the first on.
#[derive(Clone, Copy)]
struct Drawn {
    epoch: u64,
    update: usize,
    first: usize,
    rows: usize,
}

/// Drops tokens of the batch of an update in an epoch. A function of these numbers alone, so that a resumed run draws the same.
fn drop_tokens(model: &ModelConfig, config: &TrainingConfig, at: Drawn, batch: &mut SequenceBatch) {
    let (probability, vocabulary) = (model.token_network.embedding_dropout, model.encoding.outputs());
    if probability > 0.0 {
        let mut rng = stream(config.seed, Purpose::EmbeddingDropout, at.epoch);
        // More than are drawn for a batch, and for the rows before: 2 numbers of 32 bits for 4 tokens of a row.
        let before = if at.first > 0 { at.first * vocabulary + 4 } else { 0 };
        rng.set_word_pos((at.update * (at.rows * vocabulary + 4) + before) as u128);
        batch.drop_tokens(vocabulary, probability, &mut rng);
    }
}

/// Length and symbols of a sequence as bytes.
pub(super) fn sequence_bytes(sequence: &Sequence, sink: &mut dyn FnMut(&[u8])) {
    sink(&(sequence.len() as u64).to_le_bytes());
    match sequence {
        Sequence::Frames(sequence) => {
            sequence.iter().for_each(|frame| {
                sink(&frame.sounding.to_le_bytes());
                sink(&frame.onsets.to_le_bytes());
            });
            bar_bytes(sequence.bars(), sink);
        }
        Sequence::Values(values) => {
            sink(&(values.ncols() as u64).to_le_bytes());
            values.iter().for_each(|value| sink(&value.to_le_bytes()));
        }
        Sequence::Tokens(tokens) => tokens.iter().for_each(|token| sink(&token.to_le_bytes())),
    }
    if let Some(track) = sequence.conditions() {
        condition_bytes(track, sequence.len(), sink);
    }
}

/// Conditions as bytes.
fn condition_bytes(track: &ConditionTrack, length: usize, sink: &mut dyn FnMut(&[u8])) {
    for (steps, values) in track.stretches(length) {
        sink(&(steps.start as u64).to_le_bytes());
        sink(values.style.as_deref().unwrap_or_default().as_bytes());
        if let Some(metre) = values.metre {
            sink(&[metre.numerator, metre.denominator]);
        }
        for condition in
            Condition::ALL.into_iter().filter(|c| !matches!(c, Condition::Key | Condition::BarsLeft))
        {
            sink(&values.attribute(condition).unwrap_or(-1.0).to_le_bytes());
        }
        if let Some(key) = values.key {
            sink(&[key.tonic, u8::from(key.minor)]);
        }
    }
}

/// Changes of metre as bytes. Music in 4/4 has none, as in checkpoints of before sequences had bars.
fn bar_bytes(bars: Option<&BarMap>, sink: &mut dyn FnMut(&[u8])) {
    let changes: Vec<(u64, Metre)> = bars.into_iter().flat_map(BarMap::changes).collect();
    if changes[..] != [(0, Metre::COMMON)] {
        for (step, metre) in changes {
            sink(&step.to_le_bytes());
            sink(&[metre.numerator, metre.denominator]);
        }
    }
}

/// Mean negative log-likelihood in nats per step: all steps of all sequences, each counted once.
///
/// # Errors
/// The model refuses a sequence.
pub fn mean_nll(model: &SequenceModel, sequences: &[Sequence], ws: &mut Workspace) -> Result<f64, Error> {
    let scores = scoring::score(model, sequences, ws)?;
    let steps: usize = scores.iter().map(scoring::SequenceNll::len).sum();
    let nats: f64 = scores.iter().flat_map(scoring::SequenceNll::steps).map(|step| step.total()).sum();
    Ok(nats / steps.max(1) as f64)
}
