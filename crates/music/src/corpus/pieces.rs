//! [`Piece`] and [`Corpus`]: music from files.

use super::Verdict;
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
