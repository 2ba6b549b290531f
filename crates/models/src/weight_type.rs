//! [`WeightType`]: as what numbers a model file stores the weights. Models compute in `f32` whatever it is.

use half::{bf16, f16};
use safetensors::tensor::Dtype;
use serde::Serialize;
use std::fmt;
use std::str::FromStr;

/// The numbers of a model file. Loading widens to `f32`, which is exact; storing rounds to the nearest number, to even where two are as
/// near.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WeightType {
    /// 32 bits: the weights as they were trained.
    #[default]
    F32,
    /// 16 bits, IEEE 754 binary16: 11 significant bits, magnitudes from 6e-8 to 65504.
    F16,
    /// 16 bits, the upper half of an `f32`: 8 significant bits, the range of `f32`.
    Bf16,
}

impl WeightType {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::F32, Self::F16, Self::Bf16];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
        }
    }

    pub(crate) fn dtype(self) -> Dtype {
        match self {
            Self::F32 => Dtype::F32,
            Self::F16 => Dtype::F16,
            Self::Bf16 => Dtype::BF16,
        }
    }

    /// That of a tensor; `None` if weights are never stored so.
    pub(crate) fn of(dtype: Dtype) -> Option<Self> {
        Self::ALL.into_iter().find(|weights| weights.dtype() == dtype)
    }

    /// Bytes of a number.
    pub(crate) fn size(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
        }
    }

    /// What is read back of a weight that is stored so; infinite if it is too large.
    pub fn rounded(self, weight: f32) -> f32 {
        match self {
            Self::F32 => weight,
            Self::F16 => f16::from_f32(weight).to_f32(),
            Self::Bf16 => bf16::from_f32(weight).to_f32(),
        }
    }

    /// Appends weights, little-endian.
    pub(crate) fn write(self, weights: &[f32], bytes: &mut Vec<u8>) {
        match self {
            Self::F32 => bytes.extend(weights.iter().flat_map(|weight| weight.to_le_bytes())),
            Self::F16 => bytes.extend(weights.iter().flat_map(|&weight| f16::from_f32(weight).to_le_bytes())),
            Self::Bf16 => {
                bytes.extend(weights.iter().flat_map(|&weight| bf16::from_f32(weight).to_le_bytes()))
            }
        }
    }

    /// Overwrites `weights` by those in `bytes`, as many as there are of both.
    pub(crate) fn read(self, bytes: &[u8], weights: &mut [f32]) {
        match self {
            Self::F32 => {
                for (weight, &bytes) in weights.iter_mut().zip(bytes.as_chunks().0) {
                    *weight = f32::from_le_bytes(bytes);
                }
            }
            Self::F16 => {
                for (weight, &bytes) in weights.iter_mut().zip(bytes.as_chunks().0) {
                    *weight = f16::from_le_bytes(bytes).to_f32();
                }
            }
            Self::Bf16 => {
                for (weight, &bytes) in weights.iter_mut().zip(bytes.as_chunks().0) {
                    *weight = bf16::from_le_bytes(bytes).to_f32();
                }
            }
        }
    }
}

impl fmt::Display for WeightType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for WeightType {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|weights| weights.name() == text);
        found.ok_or_else(|| format!("weights are stored as {}", Self::ALL.map(Self::name).join(", ")))
    }
}
