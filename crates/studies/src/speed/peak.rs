//! What this machine can do at all: a large product.

use std::time::Instant;

use composer_tensor::matmul::{Left, Packed, Store, multiply};
use composer_tensor::parallel::{SliceRows, share_rows};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Rows and columns of both matrices.
const SIZE: usize = 1024;
/// Length of the sums that are taken at a time: a panel of the right-hand matrix then stays in the cache next to the core.
const DEPTH: usize = 256;
/// Products in a sample, of which the best counts: short ones fit between what else the machine does, as the steps do.
const PRODUCTS: usize = 5;
/// Rows that a thread takes at least.
const LEAST_ROWS: usize = 8;

/// A square product in `f32`, `c = a · b`, on all threads: the arithmetic that every other rate is compared with.
#[derive(Debug)]
pub struct Peak {
    a: Vec<f32>,
    /// `DEPTH` rows of `b` each.
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

    /// Multiplies a few times: floating-point operations per second, at their best.
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

    #[test]
    fn it_is_a_whole_product() {
        let mut peak = Peak::new();
        assert!(peak.run() > 0.0);
        let (row, column) = (987, SIZE - 1);
        // A product with one row of the unit matrix reads one row of `b` out of its panels.
        let b = |k: usize| {
            let (mut unit, mut found) = (vec![0.0; DEPTH], vec![0.0; SIZE]);
            unit[k % DEPTH] = 1.0;
            multiply(Left::rows(&unit, 1, DEPTH), &peak.b[k / DEPTH], &mut found, SIZE, Store::Set);
            f64::from(found[column])
        };
        let exact: f64 = (0..SIZE).map(|k| f64::from(peak.a[row * SIZE + k]) * b(k)).sum();
        assert!((f64::from(peak.c[row * SIZE + column]) - exact).abs() < 1e-3);
    }
}
