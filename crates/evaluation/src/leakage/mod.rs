//! How much of the test pieces of a set of frames is in its training pieces, and what likelihoods are worth then.
//!
//! A **passage** of a test piece is shared if a training piece has the same frames in a row, all moved by one number of semitones;
//! *at any tempo*, if it has the same chords (runs of equal frames) in a row, whose lengths are all longer or shorter by one
//! factor, so that augmentation and diminution hide nothing. There, the first chord is shared as a whole and the last one as
//! long as both pieces hold it. A passage **counts** from a number of frames on ([`Options::min_frames`], in the test piece or
//! the training piece) if it has at least half as many chords: held chords and rests, which all music shares, do not count.
//! The **share** of a piece is the part of its frames that is inside such passages, of whichever training pieces. A piece is
//! **clean** if its share at any tempo is at most [`Options::clean_share`].

mod passages;
mod ppm;
mod predictors;
mod trie;

use std::collections::HashMap;

use composer_music::frame_json::FrameSets;
use rayon::prelude::*;
use serde::Serialize;

pub use passages::{Passage, Shared};
pub use ppm::{Past, Ppm, View};
pub use predictors::{PieceNats, SubsetNats, baselines};

/// From which share on a piece that is no duplicate is called a near duplicate.
pub const NEAR_DUPLICATE: f64 = 0.9;

/// What counts as shared.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Options {
    /// Fewest frames of a passage that counts.
    pub min_frames: usize,
    /// Largest share of a piece of the clean subset, 0–1.
    pub clean_share: f64,
}

impl Default for Options {
    /// 16 frames, which are four bars of quarters or two of eighths; a tenth of a piece.
    fn default() -> Self {
        Self { min_frames: 16, clean_share: 0.1 }
    }
}

/// What one test piece shares with training.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PieceLeakage {
    /// The test piece, from 0.
    pub piece: usize,
    /// Its frames.
    pub frames: usize,
    /// The training piece, from 0, that is the same from beginning to end, up to transposition and tempo.
    pub duplicate_of: Option<usize>,
    /// Passages up to transposition.
    pub as_written: Shared,
    /// Passages up to transposition and tempo; those of [`Self::as_written`] are among them.
    pub any_tempo: Shared,
    /// Share of the frames inside passages at any tempo, 0–1.
    pub share: f64,
    /// Whether the piece is in the clean subset.
    pub clean: bool,
}

/// What a test set shares with its training set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Leakage {
    /// What counts as shared.
    pub options: Options,
    /// Every test piece.
    pub pieces: Vec<PieceLeakage>,
}

/// Sums over the test pieces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Totals {
    /// Test pieces.
    pub pieces: usize,
    /// Their frames.
    pub frames: usize,
    /// Frames inside passages up to transposition.
    pub frames_as_written: usize,
    /// Frames inside passages up to transposition and tempo.
    pub frames_any_tempo: usize,
    /// Pieces with such a passage.
    pub with_passage: usize,
    /// Pieces of which more than half is shared.
    pub mostly_shared: usize,
    /// Pieces that are no duplicates and of which more than [`NEAR_DUPLICATE`] is shared.
    pub near_duplicates: usize,
    /// Pieces that are in training from beginning to end.
    pub duplicates: usize,
    /// Pieces of the clean subset.
    pub clean_pieces: usize,
    /// Their frames.
    pub clean_frames: usize,
}

impl Leakage {
    /// Compares every test piece with all training pieces, for which the validation pieces do not count.
    pub fn new(sets: &FrameSets, options: Options) -> Self {
        let search = passages::Search::new(&sets.train);
        let mut copies = HashMap::new();
        for (i, piece) in sets.train.iter().enumerate() {
            copies.entry(passages::normal_form(piece)).or_insert(i);
        }
        let of_piece = |(piece, frames): (usize, &Vec<_>)| {
            let (as_written, any_tempo) = search.search(frames, options.min_frames);
            let share = any_tempo.frames as f64 / frames.len().max(1) as f64;
            PieceLeakage {
                piece,
                frames: frames.len(),
                duplicate_of: copies.get(&passages::normal_form(frames)).copied(),
                as_written,
                any_tempo,
                share,
                clean: share <= options.clean_share,
            }
        };
        Self { options, pieces: sets.test.par_iter().enumerate().map(of_piece).collect() }
    }

    /// Sums over the pieces.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for piece in &self.pieces {
            totals.pieces += 1;
            totals.frames += piece.frames;
            totals.frames_as_written += piece.as_written.frames;
            totals.frames_any_tempo += piece.any_tempo.frames;
            totals.with_passage += usize::from(piece.any_tempo.frames > 0);
            totals.mostly_shared += usize::from(piece.share > 0.5);
            let near = piece.share > NEAR_DUPLICATE && piece.duplicate_of.is_none();
            totals.near_duplicates += usize::from(near);
            totals.duplicates += usize::from(piece.duplicate_of.is_some());
            totals.clean_pieces += usize::from(piece.clean);
            totals.clean_frames += if piece.clean { piece.frames } else { 0 };
        }
        totals
    }

    /// The pieces from the largest share down, of equal ones those with the longest passage first.
    pub fn worst_first(&self) -> Vec<&PieceLeakage> {
        let mut pieces: Vec<&PieceLeakage> = self.pieces.iter().collect();
        let longest = |piece: &PieceLeakage| piece.any_tempo.longest.as_ref().map(|p| (p.chords, p.frames));
        pieces.sort_by(|a, b| b.share.total_cmp(&a.share).then_with(|| longest(b).cmp(&longest(a))));
        pieces
    }

    /// Nats per frame of a predictor on all test pieces, on the clean ones, and on the others; NaN without frames.
    pub fn likelihood(&self, predictor: &PieceNats) -> SubsetNats {
        let per_frame = |keep: &dyn Fn(&PieceLeakage) -> bool| {
            let kept = || self.pieces.iter().zip(&predictor.nats).filter(|(piece, _)| keep(piece));
            let frames: usize = kept().map(|(piece, _)| piece.frames).sum();
            kept().map(|(_, nats)| nats).sum::<f64>() / frames as f64
        };
        SubsetNats {
            name: predictor.name.clone(),
            all: per_frame(&|_| true),
            clean: per_frame(&|piece| piece.clean),
            others: per_frame(&|piece| !piece.clean),
        }
    }
}
