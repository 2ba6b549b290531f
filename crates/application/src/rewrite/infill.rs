//! Some bars of a tune, or a part in them, written anew between what is before and what is after.

use super::layout::{Choice, Layout, check_notes, representation};
use super::rewritten::{Rewritten, distance, nll};
use super::settings::RewriteSettings;
use super::splice::splice;
use super::tune::Tune;
use crate::compose::Piece;
use crate::error::{Result, stopped, wrong_input, wrong_option};
use crate::model::TrainedModel;
use composer_decoding::rewrite::{GridNote, Keep, Rewriter};
use composer_models::SequenceModel;
use composer_music::representation::frames::Frame;
use composer_music::{BarMap, Note, Score};
use rayon::prelude::*;
use std::fmt;
use std::str::FromStr;

/// Bars, counted from 1, both included; an upbeat is bar 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bars {
    /// The first.
    pub first: u64,
    /// The last.
    pub last: u64,
}

impl FromStr for Bars {
    type Err = String;

    /// `9-12` or `9`.
    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let number = |text: &str| text.trim().parse::<u64>().ok().filter(|&bar| bar > 0);
        match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => Ok(Self { first, last }),
            _ => Err(format!(
                "\"{text}\" names no bars: write the first and the last, counted from 1, such as 9-12"
            )),
        }
    }
}

impl fmt::Display for Bars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "{}", self.first)
        } else {
            write!(f, "{}-{}", self.first, self.last)
        }
    }
}

impl Bars {
    /// Refuses bars that a tune does not have.
    pub(super) fn check(self, option: &'static str, score: &Score) -> anyhow::Result<()> {
        let count = BarMap::new(score).count(score.end());
        if self.last <= count {
            return Ok(());
        }
        let problem = if self.last - self.first >= count && self.first <= count {
            format!(
                "asks for {} bars, {self}, and the tune has {count}: name bars that it has",
                self.last - self.first + 1
            )
        } else {
            format!("is {self}, and the tune has bars 1-{count}: name bars that it has")
        };
        Err(wrong_option(option, problem))
    }
}

/// What to write anew.
#[derive(Clone, Debug, PartialEq)]
pub struct InfillOptions {
    /// The bars.
    pub bars: Bars,
    /// Only the notes of this track, counted from 0.
    pub track: Option<usize>,
    /// Only the notes between these pitches, both included.
    pub range: Option<(u8, u8)>,
    /// What stays of them.
    pub keep: Keep,
    /// How.
    pub settings: RewriteSettings,
}

impl InfillOptions {
    /// Everything in some bars.
    pub fn new(bars: Bars) -> Self {
        Self { bars, track: None, range: None, keep: Keep::Nothing, settings: RewriteSettings::default() }
    }
}

/// Rewrites some bars of a tune, or some of its notes in them, so that they follow from what is before and lead to what is after. Notes that
/// begin before the bars, or sound on after them, belong to what is around and stay.
///
/// ```
/// use composer_application::rewrite::{InfillOptions, infill};
/// use composer_application::TrainedModel;
/// use composer_music::corpus;
///
/// let tune = corpus::shipped::piano().pieces[0].score.clone().into();
/// let mut options = InfillOptions::new("5-6".parse()?);
/// (options.settings.candidates, options.settings.sweeps) = (4, 1);
/// let result = &infill(&TrainedModel::built_in()?, &tune, &options)?[0];
/// println!("{} notes, {:.2} nats per step after them", result.piece.score.notes().count(), result.nll_after);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// The tune has no such bars or tracks, or nothing in them can be written anew; the model writes tokens, or an option is out of range.
pub fn infill(model: &TrainedModel, tune: &Tune, options: &InfillOptions) -> Result<Vec<Rewritten>> {
    infill_until(model, tune, options, &|| false)
}

/// As [`infill`], until `stop` says so: it is asked before every drawing of the new notes.
///
/// # Errors
/// As [`infill`], and when it was stopped.
pub fn infill_until(
    model: &TrainedModel,
    tune: &Tune,
    options: &InfillOptions,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Vec<Rewritten>> {
    let gap = Gap::new(model, tune, options)?;
    let outputs = (0..options.settings.num_outputs).into_par_iter();
    Ok(outputs.map(|output| gap.fill(output, stop)).collect::<anyhow::Result<_>>()?)
}

/// As [`infill`], each result as soon as it is ready: an iterator, which writes one whenever it is asked for the next.
///
/// # Errors
/// As of [`infill`].
pub fn infill_each<'a>(
    model: &'a TrainedModel,
    tune: &'a Tune,
    options: &'a InfillOptions,
) -> Result<impl Iterator<Item = Result<Rewritten>> + 'a> {
    let gap = Gap::new(model, tune, options)?;
    Ok((0..options.settings.num_outputs).map(move |output| Ok(gap.fill(output, &|| false)?)))
}

/// A gap that is to be filled.
struct Gap<'a> {
    model: &'a SequenceModel,
    tune: &'a Tune,
    options: &'a InfillOptions,
    layout: Layout,
    within: (u64, u64),
    original: Vec<Frame>,
}

impl<'a> Gap<'a> {
    fn new(model: &'a TrainedModel, tune: &'a Tune, options: &'a InfillOptions) -> Result<Self> {
        options.settings.check()?;
        let (layout, within) = lay_out(&model.model, tune, options)?;
        let original = layout.original(&tune.score);
        Ok(Self { model: &model.model, tune, options, layout, within, original })
    }

