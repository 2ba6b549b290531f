//! [`Rewritten`]: a tune with new notes, and how it is measured.

use super::layout::Layout;
use crate::again::Made;
use crate::compose::Piece;
use crate::compose::pick::Choice;
use crate::error::Result;
use crate::progress::Progress;
use composer_decoding::rewrite::Update;
use composer_models::scoring::score;
use composer_models::{Sequence, SequenceModel, Workspace};
use composer_music::representation::frames::Frame;
use std::path::{Path, PathBuf};

/// A tune with new notes.
#[derive(Clone, Debug, PartialEq)]
pub struct Rewritten {
    /// The tune; its `nll` is that of the steps that were written anew.
    pub piece: Piece,
    /// Its place among the results of the seed, from 0.
    pub output: usize,
    /// −ln P per step of the bars that follow what was written anew, up to four; NaN where none does.
    pub nll_after: f64,
    /// The effective sample size of the candidates for the whole gap, and their number; `None` where blocks were drawn one by one.
    pub effective: Option<(f64, usize)>,
    /// Share of the notes, old and new together, that the tunes do not have in common: 0 for the same notes, 1 for none in common.
    pub distance: f64,
}

impl Rewritten {
    /// The results that are to be kept, the best first; `model` wrote them (`None`: the usual built-in one).
    ///
    /// # Errors
    /// As [`Choice::choose`].
    pub fn chosen(
        results: Vec<Self>,
        choice: &Choice,
        model: Option<&Path>,
        progress: &mut dyn Progress,
    ) -> Result<Vec<Self>> {
        if choice.keep.is_none() {
            return Ok(results);
        }
        let pieces = results.iter().map(|result| result.piece.clone()).collect();
        let best = choice.choose(pieces, model, progress)?;
        Ok(best.iter().map(|judged| results[judged.number - 1].clone()).collect())
    }

    /// What its recipe says, where it is at `path`.
    pub fn made(&self, path: PathBuf, seed: u64) -> Made {
        let nats_per_step = Some(self.piece.nll_per_step()).filter(|nats| nats.is_finite());
        Made { path, seed, output: self.output + 1, nats_per_step }
    }

    pub(super) fn effective_of(update: &Update) -> Option<(f64, usize)> {
        Some((update.effective, update.candidates))
    }
}

/// −ln P of every step of frames in bars.
pub(super) fn nll(model: &SequenceModel, layout: &Layout, frames: &[Frame]) -> anyhow::Result<Vec<f64>> {
    let passage = &layout.passage;
    let sequence = Sequence::frames_in(frames.to_vec(), passage.bars.clone());
    let sequence = sequence.with_conditions(passage.conditions.clone());
    Ok(score(model, &[sequence], &mut Workspace::default())?.remove(0).total().to_vec())
}

/// 1 − 2 · (common notes) / (all notes), each a pair of step and pitch.
pub(super) fn distance(before: &[Frame], after: &[Frame]) -> f64 {
    let count = |frames: &[Frame]| frames.iter().map(|frame| frame.onsets.count_ones()).sum::<u32>();
    let common: u32 = before.iter().zip(after).map(|(a, b)| (a.onsets & b.onsets).count_ones()).sum();
    let all = count(before) + count(after);
    if all == 0 { 0.0 } else { 1.0 - 2.0 * f64::from(common) / f64::from(all) }
}
