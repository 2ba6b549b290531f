//! The model file: safetensors with PyTorch's parameter names, and one metadata entry that says everything else. Weights are `f32`, or
//! half as long ([`WeightType`]); they are read as `f32`.
//!
//! [`composer_bptt::pytorch`] has a program that loads such a file into PyTorch and computes the same logits, coupling included. The
//! other way, [`load_state`] reads what `safetensors.torch.save_file(torch_lstm.state_dict(), path)` wrote.
//! `scripts/check_pytorch_interchange.py` does both for every cell that PyTorch has.

use crate::Error;
use crate::config::ModelConfig;
use crate::limits::check_notes;
pub use crate::notes::Notes;
use crate::sequence_model::SequenceModel;
use crate::weight_type::WeightType;
use composer_bptt::{Entry, Parameters};
use composer_music::atomic_file::write_atomically;
use composer_music::input::read_regular;
use safetensors::tensor::{SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::path::Path;

/// What a model file says besides the weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Version of this header: [`HEADER_VERSION`].
    pub version: u32,
    /// The model.
    pub config: ModelConfig,
    /// What composing needs to know and training found out; free to grow.
    #[serde(default)]
    pub notes: Notes,
}

/// The version of [`Header`] that this library writes and reads.
pub const HEADER_VERSION: u32 = 1;

/// Name of the metadata entry. A single entry, because the order of several would change from run to run.
const METADATA_KEY: &str = "composer";

/// A model file is refused above this size before it is read: no model of this library comes near.
const MAX_BYTES: u64 = 4 << 30;
/// Longest header of a safetensors file, by its own library.
const MAX_HEADER: u64 = 100_000_000;
/// Parameters that an error names.
const NAMED: usize = 40;

/// The bytes of a model file; the same model gives the same bytes.
pub fn to_bytes(model: &SequenceModel, notes: &Notes) -> Result<Vec<u8>, String> {
    to_bytes_as(WeightType::F32, model, notes)
}

/// The bytes of a model file with weights of a type.
///
/// # Errors
/// A weight is too large for that type, or the header cannot be written as JSON, in words.
pub fn to_bytes_as(weights: WeightType, model: &SequenceModel, notes: &Notes) -> Result<Vec<u8>, String> {
    let header = Header { version: HEADER_VERSION, config: model.config().clone(), notes: notes.clone() };
    let header = serde_json::to_string(&header).map_err(|error| error.to_string())?;
    pack(weights, model.params(), METADATA_KEY, header)
}

/// Parameters and one metadata entry as a safetensors file.
pub(crate) fn pack(
    weights: WeightType,
    params: &Parameters<f32>,
    key: &str,
    header: String,
) -> Result<Vec<u8>, String> {
    let size = weights.size();
    let mut bytes = Vec::with_capacity(size * params.len());
    weights.write(params.values(), &mut bytes);
    let mut tensors = Vec::new();
    for entry in params.entries() {
        let too_large = |value: &&f32| value.is_finite() && !weights.rounded(**value).is_finite();
        if let Some(value) = params.values()[entry.range.clone()].iter().find(too_large) {
            return Err(format!("{} holds {value}, which is too large for {weights}", entry.name));
        }
        let range = entry.range.start * size..entry.range.end * size;
        let view = TensorView::new(weights.dtype(), entry.shape.clone(), &bytes[range])
            .map_err(|e| e.to_string())?;
        tensors.push((entry.name.clone(), view));
    }
    let metadata = HashMap::from([(key.to_string(), header)]);
    safetensors::serialize(tensors, Some(metadata)).map_err(|error| error.to_string())
}

/// Writes a model to a temporary file beside `path`, flushes it and renames it: there is never half a model.
pub fn save(model: &SequenceModel, notes: &Notes, path: &Path) -> Result<(), Error> {
    let io = |source| Error::Io { action: "write", path: path.to_owned(), source };
    let bytes = to_bytes(model, notes).map_err(|reason| io(std::io::Error::other(reason)))?;
    write_atomically(path, &bytes).map_err(io)
}

