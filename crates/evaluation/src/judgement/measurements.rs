//! What the distance of a piece from the reference is made of: all statistics, and the measurements behind the detectors.

use super::figures::{self, Aspect};
use super::outliers::{self, Figures};
use crate::failure::structure::Features;
use crate::failure::{drift, repetition, timing};
use crate::grid::{Grid, STEPS_PER_QUARTER};
use crate::statistics::piece::{Piece, STATISTICS};
use crate::statistics::ratio;

/// Of the statistics, the last is about drums, which a grid leaves out.
const STATISTIC_COUNT: usize = STATISTICS.len() - 1;
const OWN: usize = 9;
/// Number of measurements.
pub(crate) const COUNT: usize = STATISTIC_COUNT + OWN + Features::OPEN;

/// Measurements of a piece; NaN where it has too little music for one.
pub(crate) type Measurements = [f64; COUNT];

/// What measurements, scores and figures of a piece have in common, measured once.
pub(crate) struct Parts {
    /// All of them, of a piece with beginning and end.
    pub(crate) features: Features,
    pub(crate) figures: Figures,
    /// [`drift::divergence`] of its windows.
    pub(crate) divergence: f64,
    /// [`repetition::periodic_share`].
    pub(crate) periodic_share: f64,
}

impl Parts {
    pub(crate) fn of(grid: &Grid) -> Self {
        Self {
            features: Features::of(grid),
            figures: outliers::figures(grid),
            divergence: drift::divergence(&drift::windows(grid)),
            periodic_share: repetition::periodic_share(grid),
        }
    }
}

/// Measures a piece or an excerpt. What an excerpt cannot have, a beginning and an end, is left out.
pub(crate) fn of(grid: &Grid, parts: &Parts) -> Measurements {
    let score = grid.to_score();
    let piece = Piece::excerpt(&score, grid.clone());
    let figure = |aspect: Aspect| outliers::figure_of(&parts.figures, aspect);
    let own: [f64; OWN] = [
        figure(Aspect::Silence),
        figure(Aspect::HeldNotes),
        figure(Aspect::PitchClasses),
        mean_stretch(grid),
        parts.divergence,
        parts.periodic_share,
        timing::off_eighths(grid),
        off_sixteenths(grid),
        different_chords(grid),
    ];
    std::array::from_fn(|i| match i {
        i if i < STATISTIC_COUNT => (STATISTICS[i].of)(&piece),
        i if i < STATISTIC_COUNT + OWN => own[i - STATISTIC_COUNT],
        i => parts.features.0[i - STATISTIC_COUNT - OWN],
    })
}

/// Length in quarters of the unbroken chord that sounds at a random moment.
fn mean_stretch(grid: &Grid) -> f64 {
    let squares = figures::stretches(grid).into_iter().filter(|stretch| stretch.pitches != 0);
    let sum: f64 = squares.map(|stretch| f64::from(stretch.steps()).powi(2)).sum();
    ratio(sum, f64::from(grid.len()) * f64::from(STEPS_PER_QUARTER))
}

fn off_sixteenths(grid: &Grid) -> f64 {
    let off =
        grid.notes.iter().filter(|note| !grid.position(note).is_multiple_of(STEPS_PER_QUARTER / 4)).count();
    ratio(off as f64, grid.notes.len() as f64)
}

/// Different sets of pitch classes that sound, per stretch with notes.
fn different_chords(grid: &Grid) -> f64 {
    let classes =
        |pitches: u128| (0..128).filter(|p| pitches >> p & 1 == 1).fold(0u16, |set, p| set | 1 << (p % 12));
    let mut chords: Vec<u16> = figures::stretches(grid)
        .iter()
        .filter(|stretch| stretch.pitches != 0)
        .map(|s| classes(s.pitches))
        .collect();
    let all = chords.len();
    chords.sort_unstable();
    chords.dedup();
    ratio(chords.len() as f64, all as f64)
}
