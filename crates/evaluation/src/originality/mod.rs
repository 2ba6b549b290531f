//! How much of a piece was copied from the training set, and how much human pieces share with each other.
//!
//! Music is compared as a sequence of onsets, each described by the interval from the onset before, the time since it, and
//! the shape of its chord: the same passage in another key is the same sequence. Human pieces share phrases too, so a
//! passage counts as copied only when it is longer than what human pieces share with the same training set.

pub(crate) mod index;
mod neighbour;

use composer_music::text::counted;
use std::ops::Range;

use composer_music::Score;
use serde::Serialize;

use crate::grid::Grid;
use crate::significance::quantile::quantile;
use index::{Index, Symbol, symbols};
use neighbour::Neighbours;

/// Lengths for which the novelty curve is computed: 1 to this.
pub const LONGEST_NOVELTY: usize = 49;

/// Share of human pieces whose longest borrowed passage is shorter than the threshold.
const SPECIFICITY: f64 = 0.97;
/// Groups of training pieces that are compared with the rest of the training set.
const FOLDS: usize = 5;

/// A passage that a piece shares with a training piece.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Passage {
    /// Length in onsets (chords or single notes).
    pub onsets: usize,
    /// Its bars in the piece, counted from 0.
    pub bars: Range<usize>,
    /// The training piece.
    pub source: String,
    /// Its bars there.
    pub source_bars: Range<usize>,
}

/// What a piece shares with the training set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Overlap {
    /// The longest passage that occurs in the training set, at any pitch; `None` if not one step does.
    pub longest: Option<Passage>,
    /// Share of the sequences of 1, 2, … [`LONGEST_NOVELTY`] onsets that do not occur in the training set, 0–1; NaN
    /// where the piece is shorter.
    pub novelty: Vec<f64>,
    /// The training piece with the most notes in common (place in the bar, pitch and length), and the Jaccard similarity
    /// of the two sets of notes, 0–1.
    pub nearest: Option<(String, f64)>,
}

impl Overlap {
    /// Share of the sequences of `length` onsets that occur in the training set, for 1 to [`LONGEST_NOVELTY`].
    pub fn shared(&self, length: usize) -> f64 {
        length.checked_sub(1).and_then(|i| self.novelty.get(i)).map_or(f64::NAN, |novelty| 1.0 - novelty)
    }

    fn longest_onsets(&self) -> f64 {
        self.longest.as_ref().map_or(0.0, |passage| passage.onsets as f64)
    }
}

/// The verdict on a piece.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// What the piece shares with the training set.
    pub overlap: Overlap,
    /// Longest passage, in onsets, that 97 % of human pieces stay below.
    pub threshold: f64,
    /// Share of human pieces whose longest passage is shorter, 0–1.
    pub percentile: f64,
    /// Whether the piece shares more than human pieces do.
    pub copied: bool,
}

impl Verdict {
    /// The verdict in words, with bars counted from 1.
    pub fn sentence(&self) -> String {
        let range = |bars: &Range<usize>| crate::failure::bar_list(std::slice::from_ref(bars));
        match (&self.overlap.longest, self.copied) {
            (Some(passage), true) => format!(
                "Copied from {}, {}: {} onsets in {} (human pieces share up to {:.0}).",
                passage.source,
                range(&passage.source_bars),
                passage.onsets,
                range(&passage.bars),
                self.threshold
            ),
            (Some(passage), false) => format!(
                "Not copied: the longest passage shared with the training set is {} (human pieces share up to {:.0}).",
                counted(passage.onsets, "onset"),
                self.threshold
            ),
            (None, _) => "Nothing in it occurs in the training set.".into(),
        }
    }
}

/// A training set to look copies up in, with what human pieces share with it.
pub struct Originality {
    training: Training,
    /// Longest passages, in onsets, that each training piece shares with the other ones; sorted.
    human: Vec<f64>,
    threshold: f64,
}

