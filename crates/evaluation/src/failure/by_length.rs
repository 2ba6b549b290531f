//! [`DetectorsByLength`]: each piece is compared with excerpts of about its own length.

use std::ops::RangeInclusive;

use composer_music::Score;
use rayon::prelude::*;

use super::detectors::{Detectors, Extent, TooLittleMusic};
use crate::grid::{Grid, STEPS_PER_QUARTER};

/// Shortest and longest excerpts, in quarters, that pieces are compared in: four bars of 4/4 and sixty-four.
pub const EXCERPT: RangeInclusive<u32> = 16..=256;

/// Lengths of excerpts, in quarters, for sets whose pieces differ in length.
const LENGTHS: [u32; 9] = [16, 24, 32, 48, 64, 96, 128, 192, 256];

/// Detectors for every length that occurs in a set: long pieces have a wider range, repeat more and modulate further than short ones.
#[derive(Clone, Debug)]
pub struct DetectorsByLength {
    /// By length in quarters, in order; at least one.
    all: Vec<(u32, Detectors)>,
}

impl DetectorsByLength {
    /// Calibrates on real music for the lengths of a set. Pieces that are all within a quarter of their median length share its
    /// detectors. Deterministic for a seed.
    ///
    /// # Errors
    /// When there is too little real music, even in excerpts of the shortest length.
    pub fn calibrate(corpus: &[Grid], set: &[&Score], seed: u64) -> Result<Self, TooLittleMusic> {
        Self::for_lengths(corpus, &lengths(set), seed)
    }

    /// [`Self::calibrate`] for lengths in quarters, at least one.
    ///
    /// # Errors
    /// As there.
    pub fn for_lengths(corpus: &[Grid], wanted: &[u32], seed: u64) -> Result<Self, TooLittleMusic> {
        let fit = |&quarters: &u32| {
            let detectors = Detectors::calibrate_grids(corpus, Extent::Excerpts { quarters }, seed);
            detectors.map(|detectors| (quarters, detectors))
        };
        let mut all: Vec<(u32, Detectors)> = Vec::new();
        let mut problem = None;
        for result in wanted.par_iter().map(fit).collect::<Vec<_>>() {
            match result {
                Ok(fitted) => all.push(fitted),
                Err(error) => problem = Some(error),
            }
        }
        // A reference of a few pieces has not enough long excerpts: shorter ones then.
        let shorter =
            || LENGTHS.iter().rev().filter(|&&quarters| wanted.iter().all(|&length| quarters < length));
        match problem {
            Some(error) if all.is_empty() => match shorter().find_map(|quarters| fit(quarters).ok()) {
                Some(fitted) => all.push(fitted),
                None => return Err(error),
            },
            _ => {}
        }
        Ok(Self { all })
    }

    /// The detectors for a piece.
    pub fn of(&self, score: &Score) -> &Detectors {
        self.of_length(quarters(score))
    }

    /// The detectors for pieces of a length in quarters.
    pub fn of_length(&self, quarters: u32) -> &Detectors {
        let length = f64::from(quarters.max(1)).ln();
        let distance = |quarters: u32| (f64::from(quarters).ln() - length).abs();
        let mut best = &self.all[0];
        for other in &self.all[1..] {
            if distance(other.0) < distance(best.0) {
                best = other;
            }
        }
        &best.1
    }
}

/// Length of a piece in quarters, in the limits that excerpts have.
pub(crate) fn quarters(score: &Score) -> u32 {
    (Grid::new(score).len() / STEPS_PER_QUARTER).clamp(*EXCERPT.start(), *EXCERPT.end())
}

/// The lengths of excerpts that a set needs: its median if all pieces are about as long, otherwise the nearest of [`LENGTHS`].
fn lengths(set: &[&Score]) -> Vec<u32> {
    let mut all: Vec<u32> = set.iter().map(|score| quarters(score)).collect();
    all.sort_unstable();
    let (Some(&shortest), Some(&longest)) = (all.first(), all.last()) else { return vec![*EXCERPT.start()] };
    let median = all[all.len() / 2];
    if 4 * shortest >= 3 * median && 4 * longest <= 5 * median {
        return vec![median];
    }
    let nearest = |&length: &u32| {
        let ratio = |other: u32| (f64::from(other) / f64::from(length)).ln().abs();
        LENGTHS.into_iter().min_by(|&a, &b| ratio(a).total_cmp(&ratio(b))).unwrap_or(length)
    };
    let mut needed: Vec<u32> = all.iter().map(nearest).collect();
    needed.dedup();
    needed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::GridNote;

    fn piece(quarters: u32) -> Score {
        let notes = (0..quarters).map(|beat| GridNote { onset: 12 * beat, pitch: 60, duration: 12 });
        Grid::with_bars_of(notes.collect(), 48).to_score()
    }

    #[test]
    fn pieces_of_one_length_share_their_median_and_others_have_their_own() {
        let set = |lengths: &[u32]| -> Vec<u32> {
            let scores: Vec<Score> = lengths.iter().map(|&length| piece(length)).collect();
            super::lengths(&scores.iter().collect::<Vec<_>>())
        };
        assert_eq!(set(&[60, 64, 70]), [64]);
        assert_eq!(set(&[30, 64, 70, 1000]), [32, 64, 256]);
        assert_eq!(set(&[3]), [16]);
        assert_eq!(set(&[]), [16]);
    }
}
