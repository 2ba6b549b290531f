//! The likelihood of music under a model, step by step.

use crate::Error;
use crate::batch::{SequenceBatch, Slice, Targets};
use crate::encoding::{Encoding, Sequence};
use crate::sequence_model::{SequenceModel, Workspace};
use composer_bptt::Mode;
use composer_bptt::arrays::as_slice_or_copy;
use composer_bptt::loss::UNIT_NORMAL_NLL;
use ndarray::{Array1, s};

/// What one step cost, in nats.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StepNll {
    /// −ln P of which pitches sound (frames), of the token, or of the real values (a density, see [`Encoding`]).
    pub sounding: f64,
    /// −ln P of which of the pitches that go on sounding are struck again; 0 for all but frames and without an onset plane.
    pub onset: f64,
}

impl StepNll {
    /// −ln P of the step.
    pub fn total(&self) -> f64 {
        self.sounding + self.onset
    }
}

/// What every step of one sequence cost, in nats: see [`StepNll`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SequenceNll {
    /// [`StepNll::sounding`] `[T]`.
    pub sounding: Array1<f64>,
    /// [`StepNll::onset`] `[T]`.
    pub onset: Array1<f64>,
}

impl SequenceNll {
    /// `T`.
    pub fn len(&self) -> usize {
        self.sounding.len()
    }

    /// Whether there is no step.
    pub fn is_empty(&self) -> bool {
        self.sounding.is_empty()
    }

    /// −ln P of every step `[T]`.
    pub fn total(&self) -> Array1<f64> {
        &self.sounding + &self.onset
    }

    /// Step by step.
    pub fn steps(&self) -> impl Iterator<Item = StepNll> + '_ {
        self.sounding.iter().zip(&self.onset).map(|(&sounding, &onset)| StepNll { sounding, onset })
    }
}

/// Steps that run through the network at a time: bounds the memory, and changes no figure.
const CHUNK: usize = 256;
/// Rows of the recurrent stack that do, at most, where a sequence has one for each pitch.
const CHUNK_ROWS: usize = 1 << 16;

/// Sequences that run side by side.
const BATCH_ROWS: usize = 32;

/// Scores every step of every sequence, the first included: exact, with the state carried from beginning to end.
pub fn score(
    model: &SequenceModel,
    sequences: &[Sequence],
    ws: &mut Workspace,
) -> Result<Vec<SequenceNll>, Error> {
    let encoding = model.encoding();
    let mut scores: Vec<SequenceNll> = Vec::with_capacity(sequences.len());
    let mut batch = SequenceBatch::of_model(model.config());
    let chunk = CHUNK.min((CHUNK_ROWS / (BATCH_ROWS * model.config().rows())).max(1));
    for group in sequences.chunks(BATCH_ROWS) {
        for sequence in group {
            encoding.check(sequence)?;
            let zeros = || Array1::zeros(sequence.len());
            scores.push(SequenceNll { sounding: zeros(), onset: zeros() });
        }
        let first = scores.len() - group.len();
        let longest = group.iter().map(Sequence::len).max().unwrap_or(0);
        let mut state = model.zero_state(group.len());
        for start in (0..longest).step_by(chunk) {
            let slices: Vec<_> =
                group.iter().map(|sequence| Some(Slice { sequence, start, transpose: 0 })).collect();
            batch.fill(encoding, &slices, chunk.min(longest - start));
            model.forward(&batch, &mut state, Mode::Eval, ws)?;
            if let Some(notes) = model.head.note_wise() {
                notes.nlls(&ws.head.notes, |row, note| {
                    let (t, b) = (start + row / group.len(), first + row % group.len());
                    scores[b].sounding[t] += note.sounds;
                    scores[b].onset[t] += note.struck;
                });
                continue;
            }
            let logits = ws.logits();
            for (b, sequence) in group.iter().enumerate() {
                for t in 0..batch.steps.min(sequence.len().saturating_sub(start)) {
                    let logits = logits.slice(s![t, b, ..]);
                    let nll = step_nll(encoding, &batch, &as_slice_or_copy(logits), t * group.len() + b);
                    scores[first + b].sounding[start + t] = nll.sounding;
                    scores[first + b].onset[start + t] = nll.onset;
                }
            }
        }
    }
    Ok(scores)
}

/// The cost of one row of a batch, whose logits are `[V]`.
fn step_nll(encoding: &Encoding, batch: &SequenceBatch, logits: &[f32], row: usize) -> StepNll {
    let outputs = encoding.outputs();
    let range = row * outputs..(row + 1) * outputs;
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
        (Targets::Values { values, .. }, _) => {
            let distances = logits.iter().zip(&values[range]).map(|(y, target)| f64::from(y - target));
            let sounding = distances.map(|d| 0.5 * d * d + UNIT_NORMAL_NLL).sum();
            StepNll { sounding, onset: 0.0 }
        }
        (Targets::Bits { .. }, _) => StepNll::default(),
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
