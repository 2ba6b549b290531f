//! Thresholds of everything that is tested for, set together.

use crate::judgement::Outliers;
use crate::judgement::outliers::Figures;
use crate::judgement::tail::{Tail, joint_threshold};

/// Share of the reference that lies above the thresholds: of being unlike it as a whole, and of anything at all. Well below one in
/// twenty: new pieces always differ a little more from the reference than its own do (`README.md` has what is measured).
pub const FALSE_ALARMS: [f64; 2] = [0.0175, 0.0225];
/// Share of new pieces that may lie above, at most, which counts where the reference has few pieces.
const MOST_FALSE_ALARMS: f64 = 0.035;
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

/// The distance beyond which a piece as a whole is unlike the reference, and the surprise beyond which a score is a failure or a
/// figure an outlier.
pub(super) fn limits(held_out: &[HeldOut]) -> (f64, f64) {
    let distances: Vec<(usize, f64)> = held_out.iter().map(|piece| (piece.piece, piece.distance)).collect();
    // Of n pieces of the reference and a new one, the new one may as well be any of those above.
    let pieces = pieces(held_out) as f64;
    let [whole, anything] =
        FALSE_ALARMS.map(|share| ((share * pieces + 1.0) / (pieces + 1.0)).min(MOST_FALSE_ALARMS));
    let distance = joint_threshold(&distances, whole);
    (distance, joint_threshold(&largest_surprises(held_out, distance), anything))
}

/// How many pieces there are.
pub(super) fn pieces(held_out: &[HeldOut]) -> usize {
    let pieces: std::collections::HashSet<usize> = held_out.iter().map(|piece| piece.piece).collect();
    pieces.len()
}

/// The tails of the scores.
pub(super) fn tails<'a>(held_out: impl Iterator<Item = &'a HeldOut> + Clone) -> [Tail; 4] {
    std::array::from_fn(|mode| Tail::fit(held_out.clone().map(|piece| piece.scores[mode]), RESOLUTION[mode]))
}

/// For every real example its piece and the largest of all surprises, by tails that were fitted to the others; infinite if its
/// distance is beyond the limit, so that it is accused anyway.
fn largest_surprises(held_out: &[HeldOut], limit: f64) -> Vec<(usize, f64)> {
    let mut largest = Vec::with_capacity(held_out.len());
    for fold in 0..FOLDS {
        let others = held_out.iter().filter(|other| other.piece % FOLDS != fold);
        let (tails, outliers) = (tails(others.clone()), Outliers::fit(others.map(|other| &other.figures)));
        for piece in held_out.iter().filter(|piece| piece.piece % FOLDS == fold) {
            let scores = tails.iter().zip(&piece.scores).map(|(tail, &score)| tail.surprise(score));
            let figures = outliers.surprises(&piece.figures).map(|(_, _, surprise)| surprise);
            let accused = (piece.distance > limit).then_some(f64::INFINITY);
            largest.push((piece.piece, scores.chain(figures).chain(accused).fold(0.0, f64::max)));
        }
    }
    largest
}
