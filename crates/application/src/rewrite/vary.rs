//! A tune varied more or less: some of its beats written anew, each by what is around it.

use super::infill::{Bars, after};
use super::layout::{Choice, Layout, NoteId, check_notes, representation};
use super::rewritten::{Rewritten, distance, nll};
use super::settings::RewriteSettings;
use super::splice::splice;
use super::tune::Tune;
use crate::compose::Piece;
use crate::error::{Result, wrong_input, wrong_option};
use crate::model::TrainedModel;
use composer_decoding::rewrite::{GridNote, Keep, Rewriter};
use composer_models::SequenceModel;
use composer_models::streams::{Purpose, stream};
use composer_music::representation::frames::FrameRepresentation;
use composer_music::representation::grid::Grid;
use composer_music::roles::{Role, roles};
use composer_music::{BarMap, Note, Score};
use rand::RngExt;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

/// What varies alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Only {
    /// The notes of the melody.
    Melody,
    /// All other notes.
    Harmony,
    /// When notes begin and end; their pitches and order stay.
    Rhythm,
}

impl FromStr for Only {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text {
            "melody" => Ok(Self::Melody),
            "harmony" => Ok(Self::Harmony),
            "rhythm" => Ok(Self::Rhythm),
            _ => Err(format!("there is no \"{text}\" to vary alone; there are melody, harmony and rhythm")),
        }
    }
}

/// What stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// The notes that begin in some bars.
    Bars(Bars),
    /// A track, counted from 0.
    Track(usize),
}

impl FromStr for Lock {
    type Err = String;

    /// `1-4`, `9` or `track:2`.
    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let Some(track) = text.strip_prefix("track") else { return text.parse().map(Self::Bars) };
        let number = track.trim_start_matches([':', ' ', '=']).parse();
        number.map(Self::Track).map_err(|_| {
            format!("\"{text}\" names no track: write track: and its number from 0, such as track:2")
        })
    }
}

/// How to vary.
#[derive(Clone, Debug, PartialEq)]
pub struct VaryOptions {
    /// Share of the beats with notes that may change which are written anew, above 0 and at most 1. What changes at an amount changes at any
    /// larger one of the same seed, too.
    pub amount: f64,
    /// What varies alone; `None`: everything.
    pub only: Option<Only>,
    /// What stays as it is.
    pub lock: Vec<Lock>,
    /// How.
    pub settings: RewriteSettings,
}

impl Default for VaryOptions {
    fn default() -> Self {
        Self { amount: 0.3, only: None, lock: Vec::new(), settings: RewriteSettings::default() }
    }
}

/// Varies a tune: beats that a random order of the seed chooses lose their notes, and get others that the model finds likely between what
/// is before and after.
///
/// # Errors
/// The tune has no such bars or tracks, or all of it is locked; the model writes tokens, or an option is out of range.
pub fn vary(model: &TrainedModel, tune: &Tune, options: &VaryOptions) -> Result<Vec<Rewritten>> {
    let (representation, part) = prepare(model, tune, options)?;
    let outputs = 0..options.settings.num_outputs;
    let write = |output| variation(&model.model, representation, tune, options, &part, output);
    Ok(outputs.into_par_iter().map(write).collect::<anyhow::Result<_>>()?)
}

/// As [`vary`], each result as soon as it is ready: an iterator, which writes one whenever it is asked for the next.
///
/// # Errors
/// As of [`vary`].
pub fn vary_each<'a>(
    model: &'a TrainedModel,
    tune: &'a Tune,
    options: &'a VaryOptions,
) -> Result<impl Iterator<Item = Result<Rewritten>> + 'a> {
    let (representation, part) = prepare(model, tune, options)?;
    let outputs = 0..options.settings.num_outputs;
    Ok(outputs.map(move |output| Ok(variation(&model.model, representation, tune, options, &part, output)?)))
}

