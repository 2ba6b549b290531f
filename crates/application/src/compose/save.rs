//! Compositions as files in a folder.

use super::piece::Piece;
use crate::error::{Result, wrong_input};
use crate::run_folder::OutputFolder;
use crate::sound::write_wav;
use composer_music::notation::Format;
use std::path::{Path, PathBuf};

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
pub const COMPOSITION_PREFIX: &str = "composition-";

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
