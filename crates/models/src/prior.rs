//! A head start: the output bias set so that an untrained model already predicts how often each symbol occurs.
//!
//! Otherwise the first epochs are spent on learning that most pitches are silent most of the time.

use crate::batch::{SequenceBatch, Slice, Targets};
use crate::encoding::{Encoding, Sequence};

/// Added to every count, so that nothing is impossible and no bias infinite.
const SMOOTHING: f64 = 1.0;

/// Steps laid out at a time.
const CHUNK: usize = 256;

/// Output biases `[V]` under which a model that ignores its input predicts the frequencies of `sequences`: log-odds of
/// bits where they are charged, log-probabilities of tokens.
pub fn output_bias(encoding: &Encoding, sequences: &[Sequence]) -> Vec<f32> {
    let outputs = encoding.outputs();
    let mut on_count = vec![SMOOTHING; outputs];
    let mut off_count = vec![SMOOTHING; outputs];
    let mut batch = SequenceBatch::new(encoding);
    for sequence in sequences {
        for start in (0..sequence.len()).step_by(CHUNK) {
            let slice = Slice { sequence, start, transpose: 0 };
            batch.fill(encoding, &[Some(slice)], CHUNK.min(sequence.len() - start));
            match &batch.targets {
                Targets::Bits { on, weight } => {
                    for (cell, (&on, &weight)) in on.iter().zip(weight).enumerate() {
                        on_count[cell % outputs] += f64::from(on * weight);
                        off_count[cell % outputs] += f64::from((1.0 - on) * weight);
                    }
                }
                Targets::Tokens(tokens) => tokens.iter().for_each(|&token| on_count[token as usize] += 1.0),
            }
        }
    }
    match encoding {
        Encoding::Frames { .. } => {
            on_count.iter().zip(&off_count).map(|(on, off)| (on / off).ln() as f32).collect()
        }
        Encoding::Tokens { .. } => {
            let total: f64 = on_count.iter().sum();
            on_count.iter().map(|count| (count / total).ln() as f32).collect()
        }
    }
}
