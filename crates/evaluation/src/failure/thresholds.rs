//! Thresholds of everything that is tested for, set together.

use std::collections::HashSet;

use crate::judgement::Outliers;
use crate::judgement::outliers::Figures;
use crate::judgement::tail::{Tail, joint_threshold};

/// Share of the reference that lies above the thresholds: of being unlike it as a whole, and of anything at all. Well below one in
/// twenty: new pieces always differ a little more from the reference than its own do (`README.md` has what is measured).
pub const FALSE_ALARMS: [f64; 2] = [0.0175, 0.0225];
/// Share of new pieces that may lie above, at most, which counts where the reference has few pieces.
const MOST_FALSE_ALARMS: f64 = 0.035;
/// The surprise of the 98.5th percentile, −ln 0.015.
const USUAL: f64 = 4.199_705_077_879_927;
/// Smallest mean excess of the scores' tails: differences below it mean nothing.
const RESOLUTION: [f64; 4] = [0.05, 0.02, 0.02, 0.1];
/// Groups of pieces for cross-validation: each is judged by what was fitted to the others.
pub(super) const FOLDS: usize = 5;

/// A real piece or excerpt, judged by what was fitted to others.
pub(super) struct HeldOut {
    pub piece: usize,
    pub scores: [f64; 4],
    pub figures: Figures,
    /// Distance of the whole from the reference.
    pub distance: f64,
}

/// Everything beyond which something is found.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    /// Distance of the whole.
    pub distance: f64,
    /// Scores of the four modes.
    pub scores: [f64; 4],
    /// Scores of the four modes in a piece in which something else was found.
    pub usual_scores: [f64; 4],
    /// Figures, with their limits.
    pub outliers: Outliers,
}

/// Sets all limits. The distance of the whole, the most sensitive, gets the larger part of the false alarms. The limits of scores and
/// figures lie beyond the most extreme of the pieces that the distance leaves alone, each by the same number of mean excesses: as
/// many pieces hold a record as there are chances for a new piece to break one, and with every mean excess these fall by a factor e.
pub(super) fn limits(held_out: &[HeldOut]) -> Limits {
    let count = pieces(held_out) as f64;
    let distances: Vec<(usize, f64)> = held_out.iter().map(|piece| (piece.piece, piece.distance)).collect();
    // Of n pieces of the reference and a new one, the new one may as well be any of those above.
    let share = ((FALSE_ALARMS[0] * count + 1.0) / (count + 1.0)).min(MOST_FALSE_ALARMS);
    let distance = joint_threshold(&distances, share);
    let kept: Vec<&HeldOut> = held_out.iter().filter(|piece| piece.distance <= distance).collect();
    let figures: Vec<&Figures> = kept.iter().map(|piece| &piece.figures).collect();
    let score_holder = |mode: usize| {
        let scores = kept.iter().enumerate().filter(|(_, piece)| !piece.scores[mode].is_nan());
        scores.max_by(|a, b| a.1.scores[mode].total_cmp(&b.1.scores[mode])).map(|(place, _)| place)
    };
    let holders = (0..4).map(score_holder).chain(Outliers::record_holders(&figures));
    let holders: HashSet<usize> = holders.flatten().map(|place| kept[place].piece).collect();
    let allowed = (FALSE_ALARMS[1] - FALSE_ALARMS[0]) * count;
    let margin = (holders.len() as f64 / allowed.max(1e-3)).ln().max(0.0);
    let tails = tails(held_out.iter());
    let mut outliers = Outliers::fit(held_out.iter().map(|piece| &piece.figures));
    outliers.set_limits(&figures, margin);
    let limit = |mode: usize| match score_holder(mode) {
        Some(place) => kept[place].scores[mode] + margin * tails[mode].excess(),
        None => f64::INFINITY,
    };
    Limits {
        distance,
        scores: std::array::from_fn(limit),
        usual_scores: std::array::from_fn(|mode| tails[mode].value_at(USUAL).min(limit(mode))),
        outliers,
    }
}

/// How many pieces there are.
pub(super) fn pieces(held_out: &[HeldOut]) -> usize {
    let pieces: HashSet<usize> = held_out.iter().map(|piece| piece.piece).collect();
    pieces.len()
}

/// The tails of the scores.
fn tails<'a>(held_out: impl Iterator<Item = &'a HeldOut> + Clone) -> [Tail; 4] {
    std::array::from_fn(|mode| Tail::fit(held_out.clone().map(|piece| piece.scores[mode]), RESOLUTION[mode]))
}
