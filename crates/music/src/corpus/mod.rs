//! Corpora: pieces from files, a report on every file, the built-in corpus, and splits that keep copies of a piece together.

mod content;
mod error;
mod examine;
mod files;
mod load;
mod pieces;
mod reasons;
pub mod shipped;
mod split;
mod verdict;

pub use content::{ContentKey, content_key, sha256_hex};
pub use error::Error;
pub use examine::{Criteria, examine, examine_all};
pub(crate) use examine::{Examined, examine_file};
pub use files::{MUSIC_EXTENSIONS, MidiPath, midi_files, music_files};
pub use load::{load, load_with, reasons};
pub use pieces::{Corpus, Piece};
pub use reasons::ReasonCounts;
pub use shipped::shipped;
pub use split::{Set, Split, assign, deal, split, split_by};
pub use verdict::{Dropped, Rule, Verdict};
