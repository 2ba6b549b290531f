//! What can go wrong.

use std::path::PathBuf;

/// Why the book could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A chapter that `SUMMARY.md` names.
    #[error("SUMMARY.md names {0}, which is no chapter of this book")]
    NoChapter(String),
    /// A line of `SUMMARY.md`.
    #[error("SUMMARY.md, line {line}: {text:?} is neither a heading nor a link to a chapter")]
    Summary {
        /// From 1.
        line: usize,
        /// The line.
        text: String,
    },
    /// An include.
    #[error("{chapter} includes {what}, which does not exist")]
    NoExcerpt {
        /// The chapter.
        chapter: String,
        /// Path and anchor.
        what: String,
    },
    /// A file of the book.
    #[error("{} cannot be written: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}
