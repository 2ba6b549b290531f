//! [`Detectors`]: one score per failure mode, with a threshold that real music sets.

use composer_music::Score;
use rayon::prelude::*;
use serde::Serialize;

use super::fitted::{Fitted, Measured, Raw, Scores};
use super::structure::Features;
use super::thresholds::{self, Limits};
use crate::corruption::{Corruption, Pool};
use crate::grid::{Grid, STEPS_PER_QUARTER};
use crate::judgement::measurements::Parts;
use crate::judgement::outliers::Outliers;
use crate::judgement::{Likeness, LikenessModel};
use crate::statistics::Table;

/// A way in which composed music fails, in the order in which they are looked for: a failure can bring the ones after
/// it about (a loop has no drift; notes that wobble in time never return exactly), hardly the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureMode {
    /// Notes in odd places or of odd lengths.
    TimingArtefacts,
    /// The music loops or stands still.
    Repetition,
    /// The music leaves its key.
    HarmonicDrift,
    /// No bar or idea returns, and no phrase closes.
    NoStructure,
}

impl FailureMode {
    /// All modes, in the order of the tests.
    pub const ALL: [Self; 4] =
        [Self::TimingArtefacts, Self::Repetition, Self::HarmonicDrift, Self::NoStructure];

    /// Name in tables and JSON.
    pub fn key(self) -> &'static str {
        match self {
            Self::TimingArtefacts => "timing_artefacts",
            Self::Repetition => "repetition",
            Self::HarmonicDrift => "harmonic_drift",
            Self::NoStructure => "no_structure",
        }
    }

    /// What a musician would call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::TimingArtefacts => "timing artefacts",
            Self::Repetition => "collapse into repetition",
            Self::HarmonicDrift => "harmonic drift",
            Self::NoStructure => "no long-term structure",
        }
    }
}

/// What real music a piece is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Whole pieces in their own metres: beginnings and endings count.
    WholePieces,
    /// Excerpts of about this many quarter notes, cut at bar lines: for music that was cut at a length, which no detector
    /// may blame for not ending. Choose the length of what is to be judged: long pieces repeat more and
    /// modulate further than short ones.
    Excerpts {
        /// Length in quarter notes.
        quarters: u32,
    },
}

/// Real music that is too little to calibrate on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{found} {} of real music {} too few to calibrate the detectors; give at least {MINIMUM} from 2 pieces",
    if *found == 1 { "piece or excerpt" } else { "pieces or excerpts" },
    if *found == 1 { "is" } else { "are" }
)]
pub struct TooLittleMusic {
    /// How many there were.
    pub found: usize,
}

/// Fewest pieces or excerpts to calibrate on.
pub const MINIMUM: usize = 10;
/// Most pieces or excerpts that are looked at; of more, as many are taken at even distances.
const MAXIMUM: usize = 400;
/// Pieces or excerpts of one piece that are looked at, unless there are few pieces.
const MOST_OF_A_PIECE: usize = 6;
/// Pieces or excerpts that are wanted at least, if there is so much music.
const WANTED: usize = 120;
/// Longest repetition, as a share of the piece, that is never a failure by itself. Some real music (for games, for dances)
/// is one loop from beginning to end; a composition that is nothing else has collapsed all the same.
const MOST_REPETITION: f64 = 0.8;

/// What the structure detector learns to distinguish from real music.
pub const STRUCTURE_NEGATIVES: [Corruption; 3] =
    [Corruption::Patchwork(1), Corruption::Patchwork(2), Corruption::JumpWalk(0.5)];

