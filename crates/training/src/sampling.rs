//! Scheduled sampling (Bengio et al. 2015): the network reads now and then what it would have written itself.
//!
//! Teacher forcing shows a network only true pasts; when it composes, the past is its own. So with probability `1 − ε`,
//! drawn for each symbol, an input is replaced by a sample from the network's own output of the step before (given the
//! inputs that it has read so far, through its own decoding). Targets stay true, and no gradient goes through a sample.
//! It is no proper objective (Huszár 2015): expect a worse likelihood, and measure what it is for.
//!
//! Two controls tell what the samples themselves do: [`Source::Noise`] replaces as many inputs by symbols that have
//! nothing to do with the model, and [`Curve::Constant`] with `k = 0` always samples.

use crate::Error;
use crate::plan::Chunk;
use crate::value_sampling;
use composer_bptt::State;
use composer_bptt::arrays::view_mut;
use composer_decoding::frames::{FrameChoice, FrameContext, FrameOptions, Open, Scratch};
use composer_decoding::tokens::{self, TokenOptions, candidates};
use composer_models::batch::SequenceBatch;
use composer_models::encoding::Symbol;
use composer_models::sequence_model::Stepper;
use composer_models::{Encoding, LanguageModel, Sequence, SequenceModel, StepInput};
use composer_music::representation::frames::Frame;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// How the probability `ε` of the true symbol depends on the update `i`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Curve {
    /// Always the truth: teacher forcing.
    #[default]
    TeacherForcing,
    /// `k`, all the time; 0 always samples.
    Constant,
    /// `max(floor, k − slope · i)`
    Linear,
    /// `kⁱ`
    Exponential,
    /// `k / (k + exp(i / k))`
    InverseSigmoid,
}

/// What replaces a true symbol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// A sample from the model.
    #[default]
    Model,
    /// The symbol at a random place of a random training piece: a control.
    Noise,
}

/// When inputs are replaced, and by what.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sampling {
    /// Shape of the schedule.
    pub curve: Curve,
    /// Its constant.
    pub k: f64,
    /// How much the linear schedule falls with every update.
    pub slope: f64,
    /// Where the linear schedule ends.
    pub floor: f64,
    /// What replaces a true symbol.
    pub source: Source,
    /// Temperature of the samples.
    pub temperature: f64,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            curve: Curve::TeacherForcing,
            k: 1.0,
            slope: 1e-3,
            floor: 0.0,
            source: Source::Model,
            temperature: 1.0,
        }
    }
}

impl Sampling {
    /// Refuses constants out of range, by name.
    pub fn check(&self) -> Result<(), Error> {
        let k_must = match self.curve {
            Curve::TeacherForcing => None,
            Curve::Constant | Curve::Linear | Curve::Exponential => {
                (!(0.0..=1.0).contains(&self.k)).then_some("from 0 to 1 for this curve")
            }
            Curve::InverseSigmoid => {
                (!(self.k >= 1.0 && self.k.is_finite())).then_some("at least 1 for inverse-sigmoid")
            }
        };
        if let Some(must) = k_must {
            return Err(Error::setting("training.sampling.k", self.k, must));
        }
        for (name, value) in
            [("training.sampling.slope", self.slope), ("training.sampling.floor", self.floor)]
        {
            if !(0.0..=1.0).contains(&value) {
                return Err(Error::setting(name, value, "from 0 to 1"));
            }
        }
        if !(self.temperature > 0.0 && self.temperature <= 10.0) {
            return Err(Error::setting(
                "training.sampling.temperature",
                self.temperature,
                "above 0 and at most 10",
            ));
        }
        Ok(())
    }

    /// `ε`, the probability that an input is the true symbol, at `update` (from 0).
    pub fn truth_probability(&self, update: u64) -> f64 {
        let i = update as f64;
        match self.curve {
            Curve::TeacherForcing => 1.0,
            Curve::Constant => self.k,
            Curve::Linear => (self.k - self.slope * i).max(self.floor),
            Curve::Exponential => self.k.powf(i),
            Curve::InverseSigmoid => self.k / (self.k + (i / self.k).exp()),
        }
    }
}