/// Reads a model file.
pub fn load(path: &Path) -> Result<(SequenceModel, Notes), Error> {
    from_bytes(&read(path)?, path)
}

/// The numbers that the weights of a model file are stored as; `None` if the bytes are no such file.
pub fn weight_type(bytes: &[u8]) -> Option<WeightType> {
    let tensors = SafeTensors::deserialize(bytes).ok()?;
    let name = *tensors.names().first()?;
    WeightType::of(tensors.tensor(name).ok()?.dtype())
}

/// The bytes of a file that may be a model.
///
/// # Errors
/// It cannot be read, or is a folder.
pub fn read(path: &Path) -> Result<Vec<u8>, Error> {
    if path.is_dir() {
        return Err(not_a_model(path, "it is a folder; name the model.safetensors inside"));
    }
    read_regular(path, MAX_BYTES).map_err(|source| match source.kind() {
        std::io::ErrorKind::InvalidInput => not_a_model(path, &source.to_string()),
        _ => Error::Io { action: "read", path: path.to_owned(), source },
    })
}

/// Reads a model from bytes; `path` is for messages only.
pub fn from_bytes(bytes: &[u8], path: &Path) -> Result<(SequenceModel, Notes), Error> {
    let (tensors, header) = unpack(bytes, METADATA_KEY, path)?;
    let header: Header = serde_json::from_str(&header)
        .map_err(|error| not_a_model(path, &format!("its configuration cannot be read ({error})")))?;
    if header.version != HEADER_VERSION {
        return Err(not_a_model(
            path,
            &format!("its format version is {}, this program reads {HEADER_VERSION}", header.version),
        ));
    }
    let unfit = |reason: String| Error::Parameters { path: path.to_owned(), reason };
    let shapes = SequenceModel::shapes(header.config.clone()).map_err(|error| unfit(error.to_string()))?;
    check_shapes(shapes.entries(), &tensors, path)?;
    check_notes(&header.notes, &header.config.encoding).map_err(unfit)?;
    let mut model = SequenceModel::zeros(header.config)?;
    copy_weights(model.params_mut(), &tensors, path)?;
    Ok((model, header.notes))
}

/// Whether a file begins with the length of a header in JSON, as every safetensors file does, be it whole or not.
fn begins_like_safetensors(bytes: &[u8]) -> bool {
    bytes.split_first_chunk::<8>().is_some_and(|(length, rest)| {
        u64::from_le_bytes(*length) <= MAX_HEADER && rest.first() == Some(&b'{')
    })
}

/// The tensors of a safetensors file and its metadata entry of that key.
pub(crate) fn unpack<'b>(
    bytes: &'b [u8],
    key: &str,
    path: &Path,
) -> Result<(SafeTensors<'b>, String), Error> {
    let no = |reason: &str| not_a_model(path, reason);
    if bytes.is_empty() {
        return Err(no("the file is empty"));
    }
    if !begins_like_safetensors(bytes) {
        return Err(no("it does not begin like a safetensors file"));
    }
    let (_, metadata) =
        SafeTensors::read_metadata(bytes).map_err(|_| no("the file is damaged or cut off"))?;
    let tensors = SafeTensors::deserialize(bytes).map_err(|_| no("the file is damaged or cut off"))?;
    let entries = metadata.metadata().as_ref();
    if let Some(header) = entries.and_then(|entries| entries.get(key)) {
        return Ok((tensors, header.clone()));
    }
    let other = entries.is_some_and(|entries| entries.keys().any(|key| key.starts_with(METADATA_KEY)));
    Err(no(if other {
        "it is a model of another kind: compose and score need one that writes music alone, accompany, drum and \
         reharmonise one that adds a part"
    } else {
        "it holds weights, but no composer configuration"
    }))
}

