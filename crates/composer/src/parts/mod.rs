//! A new part for a given one: an accompaniment or another harmony for a melody, drums for a bass line.
//!
//! The given part goes into the result as it is, note for note and tick for tick; only the new part comes from the model. The
//! new part begins and ends on the model's grid, laid over the ticks of the given file.

pub mod contour;
mod find;
mod folds;
mod grid;
mod measure;
mod pairs;
mod plan;
mod training;
mod write;

pub use grid::{STEPS_PER_QUARTER, drums, pitched};
pub use measure::PartFigure;
pub use plan::{PartPlan, plan_part};
pub use training::{Conditioning, TrainPartOptions, TrainedPart, task_name, train_part};

use crate::error::{Result, wrong_input};
use crate::sound::small_wav;
use composer_decoding::FrameOptions;
use composer_decoding::rules::lowest_notes;
use composer_models::Seq2Seq;
use composer_models::seq2seq::{self, AttentionWeights, PartNotes, Task};
use composer_music::Score;
use composer_music::representation::frames::DecodeOptions;
use composer_music::roles::Role;
use composer_report::part::PartPage;
use find::{find_part, only};
use std::path::{Path, PathBuf};
use write::{add_track, drum_notes, free_channel, pitched_notes, softer, write_part};

/// What all new parts have in common.
#[derive(Clone, Debug)]
pub struct PartOptions {
    /// A model file; `None`: the built-in model of the task.
    pub model: Option<PathBuf>,
    /// Temperature: 1 is the model's own distribution, lower is safer, higher is riskier, 0 is greedy.
    pub temperature: f64,
    /// Notes of the new part that may sound together, at most.
    pub max_polyphony: usize,
    /// Seed of the random numbers.
    pub seed: u64,
}

impl Default for PartOptions {
    fn default() -> Self {
        Self { model: None, temperature: 0.8, max_polyphony: 4, seed: 1 }
    }
}

/// Where the melody is, and how the accompaniment relates to it.
#[derive(Clone, Copy, Debug, Default)]
pub struct MelodyOptions {
    /// The track of the melody, counted from 0; `None`: the one that looks like a melody.
    pub track: Option<usize>,
    /// Whether every note of the accompaniment is below the melody.
    pub below: bool,
}

/// A score with a new part.
#[derive(Clone, Debug)]
pub struct NewPart {
    /// Everything; the last track is new.
    pub score: Score,
    /// The part that it was written for.
    pub given: Score,
    /// Notes of the file that the new part replaces.
    pub replaced: usize,
    /// Attention of each step to the given part; empty without attention.
    pub attention: Vec<AttentionWeights>,
}

impl NewPart {
    /// A page: both parts, a player, and the attention; `name` is that of the given file.
    ///
    /// # Errors
    /// The music cannot be turned into sound.
    pub fn to_html(&self, name: &str) -> Result<String> {
        let mut new = self.score.clone();
        new.tracks.drain(..self.score.tracks.len().saturating_sub(1));
        let new_name = new.tracks.first().and_then(|track| track.name.as_deref()).unwrap_or("part");
        let page = PartPage {
            title: &format!("New {new_name} for {name}"),
            given: &self.given,
            new: &new,
            wav: &small_wav(&self.score, None)?,
            attention: &self.attention,
            steps_per_quarter: STEPS_PER_QUARTER as usize,
        };
        Ok(page.to_html())
    }
}

/// Writes an accompaniment for the melody of a score.
///
/// # Errors
/// The melody cannot be found, the model is for another task, or an option is out of range.
pub fn accompany(score: &Score, options: &PartOptions, melody: &MelodyOptions) -> Result<NewPart> {
    let (model, notes) = load(options, Task::Accompany, ACCOMPANY)?;
    Ok(below_melody(&model, &notes, score, options, melody, None)?)
}

