//! The likelihood of music under a model, step by step.

use crate::Error;
use crate::batch::{SequenceBatch, Slice, Targets};
use crate::encoding::{Encoding, Sequence};
use crate::sequence_model::{SequenceModel, Workspace};
use composer_bptt::Mode;

/// What one step cost, in nats.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StepNll {
    /// −ln P of which pitches sound (frames), or of the token.
    pub sounding: f64,
    /// −ln P of which of the pitches that go on sounding are struck again; 0 for tokens and without an onset plane.
    pub onset: f64,
}

impl StepNll {
    /// −ln P of the step.
    pub fn total(&self) -> f64 {
        self.sounding + self.onset
    }
}

/// Steps that run through the network at a time: bounds the memory, and changes no figure.
const CHUNK: usize = 256;

/// Sequences that run side by side.
const LANES: usize = 32;

/// Scores every step of every sequence, the first included: exact, with the state carried from beginning to end.
pub fn score(
    model: &SequenceModel,
    sequences: &[Sequence],
    ws: &mut Workspace,
) -> Result<Vec<Vec<StepNll>>, Error> {
    let encoding = model.encoding();
    let mut scores: Vec<Vec<StepNll>> = Vec::with_capacity(sequences.len());
    let mut batch = SequenceBatch::new(encoding);
    for group in sequences.chunks(LANES) {
        for sequence in group {
            encoding.check(sequence)?;
            scores.push(Vec::with_capacity(sequence.len()));
        }
        let first = scores.len() - group.len();
        let longest = group.iter().map(Sequence::len).max().unwrap_or(0);
        let mut state = model.zero_state(group.len());
        for start in (0..longest).step_by(CHUNK) {
            let slices: Vec<_> =
                group.iter().map(|sequence| Some(Slice { sequence, start, transpose: 0 })).collect();
            batch.fill(encoding, &slices, CHUNK.min(longest - start));
            model.forward(&batch, &mut state, Mode::Eval, ws)?;
            for (b, sequence) in group.iter().enumerate() {
                for t in 0..batch.steps.min(sequence.len().saturating_sub(start)) {
                    scores[first + b].push(step_nll(encoding, &batch, ws.logits(), t * group.len() + b));
                }
            }
        }
    }
    Ok(scores)
}

fn step_nll(encoding: &Encoding, batch: &SequenceBatch, logits: &[f32], row: usize) -> StepNll {
    let outputs = encoding.outputs();
    let range = row * outputs..(row + 1) * outputs;
    let logits = &logits[range.clone()];
    match (&batch.targets, encoding) {
        (Targets::Bits { on, weight }, Encoding::Frames { representation, .. }) => {
            let (on, weight) = (&on[range.clone()], &weight[range]);
            let cost = |pitches: std::ops::Range<usize>| -> f64 {
                pitches.filter(|&v| weight[v] != 0.0).map(|v| bernoulli_nll(logits[v], on[v] != 0.0)).sum()
            };
            let pitches = representation.num_pitches();
            StepNll { sounding: cost(0..pitches), onset: cost(pitches..outputs) }
        }
        (Targets::Tokens(targets), _) => {
            StepNll { sounding: categorical_nll(logits, targets[row] as usize), onset: 0.0 }
        }
        (Targets::Bits { .. }, Encoding::Tokens { .. }) => StepNll::default(),
    }
}

/// −ln of the probability that a Bernoulli variable with this logit is `on`: softplus(∓logit), exact for any logit.
pub fn bernoulli_nll(logit: f32, on: bool) -> f64 {
    let z = if on { -f64::from(logit) } else { f64::from(logit) };
    z.max(0.0) + (-z.abs()).exp().ln_1p()
}

/// −ln softmax(logits) at `target`.
pub fn categorical_nll(logits: &[f32], target: usize) -> f64 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|&logit| f64::from(logit - largest).exp()).sum();
    sum.ln() - f64::from(logits[target] - largest)
}