/// What varies, once the options are checked.
fn prepare(model: &TrainedModel, tune: &Tune, options: &VaryOptions) -> Result<(FrameRepresentation, Part)> {
    options.settings.check()?;
    if !(options.amount > 0.0 && options.amount <= 1.0) {
        let problem = format!("is {}, and must be above 0 and at most 1", options.amount);
        return Err(wrong_option("amount", problem).into());
    }
    let representation = representation(&model.model)?;
    check_notes(&representation, &tune.score)?;
    check_locks(&tune.score, &options.lock)?;
    Ok((representation, Part::new(&tune.score, options)?))
}

fn check_locks(score: &Score, locks: &[Lock]) -> anyhow::Result<()> {
    for lock in locks {
        match *lock {
            Lock::Bars(bars) => bars.check("lock", score)?,
            Lock::Track(track) if track >= score.tracks.len() => {
                let problem =
                    format!("names track {track}, and the tune has {}, counted from 0", score.tracks.len());
                return Err(wrong_option("lock", problem));
            }
            Lock::Track(_) => {}
        }
    }
    Ok(())
}

/// The notes that may vary.
struct Part {
    notes: BTreeSet<NoteId>,
    /// The lowest and the highest pitch of new notes.
    range: (u8, u8),
}

/// Semitones beyond the notes of a part that new ones of it may go.
const BEYOND: u8 = 4;

impl Part {
    fn new(score: &Score, options: &VaryOptions) -> anyhow::Result<Self> {
        let melody = melody(score);
        let wanted = |id: &NoteId| match options.only {
            Some(Only::Melody) => melody.contains(id),
            Some(Only::Harmony) => !melody.contains(id),
            Some(Only::Rhythm) | None => true,
        };
        let locked = |track: usize| options.lock.contains(&Lock::Track(track));
        let all = score.tracks.iter().enumerate().flat_map(|(track, all)| {
            all.notes.iter().enumerate().map(move |(place, note)| ((track, place), note))
        });
        let mut part = Self { notes: BTreeSet::new(), range: (127, 0) };
        for (id, note) in all.filter(|(id, note)| !note.is_drum() && wanted(id) && !locked(id.0)) {
            part.notes.insert(id);
            part.range = (part.range.0.min(note.pitch), part.range.1.max(note.pitch));
        }
        if part.notes.is_empty() {
            return Err(wrong_input(match options.only {
                Some(only) => {
                    format!("no note is left to vary: the tune has no {}, or it is locked", name(only))
                }
                None => "no note is left to vary: all tracks with pitched notes are locked".to_owned(),
            }));
        }
        part.range = match options.only {
            Some(Only::Melody | Only::Harmony) => {
                (part.range.0.saturating_sub(BEYOND), (part.range.1 + BEYOND).min(127))
            }
            _ => (0, 127),
        };
        Ok(part)
    }
}

fn name(only: Only) -> &'static str {
    match only {
        Only::Melody => "melody",
        Only::Harmony => "harmony",
        Only::Rhythm => "rhythm",
    }
}

/// The notes of the melody: those of the part that has this role, or else the highest of the notes that begin together.
fn melody(score: &Score) -> BTreeSet<NoteId> {
    let found = roles(score, &BTreeMap::new());
    let mut melody = BTreeSet::new();
    if !found.skyline {
        for part in found.parts.iter().filter(|part| part.role == Role::Melody) {
            let notes = score.tracks[part.track].notes.iter().enumerate();
            let of_part = notes.filter(|(_, note)| note.channel == part.channel);
            melody.extend(of_part.map(|(place, _)| (part.track, place)));
        }
        // A part alone has its own melody on top.
        if melody.len() < score.notes().filter(|note| !note.is_drum()).count() {
            return melody;
        }
        melody.clear();
    }
    let mut tops: BTreeMap<u64, (u8, NoteId)> = BTreeMap::new();
    for (track, all) in score.tracks.iter().enumerate() {
        for (place, note) in all.notes.iter().enumerate().filter(|(_, note)| !note.is_drum()) {
            let top = tops.entry(note.onset).or_insert((note.pitch, (track, place)));
            if note.pitch > top.0 {
                *top = (note.pitch, (track, place));
            }
        }
    }
    melody.extend(tops.into_values().map(|(_, id)| id));
    melody
}

