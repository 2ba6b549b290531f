//! Sequence representations: a score as the symbols that a network reads and writes.
//!
//! | name | symbols | holds |
//! |---|---|---|
//! | [`frames`] | multi-hot steps | pitches and onsets on a grid |
//! | [`events`] | note on, note off, time shift, velocity | a performance to 10 ms, or a grid with dynamics |
//! | [`remi`] | bar, position, pitch, duration, velocity, tempo, metre, program | multitrack music in bars |
//! | [`voices`] | one token per voice and step | chorales and other music in fixed parts |
//! | [`chords`] | one chord symbol per beat | harmony |
//! | [`bars`] | frequent patterns of [`remi`] within bars | the same as `remi`, shorter |
//!
//! Every one is a [`Representation`]: it encodes a score, decodes any symbols to a valid score, says with
//! [`Representation::quantise`] what it keeps of a score and what not, and has a fingerprint. The law that all of them
//! obey is `decode(encode(score)) == quantise(score)`, and no sequence of symbols makes `decode` panic.
//!
//! [`contour`] is for sources only: what a drum model conditions on of a bass line.

mod any;
pub mod bars;
pub mod chords;
pub mod contour;
pub mod events;
pub mod frames;
pub mod grid;
pub mod quantise;
pub mod remi;
pub mod velocity;
pub mod voices;

use sha2::{Digest, Sha256};

pub use any::{AnyRepresentation, DEFAULT_PATTERNS};
pub use quantise::{Loss, Quantised};

use crate::score::Score;
use frames::Frame;

/// A piece as the symbols of a representation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Symbols {
    /// One multi-hot frame per step.
    Frames(Vec<Frame>),
    /// Tokens, each below the size of the vocabulary.
    Tokens(Vec<u32>),
}

impl Symbols {
    /// Frames or tokens.
    pub fn len(&self) -> usize {
        match self {
            Symbols::Frames(frames) => frames.len(),
            Symbols::Tokens(tokens) => tokens.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The symbols of a representation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Vocabulary {
    /// Every symbol is a vector of so many zeros and ones.
    MultiHot {
        /// Length of the vector.
        width: usize,
    },
    /// Every symbol is one of these, known by its place.
    Tokens {
        /// Their names.
        names: Vec<String>,
    },
}

impl Vocabulary {
    /// Width of a frame, or number of tokens.
    pub fn size(&self) -> usize {
        match self {
            Vocabulary::MultiHot { width } => *width,
            Vocabulary::Tokens { names } => names.len(),
        }
    }
}

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

/// A way to write music as a sequence of symbols.
pub trait Representation {
    /// Its name: `frames`, `events`, `remi`, `voices`, `chords`, `bars`.
    fn name(&self) -> &'static str;

    /// Its symbols.
    fn vocabulary(&self) -> Vocabulary;

    /// A score as symbols.
    ///
    /// # Errors
    /// [`Error::TooLong`]: a damaged file can claim a length of years.
    fn encode(&self, score: &Score) -> Result<Symbols, Error>;

    /// Symbols as a score; any symbols, also a network's.
    ///
    /// # Errors
    /// When they are of the wrong kind or not in the vocabulary.
    fn decode(&self, symbols: &Symbols) -> Result<Score, Error>;

    /// The score as this representation can hold it, and what it loses.
    ///
    /// # Errors
    /// As for [`Representation::encode`].
    fn quantise(&self, score: &Score) -> Result<Quantised, Error>;

    /// The identity of the representation and its options: symbols can be exchanged if and only if it is equal.
    fn fingerprint(&self) -> String;
}

/// Changes whenever a representation writes other symbols than before under the same options.
const ENCODING_VERSION: u32 = 1;

/// Name and a hash of options, such as `remi-3f1c9a…`.
fn fingerprint(name: &str, options: &impl serde::Serialize) -> String {
    // Options are numbers, strings and lists of them, which JSON always holds.
    let options = serde_json::to_string(options).unwrap_or_default();
    let hash = Sha256::digest(format!("{name} {ENCODING_VERSION} {options}"));
    let hex: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{name}-{hex}")
}

/// The tokens among symbols, each checked against the size of the vocabulary.
fn tokens(symbols: &Symbols, vocabulary: usize) -> Result<&[u32], Error> {
    let Symbols::Tokens(tokens) = symbols else {
        return Err(Error::WrongKind { expected: "tokens", found: "frames" });
    };
    match tokens.iter().position(|&token| token as usize >= vocabulary) {
        Some(place) => Err(Error::UnknownToken { place, token: tokens[place], vocabulary }),
        None => Ok(tokens),
    }
}

/// The name of a pitch: C4 is 60.
pub fn pitch_name(pitch: u8) -> String {
    const NAMES: [&str; 12] = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];
    format!("{}{}", NAMES[usize::from(pitch % 12)], i16::from(pitch / 12) - 1)
}
