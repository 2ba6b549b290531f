//! A model composes, as notes, as MIDI files and as sound.

mod assemble;
mod bars;
pub(crate) mod carried;
mod choices;
mod feasible;
mod options;
pub mod pick;
mod plan;
mod ranges;
mod reading;
mod report;
mod work;
mod write;

pub use bars::{BarNote, BarStream, ComposedBar};
pub use options::{
    ComposeOptions, FRAME_TEMPERATURE, FrameChoice, Length, Primer, TOKEN_TEMPERATURE, TokenChoice,
};

use crate::error::{Result, wrong_input};
use crate::model::TrainedModel;
use crate::progress::Progress;
use crate::run_folder::OutputFolder;
use crate::sound::write_wav;
use composer_music::Score;
use composer_music::midi::{self, OtherEvent, RawFile};
use composer_music::notation::{self, Format};
use std::path::{Path, PathBuf};

pub use ranges::{pitch_range, register};

/// A composed piece.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// The music.
    pub score: Score,
    /// −ln P of each step or token under the model, in nats.
    pub nll: Vec<f64>,
    /// What one should know of it, in sentences: what the model did not read of its primer, options without an effect. The same for
    /// all pieces that were composed together.
    pub notes: Vec<String>,
    /// What the file of its primer has beside the music: lyrics, markers, controllers, pitch bends.
    pub others: Vec<OtherEvent>,
}

impl Piece {
    /// The piece as a MIDI file.
    ///
    /// # Errors
    /// MIDI cannot express it.
    pub fn to_midi(&self) -> Result<Vec<u8>> {
        let bytes = midi::write(&self.score).map_err(anyhow::Error::from)?;
        if self.others.is_empty() {
            return Ok(bytes);
        }
        let mut file = RawFile::parse(&bytes).map_err(anyhow::Error::from)?;
        file.insert(&self.others);
        Ok(file.to_bytes())
    }

    /// The piece as a file of a format. What a score does not hold is in MIDI only.
    ///
    /// # Errors
    /// The format cannot express it.
    pub fn to_bytes(&self, format: Format) -> Result<Vec<u8>> {
        match format {
            Format::Midi => self.to_midi(),
            _ => Ok(notation::write(&self.score, format).map_err(wrong_input)?),
        }
    }

    /// Mean −ln P of a step or token under the model, in nats.
    pub fn nll_per_step(&self) -> f64 {
        self.nll.iter().sum::<f64>() / self.nll.len().max(1) as f64
    }
}

/// As what compositions are written.
#[derive(Clone, Copy, Debug)]
pub struct FileOptions<'a> {
    /// The formats of their music, beside WAV.
    pub formats: &'a [Format],
    /// A SoundFont for WAV; `None`: the built-in sounds.
    pub soundfont: Option<&'a Path>,
}

/// A piece that was written to disk, as music and as WAV.
#[derive(Clone, Debug, PartialEq)]
pub struct SavedPiece {
    /// Its name without an ending.
    pub file_stem: String,
    /// Its files, the music first.
    pub files: Vec<String>,
    /// The piece.
    pub piece: Piece,
}

/// Composes.
///
/// ```
/// use composer_application::compose::{ComposeOptions, Length, compose};
/// use composer_application::TrainedModel;
///
/// let metre = Some(composer_music::Metre::COMMON);
/// let options = ComposeOptions { num_outputs: 1, length: Length::Bars(1), metre, ..ComposeOptions::default() };
/// let pieces = compose(&TrainedModel::built_in()?, &options)?;
/// assert_eq!(pieces[0].nll.len(), 16, "sixteenths");
/// # Ok::<(), composer_application::Error>(())
/// ```
///
/// # Errors
/// An option is out of range or does not fit the model, the primer cannot be used, or the model's file is damaged.
pub fn compose(model: &TrainedModel, options: &ComposeOptions) -> Result<Vec<Piece>> {
    compose_with(model, options, &mut ())
}

