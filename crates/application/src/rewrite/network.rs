//! Gaps filled by a network that was trained to: it reads both sides, and writes from left to right.

use super::infill::{InfillOptions, after, lay_out};
use super::layout::Layout;
use super::rewritten::{Rewritten, distance, nll};
use super::splice::splice;
use super::tune::Tune;
use crate::compose::Piece;
use crate::error::{Result, wrong_input};
use crate::model::TrainedModel;
use crate::models::task_name;
use crate::parts::{GAP_BARS, WINDOW_BARS, blanked};
use composer_decoding::rewrite::{GridNote, Passage, lay_over, write_once};
use composer_models::encoding::FrameSequence;
use composer_models::seq2seq::{self, Conditioned, Task};
use composer_models::{ConditionTrack, Seq2Seq, Sequence};
use rayon::prelude::*;
use std::path::Path;

/// A network that fills gaps: `composer train --task infill` trains one.
pub struct GapNetwork(Seq2Seq);

impl GapNetwork {
    /// A model file.
    ///
    /// # Errors
    /// It cannot be read, or is of another task.
    pub fn load(path: &Path) -> Result<Self> {
        let (model, notes) = seq2seq::load(path)?;
        if notes.task != Task::Infill {
            let task = task_name(notes.task);
            return Err(wrong_input(format!(
                "this network was trained for composer {task}, and infill needs one of composer train --task infill"
            ))
            .into());
        }
        Ok(Self(model))
    }
}

/// As [`super::infill()`], by a network that was trained to fill gaps of up to four bars; `model` is asked for likelihoods alone.
///
/// # Errors
/// As there, and when the gap is longer.
pub fn infill_by(
    network: &GapNetwork,
    model: &TrainedModel,
    tune: &Tune,
    options: &InfillOptions,
) -> Result<Vec<Rewritten>> {
    options.settings.check()?;
    let bars = options.bars.last - options.bars.first + 1;
    if bars > GAP_BARS {
        let text = format!(
            "the network fills gaps of at most {GAP_BARS} bars, and {} are {bars}: leave out --network",
            options.bars
        );
        return Err(wrong_input(text).into());
    }
    let (layout, within) = lay_out(&model.model, tune, options)?;
    let original = layout.original(&tune.score);
    let (excerpt, first) = excerpt(&layout);
    let write = |output: usize| -> anyhow::Result<Rewritten> {
        let source = blanked(excerpt.kept.clone(), excerpt.span().unwrap_or(0..0));
        let source = Sequence::frames_in(source, excerpt.bars.clone());
        let conditioned = Conditioned::new(&network.0, source, None)?;
        let notes = write_once(conditioned, &excerpt, options.settings.seed, output as u64)?;
        let notes: Vec<GridNote> = notes.into_iter().map(|note| moved(note, first, 0)).collect();
        let mut frames = layout.passage.kept.clone();
        lay_over(&mut frames, notes.iter().copied());
        let all = nll(&model.model, &layout, &frames)?;
        let (begin, end) = (layout.passage.span().map_or(0, |span| span.start), layout.passage.end);
        let after = after(&layout, end);
        Ok(Rewritten {
            nll_after: all[end..after].iter().sum::<f64>() / (after - end) as f64,
            piece: Piece {
                score: splice(&layout, &tune.score, &notes, within),
                nll: all[begin..end].to_vec(),
                notes: tune.remarks.clone(),
                others: tune.others.clone(),
            },
            output,
            effective: None,
            distance: distance(&original, &frames),
        })
    };
    let outputs = (0..options.settings.num_outputs).into_par_iter();
    Ok(outputs.map(write).collect::<anyhow::Result<_>>()?)
}

/// The bars around the gap that a network reads, and the first step of them.
fn excerpt(layout: &Layout) -> (Passage, usize) {
    let passage = &layout.passage;
    let span = passage.span().unwrap_or(0..0);
    let bar = |step: usize| passage.bars.bar_at(step as u64).index;
    let (gap, last) = (bar(span.start), bar(passage.end.saturating_sub(1)));
    let around = WINDOW_BARS - (last + 1 - gap).min(WINDOW_BARS);
    let count = passage.bars.count(passage.kept.len() as u64);
    let first = gap.saturating_sub(around / 2).min(count.saturating_sub(WINDOW_BARS)).min(gap);
    let from = passage.bars.bar(first).start as usize;
    let to = (passage.bars.bar(first + WINDOW_BARS - 1).end as usize).min(passage.kept.len());
    let whole = FrameSequence::new(passage.kept.clone(), Some(passage.bars.clone()));
    let bars = whole.from_bar(first).and_then(|piece| piece.bars().cloned());
    let cut = Passage {
        kept: passage.kept[from..to].to_vec(),
        notes: passage.notes.iter().map(|&note| moved(note, 0, from)).collect(),
        begin: passage.begin[from..to].to_vec(),
        sound: passage.sound[from..to].to_vec(),
        end: passage.end - from,
        bars: bars.unwrap_or_else(|| passage.bars.clone()),
        conditions: ConditionTrack::default(),
        ..*passage
    };
    (cut, from)
}

fn moved(note: GridNote, later: usize, earlier: usize) -> GridNote {
    GridNote { start: note.start + later - earlier, end: note.end + later - earlier, ..note }
}
