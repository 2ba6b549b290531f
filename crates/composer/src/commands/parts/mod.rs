//! One part turned into another: what `accompany`, `drum` and `reharmonise` have in common.
//!
//! The given part goes into the result as it is, note for note and tick for tick; only the new part comes from the model. The
//! new part begins and ends on the model's grid, laid over the ticks of the given file.

pub mod accompany;
pub mod contour;
pub mod drum;
pub mod folds;
pub mod learn;
pub mod material;
pub mod measure;
pub mod reharmonise;

use super::compose::{small_wav, write_wav};
use crate::failure::wrong_input;
use crate::report::part::PartPage;
use anyhow::Context;
use clap::Args;
use composer_decoding::{FrameOptions, Generator, Rules};
use composer_models::seq2seq::{self, Conditioned, Look, PartNotes, Task};
use composer_models::{Encoding, Seq2Seq, Sequence};
use composer_music::atomic_file::write_atomically;
use composer_music::representation::contour::SourceRepresentation;
use composer_music::representation::frames::{DecodeOptions, Frame, FrameRepresentation};
use composer_music::representation::grid::Grid;
use composer_music::roles::{Part, Role, roles};
use composer_music::score::DRUM_CHANNEL;
use composer_music::{Note, Score, Track, midi};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Options of every command that adds a part.
#[derive(Clone, Debug, Args)]
pub struct PartArgs {
    /// The MIDI file with the part that is given
    pub file: PathBuf,

    /// Where to write the result [default: beside the file]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// A model of your own, from `composer learn-part`, instead of the one that composer carries
    #[arg(long, value_name = "FILE")]
    pub model: Option<PathBuf>,

    /// How adventurous: 1 as learnt, lower is tamer, higher is wilder, 0 always the most likely
    #[arg(long, default_value_t = 0.8)]
    pub temperature: f64,

    /// Notes of the new part that may sound together at most
    #[arg(long, default_value_t = 4, value_name = "N")]
    pub max_polyphony: usize,

    /// The same seed gives the same music, another seed another
    #[arg(long, default_value_t = 1)]
    pub seed: u64,

    /// Also write a WAV file to listen to
    #[arg(long)]
    pub wav: bool,

    /// Also write a page to look at and listen to: both parts, and where the model looked while it wrote
    #[arg(long)]
    pub page: bool,
}

/// Longest source in steps: an hour of sixteenths at 120.
const MAX_STEPS: usize = 30_000;

/// Steps in a quarter of the models' grid.
pub const STEPS_PER_QUARTER: u32 = 4;

/// The grid of pitched parts.
pub fn pitched() -> FrameRepresentation {
    FrameRepresentation { steps_per_quarter: STEPS_PER_QUARTER, ..FrameRepresentation::default() }
}

/// The grid of drums: General MIDI's 47 of them, and hits alone, because drums are not held.
pub fn drums() -> FrameRepresentation {
    let (pitch_low, pitch_high) = (35, 81);
    FrameRepresentation { steps_per_quarter: STEPS_PER_QUARTER, pitch_low, pitch_high, onset_plane: false }
}

impl PartArgs {
    fn read(&self) -> anyhow::Result<Score> {
        let file = midi::read_file(&self.file);
        Ok(file.map_err(|error| wrong_input(format!("{}: {error}", self.file.display())))?.score)
    }

    /// The model that was asked for, or the one that ships.
    fn load(&self, task: Task, shipped: &[u8]) -> anyhow::Result<(Seq2Seq, PartNotes)> {
        let (model, notes) = match &self.model {
            Some(path) => seq2seq::load(path)?,
            None => seq2seq::from_bytes(shipped, Path::new("the model that composer carries"))?,
        };
        if notes.task != task {
            return Err(wrong_input(format!("this model was trained to {:?}, not to {task:?}", notes.task)));
        }
        Ok((model, notes))
    }

    fn to_html(&self, score: &Score, given: &Score, written: &Written) -> anyhow::Result<String> {
        let mut new = score.clone();
        new.tracks.drain(..score.tracks.len().saturating_sub(1));
        let name = self.file.file_name().unwrap_or_default().to_string_lossy();
        let new_name = new.tracks.first().and_then(|track| track.name.as_deref()).unwrap_or("part");
        let page = PartPage {
            title: &format!("New {new_name} for {name}"),
            given,
            new: &new,
            wav: &small_wav(score, None)?,
            attention: &written.attention,
            steps_per_quarter: STEPS_PER_QUARTER as usize,
        };
        Ok(page.to_html())
    }

    /// Writes the result, of which the last track is new; `given` is the part that it was written for.
    fn save(&self, score: &Score, ending: &str, given: &Score, written: &Written) -> anyhow::Result<()> {
        let path = self.output.clone().unwrap_or_else(|| self.file.with_extension(format!("{ending}.mid")));
        write_atomically(&path, &midi::write(score)?)
            .with_context(|| format!("cannot write {}", path.display()))?;
        println!("{}", path.display());
        if self.wav {
            let path = path.with_extension("wav");
            write_wav(score, None, &path)?;
            println!("{}", path.display());
        }
        if self.page {
            let path = path.with_extension("html");
            write_atomically(&path, self.to_html(score, given, written)?.as_bytes())
                .with_context(|| format!("cannot write {}", path.display()))?;
            println!("{}", path.display());
        }
        Ok(())
    }
}

/// A new part on the model's grid, and how it came about.
pub struct Written {
    /// Its frames.
    pub frames: Vec<Frame>,
    /// Where each step looked in the source; empty without attention.
    pub attention: Vec<Look>,
}