/// As [`compose`]; `progress` is told how far it is, gets the music so far if it wants it, and may stop it at any step.
///
/// # Errors
/// As [`compose`], and when it was stopped.
pub fn compose_with(
    model: &TrainedModel,
    options: &ComposeOptions,
    progress: &mut dyn Progress,
) -> Result<Vec<Piece>> {
    write::run_all(write::begin(model, options)?, progress)
}

/// Writes each piece into a folder, as `composition-1.mid` (or another format) and `composition-1.wav` and so on; makes the folder. A folder that already holds
/// compositions is refused, so that two sets are never mixed, also if several programs write at once.
///
/// # Errors
/// The folder cannot be written or holds compositions, or the SoundFont cannot be used.
pub fn save(pieces: Vec<Piece>, folder: &Path, options: FileOptions) -> Result<Vec<SavedPiece>> {
    let folder = OutputFolder::create(folder)?;
    let _turn = folder.turn();
    check_unused(folder.folder())?;
    Ok(write_set(pieces, &folder, options)?)
}

/// Writes each piece as [`save`] does into `folder`, or where that holds compositions into the first of `folder-2`, `folder-3` … that
/// does not; which it was.
///
/// # Errors
/// As for [`save`].
pub fn save_apart(
    pieces: Vec<Piece>,
    folder: &Path,
    options: FileOptions,
) -> Result<(PathBuf, Vec<SavedPiece>)> {
    let mut next = folder.to_owned();
    for number in 2u64.. {
        let candidate = OutputFolder::create(&next)?;
        let _turn = candidate.turn();
        if !candidate.holds(COMPOSITION_PREFIX)? {
            return Ok((next, write_set(pieces, &candidate, options)?));
        }
        next = PathBuf::from(format!("{}-{number}", folder.display()));
    }
    unreachable!("the numbers do not end")
}

/// Refuses a folder that holds compositions; one that is still to be made holds none.
///
/// # Errors
/// It holds some, or cannot be read.
pub fn check_unused(folder: &Path) -> Result<()> {
    if folder.is_dir() && OutputFolder::create(folder)?.holds(COMPOSITION_PREFIX)? {
        let at = folder.display();
        let text = format!(
            "{at} already holds compositions: choose another folder with --output-dir, or delete them"
        );
        return Err(wrong_input(text).into());
    }
    Ok(())
}

/// Beginning of the names of compositions.
pub(crate) const COMPOSITION_PREFIX: &str = "composition-";

/// Writes the compositions of a run in place of those that it had before; the run folder is locked.
pub(crate) fn save_in_run(
    pieces: Vec<Piece>,
    folder: &OutputFolder,
    soundfont: Option<&Path>,
) -> Result<Vec<SavedPiece>> {
    let _turn = folder.turn();
    folder.remove_all(COMPOSITION_PREFIX)?;
    let options = FileOptions { formats: &[Format::Midi], soundfont };
    Ok(write_set(pieces, folder, options)?)
}

fn write_set(
    pieces: Vec<Piece>,
    folder: &OutputFolder,
    options: FileOptions,
) -> anyhow::Result<Vec<SavedPiece>> {
    let mut saved = Vec::new();
    for (number, piece) in (1..).zip(pieces) {
        let file_stem = format!("{COMPOSITION_PREFIX}{number}");
        let mut files = Vec::new();
        for format in options.formats {
            files.push(format!("{file_stem}.{}", format.extension()));
            folder.write(&files[files.len() - 1], &piece.to_bytes(*format)?)?;
        }
        files.push(format!("{file_stem}.wav"));
        write_wav(&piece.score, options.soundfont, &folder.path(&files[files.len() - 1]))?;
        saved.push(SavedPiece { file_stem, files, piece });
    }
    Ok(saved)
}

/// Most tokens of a piece, for models that never come to an end.
const MAX_TOKENS: usize = 100_000;
