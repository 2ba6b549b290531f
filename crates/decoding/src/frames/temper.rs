//! Temperature, by Gibbs sampling of the pitches that begin.
//!
//! A first draw, at temperature 1, decides how many pitches begin and which are held. Then each pitch that begins is removed and
//! drawn again among the open pitches `i`, with all others fixed:
//!
//! ```text
//! E_i  = −ln P(frame with i) + ln P(frame without)
//!      = −l_i + Σ_{v > i} cost(l_v + weight[i, v], x_v) − cost(l_v, x_v)        cost(l, x) = −ln P(x)
//! P(i) ∝ e^(−E_i / temperature)
//! ```
//!
//! That is Gibbs sampling: it leaves P(frame)^(1 / temperature), given the number that begin and the pitches that are held, unchanged,
//! and at temperature 1 it would change nothing. Dividing all log-odds instead does not do what it does to a softmax: at a low
//! temperature every pitch below one half becomes rarer, and the music thins out to silence.

use super::sounding::{Certainty, Scratch, Sounding};
use crate::constrained::{Bounds, sigmoid};
use composer_models::scoring::bernoulli_nll;
use rand::{Rng, RngExt};

/// Sweeps over all pitches.
const SWEEPS: usize = 2;

impl Sounding<'_> {
    /// Resamples the `chosen` pitches at their temperature.
    pub(super) fn temper<R: Rng>(
        &self,
        chosen: &mut [bool],
        certain: &[Certainty],
        bounds: Bounds,
        scratch: &mut Scratch,
        rng: &mut R,
    ) {
        let on_hold = self.options.hold_temperature.unwrap_or(1.0);
        let on_onset = self.options.onset_temperature.unwrap_or(self.options.temperature);
        let held = |pitch: usize| self.ages[pitch] > 0;
        for _ in 0..SWEEPS {
            if on_hold != 1.0 {
                for pitch in (0..chosen.len()).filter(|&pitch| held(pitch) && certain[pitch].is_none()) {
                    self.hold(pitch, on_hold, chosen, bounds, scratch, rng);
                }
            }
            if on_onset != 1.0 {
                let begin: Vec<usize> =
                    (0..chosen.len()).filter(|&pitch| chosen[pitch] && !held(pitch)).collect();
                // What is certain is not for the model to decide.
                for pitch in begin.into_iter().filter(|&pitch| certain[pitch].is_none()) {
                    let open = |other: usize| !held(other) && certain[other].is_none();
                    self.place(pitch, on_onset, chosen, open, scratch, rng);
                }
            }
        }
    }

    /// Resamples whether a pitch is held.
    fn hold<R: Rng>(
        &self,
        pitch: usize,
        temperature: f64,
        chosen: &mut [bool],
        bounds: Bounds,
        scratch: &mut Scratch,
        rng: &mut R,
    ) {
        chosen[pitch] = false;
        let others = chosen.iter().filter(|&&on| on).count();
        self.condition(chosen, &mut scratch.logits);
        let energy = self.energy(pitch, chosen, &scratch.logits);
        let likely = if temperature == 0.0 {
            energy < 0.0
        } else {
            rng.random::<f64>() < sigmoid(-energy / temperature)
        };
        chosen[pitch] = others < bounds.low || (others < bounds.high && likely);
    }

    /// Resamples which of the open pitches a beginning note has.
    fn place<R: Rng>(
        &self,
        pitch: usize,
        temperature: f64,
        chosen: &mut [bool],
        open: impl Fn(usize) -> bool,
        scratch: &mut Scratch,
        rng: &mut R,
    ) {
        chosen[pitch] = false;
        self.condition(chosen, &mut scratch.logits);
        let Scratch { probabilities: weights, logits, .. } = scratch;
        weights.clear();
        weights.extend((0..chosen.len()).map(|place| {
            if open(place) && !chosen[place] { self.energy(place, chosen, logits) } else { f64::INFINITY }
        }));
        let least = weights.iter().copied().fold(f64::INFINITY, f64::min);
        let weight = |energy: f64| {
            if temperature == 0.0 {
                f64::from(u8::from(energy == least))
            } else {
                ((least - energy) / temperature).exp()
            }
        };
        weights.iter_mut().for_each(|energy| *energy = weight(*energy));
        let mut left = rng.random::<f64>() * weights.iter().sum::<f64>();
        let place = weights.iter().position(|weight| {
            left -= weight;
            left < 0.0
        });
        chosen[place.unwrap_or(pitch)] = true;
    }

    /// The logits given which pitches are on.
    fn condition(&self, chosen: &[bool], conditioned: &mut Vec<f32>) {
        conditioned.clear();
        conditioned.extend_from_slice(self.logits);
        if let Some(coupling) = self.coupling {
            (0..chosen.len())
                .filter(|&pitch| chosen[pitch])
                .for_each(|pitch| coupling.condition_on(pitch, false, conditioned));
        }
    }

    /// `E`: what `pitch`, which is off, would cost if it were on, where `conditioned` are the logits given those that are `chosen`.
    fn energy(&self, pitch: usize, chosen: &[bool], conditioned: &[f32]) -> f64 {
        let own = -f64::from(conditioned[pitch]);
        let Some(coupling) = self.coupling else { return own };
        let weights = &coupling.row(pitch)[..chosen.len()];
        let above = pitch + 1..chosen.len();
        let change = |v: usize| {
            bernoulli_nll(conditioned[v] + weights[v], chosen[v]) - bernoulli_nll(conditioned[v], chosen[v])
        };
        own + above.map(change).sum::<f64>()
    }
}
