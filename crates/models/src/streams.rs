//! Random streams: one named, versioned generator (ChaCha with 8 rounds) with a stream for every purpose.
//!
//! One more draw for one purpose changes nothing elsewhere, so that, for instance, a new kind of dropout leaves the
//! initial weights of every seed as they were.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// What a stream of random numbers is for. The discriminants are part of every published figure: never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Initial weights.
    Initialisation = 1,
    /// The order of pieces, and their transposition.
    Shuffling = 2,
    /// Dropout masks, zoneout and noise.
    Dropout = 3,
    /// Sampling from a model when composing.
    Sampling = 4,
    /// Sampling from a model while it trains (scheduled sampling).
    ScheduledSampling = 5,
    /// Variants of pieces: keys, tempos, loudness.
    Augmentation = 6,
    /// Conditions that are not told while training.
    ConditionDropout = 7,
    /// Tokens that are read as zeros while training.
    EmbeddingDropout = 8,
    /// Bars and notes of a piece that are written anew.
    Rewriting = 9,
    /// Conditions of compositions.
    Conditions = 10,
    /// Metres of compositions.
    Metre = 11,
    /// Trials of listening tests: which pieces, in which order.
    ListeningTest = 12,
}

/// The generator of a seed for a purpose; `index` distinguishes streams of one purpose: the epoch, or the number of the output.
pub fn stream(seed: u64, purpose: Purpose, index: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(((purpose as u64) << 48) | (index & 0xffff_ffff_ffff));
    rng
}
