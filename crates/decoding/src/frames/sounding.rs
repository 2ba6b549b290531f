//! Which pitches sound in a step: drawn, or the most likely; on their own, or each given those below.

use super::{FrameOptions, FrameStrategy, Open, Scratch};
use crate::constrained::{self, Bounds, sigmoid};
use crate::coupled;
use composer_models::Coupled;
use rand::Rng;

/// Whether a pitch must sound or must not; `None`: the model decides.
pub(super) type Certainty = Option<bool>;

/// What a step's choice depends on.
pub(super) struct Sounding<'a> {
    /// Logits of the pitches and of what follows, before any bit is decided.
    pub logits: &'a [f32],
    pub coupling: Option<Coupled<'a, f32>>,
    /// For how many steps each pitch has sounded.
    pub ages: &'a [u32],
    pub open: Open,
    pub low_pitch: usize,
    pub options: &'a FrameOptions,
    /// Steps that all have been silent.
    pub silence: usize,
}

impl Sounding<'_> {
    /// Whether each pitch sounds.
    pub fn choose<R: Rng>(&self, scratch: &mut Scratch, rng: &mut R) -> Vec<bool> {
        let certain: Vec<Certainty> = (0..self.ages.len()).map(|offset| self.certainty(offset)).collect();
        let bounds = self.bounds(&certain);
        let chosen = match self.options.strategy {
            FrameStrategy::Threshold(threshold) => self.most_likely(&certain, threshold, bounds),
            FrameStrategy::TopVoices(_) => self.most_likely(&certain, 0.5, bounds),
            FrameStrategy::Sample if self.options.is_greedy() => self.most_likely(&certain, 0.5, bounds),
            FrameStrategy::Sample => self.sample(&certain, bounds, scratch, rng).map(|mut chosen| {
                self.temper(&mut chosen, &certain, bounds, scratch, rng);
                chosen
            }),
        };
        chosen.unwrap_or_else(|| vec![false; certain.len()])
    }

    /// What is not for the model to decide.
    fn certainty(&self, offset: usize) -> Certainty {
        let FrameOptions { min_note_steps, max_note_steps, rearticulate, .. } = *self.options;
        let age = self.ages[offset] as usize;
        let open = self.open.pitches >> (self.low_pitch + offset) & 1 == 1;
        let must_end = age >= max_note_steps && !rearticulate;
        if !open || must_end || (age == 0 && !self.open.begin) {
            return Some(false);
        }
        (age > 0 && age < min_note_steps).then_some(true)
    }

    /// How many pitches may sound.
    fn bounds(&self, certain: &[Certainty]) -> Bounds {
        let must = certain.iter().filter(|&&certain| certain == Some(true)).count();
        let possible = certain.iter().filter(|&&certain| certain != Some(false)).count();
        // Where the rules leave no pitch at all, even a silence that is too long goes on.
        let low = usize::from(self.silence >= self.options.max_silence).min(possible);
        let high = self.options.max_polyphony.max(low).max(must);
        match self.options.strategy {
            FrameStrategy::TopVoices(voices) => {
                let voices = voices.clamp(low, high).min(possible);
                Bounds { low: voices, high: voices }
            }
            _ => Bounds { low, high },
        }
    }

    /// Draws within the bounds, at temperature 1; `None` if they cannot be kept.
    fn sample<R: Rng>(
        &self,
        certain: &[Certainty],
        bounds: Bounds,
        scratch: &mut Scratch,
        rng: &mut R,
    ) -> Option<Vec<bool>> {
        let Scratch { probabilities, table, logits } = scratch;
        let given = |from: usize, logits: &[f32], probabilities: &mut Vec<f64>| {
            probabilities.clear();
            probabilities
                .extend((from..certain.len()).map(|offset| probability(certain[offset], logits[offset])));
        };
        let Some(coupling) = self.coupling else {
            given(0, self.logits, probabilities);
            return constrained::sample(probabilities, bounds, table, rng);
        };
        logits.clear();
        logits.extend_from_slice(self.logits);
        coupled::sample(certain.len(), coupling, logits, given, bounds, (probabilities, table), rng)
    }

    /// The pitches that are likelier than `threshold`, cut or filled up to the bounds; coupled, the most likely frame where
    /// sounding costs the log-odds of the threshold. `None` if the bounds cannot be kept.
    fn most_likely(&self, certain: &[Certainty], threshold: f64, bounds: Bounds) -> Option<Vec<bool>> {
        if let Some(coupling) = self.coupling {
            let shift = (threshold / (1.0 - threshold)).ln() as f32;
            return coupled::most_likely(coupling, self.logits, certain, shift, bounds);
        }
        let each = certain.iter().zip(self.logits);
        let probabilities: Vec<f64> = each.map(|(&certain, &logit)| probability(certain, logit)).collect();
        constrained::above(&probabilities, threshold, bounds)
    }
}

fn probability(certain: Certainty, logit: f32) -> f64 {
    certain.map_or_else(|| sigmoid(f64::from(logit)), |certain| f64::from(u8::from(certain)))
}