/// Detectors of the four failure modes, calibrated on real music.
///
/// | mode | score |
/// |---|---|
/// | timing artefacts | mean bits that a note costs for its length and for the gap before it ([`TimingModel`](super::timing::TimingModel)) |
/// | collapse into repetition | longest exact repetition of at most four bars, share of the piece |
/// | harmonic drift | divergence of the pitch classes of two-bar windows or notes outside the scale, in multiples of what is usual ([`drift::Usual`](super::drift::Usual)) |
/// | no long-term structure | log-odds of being stitched together rather than real ([`Features`], [`Logistic`](super::logistic::Logistic)) |
///
/// Beside these scores stand the [`Outliers`]: figures that lie outside the reference, and the distance of the whole
/// ([`Likeness`]). All limits are set together, by pieces that were judged by what was fitted to others, so that of real pieces in
/// the style of the reference at most one in twenty is accused of anything; see [`FALSE_ALARMS`](thresholds::FALSE_ALARMS). For
/// repetition the threshold is at most four fifths of the piece. Once something is found, whatever else lies outside what is
/// usual is named too.
#[derive(Clone, Debug)]
pub struct Detectors {
    pub(super) extent: Extent,
    pub(super) fitted: Fitted,
    /// Mean features of the real music, to say what a piece has less of.
    pub(super) usual: Features,
    /// Scores of the real music per mode, sorted, judged out of fold.
    real: [Vec<f64>; 4],
    pub(super) limits: Limits,
    likeness: LikenessModel,
    /// Real pieces that were looked at.
    pieces: usize,
}

impl Detectors {
    /// Calibrates on real music in the style that is to be judged. Deterministic for a seed.
    ///
    /// # Errors
    /// When there are fewer than [`MINIMUM`] pieces or excerpts, or only one piece.
    pub fn calibrate(corpus: &[Score], extent: Extent, seed: u64) -> Result<Self, TooLittleMusic> {
        let grids: Vec<Grid> = corpus.iter().map(Grid::new).collect();
        Self::calibrate_grids(&grids, extent, seed)
    }

    /// [`Self::calibrate`] for pieces that are already on the grid.
    ///
    /// # Errors
    /// As there.
    pub fn calibrate_grids(corpus: &[Grid], extent: Extent, seed: u64) -> Result<Self, TooLittleMusic> {
        Self::calibrate_against(corpus, extent, &STRUCTURE_NEGATIVES, seed)
    }

    /// [`Self::calibrate_grids`] with other corruptions for the structure detector to learn from, to measure how it
    /// does on those that it has not seen.
    ///
    /// # Errors
    /// As there.
    pub fn calibrate_against(
        corpus: &[Grid],
        extent: Extent,
        negatives: &[Corruption],
        seed: u64,
    ) -> Result<Self, TooLittleMusic> {
        let corpus: Vec<&Grid> = corpus.iter().filter(|grid| !grid.is_empty()).collect();
        let examples = examples(&corpus, extent);
        if examples.len() < MINIMUM || corpus.len() < 2 {
            return Err(TooLittleMusic { found: examples.len() });
        }
        let pool = Pool::new(examples.iter().map(|(_, grid)| grid));
        let parts: Vec<Parts> = examples.par_iter().map(|(_, grid)| Parts::of(grid)).collect();
        let (measured, likeness) = rayon::join(
            || Measured::new(&examples, &parts, extent != Extent::WholePieces, negatives, &pool, seed),
            || LikenessModel::fit(&examples, &parts, &pool, seed),
        );
        let mut held_out = measured.held_out();
        held_out.iter_mut().zip(likeness.held_out()).for_each(|(piece, distance)| piece.distance = distance);
        let mut limits = thresholds::limits(&held_out);
        for thresholds in [&mut limits.scores, &mut limits.usual_scores] {
            let repetition = &mut thresholds[FailureMode::Repetition as usize];
            *repetition = repetition.min(MOST_REPETITION);
        }
        let real = std::array::from_fn(|mode| {
            let mut scores: Vec<f64> =
                held_out.iter().map(|piece| piece.scores[mode]).filter(|score| !score.is_nan()).collect();
            scores.sort_by(f64::total_cmp);
            scores
        });
        Ok(Self {
            extent,
            fitted: measured.fit(|_| true),
            usual: measured.usual(),
            real,
            limits,
            likeness,
            pieces: thresholds::pieces(&held_out),
        })
    }