/// Replaces inputs of a batch. Remembers, from chunk to chunk, what each lane sampled last.
pub(crate) struct Sampler {
    config: Sampling,
    /// The sample after the last step of each lane; `None` where there is none yet.
    last: Vec<Option<Symbol>>,
    scratch: Scratch,
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
            logits: Vec::new(),
            allowed: Vec::new(),
        }
    }

    /// What the lanes remember, for a checkpoint.
    pub(crate) fn memory(&self) -> Vec<SymbolRecord> {
        self.last.iter().map(|symbol| SymbolRecord::from(*symbol)).collect()
    }

    /// Takes it back.
    pub(crate) fn restore(&mut self, memory: &[SymbolRecord]) {
        self.last = memory.iter().map(SymbolRecord::symbol).collect();
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
        state: &State<f32>,
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
            for (lane, chunk) in chunks.iter().enumerate() {
                let here = chunk.filter(|chunk| chunk.start + t < sequences[chunk.piece].len());
                if let Some(chunk) = here {
                    let true_symbol =
                        (chunk.start + t).checked_sub(1).and_then(|step| symbol(sequences, chunk, step));
                    let replaced = true_symbol.is_some() && rng.random::<f64>() >= truth;
                    read[lane] = if replaced { self.last[lane].or(true_symbol) } else { true_symbol };
                    encoding.push_features(chunk.start + t, read[lane], &mut indices);
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
            for (lane, chunk) in chunks.iter().enumerate() {
                if chunk.is_some_and(|chunk| chunk.start + t < sequences[chunk.piece].len()) {
                    self.last[lane] = match self.config.source {
                        Source::Model => Some(self.draw(model, lane, read[lane], rng)?),
                        Source::Noise => noise(sequences, rng),
                    };
                }
            }
        }
        batch.indices = indices;
        batch.offsets = offsets;
        Ok(())
    }

    /// A sample from the logits of a lane that has just read `read`.
    fn draw(
        &mut self,
        model: &SequenceModel,
        lane: usize,
        read: Option<Symbol>,
        rng: &mut ChaCha8Rng,
    ) -> Result<Symbol, Error> {
        let encoding = model.encoding();
        let outputs = encoding.outputs();
        let logits = &self.logits[lane * outputs..(lane + 1) * outputs];
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
                let choice = FrameChoice {
                    representation,
                    logits,
                    coupling: model.coupling(),
                    context: &context,
                    options: &options,
                    open: Open::ALL,
                };
                Symbol::Frame(choice.choose(&mut self.scratch, rng))
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

    fn at(sampling: Sampling, update: u64) -> f64 {
        sampling.truth_probability(update)
    }

    #[test]
    fn schedules_follow_their_formulas_and_never_leave_0_to_1() {
        let linear =
            Sampling { curve: Curve::Linear, k: 0.9, slope: 0.01, floor: 0.25, ..Sampling::default() };
        assert!((at(linear, 0) - 0.9).abs() < 1e-12 && (at(linear, 10) - 0.8).abs() < 1e-12);
        assert_eq!(at(linear, 1000), 0.25);
        let exponential = Sampling { curve: Curve::Exponential, k: 0.99, ..Sampling::default() };
        assert!((at(exponential, 100) - 0.99f64.powi(100)).abs() < 1e-12);
        let sigmoid = Sampling { curve: Curve::InverseSigmoid, k: 50.0, ..Sampling::default() };
        assert!((at(sigmoid, 0) - 50.0 / 51.0).abs() < 1e-12);
        assert!((at(sigmoid, 200) - 50.0 / (50.0 + 4f64.exp())).abs() < 1e-12);
        assert_eq!(at(sigmoid, u64::MAX), 0.0);
        assert_eq!(at(Sampling::default(), 12), 1.0);
    }

    #[test]
    fn symbols_come_back_from_a_checkpoint() {
        let frame = Frame { sounding: 1 << 100 | 1 << 3, onsets: 1 << 100 };
        for symbol in [None, Some(Symbol::Token(7)), Some(Symbol::Frame(frame))] {
            assert_eq!(SymbolRecord::from(symbol).symbol(), symbol);
        }
    }
}
