//! [`Error`]: what a representation cannot hold or read.

/// Why a piece cannot be encoded or symbols cannot be decoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The piece claims to last longer than any music.
    #[error(
        "the piece lasts {steps} steps; the limit is {limit}, so it is damaged or has a stray note at its end"
    )]
    TooLong {
        /// Steps to the end of its last note.
        steps: u64,
        /// Most steps that are encoded.
        limit: u64,
    },
    /// Tokens for a representation of frames, or the other way round.
    #[error("{expected} are needed, and the symbols are {found}")]
    WrongKind {
        /// What the representation reads.
        expected: &'static str,
        /// What it was given.
        found: &'static str,
    },
    /// A token beyond the vocabulary.
    #[error("token {token} at place {place} is not in the vocabulary of {vocabulary}")]
    UnknownToken {
        /// Where it stands.
        place: usize,
        /// The token.
        token: u32,
        /// Size of the vocabulary.
        vocabulary: usize,
    },
    /// A name or an option that no representation has.
    #[error("{0}")]
    BadOption(String),
}
