//! [`TrainingSet`]: what a training goes through, the same examples in every epoch or new variants of them.

use crate::error::Error;
use composer_models::Sequence;
use composer_models::streams::{Purpose, stream};
use rand_chacha::ChaCha8Rng;
use std::fmt;

/// Makes a variant of the example with this index, by these random numbers.
pub type Augment<'a, E = Sequence> = dyn Fn(usize, &mut ChaCha8Rng) -> Result<E, Error> + 'a;

/// The examples of a training: sequences, or pairs of them.
///
/// Frames are transposed as they are read ([`crate::TrainingConfig::transpose`]). Tokens cannot be: a variant of a piece is
/// encoded anew, in every epoch, so that it may also be played faster or louder. The variants of an epoch depend on the seed
/// and the epoch alone, so that a resumed training reads the same.
pub struct TrainingSet<'a, E = Sequence> {
    pub(crate) examples: &'a [E],
    augment: Option<&'a Augment<'a, E>>,
}

impl<'a, E> TrainingSet<'a, E> {
    /// Examples of which every visit reads another variant.
    pub fn augmented(examples: &'a [E], augment: &'a Augment<'a, E>) -> Self {
        Self { examples, augment: Some(augment) }
    }

    /// `copies` variants of every example for an epoch; `None` if examples stay as they are.
    pub(crate) fn variants(&self, copies: usize, seed: u64, epoch: u64) -> Result<Option<Vec<E>>, Error> {
        let Some(augment) = self.augment else { return Ok(None) };
        let mut rng = stream(seed, Purpose::Augmentation, epoch);
        let visits = (0..self.examples.len()).flat_map(|index| std::iter::repeat_n(index, copies));
        visits.map(|index| augment(index, &mut rng)).collect::<Result<_, _>>().map(Some)
    }
}

impl<E> Clone for TrainingSet<'_, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for TrainingSet<'_, E> {}

impl<'a, E> From<&'a [E]> for TrainingSet<'a, E> {
    fn from(examples: &'a [E]) -> Self {
        Self { examples, augment: None }
    }
}

impl<'a, E> From<&'a Vec<E>> for TrainingSet<'a, E> {
    fn from(examples: &'a Vec<E>) -> Self {
        Self::from(examples.as_slice())
    }
}

impl<'a, E, const N: usize> From<&'a [E; N]> for TrainingSet<'a, E> {
    fn from(examples: &'a [E; N]) -> Self {
        Self::from(examples.as_slice())
    }
}

impl<E> fmt::Debug for TrainingSet<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrainingSet {{ {} examples, augmented: {} }}", self.examples.len(), self.augment.is_some())
    }
}
