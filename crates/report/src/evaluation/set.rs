//! A set of pieces with its figures.

use composer_evaluation::assessment::Assessment;
use composer_music::{BarMap, Score};
use std::ops::Range;

/// A set of pieces, assessed.
#[derive(Clone, Copy)]
pub struct AssessedSet<'a> {
    /// Its name.
    pub name: &'a str,
    /// The figures.
    pub assessment: &'a Assessment,
    /// The pieces, in the order of the assessment.
    pub scores: &'a [Score],
}

/// The bars of the first finding of a piece, whose music is `score`, in quarters.
pub fn marked_quarters(assessment: &Assessment, piece: usize, score: &Score) -> Vec<Range<f64>> {
    let finding = assessment.pieces.get(piece).and_then(|piece| piece.diagnosis.main_finding());
    let bars = finding.map_or(&[][..], |finding| &finding.bars);
    let own = BarMap::new(score);
    let at = |bar: usize| own.bar(bar as u64).start as f64 / f64::from(score.ticks_per_quarter.max(1));
    bars.iter().map(|bars| at(bars.start)..at(bars.end)).collect()
}
