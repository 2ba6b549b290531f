//! [`Symbols`] and [`Vocabulary`]: what a network reads and writes.

use super::Error;
use super::frame::Frame;

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

/// The tokens among symbols, each checked against the size of the vocabulary.
pub(super) fn tokens(symbols: &Symbols, vocabulary: usize) -> Result<&[u32], Error> {
    let Symbols::Tokens(tokens) = symbols else {
        return Err(Error::WrongKind { expected: "tokens", found: "frames" });
    };
    match tokens.iter().position(|&token| token as usize >= vocabulary) {
        Some(place) => Err(Error::UnknownToken { place, token: tokens[place], vocabulary }),
        None => Ok(tokens),
    }
}
