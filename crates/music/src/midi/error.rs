//! [`Error`]: why MIDI could not be read or written.

/// Why bytes could not become a score, or a score could not become bytes.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bytes do not begin like a MIDI file.
    #[error("not a MIDI file: {0}")]
    NotMidi(String),
    /// The header is there but cannot be used.
    #[error("the MIDI header at byte {offset} cannot be used: {reason}")]
    BadHeader {
        /// Where the header begins.
        offset: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A header without anything behind it.
    #[error("the MIDI file has no track: it ends at byte {0}, or what follows is no track")]
    NoTrack(usize),
    /// A value of the score that MIDI cannot express.
    #[error("the score cannot be written as MIDI: {0}")]
    Unwritable(String),
    /// The file could not be read from disk.
    #[error("cannot read {path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// What the operating system said.
        source: std::io::Error,
    },
}