/// Reads a state that PyTorch saved into the parameters whose names begin with `prefix`:
/// `safetensors.torch.save_file(torch_lstm.state_dict(), path)` on that side, the prefix `"recurrent."` for the stack of a
/// model on this one. Every parameter of the prefix must be there, and nothing else.
///
/// # Errors
/// The file cannot be read, or parameters are missing, left over, not finite or of another shape; all are named.
pub fn load_state(params: &mut Parameters<f32>, prefix: &str, path: &Path) -> Result<(), Error> {
    let bytes = read_regular(path, MAX_BYTES).map_err(|source| Error::Io {
        action: "read",
        path: path.into(),
        source,
    })?;
    let tensors = SafeTensors::deserialize(&bytes)
        .map_err(|_| not_a_model(path, "it is no safetensors file, or a damaged one"))?;
    copy_prefixed(params, prefix, &tensors, path)
}

/// Fills parameters from tensors of the same names and shapes.
pub(crate) fn copy_weights(
    params: &mut Parameters<f32>,
    tensors: &SafeTensors<'_>,
    path: &Path,
) -> Result<(), Error> {
    copy_prefixed(params, "", tensors, path)
}

/// Fills the parameters of a prefix from tensors of the same names without it, and the same shapes.
fn copy_prefixed(
    params: &mut Parameters<f32>,
    prefix: &str,
    tensors: &SafeTensors<'_>,
    path: &Path,
) -> Result<(), Error> {
    let of_prefix = |entry: &Entry| {
        entry.name.strip_prefix(prefix).map(|name| Entry { name: name.to_owned(), ..entry.clone() })
    };
    let entries: Vec<Entry> = params.entries().iter().filter_map(of_prefix).collect();
    check_shapes(&entries, tensors, path)?;
    let mut problems = Vec::new();
    for entry in &entries {
        let Ok(tensor) = tensors.tensor(&entry.name) else { continue };
        let values = &mut params.values_mut()[entry.range.clone()];
        if let Some(weights) = WeightType::of(tensor.dtype()) {
            weights.read(tensor.data(), values);
        }
        if let Some(bad) = values.iter().position(|value| !value.is_finite()) {
            problems.push(format!("{} holds {} at position {bad}", entry.name, values[bad]));
        }
    }
    none_or_error(problems, path)
}

/// Compares names, types and shapes of parameters with those of tensors; allocates nothing of their size.
pub(crate) fn check_shapes(entries: &[Entry], tensors: &SafeTensors<'_>, path: &Path) -> Result<(), Error> {
    let known: HashSet<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
    let mut problems: Vec<String> = tensors
        .names()
        .into_iter()
        .filter(|name| !known.contains(*name))
        .map(|name| format!("{name} is not part of the model"))
        .collect();
    problems.sort();
    for entry in entries {
        match tensors.tensor(&entry.name) {
            Err(_) => problems.push(format!("{} is missing", entry.name)),
            Ok(tensor) if WeightType::of(tensor.dtype()).is_none() => {
                problems.push(format!(
                    "{} is {:?} and should be F32, F16 or BF16",
                    entry.name,
                    tensor.dtype()
                ));
            }
            Ok(tensor) if tensor.shape() != entry.shape => problems.push(format!(
                "{} has shape {:?} and should have {:?}",
                entry.name,
                tensor.shape(),
                entry.shape
            )),
            Ok(_) => {}
        }
    }
    none_or_error(problems, path)
}

fn none_or_error(mut problems: Vec<String>, path: &Path) -> Result<(), Error> {
    if problems.is_empty() {
        return Ok(());
    }
    if problems.len() > NAMED {
        let more = problems.len() - NAMED;
        problems.truncate(NAMED);
        problems.push(format!("and {more} more"));
    }
    Err(Error::Parameters { path: path.to_owned(), reason: problems.join("; ") })
}

pub(crate) fn not_a_model(path: &Path, reason: &str) -> Error {
    Error::NotAModel { path: path.to_owned(), reason: reason.to_owned() }
}
