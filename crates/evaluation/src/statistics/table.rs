//! [`Table`]: figures of a set of pieces as an array with named columns.

use composer_music::Score;
use ndarray::{Array2, ArrayView1};

use super::muspy;
use super::piece::{STATISTICS, measure};
use crate::arrays::stack;

/// Figures of pieces, one row per piece; NaN where a piece has too little music for a figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Names of the columns.
    pub columns: Vec<&'static str>,
    /// `[pieces, columns]`
    pub values: Array2<f64>,
}

impl Table {
    pub(crate) fn new(columns: Vec<&'static str>, rows: impl ExactSizeIterator<Item = Vec<f64>>) -> Self {
        let values = stack(rows, columns.len());
        Self { columns, values }
    }

    /// The column of a name, `[pieces]`.
    pub fn column(&self, name: &str) -> Option<ArrayView1<'_, f64>> {
        let index = self.columns.iter().position(|column| *column == name)?;
        Some(self.values.column(index))
    }
}

/// All [`STATISTICS`] of pieces, `[pieces, 27]`.
///
/// ```
/// use composer_evaluation::distance::measures::wasserstein;
/// use composer_evaluation::statistics::table;
/// use composer_music::corpus::shipped;
///
/// let pieces = shipped::piano().pieces;
/// let scores = pieces.iter().map(|piece| &piece.score);
/// let table = table(scores);
/// assert_eq!(table.values.dim(), (pieces.len(), 27));
/// let ranges = table.column("pitch_range").unwrap();
/// assert!(ranges.iter().all(|&semitones| semitones > 12.0));
/// assert_eq!(wasserstein(ranges, ranges), 0.0);
/// ```
pub fn table<'a>(scores: impl IntoIterator<Item = &'a Score>) -> Table {
    let rows: Vec<Vec<f64>> = scores.into_iter().map(measure).collect();
    Table::new(STATISTICS.iter().map(|statistic| statistic.name).collect(), rows.into_iter())
}

/// The [metrics of MusPy](muspy::Metrics) of pieces, `[pieces, 12]`.
pub fn muspy_table<'a>(scores: impl IntoIterator<Item = &'a Score>) -> Table {
    let rows = |score| muspy::Metrics::of(score).rows().map(|(_, value)| value).to_vec();
    let rows: Vec<Vec<f64>> = scores.into_iter().map(rows).collect();
    Table::new(muspy::Metrics::NAMES.to_vec(), rows.into_iter())
}

#[cfg(test)]
mod tests {
    use super::*;
    use composer_music::{Note, Track};

    #[test]
    fn rows_are_pieces_and_columns_have_names() {
        let mut score = Score::new(12);
        let note = |onset, pitch| Note { onset, duration: 12, pitch, velocity: 64, channel: 0, program: 0 };
        score.tracks = vec![Track { name: None, notes: vec![note(0, 60), note(12, 67)] }];
        let silence = Score::new(12);
        let ours = table([&score, &silence]);
        assert_eq!(ours.values.dim(), (2, STATISTICS.len()));
        assert_eq!(ours.column("pitch_range").unwrap()[0], 7.0);
        assert!(ours.column("pitch_range").unwrap()[1].is_nan() && ours.column("nothing").is_none());
        let theirs = muspy_table([&score, &silence]);
        assert_eq!(theirs.column("pitch_range").unwrap().to_vec(), [7.0, 0.0]);
        assert_eq!(table([]).values.dim(), (0, STATISTICS.len()));
    }
}
