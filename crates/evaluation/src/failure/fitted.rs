//! [`Fitted`]: what the scores of a piece are made of, and what is fitted to real music to make them.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::drift;
use super::logistic::Logistic;
use super::structure::Features;
use super::thresholds::{FOLDS, HeldOut};
use super::timing::{Facts, TimingModel, facts};
use crate::corruption::{Corruption, Pool};
use crate::grid::Grid;
use crate::judgement::measurements::Parts;

/// One number per failure mode, in the order of [`FailureMode::ALL`](super::FailureMode::ALL); higher is worse. NaN where a piece
/// has too little music for the mode to mean anything.
pub type Scores = [f64; 4];

/// What the scores of a piece are made of, whatever is fitted.
pub(super) struct Raw {
    notes: Vec<Facts>,
    periodic_share: f64,
    /// Divergence, and share out of scale.
    drift: (f64, f64),
    features: Features,
}

impl Raw {
    /// Of a piece whose parts were measured; `open` leaves out beginning and end.
    pub(super) fn new(grid: &Grid, parts: &Parts, open: bool) -> Self {
        Self {
            notes: facts(grid).collect(),
            periodic_share: parts.periodic_share,
            drift: (parts.divergence, drift::out_of_scale(grid)),
            features: features(parts.features, open),
        }
    }
}

/// The features that a piece, or an excerpt, is judged by.
fn features(features: Features, open: bool) -> Features {
    if open { features.open() } else { features }
}

/// What is fitted to real music.
#[derive(Clone, Debug)]
pub(super) struct Fitted {
    pub(super) timing: TimingModel,
    pub(super) harmony: drift::Usual,
    pub(super) structure: Logistic<{ Features::COUNT }>,
}

impl Fitted {
    pub(super) fn scores(&self, piece: &Raw) -> Scores {
        if piece.notes.is_empty() {
            return [f64::NAN; 4];
        }
        [
            self.timing.length_and_gap(&piece.notes),
            piece.periodic_share,
            self.harmony.score_measured(piece.drift),
            self.structure.score(&piece.features.0),
        ]
    }
}

/// Real music and its stitched-together doubles, measured once.
pub(super) struct Measured<'a> {
    examples: &'a [(usize, Grid)],
    parts: &'a [Parts],
    real: Vec<Raw>,
    /// For every example, its corruptions.
    stitched: Vec<Vec<Features>>,
}

impl<'a> Measured<'a> {
    pub(super) fn new(
        examples: &'a [(usize, Grid)],
        parts: &'a [Parts],
        open: bool,
        negatives: &[Corruption],
        pool: &Pool,
        seed: u64,
    ) -> Self {
        let stitch = |(i, (_, grid)): (usize, &(usize, Grid))| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(1 + i as u64);
            let doubles = negatives.iter().map(|corruption| corruption.apply(grid, pool, &mut rng));
            doubles.map(|double| features(Features::of(&double), open)).collect()
        };
        let stitched = examples.par_iter().enumerate().map(stitch).collect();
        let real =
            examples.par_iter().zip(parts).map(|((_, grid), parts)| Raw::new(grid, parts, open)).collect();
        Self { examples, parts, real, stitched }
    }

    /// Every example judged by what was fitted to the pieces of other folds, in the order of the examples.
    pub(super) fn held_out(&self) -> Vec<HeldOut> {
        let folds: Vec<Fitted> =
            (0..FOLDS).into_par_iter().map(|fold| self.fit(|piece| piece % FOLDS != fold)).collect();
        let judge = |(((piece, _), raw), parts): ((&(usize, Grid), &Raw), &Parts)| HeldOut {
            piece: *piece,
            scores: folds[piece % FOLDS].scores(raw),
            figures: parts.figures,
            distance: f64::NAN,
        };
        self.examples.par_iter().zip(&self.real).zip(self.parts).map(judge).collect()
    }

    pub(super) fn fit(&self, keep: impl Fn(usize) -> bool) -> Fitted {
        let kept: Vec<usize> = (0..self.examples.len()).filter(|&i| keep(self.examples[i].0)).collect();
        let stitched: Vec<_> =
            kept.iter().flat_map(|&i| &self.stitched[i]).map(|features| features.0).collect();
        let real = || kept.iter().map(|&i| &self.real[i]);
        Fitted {
            timing: TimingModel::fit_facts(real().flat_map(|raw| &raw.notes).copied()),
            harmony: drift::Usual::fit_measured(real().map(|raw| raw.drift)),
            structure: Logistic::fit(&stitched, &real().map(|raw| raw.features.0).collect::<Vec<_>>()),
        }
    }

    pub(super) fn usual(&self) -> Features {
        let mean =
            |i: usize| self.real.iter().map(|raw| raw.features.0[i]).sum::<f64>() / self.real.len() as f64;
        Features(std::array::from_fn(mean))
    }
}