    /// A piece as the detectors see it: on the grid, in its own bars.
    pub fn lay_out(&self, score: &Score) -> Grid {
        Grid::new(score)
    }

    /// How much a piece is like the real music, see [`Likeness`].
    pub fn likeness(&self, grid: &Grid) -> Likeness {
        self.likeness_and_unlike(grid, &Parts::of(grid)).0
    }

    /// How much a piece is like the real music, and whether it is as a whole farther from it than nearly all of that.
    pub(super) fn likeness_and_unlike(&self, grid: &Grid, parts: &Parts) -> (Likeness, bool) {
        let distance = self.likeness.distance(grid, parts);
        (self.likeness.at(distance), distance > self.limits.distance)
    }

    /// How far a piece as a whole is from the real music: −ln of the share of held-out real music that is farther, continued beyond
    /// all of it.
    pub fn distance(&self, grid: &Grid) -> f64 {
        self.likeness.distance(grid, &Parts::of(grid))
    }

    /// How many real pieces they were calibrated on.
    pub fn pieces(&self) -> usize {
        self.pieces
    }

    /// The figures of the real music.
    pub fn outliers(&self) -> &Outliers {
        &self.limits.outliers
    }

    /// Scores of a piece that was laid out by [`Self::lay_out`].
    pub fn scores(&self, grid: &Grid) -> Scores {
        self.scores_of(grid, &Parts::of(grid))
    }

    /// [`Self::scores`] of a piece whose parts were measured.
    pub(super) fn scores_of(&self, grid: &Grid, parts: &Parts) -> Scores {
        self.fitted.scores(&Raw::new(grid, parts, self.extent != Extent::WholePieces))
    }

    /// Scores of pieces, `[pieces, modes]`, with the [keys](FailureMode::key) of the modes as columns.
    pub fn table<'a>(&self, scores: impl IntoIterator<Item = &'a Score>) -> Table {
        let row = |score| self.scores(&self.lay_out(score)).to_vec();
        let rows: Vec<Vec<f64>> = scores.into_iter().map(row).collect();
        Table::new(FailureMode::ALL.map(FailureMode::key).to_vec(), rows.into_iter())
    }

    /// The thresholds, in the order of [`FailureMode::ALL`]: a score above is a failure.
    pub fn thresholds(&self) -> Scores {
        self.limits.scores
    }

    /// Share of the real music that scores lower, 0–1.
    pub fn percentile(&self, mode: FailureMode, score: f64) -> f64 {
        let real = &self.real[mode as usize];
        crate::statistics::ratio(real.partition_point(|&other| other < score) as f64, real.len() as f64)
    }

    /// Scores of the real music on a mode, from low to high, each judged without itself.
    pub fn real(&self, mode: FailureMode) -> &[f64] {
        &self.real[mode as usize]
    }
}

/// Pieces or excerpts, each with the number of the piece that it is from; of long pieces only some, at even distances.
fn examples(corpus: &[&Grid], extent: Extent) -> Vec<(usize, Grid)> {
    let Extent::Excerpts { quarters } = extent else {
        let step = corpus.len().div_ceil(MAXIMUM).max(1);
        return corpus.iter().map(|grid| (*grid).clone()).enumerate().step_by(step).collect();
    };
    let most = MOST_OF_A_PIECE.max(WANTED.div_ceil(corpus.len().max(1)));
    let mut all = Vec::new();
    for (piece, grid) in corpus.iter().enumerate() {
        let excerpts = grid.excerpts(quarters.saturating_mul(STEPS_PER_QUARTER));
        let excerpts: Vec<Grid> = excerpts.into_iter().filter(|grid| !grid.is_empty()).collect();
        let step = excerpts.len().div_ceil(most).max(1);
        all.extend(excerpts.into_iter().step_by(step).map(|grid| (piece, grid)));
    }
    let step = all.len().div_ceil(MAXIMUM).max(1);
    all.into_iter().step_by(step).collect()
}
