//! Output bias initialisation: an untrained model already predicts how often each symbol occurs, or the mean of real values.
//!
//! Otherwise the first epochs are spent on learning that most pitches are silent most of the time.

use crate::batch::{SequenceBatch, Slice};
use crate::encoding::{Encoding, Sequence};
use crate::targets::Targets;

/// Added to every count, so that nothing is impossible and no bias infinite.
const SMOOTHING: f64 = 1.0;

/// Steps laid out at a time.
const CHUNK: usize = 256;

/// Output biases `[V]` under which a model that ignores its input predicts the frequencies of `sequences`: log-odds of
/// bits where they are terms of the loss, log-probabilities of tokens, means of real values.
pub fn output_bias(encoding: &Encoding, sequences: &[Sequence]) -> Vec<f32> {
    let outputs = encoding.outputs();
    if let Encoding::Values { .. } = encoding {
        return means(outputs, sequences);
    }
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
                Targets::Values { .. } => debug_assert!(false, "they have means"),
                Targets::Tokens(tokens) => tokens.iter().for_each(|&token| on_count[token as usize] += 1.0),
            }
        }
    }
    match encoding {
        Encoding::Frames { .. } => {
            on_count.iter().zip(&off_count).map(|(on, off)| (on / off).ln() as f32).collect()
        }
        _ => {
            let total: f64 = on_count.iter().sum();
            on_count.iter().map(|count| (count / total).ln() as f32).collect()
        }
    }
}

/// The mean of each predicted column over all steps.
fn means(outputs: usize, sequences: &[Sequence]) -> Vec<f32> {
    let (mut sums, mut steps) = (vec![0.0f64; outputs], 0usize);
    for sequence in sequences {
        let Sequence::Values(values) = sequence else { continue };
        steps += values.nrows();
        for row in values.rows() {
            sums.iter_mut().zip(row).for_each(|(sum, &value)| *sum += f64::from(value));
        }
    }
    sums.iter().map(|sum| (sum / steps.max(1) as f64) as f32).collect()
}
