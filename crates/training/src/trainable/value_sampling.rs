//! Scheduled sampling for real values: the mean that the network predicted is read in place of the true value before.
//!
//! A mean has no temperature, and nothing is drawn but whether an input is replaced. The first input of a chunk stays true.

use crate::error::Error;
use crate::plan::Chunk;
use crate::sampling::{Sampling, Source};
use composer_models::Stepper;
use composer_models::{
    Encoding, LanguageModel, Sequence, SequenceBatch, SequenceModel, SequenceState, StepInput,
};
use ndarray::{Array2, s};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Replaces the values that are fed back in `batch`, which holds `chunks` of `sequences` from `state` on, with probability
/// `1 − truth` per step and row. Start feature and given values stay. Without feedback there is nothing to replace.
pub(crate) fn replace(
    config: &Sampling,
    model: &SequenceModel,
    sequences: &[Sequence],
    chunks: &[Option<Chunk>],
    truth: f64,
    state: &SequenceState,
    batch: &mut SequenceBatch,
    rng: &mut ChaCha8Rng,
) -> Result<(), Error> {
    let Encoding::Values { features, feedback: true, .. } = *model.encoding() else { return Ok(()) };
    if config.temperature != 1.0 {
        let must = "1 for real values, whose mean is fed back";
        return Err(Error::setting("training.sampling.temperature", config.temperature, must));
    }
    let mut stepper = Stepper::new(model);
    let mut state = state.clone();
    let mut last = Array2::zeros((chunks.len(), features));
    for t in 0..batch.steps {
        let mut inputs = batch.step_inputs_mut(t);
        for (row, chunk) in chunks.iter().enumerate() {
            let here = chunk.is_some_and(|chunk| chunk.start + t < sequences[chunk.piece].len());
            if here && t > 0 && rng.random::<f64>() >= truth {
                inputs.slice_mut(s![row, ..features]).assign(&last.row(row));
            }
        }
        match config.source {
            Source::Model => {
                stepper.step(StepInput::Dense(inputs.view()), &mut state, last.view_mut())?;
                if last.iter().any(|value| !value.is_finite()) {
                    return Ok(()); // the forward pass will find out where it began
                }
            }
            Source::Noise => last.rows_mut().into_iter().for_each(|mut row| {
                if let Some(values) = noise(sequences, rng) {
                    row.assign(&values.slice(s![..features]));
                }
            }),
        }
    }
    Ok(())
}

/// The values at a random step of a random sequence: a control.
fn noise<'a>(sequences: &'a [Sequence], rng: &mut ChaCha8Rng) -> Option<ndarray::ArrayView1<'a, f32>> {
    loop {
        match &sequences[rng.random_range(0..sequences.len())] {
            Sequence::Values(values) if values.nrows() == 0 => {}
            Sequence::Values(values) => return Some(values.row(rng.random_range(0..values.nrows()))),
            _ => return None,
        }
    }
}
