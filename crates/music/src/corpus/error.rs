//! [`Error`]: why there is no corpus.

use super::Verdict;
use crate::text::counted;

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
