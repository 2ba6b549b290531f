//! A model file again, with its weights stored as other numbers.

use super::source::read;
use crate::error::{Result, wrong_input};
use composer_bptt::Parameters;
use composer_models::{WeightType, file, seq2seq};
use std::path::Path;

/// A model file whose weights were stored anew.
#[derive(Clone, Debug, PartialEq)]
pub struct Packed {
    /// The file.
    pub bytes: Vec<u8>,
    /// Bytes of the file before.
    pub bytes_before: usize,
    /// Weights.
    pub parameters: usize,
    /// Weights that are other numbers now.
    pub changed: usize,
    /// The largest difference of a weight.
    pub largest_change: f32,
}

/// Stores the weights of a model, named or in a file, as numbers of a type. What a longer type held is rounded to the nearest.
///
/// # Errors
/// There is no such model, or a weight is too large for the type.
pub fn pack(model: &Path, weights: WeightType) -> Result<Packed> {
    let (bytes, label) = read(model)?;
    let unfit = |reason: String| wrong_input(format!("{}: {reason}", label.display()));
    let packed = |params: &Parameters<f32>, written: Vec<u8>| {
        let changes = params.values().iter().map(|&value| (weights.rounded(value) - value).abs());
        Packed {
            bytes: written,
            bytes_before: bytes.len(),
            parameters: params.len(),
            changed: changes.clone().filter(|&change| change > 0.0).count(),
            largest_change: changes.fold(0.0, f32::max),
        }
    };
    if seq2seq::is_one(&bytes) {
        let (model, notes) = seq2seq::from_bytes(&bytes, &label)?;
        let written = seq2seq::to_bytes_as(weights, &model, &notes).map_err(unfit)?;
        return Ok(packed(model.params(), written));
    }
    let (model, notes) = file::from_bytes(&bytes, &label)?;
    let written = file::to_bytes_as(weights, &model, &notes).map_err(unfit)?;
    Ok(packed(model.params(), written))
}
