//! A new part for a given one: an accompaniment or another harmony for a melody, drums for a bass line.
//!
//! The given file goes into the result as it is, byte for byte: what no score holds, such as lyrics and pitch bends, stays in it. Only
//! the new part comes from the model, and only the notes that it replaces go. The new part begins and ends on the model's grid, laid
//! over the ticks of the given file.

mod channel;
pub mod contour;
mod find;
mod fine_tuning;
mod folds;
mod gaps;
mod given;
mod grid;
mod measure;
mod model;
mod options;
mod pairs;
mod plan;
mod readable;
mod training;
mod write;

pub(crate) use gaps::{GAP_BARS, WINDOW_BARS, blanked};
pub use given::GivenFile;
pub use grid::{STEPS_PER_QUARTER, drums, pitched};
pub use measure::PartFigure;
pub(crate) use model::load;
pub use options::{Conditioning, TrainPartOptions};
pub use plan::{PartPlan, plan_part};
pub use training::{TrainedPart, train_part, train_part_on};

pub use crate::models::task_name;

use crate::error::{Result, wrong_input};
use crate::sound::write_wav;
use anyhow::Context;
use composer_decoding::FrameOptions;
use composer_decoding::rules::lowest_notes;
use composer_models::Seq2Seq;
use composer_models::seq2seq::{AttentionWeights, PartNotes, Task};
use composer_music::atomic_file::write_atomically;
use composer_music::input::{self, is_standard};
use composer_music::midi::RawFile;
use composer_music::notation::{self, Format};
use composer_music::representation::frames::DecodeOptions;
use composer_music::roles::{Part, Role};
use composer_music::score::DRUM_CHANNEL;
use composer_music::text::counted;
use composer_music::{Score, Track};
use composer_report::part::PartPage;
use find::{Found, find_part, only};
use std::path::{Path, PathBuf};
use write::{drum_notes, pitched_notes, softer, write_part};

/// What all new parts have in common.
#[derive(Clone, Debug)]
pub struct PartOptions {
    /// A model file, or the name of a built-in model; `None`: the built-in model of the task.
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

/// What is written beside a file with a new part, under its name with another ending.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beside {
    /// Its sound, as WAV.
    pub wav: bool,
    /// An HTML page with both parts, a player and the attention weights.
    pub page: bool,
}

impl Beside {
    /// The file with the part, which is `path`, and those beside it.
    ///
    /// # Errors
    /// `path` is the standard output, and there are some.
    pub fn files(self, path: &Path) -> Result<Vec<PathBuf>> {
        if is_standard(path) && (self.wav || self.page) {
            let text = "--wav and --page write files next to the MIDI file: name it with --output";
            return Err(wrong_input(text).into());
        }
        let mut files = vec![path.to_owned()];
        files.extend(self.wav.then(|| path.with_extension("wav")));
        files.extend(self.page.then(|| path.with_extension("html")));
        Ok(files)
    }
}

/// A file with a new part.
#[derive(Clone, Debug)]
pub struct NewPart {
    /// The file: that of the given part, byte for byte but for what the new part replaces, and a track more.
    pub midi: Vec<u8>,
    /// Everything in it that a score holds; the last track is new.
    pub score: Score,
    /// The part that it was written for.
    pub given: Score,
    /// Notes of the file that the new part replaces.
    pub replaced: usize,
    /// Attention of each step to the given part; empty without attention.
    pub attention: Vec<AttentionWeights>,
    /// Which part is given and what decided it, what was replaced, what is odd about the file: in sentences.
    pub remarks: Vec<String>,
}

impl NewPart {
    /// The file with a track more.
    fn new(
        raw: RawFile,
        track: &Track,
        given: Score,
        replaced: usize,
        attention: Vec<AttentionWeights>,
        remarks: Vec<String>,
    ) -> anyhow::Result<Self> {
        let (midi, score) = given::with_track(raw, track)?;
        Ok(Self { midi, score, given, replaced, attention, remarks })
    }

    /// The result as a file of a format. What a score does not hold is in MIDI only.
    ///
    /// # Errors
    /// The format cannot express it.
    pub fn to_bytes(&self, format: Format) -> Result<Vec<u8>> {
        match format {
            Format::Midi => Ok(self.midi.clone()),
            _ => Ok(notation::write(&self.score, format).map_err(wrong_input)?),
        }
    }

    /// Writes what else was asked for beside the file `path` that has the part: its sound, and a page; `given` is the file of the given part.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn write_beside(&self, path: &Path, beside: Beside, given: &Path) -> Result<()> {
        let (wav, page) = (path.with_extension("wav"), path.with_extension("html"));
        if beside.wav {
            write_wav(&self.score, None, &wav)?;
        }
        if beside.page {
            let name = input::shown(given.file_name().unwrap_or_default().as_ref());
            let wav = wav.file_name().filter(|_| beside.wav).map(|wav| wav.to_string_lossy().into_owned());
            write_atomically(&page, self.to_html(&name, wav.as_deref()).as_bytes())
                .with_context(|| format!("cannot write {}", page.display()))?;
        }
        Ok(())
    }

    /// A page: both parts, a player, and the attention; `name` is that of the given file, `wav` that of a file beside the page with the sound.
    pub fn to_html(&self, name: &str, wav: Option<&str>) -> String {
        let mut new = self.score.clone();
        new.tracks.drain(..self.score.tracks.len().saturating_sub(1));
        let new_name = new.tracks.first().and_then(|track| track.name.as_deref()).unwrap_or("part");
        let page = PartPage {
            title: &format!("New {new_name} for {name}"),
            given: &self.given,
            new: &new,
            all: &self.score,
            wav,
            attention: &self.attention,
            steps_per_quarter: STEPS_PER_QUARTER as usize,
        };
        page.to_html()
    }
}

