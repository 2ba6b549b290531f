//! Where do our own products beat matrixmultiply? At the shapes that recurrences use, on one thread: rows by packed weights
//! (`product/…/rows × k × n`), and sums of outer products (`outer/…/rows × n × f`), which are the gradients of weights.

use std::hint::black_box;

use composer_tensor::matmul::{Left, Packed, Store, add_outer_products, multiply};
use composer_tensor::simd::{self, Path};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Rows, length of the sums, columns.
const SHAPES: [(usize, usize, usize); 10] = [
    (1, 256, 1024),
    (1, 512, 2048),
    (8, 128, 512),
    (16, 256, 1024),
    (8, 512, 2048),
    (8, 2048, 512),
    (16, 512, 2048),
    (32, 512, 2048),
    (256, 88, 1024),
    (1024, 1024, 1024),
];

fn products(c: &mut Criterion) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut random = |length: usize| (0..length).map(|_| rng.random_range(-1.0..1.0f32)).collect::<Vec<_>>();
    let mut group = c.benchmark_group("product");
    for (m, k, n) in SHAPES {
        let shape = format!("{m}x{k}x{n}");
        let (a, w, mut target) = (random(m * k), random(n * k), vec![0.0; m * n]);
        group.throughput(Throughput::Elements((2 * m * k * n) as u64)); // floating-point operations
        for path in Path::all_available() {
            let _held = simd::use_path(path).expect("it is available");
            let packed = Packed::transposed(&w, n, k);
            group.bench_function(BenchmarkId::new(path.to_string(), &shape), |b| {
                b.iter(|| multiply(Left::rows(black_box(&a), m, k), &packed, &mut target, n, Store::Set));
            });
        }
        group.bench_function(BenchmarkId::new("matrixmultiply", &shape), |b| {
            b.iter(|| matrixmultiply_product(black_box(&a), &w, &mut target, (m, k, n)));
        });
    }
    group.finish();
}

/// `c = a · wᵀ`, by the product that ndarray takes from matrixmultiply.
fn matrixmultiply_product(a: &[f32], w: &[f32], c: &mut [f32], (m, k, n): (usize, usize, usize)) {
    let a = ArrayView2::from_shape((m, k), a).expect("the length fits");
    let w = ArrayView2::from_shape((n, k), w).expect("the length fits");
    let mut c = ArrayViewMut2::from_shape((m, n), c).expect("the length fits");
    general_mat_mul(1.0, &a, &w.t(), 0.0, &mut c);
}

/// Rows, columns of the one matrix, columns of the other.
const OUTER: [(usize, usize, usize); 3] = [(256, 512, 128), (512, 1024, 256), (512, 2048, 512)];

fn outer_products(c: &mut Criterion) {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mut random = |length: usize| (0..length).map(|_| rng.random_range(-1.0..1.0f32)).collect::<Vec<_>>();
    let mut group = c.benchmark_group("outer");
    for (rows, n, f) in OUTER {
        let shape = format!("{rows}x{n}x{f}");
        let (d, x, mut target) = (random(rows * n), random(rows * f), vec![0.0; n * f]);
        group.throughput(Throughput::Elements((2 * rows * n * f) as u64)); // floating-point operations
        for path in Path::all_available() {
            let _held = simd::use_path(path).expect("it is available");
            let packed = Packed::plain(&x, rows, f);
            group.bench_function(BenchmarkId::new(path.to_string(), &shape), |b| {
                b.iter(|| add_outer_products(Left::rows(black_box(&d), rows, n), &packed, &mut target));
            });
        }
        group.bench_function(BenchmarkId::new("matrixmultiply", &shape), |b| {
            let d = ArrayView2::from_shape((rows, n), &d).expect("the length fits");
            let x = ArrayView2::from_shape((rows, f), &x).expect("the length fits");
            b.iter(|| {
                let mut c = ArrayViewMut2::from_shape((n, f), &mut target).expect("the length fits");
                general_mat_mul(1.0, &d.t(), &x, 1.0, &mut c);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, products, outer_products);
criterion_main!(benches);