/// The one part of a role; asks for it in words when there is none or more than one. `by_hand` is the number of a track.
pub fn find_part(score: &Score, role: Role, by_hand: Option<usize>) -> anyhow::Result<Part> {
    let given: BTreeMap<usize, Role> = by_hand.map(|track| (track, role)).into_iter().collect();
    let mut parts = roles(score, &given).parts;
    parts.retain(|part| part.role != Role::Drums || role == Role::Drums);
    let list = || -> String {
        let line = |part: &Part| {
            let name = part.name.as_deref().unwrap_or("without a name");
            format!("track {} ({name}, {} notes, {})", part.track, part.notes, part.role)
        };
        parts.iter().map(line).collect::<Vec<_>>().join(", ")
    };
    if parts.is_empty() {
        return Err(wrong_input("the file has no pitched notes"));
    }
    let mut candidates: Vec<&Part> = parts.iter().filter(|part| part.role == role).collect();
    if let Some(track) = by_hand {
        candidates.retain(|part| part.track == track);
        if candidates.is_empty() {
            return Err(wrong_input(format!(
                "there is no track {track} with pitched notes; there are {}",
                list()
            )));
        }
    }
    match (candidates.as_slice(), parts.as_slice()) {
        // Of several channels in one track the first is meant, as it is the one that a user can name.
        ([part, ..], _) if by_hand.is_some() => Ok((*part).clone()),
        ([part], _) => Ok((*part).clone()),
        // Who gives one part means that part, whatever it looks like.
        ([], [part]) => Ok(part.clone()),
        _ => Err(wrong_input(format!(
            "which track is the {role}? Say it with --{role}-track; there are {}",
            list()
        ))),
    }
}

/// The score with nothing but one part in it.
pub fn only(score: &Score, part: &Part) -> Score {
    let mut alone = score.clone();
    alone.tracks = vec![score.tracks[part.track].clone()];
    alone.tracks[0].notes.retain(|note| note.channel == part.channel);
    alone.pedals.retain(|pedal| pedal.channel == part.channel);
    alone
}

/// The new part for a source, step by step, below the pitches of [`Rules::below`].
pub fn write_part(
    model: &Seq2Seq,
    source: &Score,
    style: Option<u32>,
    options: FrameOptions,
    below: Vec<u8>,
    seed: u64,
) -> anyhow::Result<Written> {
    let Encoding::Frames { representation, .. } = model.config().source else {
        return Err(wrong_input("this model reads tokens, and these commands need one that reads frames"));
    };
    let frames = SourceRepresentation::from(representation).encode(source);
    if frames.is_empty() || frames.len() > MAX_STEPS {
        return Err(wrong_input(format!(
            "the part is {} steps long on the model's grid, and must have between 1 and {MAX_STEPS}",
            frames.len()
        )));
    }
    let length = frames.len();
    let conditioned = Conditioned::new(model, Sequence::Frames(frames), style)?;
    let rules = Rules { length: Some(length as u64), below, ..Rules::default() };
    let mut generator = Generator::new(conditioned, options, 1, seed)?.with_rules(rules)?;
    let mut frames = Vec::with_capacity(length);
    for decided in generator.by_ref() {
        frames.extend(decided?.first().map(|step| step.frame));
    }
    Ok(Written { frames, attention: generator.model().attended().to_vec() })
}

/// Frames as pitched notes at the ticks of a score.
pub fn pitched_notes(frames: &[Frame], score: &Score, options: &DecodeOptions) -> Vec<Note> {
    let decoded = pitched().decode(frames, options);
    let (from, to) = (
        Grid::new(decoded.ticks_per_quarter, STEPS_PER_QUARTER),
        Grid::new(score.ticks_per_quarter, STEPS_PER_QUARTER),
    );
    let moved = |note: &Note| {
        let onset = to.tick(from.step(note.onset));
        let duration = to.tick(from.step(note.end())).saturating_sub(onset).max(1);
        Note { onset, duration, ..*note }
    };
    decoded.notes().map(moved).collect()
}

/// Frames as drum hits at the ticks of a score; hits on the beat are louder.
pub fn drum_notes(frames: &[Frame], score: &Score) -> Vec<Note> {
    let grid = Grid::new(score.ticks_per_quarter, STEPS_PER_QUARTER);
    let hits = (0u64..).zip(frames).flat_map(|(step, frame)| frame.pitches().map(move |pitch| (step, pitch)));
    hits.map(|(step, pitch)| {
        let onset = grid.tick(step);
        let duration = (grid.tick(step + 1) - onset).max(1);
        let velocity = if step.is_multiple_of(STEPS_PER_QUARTER.into()) { 100 } else { 80 };
        Note { onset, duration, pitch, velocity, channel: DRUM_CHANNEL, program: 0 }
    })
    .collect()
}

/// A melodic channel that a score does not use.
pub fn free_channel(score: &Score) -> u8 {
    let used = |channel: u8| score.notes().any(|note| note.channel == channel);
    (0..16).find(|&channel| channel != DRUM_CHANNEL && !used(channel)).unwrap_or(0)
}

/// Adds a part as a track of its own.
pub fn add_track(score: &mut Score, name: &str, notes: Vec<Note>) {
    score.tracks.push(Track { name: Some(name.to_owned()), notes });
}

/// Mean velocity of a part, a little softer.
pub fn softer(score: &Score) -> u8 {
    let (sum, count) =
        score.notes().fold((0, 0), |(sum, count), note| (sum + usize::from(note.velocity), count + 1));
    (sum / count.max(1)).saturating_sub(10).clamp(1, 127) as u8
}
