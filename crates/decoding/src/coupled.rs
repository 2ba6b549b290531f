//! Frames of coupled pitches: a chord is chosen pitch by pitch, from the lowest up, each conditioned on those that sound already.
//!
//! A model with a [`Coupled`] output gives the probability of the lowest pitch directly; those of the others depend on the
//! pitches below. So sampling goes upwards and updates the logits after every pitch that is on. Limits look ahead as in [`constrained`],
//! as if the pitches that are still open were independent given those that are decided: each choice keeps a proper
//! distribution, the limits always hold, and without a coupling it is the exact conditional distribution.
//!
//! The most likely frame is found by a beam search over the pitches.

use crate::constrained::{self, Bounds, Table};
use composer_models::Coupled;
use composer_models::encoding::pitches_in_range;
use composer_models::scoring::bernoulli_nll;
use composer_music::representation::frames::{Frame, FrameRepresentation};
use rand::Rng;

/// Frames that the search for the most likely one keeps at each pitch.
const BEAM: usize = 32;

/// Turns the logits of a step `[V]`, before any bit is decided, into those that each bit had when `frame` was decided after
/// `previous`: what [`crate::frames::nll`] reads.
pub fn condition(
    representation: &FrameRepresentation,
    coupling: Option<Coupled<'_, f32>>,
    previous: Frame,
    frame: Frame,
    logits: &mut [f32],
) {
    let Some(coupling) = coupling else { return };
    for bit in pitches_in_range(representation, frame.sounding) {
        coupling.condition_on(bit, false, logits);
    }
    if representation.onset_plane {
        for bit in pitches_in_range(representation, frame.onsets) {
            let held_before = previous.sounding >> (usize::from(representation.pitch_low) + bit) & 1 == 1;
            coupling.condition_on(representation.num_pitches() + bit, !held_before, logits);
        }
    }
}

/// The pitches that are likelier to sound than not, each given those of them below; `logits` `[V]` are those before any bit is decided.
pub fn expected(
    representation: &FrameRepresentation,
    coupling: Option<Coupled<'_, f32>>,
    logits: &mut [f32],
) -> u128 {
    let mut expected = 0;
    for bit in 0..representation.num_pitches() {
        if logits[bit] > 0.0 {
            expected |= 1u128 << (usize::from(representation.pitch_low) + bit);
            if let Some(coupling) = coupling {
                coupling.condition_on(bit, false, logits);
            }
        }
    }
    expected
}

/// Draws which of the pitches are on, from the lowest up. `probabilities(from, logits)` are those of pitch `from` and above, given
/// what the logits are conditioned on. `None` if the bounds cannot be kept.
pub(crate) fn sample<R: Rng>(
    pitches: usize,
    coupling: Coupled<'_, f32>,
    logits: &mut [f32],
    mut probabilities: impl FnMut(usize, &[f32], &mut Vec<f64>),
    bounds: Bounds,
    (part, table): (&mut Vec<f64>, &mut Table),
    rng: &mut R,
) -> Option<Vec<bool>> {
    let mut chosen = vec![false; pitches];
    let (mut from, mut on) = (0, 0);
    while from < pitches {
        probabilities(from, logits, part);
        let left = Bounds { low: bounds.low.saturating_sub(on), high: bounds.high.saturating_sub(on) };
        let Some(next) = constrained::first(part, left, table, rng)? else { break };
        let pitch = from + next;
        chosen[pitch] = true;
        coupling.condition_on(pitch, false, logits);
        (from, on) = (pitch + 1, on + 1);
    }
    Some(chosen)
}

/// A frame, decided up to some pitch.
struct Hypothesis {
    nll: f64,
    on: Vec<bool>,
    count: usize,
    logits: Vec<f32>,
}

/// The most likely frame within the bounds that a beam finds, where each pitch is `certain` to be on or off, or open, and on costs
/// `shift` more log-odds. `None` if the bounds cannot be kept.
pub(crate) fn most_likely(
    coupling: Coupled<'_, f32>,
    logits: &[f32],
    certain: &[Option<bool>],
    shift: f32,
    bounds: Bounds,
) -> Option<Vec<bool>> {
    let pitches = certain.len();
    let begin = Hypothesis { nll: 0.0, on: Vec::with_capacity(pitches), count: 0, logits: logits.to_vec() };
    let mut beam = vec![begin];
    for pitch in 0..pitches {
        let still_possible = certain[pitch + 1..].iter().filter(|&&certain| certain != Some(false)).count();
        let mut options: Vec<(f64, usize, bool)> = Vec::with_capacity(2 * beam.len());
        for (parent, hypothesis) in beam.iter().enumerate() {
            for on in [false, true] {
                let count = hypothesis.count + usize::from(on);
                let cost = match certain[pitch] {
                    Some(must) if must != on => continue,
                    Some(_) => 0.0,
                    None => bernoulli_nll(hypothesis.logits[pitch] - shift, on),
                };
                if count <= bounds.high && count + still_possible >= bounds.low {
                    options.push((hypothesis.nll + cost, parent, on));
                }
            }
        }
        options.sort_by(|a, b| a.0.total_cmp(&b.0));
        options.truncate(BEAM);
        let extend = |&(nll, parent, on): &(f64, usize, bool)| {
            let Hypothesis { on: before, count, logits, .. } = &beam[parent];
            let mut next = Hypothesis {
                nll,
                on: before.iter().copied().chain([on]).collect(),
                count: count + usize::from(on),
                logits: logits.clone(),
            };
            if on {
                coupling.condition_on(pitch, false, &mut next.logits);
            }
            next
        };
        beam = options.iter().map(extend).collect();
    }
    beam.into_iter().next().map(|best| best.on)
}
