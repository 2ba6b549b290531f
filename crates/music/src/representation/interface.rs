//! [`Representation`]: what every way to write music as symbols can do, and how it is known again.

use sha2::{Digest, Sha256};

use super::{Error, Quantised, Symbols, Vocabulary};
use crate::score::Score;

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
pub(super) fn fingerprint(name: &str, options: &impl serde::Serialize) -> String {
    // Options are numbers, strings and lists of them, which JSON always holds.
    let options = serde_json::to_string(options).unwrap_or_default();
    let hash = Sha256::digest(format!("{name} {ENCODING_VERSION} {options}"));
    let hex: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{name}-{hex}")
}
