//! The checkpoint: everything that a run needs to be resumed as if it had never been stopped. It knows the data, not the trainer.
//!
//! ```text
//! "composer checkpoint\n"  header length (u64, little-endian)  header (JSON)  buffers (f32, little-endian)  SHA-256 of all before
//! ```
//!
//! The checksum is looked at first, so a damaged file is refused whole. [`save`] writes a temporary file, flushes it,
//! keeps the checkpoint before as `….previous`, and renames: whatever moment the machine dies at, a whole checkpoint is
//! left, and [`load`] finds it.

use crate::config::TrainingConfig;
use crate::error::Error;
use crate::history::{EpochReport, History};
use composer_music::atomic_file::{AtomicFile, folder_of};
use composer_music::input::read_regular;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

const MAGIC: &[u8] = b"composer checkpoint\n";
const VERSION: u32 = 1;
const DIGEST: usize = 32;
/// A checkpoint is refused above this size before it is read.
const MAX_BYTES: u64 = 64 << 30;

/// What a checkpoint says besides its buffers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Header {
    pub version: u32,
    /// Which kind of model, [`crate::Trainable::KIND`].
    #[serde(default = "first_kind")]
    pub kind: String,
    pub training: TrainingConfig,
    /// The configuration of the model.
    pub model: Value,
    /// Fingerprint of the training and validation sets: a run is resumed on the same or not at all.
    #[serde(alias = "music")]
    pub data: String,
    pub history: History,
    /// Seconds of training so far.
    #[serde(default)]
    pub seconds: f64,
    pub optimizer_updates: u64,
    /// Places in the random streams of the epoch in progress.
    pub dropout_position: u64,
    pub sampling_position: u64,
    /// What the model keeps between batches, besides buffers.
    #[serde(alias = "sampled")]
    pub state: Value,
    /// Whatever the observer wants to have back.
    pub notes: String,
    /// Lengths of the buffers: weights, best weights, their average, the optimiser's two, and those of the model's state.
    pub lengths: Vec<usize>,
}

/// The kind of model that checkpoints were of before they named it.
fn first_kind() -> String {
    "sequence".to_owned()
}

/// Buffers of a checkpoint; empty where there is nothing to keep.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Buffers {
    pub weights: Vec<f32>,
    pub best: Vec<f32>,
    pub average: Vec<f32>,
    pub memory: [Vec<f32>; 2],
    /// What the model carries from batch to batch.
    pub state: Vec<Vec<f32>>,
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

    /// Which kind of model was trained, [`crate::Trainable::KIND`].
    pub fn kind(&self) -> &str {
        &self.header.kind
    }

    /// The configuration of the model that was trained, of the type that belongs to [`Checkpoint::kind`].
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if it is of another type.
    pub fn model<C: DeserializeOwned>(&self) -> Result<C, Error> {
        serde_json::from_value(self.header.model.clone())
            .map_err(|error| Error::Checkpoint(format!("it is of another model ({error})")))
    }

    /// Seconds of training so far.
    pub fn seconds(&self) -> f64 {
        self.header.seconds
    }

    /// Updates so far.
    pub fn updates(&self) -> u64 {
        self.header.history.updates
    }

    /// Whether that training came to its end.
    pub fn is_final(&self) -> bool {
        self.header.history.finished(&self.header.training, self.header.seconds).is_some()
    }

    /// Every finished epoch.
    pub fn epochs(&self) -> &[EpochReport] {
        &self.header.history.epochs
    }

    /// What the observer wanted to have back.
    pub fn notes(&self) -> &str {
        &self.header.notes
    }

    /// The bytes that it was read from.
    ///
    /// # Errors
    /// The header cannot be written as JSON.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        let Buffers { weights, best, average, memory: [first, second], state } = &self.buffers;
        let buffers = [weights, best, average, first, second].into_iter().chain(state);
        let buffers = buffers.map(|buffer| Cow::Borrowed(&buffer[..])).collect();
        let snapshot = Snapshot { header: self.header.clone(), buffers, is_final: self.is_final() };
        snapshot.to_bytes(self.notes())
    }

    /// Reads a checkpoint from bytes.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if they are none, or damaged in any place.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let no = |why: &str| Error::Checkpoint(why.to_owned());
        let damaged = || no("it is damaged or cut off (its checksum is wrong)");
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| match MAGIC.starts_with(bytes) {
            true => damaged(),
            false => no("it does not begin like a checkpoint"),
        })?;
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
        let [weights, best, average, first, second, state @ ..] = &header.lengths[..] else {
            return Err(damaged());
        };
        let buffers = Buffers {
            weights: take(*weights)?,
            best: take(*best)?,
            average: take(*average)?,
            memory: [take(*first)?, take(*second)?],
            state: state.iter().map(|&length| take(length)).collect::<Result<_, _>>()?,
        };
        Ok(Self { header, buffers })
    }
}

/// A training between two updates, ready to be written.
#[derive(Debug)]
pub struct Snapshot<'a> {
    pub(crate) header: Header,
    /// In the order of [`Header::lengths`].
    pub(crate) buffers: Vec<Cow<'a, [f32]>>,
    pub(crate) is_final: bool,
}

impl Snapshot<'_> {
    /// Updates so far.
    pub fn updates(&self) -> u64 {
        self.header.history.updates
    }

    /// Seconds of training so far.
    pub fn seconds(&self) -> f64 {
        self.header.seconds
    }

    /// Whether training has come to its end.
    pub fn is_final(&self) -> bool {
        self.is_final
    }

    /// The bytes of the checkpoint; `notes` come back with it.
    ///
    /// # Errors
    /// The header cannot be written as JSON.
    pub fn to_bytes(&self, notes: &str) -> Result<Vec<u8>, Error> {
        let lengths = self.buffers.iter().map(|buffer| buffer.len()).collect();
        let header = Header { version: VERSION, notes: notes.to_owned(), lengths, ..self.header.clone() };
        let floats: usize = header.lengths.iter().sum();
        let header = serde_json::to_vec(&header).map_err(|error| Error::Checkpoint(error.to_string()))?;
        let mut bytes = Vec::with_capacity(MAGIC.len() + 8 + header.len() + 4 * floats + DIGEST);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&(header.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&header);
        for buffer in &self.buffers {
            buffer.iter().for_each(|value| bytes.extend_from_slice(&value.to_le_bytes()));
        }
        let digest = Sha256::digest(&bytes);
        bytes.extend_from_slice(&digest);
        Ok(bytes)
    }
}

/// A fingerprint of the examples of some sets, in their order: `bytes` writes each of them.
pub(crate) fn fingerprint<E>(sets: [&[E]; 2], bytes: impl Fn(&E, &mut dyn FnMut(&[u8]))) -> String {
    let mut hash = Sha256::new();
    for set in sets {
        hash.update((set.len() as u64).to_le_bytes());
        set.iter().for_each(|example| bytes(example, &mut |part| hash.update(part)));
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
    let (found, bytes) = match read_regular(path, MAX_BYTES) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let previous = previous(path);
            let bytes = read_regular(&previous, MAX_BYTES);
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
