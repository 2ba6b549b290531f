//! How often what a network gives a probability does happen.

use anyhow::{Context, Result};
use composer_models::batch::Slice;
use composer_models::note_wise::each_choice;
use composer_models::{
    ConditionTrack, Encoding, LanguageModel, Sequence, SequenceBatch, SequenceModel, StepInput, Stepper,
};
use composer_music::BarMap;
use composer_music::representation::frames::Frame;
use ndarray::Array2;

/// Probabilities that share a point.
const BINS: usize = 10;
/// What is less likely is left out of *which note*: nearly all classes are nearly impossible.
const LEAST: f64 = 0.01;

/// The kinds of decisions.
pub const KINDS: [&str; 3] = ["a note begins", "a note is held", "which note"];

/// Sums of a range of probabilities.
#[derive(Clone, Copy, Debug, Default)]
struct Bin {
    count: f64,
    predicted: f64,
    happened: f64,
}

/// Of each kind of decision, what was predicted and what happened.
#[derive(Clone, Debug, Default)]
pub struct Reliability([[Bin; BINS]; 3]);

impl Reliability {
    fn add(&mut self, kind: usize, predicted: f64, happened: bool) {
        let bin = &mut self.0[kind][((predicted * BINS as f64) as usize).min(BINS - 1)];
        bin.count += 1.0;
        bin.predicted += predicted;
        bin.happened += f64::from(u8::from(happened));
    }

    /// Adds the decisions of a piece, each given what is before it in the piece.
    pub fn read(
        &mut self,
        model: &SequenceModel,
        (frames, bars): (&[Frame], &BarMap),
        conditions: &ConditionTrack,
    ) -> Result<()> {
        let Encoding::Frames { representation, .. } = *model.encoding() else { return Ok(()) };
        let pitches = representation.num_pitches();
        let sequence = Sequence::frames_in(frames.to_vec(), bars.clone()).with_conditions(conditions.clone());
        let mut batch = SequenceBatch::of_model(model.config());
        batch.fill(
            model.encoding(),
            &[Some(Slice { sequence: &sequence, start: 0, transpose: 0 })],
            frames.len(),
        );
        let (mut stepper, mut state) = (Stepper::new(model), model.zero_state(1));
        let mut logits = Array2::zeros((1, model.encoding().outputs()));
        let mut previous = Frame::default();
        for (row, &frame) in frames.iter().enumerate() {
            let indices = &batch.indices[batch.offsets[row]..batch.offsets[row + 1]];
            let input = StepInput::MultiHot { indices, offsets: &[0, indices.len()] };
            stepper.step(input, &mut state, logits.view_mut())?;
            let notes = stepper.next_note().context("the model must write note by note")?;
            each_choice(notes, &representation, [previous, frame], |log_probs, class| {
                self.decided(log_probs, class, pitches);
            })?;
            previous = frame;
        }
        Ok(())
    }

    /// Adds one decision: a class that is held, struck, or the stop.
    fn decided(&mut self, log_probs: &[f64], chosen: usize, pitches: usize) {
        let sum = |classes: &[f64]| classes.iter().map(|p| p.exp()).sum::<f64>();
        let (held, begun) = (sum(&log_probs[..pitches]), sum(&log_probs[pitches..2 * pitches]));
        let begins = (pitches..2 * pitches).contains(&chosen);
        self.add(0, begun, begins);
        if held > 0.0 {
            self.add(1, held, chosen < pitches);
        }
        if begins {
            for class in pitches..2 * pitches {
                let predicted = log_probs[class].exp() / begun;
                if predicted >= LEAST {
                    self.add(2, predicted, class == chosen);
                }
            }
        }
    }

    /// Of a kind: (mean probability, share that happened) of each range that has decisions enough.
    pub fn points(&self, kind: usize) -> Vec<(f64, f64)> {
        let enough = |bin: &&Bin| bin.count >= 50.0;
        self.0[kind]
            .iter()
            .filter(enough)
            .map(|bin| (bin.predicted / bin.count, bin.happened / bin.count))
            .collect()
    }

    /// Of a kind: by how much predictions and what happened differ in the mean over decisions (expected calibration error).
    pub fn error(&self, kind: usize) -> f64 {
        let bins = &self.0[kind];
        let total: f64 = bins.iter().map(|bin| bin.count).sum();
        bins.iter().map(|bin| (bin.predicted - bin.happened).abs()).sum::<f64>() / total.max(1.0)
    }
}
