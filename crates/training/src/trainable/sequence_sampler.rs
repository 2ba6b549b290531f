//! Scheduled sampling for a [`SequenceModel`]: step by step over a chunk, each sample given the inputs as they were decided.

use super::value_sampling;
use crate::error::Error;
use crate::plan::Chunk;
use crate::sampling::{Sampling, Source};
use composer_bptt::arrays::view_mut;
use composer_decoding::frames::{FrameContext, FrameOptions, NoteChoice, NoteScratch, Open, Scratch};
use composer_decoding::tokens::{self, TokenOptions, candidates};
use composer_models::Stepper;
use composer_models::batch::SequenceBatch;
use composer_models::encoding::Symbol;
use composer_models::{Encoding, LanguageModel, Sequence, SequenceModel, SequenceState, StepInput};
use composer_music::representation::frames::Frame;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// Replaces inputs of a batch. Keeps, from chunk to chunk, the last sample of each row.
pub(crate) struct Sampler {
    config: Sampling,
    /// The sample after the last step of each row of the batch; `None` where there is none yet.
    last: Vec<Option<Symbol>>,
    scratch: Scratch,
    notes: NoteScratch,
    logits: Vec<f32>,
    /// All tokens.
    allowed: Vec<bool>,
}

impl Sampler {
    pub(crate) fn new(config: Sampling) -> Self {
        Self {
            config,
            last: Vec::new(),
            scratch: Scratch::default(),
            notes: NoteScratch::default(),
            logits: Vec::new(),
            allowed: Vec::new(),
        }
    }

    /// The last samples, for a checkpoint.
    pub(crate) fn last(&self) -> Vec<SymbolRecord> {
        self.last.iter().map(|symbol| SymbolRecord::from(*symbol)).collect()
    }

    /// Takes it back.
    pub(crate) fn restore(&mut self, last: &[SymbolRecord]) {
        self.last = last.iter().map(SymbolRecord::symbol).collect();
    }

    /// Replaces inputs of `batch`, which holds `chunks` of `sequences` from `state` on, with probability `1 − truth` each.
    ///
    /// The model runs step by step over the inputs as they are decided, without dropout, as it does when it composes.
    pub(crate) fn replace(
        &mut self,
        model: &SequenceModel,
        sequences: &[Sequence],
        chunks: &[Option<Chunk>],
        truth: f64,
        state: &SequenceState,
        batch: &mut SequenceBatch,
        rng: &mut ChaCha8Rng,
    ) -> Result<(), Error> {
        self.last.resize(chunks.len(), None);
        for (last, chunk) in self.last.iter_mut().zip(chunks) {
            if chunk.is_none_or(|chunk| chunk.begins) {
                *last = None;
            }
        }
        if truth >= 1.0 {
            self.last.fill(None);
            return Ok(());
        }
        let encoding = model.encoding();
        if let Encoding::Values { .. } = encoding {
            return value_sampling::replace(&self.config, model, sequences, chunks, truth, state, batch, rng);
        }
        let mut stepper = Stepper::new(model);
        let mut state = state.clone();
        self.logits.resize(chunks.len() * encoding.outputs(), 0.0);
        self.allowed.resize(encoding.outputs(), true);
        let mut indices = Vec::with_capacity(batch.indices.len());
        let mut offsets = vec![0];
        let mut step_offsets = Vec::with_capacity(chunks.len() + 1);
        for t in 0..batch.steps {
            let begin = indices.len();
            step_offsets.clear();
            step_offsets.push(0);
            let mut read: Vec<Option<Symbol>> = vec![None; chunks.len()];
            for (row, chunk) in chunks.iter().enumerate() {
                let here = chunk.filter(|chunk| chunk.start + t < sequences[chunk.piece].len());
                if let Some(chunk) = here {
                    let true_symbol =
                        (chunk.start + t).checked_sub(1).and_then(|step| symbol(sequences, chunk, step));
                    let replaced = true_symbol.is_some() && rng.random::<f64>() >= truth;
                    read[row] = if replaced { self.last[row].or(true_symbol) } else { true_symbol };
                    let bars = sequences[chunk.piece].bars();
                    encoding.push_features(chunk.start + t, bars, read[row], &mut indices);
                    // What is longer ago stays the truth.
                    let (sequence, step) = (&sequences[chunk.piece], chunk.start + t);
                    encoding.push_past_of(sequence, step, chunk.transpose, &mut indices);
                    let given = t * chunks.len() + row;
                    let given = &batch.indices[batch.offsets[given]..batch.offsets[given + 1]];
                    let first_condition = encoding.inputs() as u32;
                    let told =
                        |&&feature: &&u32| feature >= first_condition || encoding.is_of_returns(feature);
                    indices.extend(given.iter().filter(told));
                }
                offsets.push(indices.len());
                step_offsets.push(indices.len() - begin);
            }
            if self.config.source == Source::Model {
                let input = StepInput::MultiHot { indices: &indices[begin..], offsets: &step_offsets };
                let logits = view_mut((chunks.len(), encoding.outputs()), &mut self.logits);
                stepper.step(input, &mut state, logits)?;
                if self.logits.iter().any(|logit| !logit.is_finite()) {
                    return Ok(()); // the forward pass will find out where it began
                }
            }
            for (row, chunk) in chunks.iter().enumerate() {
                if chunk.is_some_and(|chunk| chunk.start + t < sequences[chunk.piece].len()) {
                    self.last[row] = match self.config.source {
                        Source::Model => Some(self.draw(model, &mut stepper, row, read[row], rng)?),
                        Source::Noise => noise(sequences, rng),
                    };
                }
            }
        }
        batch.indices = indices;
        batch.offsets = offsets;
        Ok(())
    }

