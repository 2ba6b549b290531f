//! The checkpoint: everything that a training needs to go on as if it had never been stopped.
//!
//! ```text
//! "composer checkpoint\n"  header length (u64, little-endian)  header (JSON)  buffers (f32, little-endian)  SHA-256 of all before
//! ```
//!
//! The checksum is looked at first, so a damaged file is refused whole. [`save`] writes a temporary file, flushes it,
//! keeps the checkpoint before as `….previous`, and renames: whatever moment the machine dies at, a whole checkpoint is
//! left, and [`load`] finds it.

use crate::Error;
use crate::history::{EpochReport, History};
use crate::sampling::SymbolRecord;
use crate::{TrainingConfig, trainer::Trainer};
use composer_models::{ModelConfig, Sequence};
use composer_music::atomic_file::{AtomicFile, folder_of};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

const MAGIC: &[u8] = b"composer checkpoint\n";
const VERSION: u32 = 1;
const DIGEST: usize = 32;

/// What a checkpoint says besides its buffers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Header {
    pub version: u32,
    pub training: TrainingConfig,
    pub model: ModelConfig,
    /// Fingerprint of the music: training goes on with the same or not at all.
    pub music: String,
    pub history: History,
    pub optimizer_updates: u64,
    /// Places in the random streams of the epoch in progress.
    pub dropout_position: u64,
    pub sampling_position: u64,
    pub sampled: Vec<SymbolRecord>,
    /// Whatever the observer wants to have back.
    pub notes: String,
    /// Lengths of the buffers, in the order of [`Buffers`].
    pub lengths: [usize; 7],
}

/// Buffers of a checkpoint; empty where there is nothing to keep.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Buffers {
    pub weights: Vec<f32>,
    pub best: Vec<f32>,
    pub average: Vec<f32>,
    pub memory: [Vec<f32>; 2],
    pub state_h: Vec<f32>,
    pub state_c: Vec<f32>,
}

/// A training at rest.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    pub(crate) header: Header,
    pub(crate) buffers: Buffers,
}

impl Checkpoint {
    /// The configuration that it was trained under.
    pub fn training(&self) -> &TrainingConfig {
        &self.header.training
    }

    /// The model that was trained.
    pub fn model(&self) -> &ModelConfig {
        &self.header.model
    }

    /// Updates so far.
    pub fn updates(&self) -> u64 {
        self.header.history.updates
    }

    /// Whether that training came to its end.
    pub fn is_final(&self) -> bool {
        self.header.history.finished(&self.header.training)
    }

    /// Every finished epoch.
    pub fn epochs(&self) -> &[EpochReport] {
        &self.header.history.epochs
    }

    /// What the observer wanted to have back.
    pub fn notes(&self) -> &str {
        &self.header.notes
    }

    /// Reads a checkpoint from bytes.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if they are none, or damaged in any place.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let no = |why: &str| Error::Checkpoint(why.to_owned());
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| no("it does not begin like a checkpoint"))?;
        let damaged = || no("it is damaged or cut off (its checksum is wrong)");
        let at = rest.len().checked_sub(DIGEST).ok_or_else(damaged)?;
        let digest = Sha256::digest(&bytes[..bytes.len() - DIGEST]);
        if digest.as_slice() != &rest[at..] {
            return Err(damaged());
        }
        let (length, rest) = rest[..at].split_first_chunk::<8>().ok_or_else(damaged)?;
        let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| damaged())?;
        let (header, mut rest) = rest.split_at_checked(length).ok_or_else(damaged)?;
        let header: Header = serde_json::from_slice(header)
            .map_err(|error| no(&format!("another version of composer wrote it ({error})")))?;
        if header.version != VERSION {
            return Err(no(&format!("its version is {}, this program reads {VERSION}", header.version)));
        }
        let mut take = |length: usize| -> Result<Vec<f32>, Error> {
            let (head, tail) =
                length.checked_mul(4).and_then(|n| rest.split_at_checked(n)).ok_or_else(damaged)?;
            rest = tail;
            Ok(head.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
        };
        let [weights, best, average, first, second, state_h, state_c] = header.lengths;
        let buffers = Buffers {
            weights: take(weights)?,
            best: take(best)?,
            average: take(average)?,
            memory: [take(first)?, take(second)?],
            state_h: take(state_h)?,
            state_c: take(state_c)?,
        };
        Ok(Self { header, buffers })
    }
}

/// A training between two updates, ready to be written.
pub struct Snapshot<'a> {
    pub(crate) trainer: &'a Trainer<'a>,
}

