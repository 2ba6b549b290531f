//! Gradients in half precision between ranks: half the bytes, for a rounding at every node of the tree.
//!
//! A block of [`BLOCK`] numbers has one exponent, so that its largest is near the end of the range of `f16`: gradients are small, and
//! those of layers differ by orders of magnitude. What remains are 11 bits of the largest, fewer of smaller ones. Every node of the
//! tree is rounded, wherever its children are, so that the sum does not depend on the number of ranks.

use half::f16;
use serde::{Deserialize, Serialize};

/// What gradients are rounded to at every node of the tree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GradientType {
    /// Single precision: they are not rounded.
    #[default]
    F32,
    /// Half precision, with one exponent for a block of numbers.
    F16,
}

/// Numbers with one exponent. Blocks begin at multiples of this, counted over all parameters.
pub(crate) const BLOCK: usize = 1024;
/// The largest of a block is `2^15` at most; the largest `f16` is `2^16 − 32`.
const TOP: i32 = 15;
/// The largest `f16` below that.
const BELOW_TOP: f32 = 32752.0;
/// Blocks of smaller numbers than this allows lose bits at their lower end, and nothing overflows.
const MOST: i32 = 120;

impl GradientType {
    /// Bytes that `values` numbers take between ranks.
    pub fn bytes(self, values: usize) -> usize {
        match self {
            Self::F32 => 4 * values,
            Self::F16 => 2 * values + 2 * values.div_ceil(BLOCK),
        }
    }

    /// Rounds to what [`Self::encode`] can say.
    pub(crate) fn round(self, values: &mut [f32]) {
        if self == Self::F16 {
            for block in values.chunks_mut(BLOCK) {
                let exponent = exponent(block);
                let (up, down) = (power(exponent), power(-exponent));
                block.iter_mut().for_each(|value| {
                    let rounded = f16::from_f32(*value * up).to_f32() * down;
                    // The largest number of all would be rounded up to infinity.
                    let overflows = rounded.is_infinite() && value.is_finite();
                    *value = if overflows { (BELOW_TOP * down).copysign(*value) } else { rounded };
                });
            }
        }
    }

    /// Writes rounded numbers, of whole blocks but for the last.
    pub(crate) fn encode(self, values: &[f32], bytes: &mut Vec<u8>) {
        bytes.clear();
        match self {
            Self::F32 => bytes.extend_from_slice(bytemuck::cast_slice(values)),
            Self::F16 => {
                for block in values.chunks(BLOCK) {
                    let exponent = exponent(block);
                    let up = power(exponent);
                    bytes.extend_from_slice(&(exponent as i16).to_le_bytes());
                    block
                        .iter()
                        .for_each(|value| bytes.extend_from_slice(&f16::from_f32(value * up).to_le_bytes()));
                }
            }
        }
    }

    /// Calls `with` for every number of `values` and the one that was written for it.
    pub(crate) fn decode(self, bytes: &[u8], values: &mut [f32], with: impl Fn(&mut f32, f32)) {
        match self {
            Self::F32 => {
                let written = bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_ne_bytes(*bytes));
                values.iter_mut().zip(written).for_each(|(value, written)| with(value, written));
            }
            Self::F16 => {
                for (block, bytes) in values.chunks_mut(BLOCK).zip(bytes.chunks(2 * BLOCK + 2)) {
                    let (exponent, halves) = bytes.split_at(2);
                    let down = power(-i32::from(i16::from_le_bytes([exponent[0], exponent[1]])));
                    let halves = halves.as_chunks::<2>().0;
                    block
                        .iter_mut()
                        .zip(halves)
                        .for_each(|(value, half)| with(value, f16::from_le_bytes(*half).to_f32() * down));
                }
            }
        }
    }
}

/// The power of two that takes the largest of a block to the top of the range; 0 if that is zero or not finite.
fn exponent(block: &[f32]) -> i32 {
    let largest = block.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
    if largest == 0.0 || !largest.is_finite() {
        return 0;
    }
    // The largest is above 2^(e−1), and 2^e at most: rounded, it is still, or a power of two that takes the others further up.
    let (field, mantissa) = (largest.to_bits() >> 23, largest.to_bits() & 0x7f_ffff);
    let e = field as i32 - 126 - i32::from(mantissa == 0);
    (TOP - e).clamp(-MOST, MOST)
}

/// `2^exponent`, exactly; exponents are those of normal numbers.
fn power(exponent: i32) -> f32 {
    f32::from_bits(((exponent + 127) as u32) << 23)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_rounded_is_sent_exactly_and_rounding_it_again_changes_nothing() {
        let values: Vec<f32> = (0..2500).map(|at| ((at * 7919) % 1013) as f32 * 1e-7 - 4e-5).collect();
        let mut rounded = values.clone();
        GradientType::F16.round(&mut rounded);
        let errors = values.iter().zip(&rounded).map(|(value, rounded)| (value - rounded).abs());
        let largest = errors.fold(0.0f32, f32::max);
        assert!(largest > 0.0 && largest < 6.2e-5 / 2048.0, "{largest}");
        let mut again = rounded.clone();
        GradientType::F16.round(&mut again);
        assert_eq!(rounded, again);
        for kind in [GradientType::F32, GradientType::F16] {
            let (mut bytes, mut read) = (Vec::new(), vec![0.0; rounded.len()]);
            kind.encode(&rounded, &mut bytes);
            assert_eq!(bytes.len(), kind.bytes(rounded.len()));
            kind.decode(&bytes, &mut read, |value, written| *value = written);
            assert_eq!(read, rounded);
        }
    }

    #[test]
    fn extremes_neither_overflow_nor_hide() {
        for value in [f32::MAX, f32::MIN_POSITIVE, 1e-45, 65504.0, 1.0, 0.0] {
            let mut rounded = [value, -value / 2.0];
            GradientType::F16.round(&mut rounded);
            assert!(rounded[0].is_finite(), "{value}");
            assert!((rounded[0] - value).abs() <= value / 2048.0 + 1e-42, "{value} became {}", rounded[0]);
        }
        let mut broken = [1.0, f32::NAN, f32::INFINITY];
        GradientType::F16.round(&mut broken);
        assert!(broken[1].is_nan() && broken[2].is_infinite());
    }
}