    /// A sample from the logits of a row that has just read `read`.
    fn draw(
        &mut self,
        model: &SequenceModel,
        stepper: &mut Stepper<'_>,
        row: usize,
        read: Option<Symbol>,
        rng: &mut ChaCha8Rng,
    ) -> Result<Symbol, Error> {
        let encoding = model.encoding();
        let outputs = encoding.outputs();
        let logits = &mut self.logits[row * outputs..(row + 1) * outputs];
        Ok(match encoding {
            Encoding::Frames { representation, .. } => {
                // The limits on silence and length are for composing; a sample is of the model as it is.
                let options = FrameOptions {
                    temperature: self.config.temperature,
                    max_silence: usize::MAX,
                    max_note_steps: usize::MAX,
                    ..FrameOptions::default()
                };
                let mut context = FrameContext::default();
                if let Some(Symbol::Frame(frame)) = read {
                    context.push(frame);
                }
                let (context, options, open) = (&context, &options, Open::ALL);
                let choice = NoteChoice { representation, row, context, options, open };
                let scratch = (&mut self.scratch, &mut self.notes);
                Symbol::Frame(choice.choose_by(stepper, logits, scratch, rng)?)
            }
            Encoding::Tokens { .. } | Encoding::Values { .. } => {
                let options =
                    TokenOptions { temperature: self.config.temperature, ..TokenOptions::default() };
                let candidates = candidates(logits, &self.allowed, &[], &options)?;
                Symbol::Token(tokens::draw(&candidates, rng))
            }
        })
    }
}

fn symbol(sequences: &[Sequence], chunk: Chunk, step: usize) -> Option<Symbol> {
    sequences[chunk.piece].symbol(step).map(|symbol| match symbol {
        Symbol::Frame(frame) => Symbol::Frame(frame.transpose(chunk.transpose)),
        token => token,
    })
}

/// A symbol that has nothing to do with the model.
fn noise(sequences: &[Sequence], rng: &mut ChaCha8Rng) -> Option<Symbol> {
    loop {
        let sequence = &sequences[rng.random_range(0..sequences.len())];
        if !sequence.is_empty() {
            return sequence.symbol(rng.random_range(0..sequence.len()));
        }
    }
}

