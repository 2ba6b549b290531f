//! Baseline (b): every pitch a Markov chain of its own. A model that does not beat it has learnt nothing about harmony.

use composer_music::representation::frames::{Frame, pitches};

use ndarray::Array2;

use super::bernoulli::{BitCost, Counts, count, has};
use super::marginal::Marginal;
use super::{FrameSpace, Nll, transitions};

/// A per-pitch first-order Markov chain.
///
/// Both bits of a pitch depend on what the same pitch did in the frame before: silent, struck or held (without an
/// onset plane: silent or sounding). The first frame of a piece has no past and is scored by the [`Marginal`].
#[derive(Clone, Debug)]
pub struct MarkovChain {
    space: FrameSpace,
    first: Marginal,
    pitches: Vec<PitchCost>,
}

/// What a pitch did in the frame before; without an onset plane only `Silent` and `Held` occur.
#[derive(Clone, Copy)]
enum State {
    Silent,
    Struck,
    Held,
}

/// Number of [`State`]s.
const STATES: usize = 3;

#[derive(Clone, Copy, Debug)]
struct PitchCost {
    pitch: u8,
    /// By [`State`].
    sounding: [BitCost; STATES],
    /// By [`State`]; after silence there is no onset bit in the mask.
    onset: [BitCost; STATES],
}

impl MarkovChain {
    /// Counts the transitions inside every training piece; a state that never occurred predicts ½.
    pub fn fit(train: &[Vec<Frame>], space: impl Into<FrameSpace>) -> Self {
        let space = space.into();
        let (mut sounding, mut onset, mut frames) =
            ([[Counts::default(); 128]; STATES], [[Counts::default(); 128]; STATES], 0);
        for (previous, now) in transitions(train) {
            let Some(before) = previous else { continue };
            frames += 1;
            let mask = space.onset_mask(previous, now);
            let struck = if space.onset_plane { before.sounding & before.onsets } else { 0 };
            for (state, pitches) in [(State::Struck, struck), (State::Held, before.sounding & !struck)] {
                count(&mut sounding[state as usize], pitches, now.sounding);
                count(&mut onset[state as usize], pitches & mask, now.onsets);
            }
            count(&mut sounding[State::Silent as usize], now.sounding & !before.sounding, now.sounding);
        }
        let cost = |pitch: u8| {
            let of = |counts: &[[Counts; 128]; STATES]| counts.each_ref().map(|all| all[usize::from(pitch)]);
            let (mut sounding, onset) = (of(&sounding), of(&onset));
            // In all other frames the pitch was silent and stayed so.
            let others = frames - sounding.iter().map(|counts| counts.total()).sum::<u64>();
            sounding[State::Silent as usize].add_clear(others);
            PitchCost { pitch, sounding: sounding.map(Counts::cost), onset: onset.map(Counts::cost) }
        };
        Self { space, first: Marginal::fit(train, space), pitches: space.pitches().map(cost).collect() }
    }

    /// Probability that each pitch sounds, from low to high, after it was silent, struck or held: `[pitches, 3]`. Without an
    /// onset plane, "held" is "sounding", and "struck", which then never occurs, has ½.
    pub fn probabilities(&self) -> Array2<f64> {
        let shape = (self.pitches.len(), STATES);
        Array2::from_shape_fn(shape, |(pitch, state)| self.pitches[pitch].sounding[state].probability())
    }

    /// The pitches that are more likely to sound than not after a frame (`None`: at the beginning).
    pub fn expected(&self, previous: Option<&Frame>) -> u128 {
        let Some(before) = previous else { return self.first.expected() };
        let likely =
            |cost: &&PitchCost| cost.sounding[state(self.space, before, cost.pitch) as usize].is_likely();
        self.pitches.iter().filter(likely).fold(0, |set, cost| set | 1 << cost.pitch)
    }

