//! The pieces of a new listening test: which files of each folder, and in which order they are put together.

use super::design::Kind;
use super::options::NewStudy;
use super::sounds::{SoundOptions, excerpt};
use crate::error::{Result, wrong_input};
use crate::progress::Progress;
use composer_models::streams::{Purpose, stream};
use composer_music::Score;
use composer_music::corpus::midi_files;
use composer_music::input::shown;
use rand::seq::SliceRandom;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// The stream of random numbers.
const PIECES: u64 = 3;

/// The systems of the anchors: the low one.
pub const ANCHOR: &str = "low anchor";
/// The better one.
pub const BETTER_ANCHOR: &str = "mid anchor";

/// A piece that becomes a clip.
pub struct Source {
    /// The place of its folder.
    pub system: usize,
    /// The name of its file, without the ending.
    pub name: String,
    /// Its file.
    pub path: PathBuf,
}

/// The last parts of the folders' paths; numbered where they are not different.
pub fn system_names(folders: &[PathBuf]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for folder in folders {
        let name = std::path::absolute(folder).ok();
        let name = name.as_deref().unwrap_or(folder).file_name();
        let name = name.map_or_else(|| "music".into(), |name| name.to_string_lossy().into_owned());
        let taken =
            |name: &str| names.iter().any(|other| other == name) || name == ANCHOR || name == BETTER_ANCHOR;
        let numbered = (2..).map(|number| format!("{name} {number}"));
        let free = std::iter::once(name.clone()).chain(numbered).find(|name| !taken(name));
        names.push(free.unwrap_or(name));
    }
    names
}

/// The pieces of each system, in the order in which they are put together; whether that is by their names.
pub fn sources(options: &NewStudy, names: &[String]) -> Result<(Vec<Vec<Source>>, bool)> {
    let mut rng = stream(options.seed, Purpose::ListeningTest, PIECES);
    let mut all: Vec<Vec<Source>> = Vec::new();
    for (system, folder) in options.folders.iter().enumerate() {
        if !folder.is_dir() {
            return Err(wrong_input(format!("{} is no folder of music", shown(folder))).into());
        }
        let files = midi_files(&[folder])?;
        let stem = |name: &str| name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned();
        let mut pieces: Vec<Source> = files
            .into_iter()
            .map(|file| Source { system, name: stem(&file.name), path: file.path })
            .collect();
        pieces.sort_by(|a, b| a.name.cmp(&b.name));
        pieces.dedup_by(|a, b| a.name == b.name);
        pieces.shuffle(&mut rng);
        all.push(pieces);
    }
    let mut common: BTreeSet<String> = all[0].iter().map(|piece| piece.name.clone()).collect();
    for pieces in &all[1..] {
        let names: BTreeSet<&String> = pieces.iter().map(|piece| &piece.name).collect();
        common.retain(|name| names.contains(name));
    }
    let by_name = all.len() > 1 && (common.len() > 1 || options.kind == Kind::Mushra);
    if options.kind == Kind::Mushra && common.is_empty() {
        let text = format!(
            "MUSHRA compares versions of one piece, and no file name is in each of {}: give the versions of a piece the same name",
            names.join(", ")
        );
        return Err(wrong_input(text).into());
    }
    if by_name {
        let order: Vec<String> =
            all[0].iter().map(|piece| piece.name.clone()).filter(|name| common.contains(name)).collect();
        for pieces in &mut all {
            pieces.retain(|piece| common.contains(&piece.name));
            pieces.sort_by_key(|piece| order.iter().position(|name| *name == piece.name));
        }
    }
    // More than are wanted, because some may be unreadable.
    all.iter_mut().for_each(|pieces| pieces.truncate(2 * options.pieces + 8));
    Ok((all, by_name))
}

/// The scores of the first pieces that can be used; `None` where one cannot.
pub fn read(
    sources: &[Vec<Source>],
    options: &SoundOptions,
    progress: &mut dyn Progress,
) -> Result<Vec<Vec<Option<Score>>>> {
    let mut all = Vec::new();
    for pieces in sources {
        let scores: Vec<Result<Score>> =
            pieces.par_iter().map(|piece| excerpt(&piece.path, options)).collect();
        let mut usable = Vec::new();
        for score in scores {
            usable.push(score.map_err(|error| progress.warning(&format!("left out: {error}"))).ok());
        }
        all.push(usable);
    }
    Ok(all)
}