impl Originality {
    /// Indexes named training pieces, and measures what each shares with the others (in five groups: the pieces of a
    /// group are compared with those of the other four). `O(n log n)` in the number of notes.
    pub fn new(training: &[(String, &Score)]) -> Self {
        let pieces: Vec<(String, Grid)> =
            training.iter().map(|(name, score)| (name.clone(), Grid::new(score))).collect();
        let mut human = Vec::new();
        for fold in 0..FOLDS.min(pieces.len()) {
            let group = |other: bool| {
                let kept = pieces.iter().enumerate().filter(move |(i, _)| (i % FOLDS == fold) != other);
                kept.map(|(_, piece)| piece)
            };
            let others = Training::new(group(true));
            human.extend(group(false).map(|(_, grid)| others.overlap(grid).longest_onsets()));
        }
        human.sort_by(f64::total_cmp);
        let threshold = quantile(&human, SPECIFICITY);
        Self { training: Training::new(pieces.iter()), human, threshold }
    }

    /// What human pieces share with the training set: the longest passage of each, in onsets, from short to long.
    pub fn human(&self) -> &[f64] {
        &self.human
    }

    /// Judges a piece.
    pub fn judge(&self, score: &Score) -> Verdict {
        let overlap = self.training.overlap(&Grid::new(score));
        let longest = overlap.longest_onsets();
        let below = self.human.partition_point(|&other| other < longest);
        Verdict {
            copied: longest > self.threshold,
            threshold: self.threshold,
            percentile: crate::statistics::ratio(below as f64, self.human.len() as f64),
            overlap,
        }
    }
}

/// The training pieces in the forms that they are searched in.
struct Training {
    names: Vec<String>,
    bar_lines: Vec<Grid>,
    sequences: Index<Symbol>,
    notes: Neighbours,
}

impl Training {
    fn new<'a>(pieces: impl Iterator<Item = &'a (String, Grid)>) -> Self {
        let (names, grids): (Vec<String>, Vec<Grid>) = pieces.cloned().unzip();
        let sequences: Vec<Vec<Symbol>> = grids.iter().map(symbols).collect();
        Self { names, sequences: Index::new(&sequences), notes: Neighbours::new(&grids), bar_lines: grids }
    }

    fn overlap(&self, grid: &Grid) -> Overlap {
        let sequence = symbols(grid);
        let matches = self.sequences.longest_matches(&sequence);
        let longest =
            matches.iter().enumerate().max_by_key(|(i, found)| (found.length, std::cmp::Reverse(*i)));
        let longest = longest.filter(|(_, found)| found.length > 0).map(|(at, found)| Passage {
            onsets: found.length,
            bars: bars(grid, at, found.length),
            source: self.names[found.piece].clone(),
            source_bars: bars(&self.bar_lines[found.piece], found.start, found.length),
        });
        let novelty = (1..=LONGEST_NOVELTY).map(|length| {
            let grams = (sequence.len() + 1).saturating_sub(length);
            let new = matches.iter().take(grams).filter(|found| found.length < length).count();
            crate::statistics::ratio(new as f64, grams as f64)
        });
        let nearest =
            self.notes.nearest(grid).map(|(piece, similarity)| (self.names[piece].clone(), similarity));
        Overlap { longest, novelty: novelty.collect(), nearest }
    }
}

/// The bars of a run of symbols. Symbol `i` describes how onset `i + 1` follows onset `i`.
fn bars(grid: &Grid, first: usize, length: usize) -> Range<usize> {
    let onsets: Vec<u32> =
        grid.notes.chunk_by(|a, b| a.onset == b.onset).map(|chord| chord[0].onset).collect();
    let bar = |i: usize| onsets.get(i).map_or(0, |&onset| grid.bar_of(onset));
    bar(first)..bar((first + length).min(onsets.len().saturating_sub(1))) + 1
}