    /// What the sounding plane of any frame costs after a frame (`None`: at the beginning).
    pub(crate) fn sounding_costs(&self, previous: Option<&Frame>) -> SoundingCosts {
        let mut costs = SoundingCosts { silence: 0.0, pitches: [0.0; 128] };
        let mut add = |pitch: u8, cost: &BitCost| {
            costs.silence += cost.of(false);
            costs.pitches[usize::from(pitch)] = cost.of(true) - cost.of(false);
        };
        match previous {
            Some(before) => (self.pitches.iter()).for_each(|cost| {
                add(cost.pitch, &cost.sounding[state(self.space, before, cost.pitch) as usize]);
            }),
            None => self.first.sounding_bits().for_each(|(pitch, cost)| add(pitch, cost)),
        }
        costs
    }

    /// Negative log-likelihood of pieces.
    pub fn score(&self, pieces: &[Vec<Frame>]) -> Nll {
        let mut nll = Nll::default();
        for (previous, now) in transitions(pieces) {
            let Some(before) = previous else {
                nll.add_frame(true, self.first.sounding_cost(now), 0.0);
                continue;
            };
            let mask = self.space.onset_mask(previous, now);
            let (mut sounding, mut onset) = (0.0, 0.0);
            for cost in &self.pitches {
                let state = state(self.space, before, cost.pitch) as usize;
                sounding += cost.sounding[state].of(has(now.sounding, cost.pitch));
                if has(mask, cost.pitch) {
                    onset += cost.onset[state].of(has(now.onsets, cost.pitch));
                }
            }
            nll.add_frame(false, sounding, onset);
        }
        nll
    }
}

/// Nats of silence, and how much more or less it is with each pitch; 0 for pitches outside the space.
pub(crate) struct SoundingCosts {
    silence: f64,
    pitches: [f64; 128],
}

impl SoundingCosts {
    /// Nats of a frame.
    pub(crate) fn nats(&self, sounding: u128) -> f64 {
        pitches(sounding).fold(self.silence, |nats, pitch| nats + self.pitches[usize::from(pitch)])
    }
}

fn state(space: FrameSpace, before: &Frame, pitch: u8) -> State {
    if !has(before.sounding, pitch) {
        State::Silent
    } else if space.onset_plane && has(before.onsets, pitch) {
        State::Struck
    } else {
        State::Held
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;

    const C: u128 = 1 << 60;

    /// A repeated note: struck, held, struck, held… needs the three states to be predictable.
    #[test]
    fn re_struck_notes_are_predictable_from_struck_and_held() {
        let piece: Vec<Frame> =
            (0..400).map(|t| Frame { sounding: C, onsets: if t % 2 == 0 { C } else { 0 } }).collect();
        let train = vec![piece.clone()];
        let markov = MarkovChain::fit(&train, FrameSpace::PIANO).score(&train);
        let marginal = Marginal::fit(&train, FrameSpace::PIANO).score(&train);
        // The marginal does not depend on the past.
        assert_abs_diff_eq!(marginal.onset_per_frame(), 2f64.ln(), epsilon = 0.01);
        assert!(markov.onset_per_frame() < 0.02, "the chain does: {}", markov.onset_per_frame());
        assert_eq!(markov.frames, 400);
    }

    /// Every probability of one pitch after one past sums to 1 over the three things that it can do.
    #[test]
    fn the_two_planes_form_a_distribution() {
        let space = FrameSpace { pitch_low: 60, pitch_high: 60, onset_plane: true };
        let silent = Frame::default();
        let struck = Frame { sounding: C, onsets: C };
        let held = Frame { sounding: C, onsets: 0 };
        let train = vec![vec![struck, held, held, struck, struck, silent, silent, struck, held, silent]];
        let chain = MarkovChain::fit(&train, space);
        for before in [struck, held, silent] {
            let futures: &[Frame] =
                if before == silent { &[silent, struck] } else { &[silent, struck, held] };
            let total: f64 = futures
                .iter()
                .map(|&now| {
                    let pair = chain.score(&[vec![before, now]]);
                    (-(pair.total() - pair.first_sounding)).exp()
                })
                .sum();
            assert_abs_diff_eq!(total, 1.0, epsilon = 1e-12);
        }
    }
}
