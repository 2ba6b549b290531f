//! Parts of a tune written anew: [`infill`](fn@infill) some bars so that they follow from what is before and lead to what is after,
//! [`vary`](fn@vary) it more or less. Every other note, and all else in the file, stays as it is.
//!
//! The notes come from [`composer_decoding::rewrite`], which draws from what a model of frames finds likely given both sides; here they are
//! chosen from a score and spliced into it again.

mod infill;
mod layout;
mod network;
mod splice;
mod tune;
mod vary;

pub use infill::{Bars, InfillOptions, infill, infill_each, infill_until};
pub use network::{GapNetwork, infill_by};
pub use tune::Tune;
pub use vary::{Lock, Only, VaryOptions, vary, vary_each};

use crate::again::Made;
use crate::compose::Piece;
use crate::compose::pick::Choice;
use crate::error::{Result, wrong_input};
use crate::progress::Progress;
use composer_decoding::harmony::Key;
use composer_decoding::rewrite::{RewriteOptions, Update};
use composer_models::scoring::score;
use composer_models::{Encoding, Sequence, SequenceModel, Workspace};
use composer_music::representation::frames::{Frame, FrameRepresentation};
use std::path::{Path, PathBuf};

/// What all ways of rewriting have in common.
#[derive(Clone, Debug, PartialEq)]
pub struct RewriteSettings {
    /// Number of results, each with random numbers of its own.
    pub num_outputs: usize,
    /// Seed of the random numbers.
    pub seed: u64,
    /// Temperature of new notes: 1 is the model's own distribution.
    pub temperature: f64,
    /// Notes that may sound together, where those that stay are not more.
    pub max_polyphony: usize,
    /// New notes are of this key.
    pub key: Option<Key>,
    /// New notes are of these chords, one for each bar that is written anew, in a cycle.
    pub chords: Option<String>,
    /// Candidates at a time: more take longer and come nearer to what the model finds likely given both sides.
    pub candidates: usize,
    /// How often the new notes are drawn again, in shorter and shorter blocks.
    pub sweeps: usize,
}

impl Default for RewriteSettings {
    fn default() -> Self {
        Self {
            num_outputs: 1,
            seed: 1,
            temperature: 1.0,
            max_polyphony: 8,
            key: None,
            chords: None,
            candidates: RewriteOptions::default().candidates,
            sweeps: 4,
        }
    }
}

impl RewriteSettings {
    fn options(&self) -> RewriteOptions {
        RewriteOptions {
            candidates: self.candidates,
            temperature: self.temperature,
            ..RewriteOptions::default()
        }
    }

    /// Refuses what makes no sense, before any work is done.
    fn check(&self) -> Result<()> {
        self.options().check()?;
        if self.num_outputs == 0 || self.num_outputs > 1000 {
            return Err(crate::error::wrong_option("num_outputs", "must be between 1 and 1000").into());
        }
        if self.max_polyphony == 0 {
            return Err(crate::error::wrong_option("max_polyphony", "must be at least 1").into());
        }
        Ok(())
    }
}

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

    fn effective_of(update: &Update) -> Option<(f64, usize)> {
        Some((update.effective, update.candidates))
    }
}

/// The frames that a model writes.
fn representation(model: &SequenceModel) -> anyhow::Result<FrameRepresentation> {
    match model.encoding() {
        Encoding::Frames { representation, .. } => Ok(*representation),
        _ => Err(wrong_input(
            "this model writes tokens, and rewriting needs one that writes frames: the built-in model does",
        )),
    }
}

/// −ln P of every step of frames in bars.
fn nll(model: &SequenceModel, layout: &layout::Layout, frames: &[Frame]) -> anyhow::Result<Vec<f64>> {
    let passage = &layout.passage;
    let sequence = Sequence::frames_in(frames.to_vec(), passage.bars.clone());
    let sequence = sequence.with_conditions(passage.conditions.clone());
    Ok(score(model, &[sequence], &mut Workspace::default())?.remove(0).total().to_vec())
}

/// 1 − 2 · (common notes) / (all notes), each a pair of step and pitch.
fn distance(before: &[Frame], after: &[Frame]) -> f64 {
    let count = |frames: &[Frame]| frames.iter().map(|frame| frame.onsets.count_ones()).sum::<u32>();
    let common: u32 = before.iter().zip(after).map(|(a, b)| (a.onsets & b.onsets).count_ones()).sum();
    let all = count(before) + count(after);
    if all == 0 { 0.0 } else { 1.0 - 2.0 * f64::from(common) / f64::from(all) }
}
