//! Corpora: pieces from files, a report on every file, the built-in corpus, and splits that keep copies of a piece together.

mod content;
mod examine;
mod files;
mod reasons;
pub mod shipped;
mod split;

use crate::text::counted;
use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;

pub use content::{ContentKey, content_key, sha256_hex};
pub use examine::{Criteria, Dropped, Rule, Verdict, examine, examine_all};
pub(crate) use examine::{Examined, examine_file};
pub use files::{MUSIC_EXTENSIONS, MidiPath, midi_files, music_files};
pub use reasons::ReasonCounts;
pub use shipped::shipped;
pub use split::{Set, Split, assign, deal, split, split_by};

use crate::input;
use crate::score::Score;

/// One piece of music.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Path of its file below the corpus folder, with `/` between folders.
    pub name: String,
    /// The music.
    pub score: Score,
    /// SHA-256 of the file's bytes, in hexadecimal.
    pub sha256: String,
}

/// The usable pieces of a corpus, sorted by name, and a report on every file that was read.
#[derive(Clone, Debug, Default)]
pub struct Corpus {
    /// What can be used.
    pub pieces: Vec<Piece>,
    /// What became of each file, in the order of the names.
    pub verdicts: Vec<Verdict>,
}

impl Corpus {
    /// The files that were not used.
    pub fn dropped(&self) -> impl Iterator<Item = &Verdict> {
        self.verdicts.iter().filter(|verdict| verdict.dropped.is_some())
    }
}

/// Why there is no corpus.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing is there.
    #[error("there is no file or folder {0}")]
    NotFound(String),
    /// A folder or file that the operating system would not open.
    #[error("cannot read {path}: {source}")]
    Io {
        /// The file or folder.
        path: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A folder with nothing in it.
    #[error(
        "the folder {0} is empty; put music into it (.mid, .musicxml, .mxl, .abc), or name another folder"
    )]
    EmptyFolder(String),
    /// A folder with files, but none of them music.
    #[error("the folder {folder} has {}, none of them music (.mid, .midi, .kar, .rmi, .musicxml, .mxl, .xml, .abc)", counted(*files, "file"))]
    NoMidi {
        /// The folder.
        folder: String,
        /// How many other files it has.
        files: usize,
    },
    /// Files of music, none of which can be used.
    #[error("0 of {files} pieces in {path} are usable: {}", reasons.join("; "))]
    NothingUsable {
        /// The folder or file.
        path: String,
        /// How many there are.
        files: usize,
        /// Each reason with the number of files, the most frequent first.
        reasons: Vec<String>,
        /// What became of each file.
        verdicts: Vec<Verdict>,
    },
}

/// Loads a folder of music (MIDI, MusicXML, ABC), with the folders in it, or a single file; see [`load_with`].
///
/// # Errors
/// When there is no such folder, no MIDI file in it, or none that can be used.
pub fn load(path: impl AsRef<Path>) -> Result<Corpus, Error> {
    load_with(&[path], &Criteria::default())
}

/// Loads folders and files, keeping the pieces that meet the criteria.
///
/// A bad file never ends the run: its report says what is wrong with it. For more music than fits into memory, walk
/// over [`midi_files`] and [`examine`] one file at a time.
///
/// # Errors
/// When there is no such folder, no MIDI file in it, or none that can be used.
pub fn load_with<P: AsRef<Path>>(paths: &[P], criteria: &Criteria) -> Result<Corpus, Error> {
    let files = criteria.files(paths)?;
    let examined = files.par_iter().flat_map_iter(|file| examine_file(file, criteria)).collect();
    let corpus = without_duplicates(examined, criteria);
    if corpus.pieces.is_empty() {
        let path = paths.iter().map(|path| input::shown(path.as_ref())).collect::<Vec<_>>().join(", ");
        return Err(Error::NothingUsable {
            path,
            files: corpus.verdicts.len(),
            reasons: reasons(&corpus.verdicts),
            verdicts: corpus.verdicts,
        });
    }
    Ok(corpus)
}

/// Reasons for dropping files with their number, the most frequent first; without the options of `ingest` that would keep them.
pub fn reasons(verdicts: &[Verdict]) -> Vec<String> {
    let mut counts = ReasonCounts::default();
    verdicts.iter().filter_map(|verdict| verdict.dropped.as_ref()).for_each(|dropped| counts.add(dropped));
    counts.in_words(false)
}

fn without_duplicates(examined: Vec<(Verdict, Option<Piece>)>, criteria: &Criteria) -> Corpus {
    let mut first_with: BTreeMap<ContentKey, String> = BTreeMap::new();
    let mut corpus = Corpus::default();
    for (mut verdict, piece) in examined {
        if let Some(piece) = piece {
            let key = criteria.duplicate_key(&piece.score);
            match first_with.get(&key) {
                Some(first) if !criteria.keep_duplicates => verdict.dropped = Some(Dropped::duplicate(first)),
                _ => {
                    first_with.insert(key, piece.name.clone());
                    corpus.pieces.push(piece);
                }
            }
        }
        corpus.verdicts.push(verdict);
    }
    corpus
}
