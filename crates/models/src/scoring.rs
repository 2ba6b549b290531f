//! The likelihood of music under a model, step by step.

use crate::Error;
use crate::bar_attention::SequenceState;
use crate::batch::{SequenceBatch, Slice};
use crate::encoding::{Encoding, Sequence};
use crate::note_wise::NoteNll;
use crate::sequence_model::{SequenceModel, Workspace};
use crate::targets::Targets;
use composer_bptt::Mode;
use composer_bptt::arrays::as_slice_or_copy;
use composer_bptt::loss::UNIT_NORMAL_NLL;
use ndarray::{Array1, s};
use std::ops::Range;

/// What one step cost, in nats.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StepNll {
    /// −ln P of which pitches sound (frames), of the token, or of the real values (a density, see [`Encoding`]). Of a model that decides how long
    /// notes last, all: which begin, how long they last and how loud they are.
    pub sounding: f64,
    /// −ln P of which of the pitches that go on sounding are struck again; 0 for all but frames, without an onset plane, and where lengths are decided.
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

    /// Its first `length` steps.
    fn truncated(&self, length: usize) -> Self {
        Self {
            sounding: self.sounding.slice(s![..length]).to_owned(),
            onset: self.onset.slice(s![..length]).to_owned(),
        }
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
    let mut scores: Vec<SequenceNll> = Vec::with_capacity(sequences.len());
    for group in sequences.chunks(BATCH_ROWS) {
        let longest = group.iter().map(Sequence::len).max().unwrap_or(0);
        let mut state = model.zero_state(group.len());
        let padded = score_from(model, group, 0..longest, &mut state, ws)?;
        scores.extend(group.iter().zip(padded).map(|(sequence, nll)| nll.truncated(sequence.len())));
    }
    Ok(scores)
}

/// Scores the steps of a range of sequences side by side, from the `state` before the first of them, which moves to that after the last.
/// A score has an entry for each step of the range; those behind the end of a sequence are 0.
///
/// # Errors
/// A sequence is of the wrong kind, or the state has another number of sequences.
pub fn score_from(
    model: &SequenceModel,
    sequences: &[Sequence],
    steps: Range<usize>,
    state: &mut SequenceState,
    ws: &mut Workspace,
) -> Result<Vec<SequenceNll>, Error> {
    let (encoding, rows) = (model.encoding(), sequences.len());
    for sequence in sequences {
        encoding.check(sequence)?;
    }
    let zeros = || Array1::zeros(steps.len());
    let mut scores: Vec<_> =
        sequences.iter().map(|_| SequenceNll { sounding: zeros(), onset: zeros() }).collect();
    let mut batch = SequenceBatch::of_model(model.config());
    let chunk = CHUNK.min((CHUNK_ROWS / (BATCH_ROWS.max(rows) * model.config().rows())).max(1));
    for start in steps.clone().step_by(chunk) {
        let slices: Vec<_> =
            sequences.iter().map(|sequence| Some(Slice { sequence, start, transpose: 0 })).collect();
        batch.fill(encoding, &slices, chunk.min(steps.end - start));
        model.forward(&batch, state, Mode::Eval, ws)?;
        let first = start - steps.start;
        if let Some(notes) = model.head.note_wise() {
            let each = |row: usize, note: NoteNll| {
                let (t, b) = (first + row / rows, row % rows);
                scores[b].sounding[t] += note.sounds;
                scores[b].onset[t] += note.struck;
            };
            model.note_nlls(notes, &batch, each, ws)?;
            continue;
        }
        let logits = ws.logits();
        for (b, sequence) in sequences.iter().enumerate() {
            for t in 0..batch.steps.min(sequence.len().saturating_sub(start)) {
                let logits = logits.slice(s![t, b, ..]);
                let nll = step_nll(encoding, &batch, &as_slice_or_copy(logits), t * rows + b);
                scores[b].sounding[first + t] = nll.sounding;
                scores[b].onset[first + t] = nll.onset;
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
