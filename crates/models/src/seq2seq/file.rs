//! The model file of a [`Seq2Seq`]: as [`crate::file`], with a header of its own.

use super::{Seq2Seq, Seq2SeqConfig};
use crate::Error;
use crate::file::{check_shapes, copy_weights, not_a_model, pack, read, unpack};
use crate::limits::check_program;
use crate::weight_type::WeightType;
use composer_music::atomic_file::write_atomically;
use safetensors::tensor::SafeTensors;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What a model turns into what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// A melody gets an accompaniment.
    Accompany,
    /// A bass line gets drums.
    Drum,
    /// A melody gets an accompaniment in a style that is asked for.
    Reharmonise,
    /// A gap between bars is filled.
    Infill,
    /// Notes on the grid get velocities and timing.
    Humanise,
}

/// What using the model needs to know besides its configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartNotes {
    /// What it was trained for.
    pub task: Task,
    /// Names of the styles, in their order.
    pub styles: Vec<String>,
    /// General MIDI program of the new part.
    pub program: u8,
    /// What it was trained on, for people.
    pub corpus: String,
    /// The seed of the training.
    pub seed: u64,
    /// Held-out negative log-likelihood of the new part, nats per step.
    pub valid_nll: Option<f64>,
}

#[derive(Serialize, Deserialize)]
struct Header {
    version: u32,
    config: Seq2SeqConfig,
    notes: PartNotes,
}

const VERSION: u32 = 1;
const METADATA_KEY: &str = "composer-seq2seq";

/// The bytes of a model file; the same model gives the same bytes.
///
/// # Errors
/// The header cannot be written as JSON, in words.
pub fn to_bytes(model: &Seq2Seq, notes: &PartNotes) -> Result<Vec<u8>, String> {
    to_bytes_as(WeightType::F32, model, notes)
}

/// The bytes of a model file with weights of a type.
///
/// # Errors
/// A weight is too large for that type, or the header cannot be written as JSON, in words.
pub fn to_bytes_as(weights: WeightType, model: &Seq2Seq, notes: &PartNotes) -> Result<Vec<u8>, String> {
    let header = Header { version: VERSION, config: model.config().clone(), notes: notes.clone() };
    let header = serde_json::to_string(&header).map_err(|error| error.to_string())?;
    pack(weights, model.params(), METADATA_KEY, header)
}

/// Writes a model whole or not at all.
///
/// # Errors
/// The file cannot be written.
pub fn save(model: &Seq2Seq, notes: &PartNotes, path: &Path) -> Result<(), Error> {
    let io = |source| Error::Io { action: "write", path: path.to_owned(), source };
    let bytes = to_bytes(model, notes).map_err(|reason| io(std::io::Error::other(reason)))?;
    write_atomically(path, &bytes).map_err(io)
}

/// Whether bytes begin as the model file of an encoder–decoder does, be it whole or not.
pub fn is_one(bytes: &[u8]) -> bool {
    let header = SafeTensors::read_metadata(bytes).ok();
    header.is_some_and(|(_, header)| {
        header.metadata().as_ref().is_some_and(|entries| entries.contains_key(METADATA_KEY))
    })
}

/// Reads a model file.
///
/// # Errors
/// It cannot be read, or is none.
pub fn load(path: &Path) -> Result<(Seq2Seq, PartNotes), Error> {
    from_bytes(&read(path)?, path)
}

/// Reads a model from bytes; `path` is for messages only.
///
/// # Errors
/// They are no model of this kind and version.
pub fn from_bytes(bytes: &[u8], path: &Path) -> Result<(Seq2Seq, PartNotes), Error> {
    let (tensors, header) = unpack(bytes, METADATA_KEY, path)?;
    let header: Header = serde_json::from_str(&header)
        .map_err(|error| not_a_model(path, &format!("its configuration cannot be read ({error})")))?;
    if header.version != VERSION {
        let reason = format!("its format version is {}, this program reads {VERSION}", header.version);
        return Err(not_a_model(path, &reason));
    }
    let unfit = |reason: String| Error::Parameters { path: path.to_owned(), reason };
    check_program(header.notes.program).map_err(unfit)?;
    let shapes = Seq2Seq::<f32>::shapes(header.config.clone()).map_err(|error| unfit(error.to_string()))?;
    check_shapes(shapes.entries(), &tensors, path)?;
    let mut model = Seq2Seq::zeros(header.config)?;
    copy_weights(model.params_mut(), &tensors, path)?;
    Ok((model, header.notes))
}
