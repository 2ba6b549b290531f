//! The reference rate of the machine: a large matrix product.

use std::time::Instant;

use composer_tensor::matmul::{Left, Packed, Store, multiply};
use composer_tensor::parallel::{SliceRows, share_rows};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Rows and columns of both matrices.
const SIZE: usize = 1024;
/// Rows of `b` that are multiplied at a time, so that a packed panel stays in the processor's cache.
const DEPTH: usize = 256;
/// Products per sample, of which the best is reported: a short one is less likely to be interrupted by another process.
const PRODUCTS: usize = 5;
/// The least number of rows per thread.
const LEAST_ROWS: usize = 8;

/// A square matrix product in `f32`, `c = a · b`, on all threads. Other rates are given as a share of its rate.
#[derive(Debug)]
pub struct Peak {
    a: Vec<f32>,
    /// `b` in blocks of `DEPTH` rows.
    b: Vec<Packed<f32>>,
    c: Vec<f32>,
}

impl Peak {
    /// Two random matrices.
    pub fn new() -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let mut random = |length| (0..length).map(|_| rng.random_range(-1.0..1.0f32)).collect::<Vec<_>>();
        let (a, b) = (random(SIZE * SIZE), random(SIZE * SIZE));
        let b = b.chunks(DEPTH * SIZE).map(|rows| Packed::plain(rows, DEPTH, SIZE)).collect();
        Peak { a, b, c: vec![0.0; SIZE * SIZE] }
    }

    /// Floating-point operations per second: the best of a few products.
    pub fn run(&mut self) -> f64 {
        (0..PRODUCTS).map(|_| self.once()).fold(0.0, f64::max)
    }

    fn once(&mut self) -> f64 {
        let start = Instant::now();
        let Peak { a, b, c } = self;
        let work = SliceRows { data: c, first: 0, width: SIZE };
        share_rows(work, SIZE, LEAST_ROWS, &|part| {
            let rows = part.data.len() / SIZE;
            for (index, block) in b.iter().enumerate() {
                let a = Left::strided(&a[part.first * SIZE + index * DEPTH..], rows, DEPTH, SIZE);
                let store = if index == 0 { Store::Set } else { Store::Add };
                multiply(a, block, part.data, SIZE, store);
            }
        });
        2.0 * (SIZE as f64).powi(3) / start.elapsed().as_secs_f64()
    }
}

impl Default for Peak {
    fn default() -> Self {
        Peak::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;

    #[test]
    fn the_product_is_complete() {
        let mut peak = Peak::new();
        assert!(peak.run() > 0.0);
        let (row, column) = (987, SIZE - 1);
        // A product with one row of the identity reads one row of the packed `b`.
        let b = |k: usize| {
            let (mut unit, mut found) = (vec![0.0; DEPTH], vec![0.0; SIZE]);
            unit[k % DEPTH] = 1.0;
            multiply(Left::rows(&unit, 1, DEPTH), &peak.b[k / DEPTH], &mut found, SIZE, Store::Set);
            f64::from(found[column])
        };
        let exact: f64 = (0..SIZE).map(|k| f64::from(peak.a[row * SIZE + k]) * b(k)).sum();
        assert_abs_diff_eq!(f64::from(peak.c[row * SIZE + column]), exact, epsilon = 1e-3);
    }
}
