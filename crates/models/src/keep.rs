//! [`Keep`] and [`Kept`]: inverted dropout of many values at once.

use crate::mode::reborrow;
use composer_bptt::Mode;
use composer_bptt::arrays::{as_slice_or_copy, view, with_slice_mut};
use composer_tensor::parallel::{SliceRows, share_rows};
use composer_tensor::{Buffer, Scalar};
use ndarray::{ArrayView3, ArrayViewMut3};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Which values are kept, and what they are multiplied by; empty without dropout.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Keep {
    keep: Vec<bool>,
    scale: f64,
}

/// Probabilities are multiples of one in so many, so that two random bytes serve a value.
const STEPS: f64 = 65536.0;
/// Values that are drawn from one stream: a thread takes whole ones, so that their number changes nothing.
const STREAM: usize = 4096;

impl Keep {
    /// While training, draws for `count` values; the probability is rounded to a multiple of 2⁻¹⁶.
    pub fn draw(&mut self, count: usize, probability: f64, mode: &mut Mode<'_>) {
        self.keep.clear();
        let dropped = (probability * STEPS).round().min(STEPS - 1.0);
        if let (Mode::Train { rng }, true) = (reborrow(mode), dropped > 0.0) {
            let (below, first) = (dropped as u16, ChaCha8Rng::from_rng(rng));
            self.scale = STEPS / (STEPS - dropped);
            self.keep.resize(count, false);
            let keep = SliceRows { data: &mut self.keep[..], first: 0, width: 1 };
            share_rows(keep, count, STREAM, &|part| {
                for (index, keep) in part.data.chunks_mut(STREAM).enumerate() {
                    let mut rng = first.clone();
                    rng.set_stream((part.first / STREAM + index) as u64);
                    draw_stream(&mut rng, below, keep);
                }
            });
        }
    }

    /// Whether nothing is dropped.
    pub fn is_all(&self) -> bool {
        self.keep.is_empty()
    }

    /// Nothing is dropped from now on.
    pub fn clear(&mut self) {
        self.keep.clear();
    }

    /// What the value at a place is multiplied by.
    pub fn factor(&self, place: usize) -> f64 {
        match self.keep.get(place) {
            Some(true) => self.scale,
            Some(false) => 0.0,
            None => 1.0,
        }
    }

    /// Overwrites `to` by the values from place `first` on, as they are kept.
    pub fn copy<S: Scalar>(&self, first: usize, from: &[S], to: &mut [S]) {
        if self.is_all() {
            return to.copy_from_slice(from);
        }
        // Looked up: a branch on a random number is guessed wrong every other time.
        let factors = [S::zero(), S::of(self.scale)];
        for ((to, &from), &keep) in to.iter_mut().zip(from).zip(&self.keep[first..]) {
            *to = from * factors[usize::from(keep)];
        }
    }

    /// From the gradient of what was kept to that of the values, in place.
    pub fn backward<S: Scalar>(&self, d: &mut [S]) {
        if self.is_all() {
            return;
        }
        let factors = [S::zero(), S::of(self.scale)];
        let rows = d.len();
        share_rows(SliceRows { data: d, first: 0, width: 1 }, rows, LEAST, &|part| {
            for (d, &keep) in part.data.iter_mut().zip(&self.keep[part.first..]) {
                *d *= factors[usize::from(keep)];
            }
        });
    }
}

/// Whether each of some numbers of two bytes is not below a limit.
fn draw_stream(rng: &mut ChaCha8Rng, below: u16, keep: &mut [bool]) {
    let mut bytes = [0; 512];
    for keep in keep.chunks_mut(bytes.len() / 2) {
        rng.fill_bytes(&mut bytes);
        for (keep, bytes) in keep.iter_mut().zip(bytes.chunks_exact(2)) {
            *keep = u16::from_le_bytes([bytes[0], bytes[1]]) >= below;
        }
    }
}

/// Values that a thread takes at least.
const LEAST: usize = 4096;

/// What the upper layer reads, and which values of the lower one are in it.
#[derive(Debug, Default)]
pub(crate) struct Kept<S> {
    keep: Keep,
    values: Buffer<S>,
}

impl<S: Scalar> Kept<S> {
    /// While training, copies the output of a layer `[T, B, H]` with inverted dropout.
    pub fn draw(&mut self, output: ArrayView3<'_, S>, probability: f64, mode: &mut Mode<'_>) {
        self.keep.draw(output.len(), probability, mode);
        if self.keep.is_all() {
            return;
        }
        self.values.fit(output.len());
        let (keep, from) = (&self.keep, &*as_slice_or_copy(output));
        let to = SliceRows { data: &mut self.values[..], first: 0, width: 1 };
        share_rows(to, from.len(), LEAST, &|part| {
            keep.copy(part.first, &from[part.first..][..part.data.len()], part.data);
        });
    }

    /// What the upper layer reads in the place of `output`.
    pub fn of<'a>(&'a self, output: ArrayView3<'a, S>) -> ArrayView3<'a, S> {
        if self.keep.is_all() { output } else { view(output.raw_dim(), &self.values) }
    }

    /// From the gradient of what the upper layer read to that of the output, in place.
    pub fn backward(&self, d_output: ArrayViewMut3<'_, S>) {
        with_slice_mut(d_output, |d_output| self.keep.backward(d_output));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_mean_and_gradients_their_places() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for probability in [0.1, 0.5, 0.9] {
            let mut keep = Keep::default();
            keep.draw(40_001, probability, &mut Mode::Train { rng: &mut rng });
            let (ones, mut kept) = (vec![1.0f64; 40_001], vec![7.0f64; 40_001]);
            keep.copy(0, &ones, &mut kept);
            let mean = kept.iter().sum::<f64>() / 40_001.0;
            assert!((mean - 1.0).abs() < 0.06, "{mean}");
            let mut d = ones.clone();
            keep.backward(&mut d);
            assert_eq!(d, kept);
            keep.copy(40_000, &[2.0], &mut d[..1]);
            assert_eq!(d[0], 2.0 * kept[40_000]);
        }
        let mut keep = Keep::default();
        keep.draw(3, 0.5, &mut Mode::Eval);
        let mut same = [0.0f32; 3];
        keep.copy(0, &[1.0, 2.0, 3.0], &mut same);
        assert!(keep.is_all() && same == [1.0, 2.0, 3.0]);
    }
}
