//! [`Music`]: what a training goes through, the same pieces in every epoch or new variants of them.

use crate::Error;
use composer_models::Sequence;
use composer_models::streams::{Purpose, stream};
use rand_chacha::ChaCha8Rng;
use std::fmt;

/// A variant of the piece with this index, by these random numbers.
pub type Vary<'a> = dyn Fn(usize, &mut ChaCha8Rng) -> Result<Sequence, Error> + 'a;

/// The pieces of a training.
///
/// Frames are transposed as they are read ([`crate::TrainingConfig::transpose`]). Tokens cannot be: a variant of a piece is
/// written anew, in every epoch, so that it may also be played faster or louder. The variants of an epoch depend on the seed
/// and the epoch alone, and a training that is resumed reads the same.
#[derive(Clone, Copy)]
pub struct Music<'a> {
    pub(crate) pieces: &'a [Sequence],
    vary: Option<&'a Vary<'a>>,
}

impl<'a> Music<'a> {
    /// Pieces of which every visit reads another variant.
    pub fn varied(pieces: &'a [Sequence], vary: &'a Vary<'a>) -> Self {
        Self { pieces, vary: Some(vary) }
    }

    /// `copies` variants of every piece for an epoch; `None` if pieces stay as they are.
    pub(crate) fn variants(
        &self,
        copies: usize,
        seed: u64,
        epoch: u64,
    ) -> Result<Option<Vec<Sequence>>, Error> {
        let Some(vary) = self.vary else { return Ok(None) };
        let mut rng = stream(seed, Purpose::Augmentation, epoch);
        let visits = (0..self.pieces.len()).flat_map(|piece| std::iter::repeat_n(piece, copies));
        visits.map(|piece| vary(piece, &mut rng)).collect::<Result<_, _>>().map(Some)
    }
}

impl<'a> From<&'a [Sequence]> for Music<'a> {
    fn from(pieces: &'a [Sequence]) -> Self {
        Self { pieces, vary: None }
    }
}

impl<'a> From<&'a Vec<Sequence>> for Music<'a> {
    fn from(pieces: &'a Vec<Sequence>) -> Self {
        Self::from(pieces.as_slice())
    }
}

impl<'a, const N: usize> From<&'a [Sequence; N]> for Music<'a> {
    fn from(pieces: &'a [Sequence; N]) -> Self {
        Self::from(pieces.as_slice())
    }
}

impl fmt::Debug for Music<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Music {{ {} pieces, varied: {} }}", self.pieces.len(), self.vary.is_some())
    }
}