/// Writes an accompaniment in another style for the melody of a score.
///
/// # Errors
/// The model does not know the style; else as [`accompany`].
pub fn reharmonise(
    score: &Score,
    style: &str,
    options: &PartOptions,
    melody: &MelodyOptions,
) -> Result<NewPart> {
    let (model, notes) = load(options, Task::Reharmonise, REHARMONISE)?;
    let Some(index) = notes.styles.iter().position(|known| known == style) else {
        let known = notes.styles.join(", ");
        let text = format!(
            "this model has no style \"{style}\"; it has {known}. composer train --task reharmonise trains one for other styles"
        );
        return Err(wrong_input(text).into());
    };
    Ok(below_melody(&model, &notes, score, options, melody, Some(index as u32))?)
}

/// Writes drums for the bass line of a score; the other parts stay, drums that it has are replaced.
///
/// # Errors
/// The bass cannot be found, the model is for another task, or an option is out of range.
pub fn drum(score: &Score, options: &PartOptions, bass_track: Option<usize>) -> Result<NewPart> {
    let (model, _) = load(options, Task::Drum, DRUM)?;
    let bass = find_part(score, Role::Bass, bass_track)?;
    let mut result = score.clone();
    let before = result.notes().count();
    result.tracks.iter_mut().for_each(|track| track.notes.retain(|note| !note.is_drum()));
    let replaced = before - result.notes().count();
    // Drums have no longest rest and no longest note.
    let choice = FrameOptions {
        temperature: options.temperature,
        max_polyphony: options.max_polyphony,
        max_silence: usize::MAX,
        max_note_steps: usize::MAX,
        ..FrameOptions::default()
    };
    let given = only(score, &bass);
    let generated = write_part(&model, &given, None, choice, Vec::new(), options.seed)?;
    let part = drum_notes(&generated.frames, &result);
    add_track(&mut result, "drums", part);
    Ok(NewPart { score: result, given, replaced, attention: generated.attention })
}

const ACCOMPANY: &[u8] = include_bytes!("../../models/accompany.safetensors");
const REHARMONISE: &[u8] = include_bytes!("../../models/reharmonise.safetensors");
const DRUM: &[u8] = include_bytes!("../../models/drum.safetensors");

/// The model that was asked for, or the built-in one.
fn load(options: &PartOptions, task: Task, built_in: &[u8]) -> anyhow::Result<(Seq2Seq, PartNotes)> {
    let (model, notes) = match &options.model {
        Some(path) => seq2seq::load(path)?,
        None => seq2seq::from_bytes(built_in, Path::new("the built-in model"))?,
    };
    if notes.task != task {
        return Err(wrong_input(format!(
            "this model was trained for composer {}, and this command needs one of composer train --task {}",
            task_name(notes.task),
            task_name(task)
        )));
    }
    Ok((model, notes))
}

/// The melody, untouched, with a new part.
fn below_melody(
    model: &Seq2Seq,
    notes: &PartNotes,
    score: &Score,
    options: &PartOptions,
    melody: &MelodyOptions,
    style: Option<u32>,
) -> anyhow::Result<NewPart> {
    let given = only(score, &find_part(score, Role::Melody, melody.track)?);
    let replaced = score.notes().count() - given.notes().count();
    let choice = FrameOptions {
        temperature: options.temperature,
        max_polyphony: options.max_polyphony,
        max_silence: 16,
        ..FrameOptions::default()
    };
    let below = if melody.below { lowest_notes(&pitched().encode(&given)) } else { Vec::new() };
    let generated = write_part(model, &given, style, choice, below, options.seed)?;
    let decode = DecodeOptions {
        velocity: softer(&given),
        program: notes.program,
        channel: free_channel(&given),
        ..DecodeOptions::default()
    };
    let part = pitched_notes(&generated.frames, &given, &decode);
    let mut result = given.clone();
    add_track(&mut result, "accompaniment", part);
    Ok(NewPart { score: result, given, replaced, attention: generated.attention })
}