/// Writes an accompaniment for the melody of a file; all other parts stay.
///
/// # Errors
/// The melody cannot be found, the model is for another task, or an option is out of range.
pub fn accompany(file: &GivenFile, options: &PartOptions, melody: &MelodyOptions) -> Result<NewPart> {
    let (model, notes) = load(options.model.as_deref(), Task::Accompany)?;
    Ok(below_melody(&model, &notes, file, options, melody, None)?)
}

/// Writes an accompaniment in another style for the melody of a file; it replaces the old accompaniment with its bass, and drums and
/// further melodies stay.
///
/// # Errors
/// The model does not know the style; else as [`accompany`].
pub fn reharmonise(
    file: &GivenFile,
    style: &str,
    options: &PartOptions,
    melody: &MelodyOptions,
) -> Result<NewPart> {
    let (model, notes) = load(options.model.as_deref(), Task::Reharmonise)?;
    let Some(index) = notes.styles.iter().position(|known| known == style) else {
        let known = notes.styles.join(", ");
        let text = format!(
            "this model has no style \"{style}\"; it has {known}. composer train --task reharmonise trains one for other styles"
        );
        return Err(wrong_input(text).into());
    };
    Ok(below_melody(&model, &notes, file, options, melody, Some(index as u32))?)
}

/// Writes drums for the bass line of a file; the other parts stay, drums that it has are replaced.
///
/// # Errors
/// The bass cannot be found, the model is for another task, or an option is out of range.
pub fn drum(file: &GivenFile, options: &PartOptions, bass_track: Option<usize>) -> Result<NewPart> {
    let (model, _) = load(options.model.as_deref(), Task::Drum)?;
    let found = find_part(file.score(), Role::Bass, bass_track)?;
    let given = only(file.score(), &found.given);
    let mut remarks = opening(file, &found, Role::Bass);
    remarks.extend(readable::check(&model, &given, Role::Bass)?);
    let mut raw = file.raw()?;
    let replaced = raw.remove_notes(|note| note.channel == DRUM_CHANNEL);
    if replaced > 0 {
        remarks.push(format!(
            "The new drums replace the {} of the old ones, on channel 10.",
            counted(replaced, "note")
        ));
    }
    // Drums have no longest rest and no longest note.
    let choice = FrameOptions {
        temperature: options.temperature,
        max_polyphony: options.max_polyphony,
        max_silence: usize::MAX,
        max_note_steps: usize::MAX,
        ..FrameOptions::default()
    };
    let generated = write_part(&model, &given, None, choice, Vec::new(), options.seed)?;
    let notes = drum_notes(&generated.frames, file.score());
    let track = Track { name: Some("drums".into()), notes };
    Ok(NewPart::new(raw, &track, given, replaced, generated.attention, remarks)?)
}

/// What is to be said before anything is written.
fn opening(file: &GivenFile, found: &Found, role: Role) -> Vec<String> {
    let mut remarks = file.remarks.clone();
    remarks.push(found.sentence(role));
    remarks
}

/// The file with an accompaniment for its melody. One of a style replaces that of the file.
fn below_melody(
    model: &Seq2Seq,
    notes: &PartNotes,
    file: &GivenFile,
    options: &PartOptions,
    melody: &MelodyOptions,
    style: Option<u32>,
) -> anyhow::Result<NewPart> {
    let found = find_part(file.score(), Role::Melody, melody.track)?;
    let given = only(file.score(), &found.given);
    let mut remarks = opening(file, &found, Role::Melody);
    remarks.extend(readable::check(model, &given, Role::Melody)?);
    let mut raw = file.raw()?;
    let old: Vec<&Part> =
        found.others.iter().filter(|part| matches!(part.role, Role::Accompaniment | Role::Bass)).collect();
    let names = old.iter().map(|part| part.to_string()).collect::<Vec<_>>().join(", ");
    let replaced = match style {
        Some(_) => remove_parts(&mut raw, file, &old),
        None => 0,
    };
    if replaced > 0 {
        remarks.push(format!(
            "The new accompaniment replaces the {} of {names}; all else in the file stays.",
            counted(replaced, "note")
        ));
    } else if !old.is_empty() {
        remarks.push(format!("The other parts stay as they are: {names}. (reharmonise replaces them.)"));
    }
    let choice = FrameOptions {
        temperature: options.temperature,
        max_polyphony: options.max_polyphony,
        max_silence: 16,
        ..FrameOptions::default()
    };
    let below = if melody.below { lowest_notes(&pitched().encode(&given)) } else { Vec::new() };
    let (channel, remark) = channel::free_channel(&raw.channels(), file.score(), notes.program)?;
    remarks.extend(remark);
    let generated = write_part(model, &given, style, choice, below, options.seed)?;
    let decode = DecodeOptions {
        velocity: softer(&given),
        program: notes.program,
        channel,
        ..DecodeOptions::default()
    };
    let notes = pitched_notes(&generated.frames, &given, &decode);
    let track = Track { name: Some("accompaniment".into()), notes };
    NewPart::new(raw, &track, given, replaced, generated.attention, remarks)
}

/// Takes the notes of parts out of the file; returns how many.
fn remove_parts(raw: &mut RawFile, file: &GivenFile, parts: &[&Part]) -> usize {
    let numbers = &file.file.track_numbers;
    raw.remove_notes(|note| {
        parts.iter().any(|part| numbers.get(part.track) == Some(&note.track) && part.channel == note.channel)
    })
}
