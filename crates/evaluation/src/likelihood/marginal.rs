//! Baseline (a): every pitch an independent coin that knows nothing of the past.

use composer_music::representation::frames::Frame;

use ndarray::Array1;

use super::bernoulli::{BitCost, Counts, count, has};
use super::{FrameSpace, Nll, transitions};

/// A per-pitch Bernoulli marginal: `P(s[p])` and, where in the loss mask, `P(o[p] | p sounds and sounded)`.
#[derive(Clone, Debug)]
pub struct Marginal {
    space: FrameSpace,
    pitches: Vec<PitchCost>,
}

#[derive(Clone, Copy, Debug)]
struct PitchCost {
    pitch: u8,
    sounding: BitCost,
    onset: BitCost,
}

impl Marginal {
    /// Counts every frame of every training piece; without any frame, every bit has probability ½.
    pub fn fit(train: &[Vec<Frame>], space: impl Into<FrameSpace>) -> Self {
        let space = space.into();
        let (mut sounding, mut onset, mut frames) = ([Counts::default(); 128], [Counts::default(); 128], 0);
        for (previous, now) in transitions(train) {
            frames += 1;
            count(&mut sounding, now.sounding, now.sounding);
            count(&mut onset, space.onset_mask(previous, now), now.onsets);
        }
        let cost = |pitch: u8| {
            let (mut sounding, onset) = (sounding[usize::from(pitch)], onset[usize::from(pitch)]);
            // In all other frames the pitch was silent.
            sounding.add_clear(frames - sounding.total());
            PitchCost { pitch, sounding: sounding.cost(), onset: onset.cost() }
        };
        Self { space, pitches: space.pitches().map(cost).collect() }
    }

    /// What it costs each pitch to sound or not.
    pub(super) fn sounding_bits(&self) -> impl Iterator<Item = (u8, &BitCost)> {
        self.pitches.iter().map(|p| (p.pitch, &p.sounding))
    }

    /// Nats of the sounding plane of one frame.
    pub(super) fn sounding_cost(&self, now: &Frame) -> f64 {
        self.pitches.iter().map(|p| p.sounding.of(has(now.sounding, p.pitch))).sum()
    }

    /// Probability that each pitch sounds, from low to high, in any frame: `[pitches]`.
    pub fn probabilities(&self) -> Array1<f64> {
        self.pitches.iter().map(|p| p.sounding.probability()).collect()
    }

    /// The pitches that are more likely to sound than not, in any frame.
    pub fn expected(&self) -> u128 {
        let likely = self.pitches.iter().filter(|p| p.sounding.is_likely());
        likely.fold(0, |set, p| set | 1 << p.pitch)
    }

    /// Negative log-likelihood of pieces.
    pub fn score(&self, pieces: &[Vec<Frame>]) -> Nll {
        let mut nll = Nll::default();
        for (previous, now) in transitions(pieces) {
            let mask = self.space.onset_mask(previous, now);
            let onset = (self.pitches.iter())
                .filter(|p| has(mask, p.pitch))
                .map(|p| p.onset.of(has(now.onsets, p.pitch)))
                .sum();
            nll.add_frame(previous.is_none(), self.sounding_cost(now), onset);
        }
        nll
    }
}
