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
    let Some(diagnosis) = assessment.pieces.get(piece).map(|piece| &piece.diagnosis) else {
        return Vec::new();
    };
    let bars = diagnosis.main_finding().map_or(&[][..], |finding| &finding.bars);
    let line = |bar: usize| diagnosis.bar_lines.get(bar).copied();
    bars.iter().filter_map(|bars| Some(line(bars.start)?..line(bars.end)?)).collect()
}