impl Snapshot<'_> {
    /// Updates so far.
    pub fn updates(&self) -> u64 {
        self.trainer.history.updates
    }

    /// Whether training has come to its end.
    pub fn is_final(&self) -> bool {
        self.trainer.finished()
    }

    /// The bytes of the checkpoint; `notes` come back with it.
    ///
    /// # Errors
    /// The header cannot be written as JSON.
    pub fn to_bytes(&self, notes: &str) -> Result<Vec<u8>, Error> {
        let trainer = self.trainer;
        let [first, second] = trainer.optimizer.memory();
        let average = trainer.average.as_ref().map_or(&[][..], |average| average.values());
        let state = &trainer.state;
        let buffers: [&[f32]; 7] = [
            trainer.model.params().values(),
            &trainer.best_weights,
            average,
            first,
            second,
            &state.h,
            &state.c,
        ];
        let header = Header {
            version: VERSION,
            training: trainer.config.clone(),
            model: trainer.model.config().clone(),
            music: trainer.fingerprint.clone(),
            history: trainer.history.clone(),
            optimizer_updates: trainer.optimizer.updates(),
            // 2^64 words of one stream are more than any epoch draws.
            dropout_position: trainer.dropout.get_word_pos() as u64,
            sampling_position: trainer.sampling.get_word_pos() as u64,
            sampled: trainer.sampler.memory(),
            notes: notes.to_owned(),
            lengths: buffers.map(<[f32]>::len),
        };
        let header = serde_json::to_vec(&header).map_err(|error| Error::Checkpoint(error.to_string()))?;
        let floats: usize = header_floats(&buffers);
        let mut bytes = Vec::with_capacity(MAGIC.len() + 8 + header.len() + 4 * floats + DIGEST);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&(header.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&header);
        for buffer in buffers {
            buffer.iter().for_each(|value| bytes.extend_from_slice(&value.to_le_bytes()));
        }
        let digest = Sha256::digest(&bytes);
        bytes.extend_from_slice(&digest);
        Ok(bytes)
    }
}

fn header_floats(buffers: &[&[f32]]) -> usize {
    buffers.iter().map(|buffer| buffer.len()).sum()
}

/// A fingerprint of music, in its order.
pub(crate) fn fingerprint(sets: [&[Sequence]; 2]) -> String {
    let mut hash = Sha256::new();
    for set in sets {
        hash.update((set.len() as u64).to_le_bytes());
        for sequence in set {
            hash.update((sequence.len() as u64).to_le_bytes());
            match sequence {
                Sequence::Frames(frames) => frames.iter().for_each(|frame| {
                    hash.update(frame.sounding.to_le_bytes());
                    hash.update(frame.onsets.to_le_bytes());
                }),
                Sequence::Values(values) => {
                    hash.update((values.ncols() as u64).to_le_bytes());
                    values.iter().for_each(|value| hash.update(value.to_le_bytes()));
                }
                Sequence::Tokens(tokens) => tokens.iter().for_each(|token| hash.update(token.to_le_bytes())),
            }
        }
    }
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Where [`save`] keeps the checkpoint before.
pub fn previous(path: &Path) -> PathBuf {
    path.with_extension("previous")
}

/// Replaces the checkpoint at `path`. The one before becomes [`previous`]; an error leaves both as they were.
///
/// # Errors
/// [`Error::Io`] when the folder is gone, the disk is full, …
pub fn save(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let run = || -> std::io::Result<()> {
        let mut file = AtomicFile::create(path)?;
        file.write_all(bytes)?;
        file.sync()?;
        match fs::rename(path, previous(path)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        file.commit()?;
        // The names are only on the disk when the folder is.
        #[cfg(unix)]
        File::open(folder_of(path))?.sync_all()?;
        Ok(())
    };
    run().map_err(|source| Error::Io { action: "write", path: path.to_owned(), source })
}

/// Reads the checkpoint at `path`, or [`previous`] if there is none: the machine died between two renames.
///
/// # Errors
/// When there is neither, or the one that was found is damaged; a damaged one is never skipped in silence.
pub fn load(path: &Path) -> Result<Checkpoint, Error> {
    let (found, bytes) = match fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let previous = previous(path);
            let bytes = fs::read(&previous);
            (previous, bytes)
        }
        bytes => (path.to_owned(), bytes),
    };
    let bytes = bytes.map_err(|source| Error::Io { action: "read", path: path.to_owned(), source })?;
    Checkpoint::from_bytes(&bytes).map_err(|error| match error {
        Error::Checkpoint(why) if found == path && previous(path).exists() => Error::Checkpoint(format!(
            "{}: {why}; delete it, and the training goes on from the one before, {}",
            found.display(),
            previous(path).display()
        )),
        Error::Checkpoint(why) => Error::Checkpoint(format!("{}: {why}", found.display())),
        other => other,
    })
}