/// A symbol as a checkpoint holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum SymbolRecord {
    None,
    Token(u32),
    /// Halves of the planes, the low one first.
    Frame {
        sounding: [u64; 2],
        onsets: [u64; 2],
    },
}

impl From<Option<Symbol>> for SymbolRecord {
    fn from(symbol: Option<Symbol>) -> Self {
        let halves = |plane: u128| [plane as u64, (plane >> 64) as u64];
        match symbol {
            None => Self::None,
            Some(Symbol::Token(token)) => Self::Token(token),
            Some(Symbol::Frame(frame)) => {
                Self::Frame { sounding: halves(frame.sounding), onsets: halves(frame.onsets) }
            }
        }
    }
}

impl SymbolRecord {
    fn symbol(&self) -> Option<Symbol> {
        let plane = |[low, high]: [u64; 2]| u128::from(low) | u128::from(high) << 64;
        match *self {
            Self::None => None,
            Self::Token(token) => Some(Symbol::Token(token)),
            Self::Frame { sounding, onsets } => {
                Some(Symbol::Frame(Frame { sounding: plane(sounding), onsets: plane(onsets) }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampling::Curve;
    use composer_bptt::{Init, RecurrentConfig};
    use composer_models::ModelConfig;
    use composer_models::batch::Slice;
    use composer_music::BarMap;
    use composer_music::representation::frames::FrameRepresentation;
    use rand::SeedableRng;

    #[test]
    fn the_place_in_the_bar_stays_where_symbols_are_replaced() {
        let representation = FrameRepresentation::default();
        let encoding = Encoding::Frames {
            representation,
            metre: 16,
            bar_line: 24,
            look_back: 0,
            longest_match: false,
            returns: false,
            rhythm: false,
            note_lengths: 0,
            note_velocities: 0,
        };
        let recurrent = RecurrentConfig { hidden: 4, ..RecurrentConfig::default() };
        let config = ModelConfig::new(encoding.clone(), recurrent);
        let model = SequenceModel::new(config, &Init::PYTORCH, 1).expect("a model");
        let changes = [(0, "3/8"), (6, "6/8"), (30, "5/4")];
        let changes = changes.map(|(step, metre)| (step, metre.parse().expect("a metre")));
        let frame = Frame { sounding: 1 << 60, onsets: 1 << 60 };
        let sequences = [Sequence::frames_in(vec![frame; 80], BarMap::from_changes(4, changes))];
        let chunk = Chunk { piece: 0, start: 9, transpose: 0, begins: false };
        let mut batch = SequenceBatch::new(&encoding);
        batch.fill(&encoding, &[Some(Slice { sequence: &sequences[0], start: 9, transpose: 0 })], 64);
        let before = batch.clone();
        let sampling = Sampling { curve: Curve::LinearToEnd, ..Sampling::default() };
        let (mut sampler, state) = (Sampler::new(sampling), model.zero_state(1));
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        sampler.replace(&model, &sequences, &[Some(chunk)], 0.2, &state, &mut batch, &mut rng).expect("runs");
        assert_ne!(batch.indices, before.indices);
        let places = |batch: &SequenceBatch, row: usize| -> Vec<u32> {
            let row = &batch.indices[batch.offsets[row]..batch.offsets[row + 1]];
            row.iter().copied().filter(|&index| index as usize > encoding.outputs()).collect()
        };
        for row in 0..64 {
            assert_eq!(places(&batch, row), places(&before, row), "step {}", row + 9);
            assert!(places(&batch, row).len() >= 2);
        }
    }

    #[test]
    fn symbols_come_back_from_a_checkpoint() {
        let frame = Frame { sounding: 1 << 100 | 1 << 3, onsets: 1 << 100 };
        for symbol in [None, Some(Symbol::Token(7)), Some(Symbol::Frame(frame))] {
            assert_eq!(SymbolRecord::from(symbol).symbol(), symbol);
        }
    }
}
