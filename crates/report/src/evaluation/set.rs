//! A set of pieces with its figures.

use composer_evaluation::assessment::Assessment;
use composer_music::Score;
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

/// The bars of the first finding of a piece, in quarters.
pub fn marked_quarters(assessment: &Assessment, piece: usize) -> Vec<Range<f64>> {
    let finding = assessment.pieces.get(piece).and_then(|piece| piece.diagnosis.main_finding());
    let bars = finding.map_or(&[][..], |finding| &finding.bars);
    bars.iter().map(|bars| 4.0 * bars.start as f64..4.0 * bars.end as f64).collect()
}
