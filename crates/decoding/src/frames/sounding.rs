//! Which pitches sound in a step: drawn, or the most likely; on their own, or each given those below.

use super::open::{Ending, Open};
use super::options::{FrameOptions, FrameStrategy};
use crate::constrained::{self, Bounds, Table, sigmoid};
use crate::coupled;
use composer_models::Coupled;
use composer_models::scoring::bernoulli_nll;
use rand::{Rng, RngExt};

/// Scratch of [`FrameChoice::choose`](super::FrameChoice::choose).
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    pub(super) probabilities: Vec<f64>,
    table: Table,
    /// Logits, conditioned on what is decided.
    pub(super) logits: Vec<f32>,
}

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
    /// What is not for the model to decide, of each pitch.
    pub fn certainties<R: Rng>(&self, rng: &mut R) -> Vec<Certainty> {
        let mut certain: Vec<Certainty> = (0..self.ages.len()).map(|offset| self.certainty(offset)).collect();
        match self.open.ending {
            Ending::Before => {}
            Ending::Begins(bass) => self.begin_last_chord(bass, &mut certain, rng),
            Ending::GoesOn => {
                if let Some(lowest) = self.ages.iter().position(|&age| age > 0) {
                    certain[lowest] = Some(true);
                }
            }
        }
        certain
    }

    /// Whether each pitch sounds.
    pub fn choose<R: Rng>(&self, scratch: &mut Scratch, rng: &mut R) -> Vec<bool> {
        let certain = self.certainties(rng);
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
        if !open || must_end || (age == 0 && self.open.begin >> (self.low_pitch + offset) & 1 == 0) {
            return Some(false);
        }
        (age > 0 && age < min_note_steps).then_some(true)
    }

    /// Decides the lowest note of the last chord and that nothing sounds below. Pitch `t` of the bass has
    ///
    /// ```text
    /// w(t) = P(t sounds) · Π_{p < t} P(p does not)
    /// ```
    ///
    /// which is exact also with a coupling, as that conditions a pitch on those that sound below it. Of the bass one is drawn by
    /// `w^(1 / temperature)`, or the likeliest taken.
    fn begin_last_chord<R: Rng>(&self, bass: u128, certain: &mut [Certainty], rng: &mut R) {
        let mut silent_below = 0.0; // ln Π P(p does not sound)
        let mut weights = vec![f64::NEG_INFINITY; certain.len()];
        for (offset, weight) in weights.iter_mut().enumerate() {
            if certain[offset] == Some(false) {
                continue;
            }
            let logit = self.logits[offset];
            if bass >> (self.low_pitch + offset) & 1 == 1 {
                *weight = silent_below - bernoulli_nll(logit, true);
            }
            silent_below -= bernoulli_nll(logit, false);
        }
        let best = weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let certainly = self.options.strategy != FrameStrategy::Sample || self.options.is_greedy();
        let temperature = self.options.onset_temperature.unwrap_or(self.options.temperature);
        let share = |weight: f64| match certainly || temperature == 0.0 {
            true => f64::from(u8::from(weight == best)),
            false => ((weight - best) / temperature).exp(),
        };
        let mut left = rng.random::<f64>() * weights.iter().map(|&weight| share(weight)).sum::<f64>();
        let drawn = weights.iter().position(|&weight| {
            left -= share(weight);
            left < 0.0
        });
        // Without a pitch of the bass that is open, all weights are −∞ and no number.
        let lowest = drawn.filter(|&offset| weights[offset] > f64::NEG_INFINITY);
        if let Some(lowest) = lowest {
            certain[..lowest].fill(Some(false));
            certain[lowest] = Some(true);
        }
    }

    /// How many pitches may sound.
    pub fn bounds(&self, certain: &[Certainty]) -> Bounds {
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