/// First steps of the beats, and of what comes after the last.
fn beats(bars: &BarMap, steps: usize) -> Vec<usize> {
    let beat = |step: &usize| {
        let bar = bars.bar_at(*step as u64);
        bar.metre.is_beat(*step as u64 - bar.start, bars.ticks_per_quarter())
    };
    (0..steps).filter(beat).collect()
}

/// The steps that are written anew: all those of the chosen beats.
fn chosen_steps(
    representation: FrameRepresentation,
    score: &Score,
    options: &VaryOptions,
    part: &Part,
    output: usize,
) -> anyhow::Result<Vec<bool>> {
    let grid = Grid::new(score.ticks_per_quarter, representation.steps_per_quarter);
    let bars = representation.bars(score);
    let starts: BTreeSet<usize> = part
        .notes
        .iter()
        .map(|&(track, place)| grid.step(score.tracks[track].notes[place].onset) as usize)
        .collect();
    let steps = starts.last().map_or(0, |last| last + 1) + 64;
    let beats = beats(&bars, steps);
    let locked = |step: usize| {
        let bar = bars.bar_at(step as u64).index + 1;
        options
            .lock
            .iter()
            .any(|lock| matches!(lock, Lock::Bars(bars) if (bars.first..=bars.last).contains(&bar)))
    };
    let mut units: Vec<(usize, usize)> = beats
        .windows(2)
        .map(|pair| (pair[0], pair[1]))
        .filter(|&(from, to)| starts.range(from..to).next().is_some() && !locked(from))
        .collect();
    if units.is_empty() {
        return Err(wrong_input("no bar is left to vary: all that have notes which may change are locked"));
    }
    let count = (options.amount * units.len() as f64).ceil() as usize;
    // A stream of its own, so that the order of the beats is the same at every amount.
    let mut rng = stream(options.settings.seed, Purpose::Rewriting, 1 << 32 | output as u64);
    for last in (1..units.len()).rev() {
        units.swap(last, rng.random_range(0..=last));
    }
    let mut open = vec![false; steps];
    for &(from, to) in &units[..count.min(units.len())] {
        open[from..to].fill(true);
    }
    Ok(open)
}

fn variation(
    model: &SequenceModel,
    representation: FrameRepresentation,
    tune: &Tune,
    options: &VaryOptions,
    part: &Part,
    output: usize,
) -> anyhow::Result<Rewritten> {
    let settings = &options.settings;
    let open = chosen_steps(representation, &tune.score, options, part, output)?;
    let is_open = |step: usize| open.get(step).copied().unwrap_or(false);
    let choice = Choice {
        of_part: &|id, _: &Note| part.notes.contains(&id),
        goes: &|_, on_grid: GridNote| is_open(on_grid.start),
        keep: if options.only == Some(Only::Rhythm) { Keep::Pitches } else { Keep::Nothing },
        open: &is_open,
        range: part.range,
        end: None,
    };
    let layout = Layout::new(representation, tune, settings, &choice)?;
    if layout.passage.span().is_none() {
        return Err(wrong_input(
            "no pitch is left for new notes: the key and the chords exclude all of them",
        ));
    }
    let seed = settings.seed;
    let mut rewriter = Rewriter::new(model, &layout.passage, settings.options(), seed, output as u64)?
        .with_material(layout.material.clone());
    rewriter.redraw(&layout.passage.open_blocks(usize::MAX >> 1, 0))?;
    let score = splice(&layout, &tune.score, rewriter.notes(), (0, tune.score.end()));
    let all = nll(model, &layout, rewriter.frames())?;
    let last = layout.passage.span().map_or(0, |span| span.end);
    let end = after(&layout, last);
    let changed = |step: &usize| is_open(*step);
    Ok(Rewritten {
        nll_after: all[last..end].iter().sum::<f64>() / (end - last) as f64,
        piece: Piece {
            score,
            nll: (0..all.len()).filter(changed).map(|step| all[step]).collect(),
            notes: tune.remarks.clone(),
            others: tune.others.clone(),
        },
        output,
        effective: None,
        distance: distance(&layout.original(&tune.score), rewriter.frames()),
    })
}