    fn fill(&self, output: usize, stop: &(dyn Fn() -> bool + Sync)) -> anyhow::Result<Rewritten> {
        let Self { model, tune, options, layout, within, original } = self;
        let settings = &options.settings;
        if stop() {
            return Err(stopped());
        }
        let mut rewriter =
            Rewriter::new(model, &layout.passage, settings.options(), settings.seed, output as u64)?
                .with_material(layout.material.clone());
        let update = rewriter.fill()?;
        refine(&mut rewriter, layout, settings.sweeps, stop)?;
        let score = splice(layout, &tune.score, rewriter.notes(), *within);
        let nll = nll(model, layout, rewriter.frames())?;
        let (first, end) = (layout.passage.span().map_or(0, |span| span.start), layout.passage.end);
        let after = after(layout, end);
        Ok(Rewritten {
            nll_after: nll[end..after].iter().sum::<f64>() / (after - end) as f64,
            piece: Piece {
                score,
                nll: nll[first..end].to_vec(),
                notes: tune.remarks.clone(),
                others: tune.others.clone(),
            },
            output,
            effective: Rewritten::effective_of(&update),
            distance: distance(original, rewriter.frames()),
        })
    }
}

/// Draws the new notes again: all at once, in blocks of a bar, half a bar and a quarter of one, and from the beginning with other borders.
fn refine(
    rewriter: &mut Rewriter<'_>,
    layout: &Layout,
    sweeps: usize,
    stop: &(dyn Fn() -> bool + Sync),
) -> anyhow::Result<()> {
    let passage = &layout.passage;
    let bar = passage.blocks(usize::MAX >> 1, 0).iter().map(ExactSizeIterator::len).max().unwrap_or(1);
    let whole = passage.span().unwrap_or(0..0);
    for sweep in 0..sweeps {
        let blocks = match sweep % 4 {
            0 => vec![whole.clone()],
            part => {
                let length = (bar >> (part - 1)).max(1);
                let shift = if (sweep / 4).is_multiple_of(2) { 0 } else { length / 2 };
                passage.open_blocks(length, shift)
            }
        };
        if stop() {
            return Err(stopped());
        }
        rewriter.sweep(&blocks)?;
    }
    Ok(())
}

/// The first step behind the four bars after a step.
pub(super) fn after(layout: &Layout, step: usize) -> usize {
    let bars = &layout.passage.bars;
    let last = bars.bar_at(step as u64).index + 3;
    (bars.bar(last).end as usize).min(layout.passage.kept.len()).max(step)
}

/// The tune on the grid, and the ticks of the gap.
pub(super) fn lay_out(
    model: &SequenceModel,
    tune: &Tune,
    options: &InfillOptions,
) -> anyhow::Result<(Layout, (u64, u64))> {
    let (representation, score) = (representation(model)?, &tune.score);
    check_notes(&representation, score)?;
    options.bars.check("bars", score)?;
    let bars = BarMap::new(score);
    let within = (bars.bar(options.bars.first - 1).start, bars.bar(options.bars.last - 1).end);
    let grid = composer_music::representation::grid::Grid::new(
        score.ticks_per_quarter,
        representation.steps_per_quarter,
    );
    let (first, end) = (grid.step(within.0) as usize, grid.step(within.1) as usize);
    check_track(score, options.track)?;
    let of_part = |(track, _): (usize, usize), note: &Note| {
        options.track.is_none_or(|only| only == track)
            && options.range.is_none_or(|(low, high)| (low..=high).contains(&note.pitch))
    };
    let goes = |note: &Note, on_grid: GridNote| {
        (within.0..within.1).contains(&note.onset) && on_grid.start >= first && on_grid.end <= end
    };
    let choice = Choice {
        of_part: &of_part,
        goes: &goes,
        keep: options.keep,
        open: &|step| (first..end).contains(&step),
        range: options.range.unwrap_or((0, 127)),
        end: Some(end),
    };
    let layout = Layout::new(representation, tune, &options.settings, &choice)?;
    check_layout(&layout, options)?;
    Ok((layout, within))
}

fn check_track(score: &Score, track: Option<usize>) -> anyhow::Result<()> {
    let Some(track) = track else { return Ok(()) };
    let pitched = |index: usize| score.tracks[index].notes.iter().any(|note| !note.is_drum());
    if track < score.tracks.len() && pitched(track) {
        return Ok(());
    }
    let there: Vec<String> =
        (0..score.tracks.len()).filter(|&index| pitched(index)).map(|index| index.to_string()).collect();
    let problem = format!("is {track}, and the tracks with pitched notes are {}", there.join(", "));
    Err(wrong_option("track", problem))
}

/// Refuses what leaves nothing to do, or nothing of the tune.
fn check_layout(layout: &Layout, options: &InfillOptions) -> anyhow::Result<()> {
    if layout.passage.span().is_none() {
        return Err(wrong_input(
            "no pitch is left for new notes: the range, the key and the chords exclude all of the model's",
        ));
    }
    if options.keep != Keep::Nothing && layout.selected.is_empty() {
        return Err(wrong_input(format!(
            "no note begins and ends within bars {}, so that there is nothing to keep: leave out --keep, or name other bars",
            options.bars
        )));
    }
    if layout.passage.kept.iter().all(|frame| frame.is_silent()) && options.keep == Keep::Nothing {
        return Err(wrong_input(
            "nothing of the tune would stay to go by: name fewer bars, or let composer compose write a new piece",
        ));
    }
    Ok(())
}
