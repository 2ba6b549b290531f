//! Our products and matrixmultiply's, alternating in one process: `products_side_by_side [ROUNDS] [WORD…]`.
//!
//! For every shape whose name holds one of the words: both times, and the ratio of matrixmultiply's time to ours (above 1: ours
//! is faster) as minimum, median and maximum over the rounds. A busy machine slows both halves of a round alike, so the ratios
//! of rounds say more than the times. Every implementation packs what it would pack in a training step: at each call for products
//! that happen once per step of the optimiser, never for the steps of a recurrence, whose weights stay.

#![allow(unsafe_code)] // the interface of matrixmultiply

use std::hint::black_box;
use std::time::Instant;

use composer_tensor::Scalar;
use composer_tensor::matmul::{Left, Packed, Store, add_outer_products, multiply, multiply_shared};
use composer_tensor::parallel::{SliceRows, share_rows};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What a product is for, which decides what is packed when and how it is shared out to threads.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// `[M, K] × [K, N]` once per step of the optimiser: all inputs of a layer.
    Inputs,
    /// `[M, K] × [K, N]` at every time step.
    Step,
    /// `[K, M]ᵀ × [K, N]`, added: the gradient of weights.
    Outer,
}

/// A product of `m` rows, sums of `k`, `n` columns.
#[derive(Clone, Copy)]
struct Shape {
    kind: Kind,
    m: usize,
    k: usize,
    n: usize,
}

impl Shape {
    fn name(&self) -> String {
        let kind = match self.kind {
            Kind::Inputs => "inputs",
            Kind::Step => "step",
            Kind::Outer => "outer",
        };
        format!("{kind} {}x{}x{}", self.m, self.k, self.n)
    }
}

fn shapes() -> Vec<Shape> {
    let shape = |kind, (m, k, n)| Shape { kind, m, k, n };
    let inputs = [(4096, 88, 1024), (4096, 256, 1024), (4096, 512, 2048), (1600, 88, 512)];
    let squares = [256, 512, 1024, 2048].map(|n| (n, n, n));
    let steps = [128, 256, 512].into_iter().flat_map(|h| [1, 8, 16, 32, 64].map(|b| (b, h, 4 * h)));
    let outer = [(512, 1600, 128), (1024, 4096, 256), (2048, 2048, 512), (1024, 4096, 88), (512, 256, 128)];
    let inputs = inputs.into_iter().chain(squares).map(|size| shape(Kind::Inputs, size));
    let steps = steps.map(|size| shape(Kind::Step, size));
    inputs.chain(steps).chain(outer.into_iter().map(|size| shape(Kind::Outer, size))).collect()
}

/// matrixmultiply's product for a type.
trait General: Scalar {
    /// `c [M, N] = a · b + beta · c`; strides are (row, column).
    ///
    /// # Safety
    /// All elements that sizes and strides say must lie in the memory of the pointers.
    unsafe fn general_product(
        size: (usize, usize, usize),
        a: (*const Self, isize, isize),
        b: (*const Self, isize, isize),
        beta: Self,
        c: (*mut Self, isize, isize),
    );
}

macro_rules! general {
    ($type:ty, $gemm:ident) => {
        impl General for $type {
            unsafe fn general_product(
                (m, k, n): (usize, usize, usize),
                a: (*const Self, isize, isize),
                b: (*const Self, isize, isize),
                beta: Self,
                c: (*mut Self, isize, isize),
            ) {
                // SAFETY: the caller's.
                unsafe {
                    matrixmultiply::$gemm(m, k, n, 1.0, a.0, a.1, a.2, b.0, b.1, b.2, beta, c.0, c.1, c.2)
                }
            }
        }
    };
}
general!(f32, sgemm);
general!(f64, dgemm);

/// One shape's matrices.
struct Work<S> {
    shape: Shape,
    a: Vec<S>,
    /// Weights `[N, K]` for [`Kind::Inputs`] and [`Kind::Step`], `[K, N]` for [`Kind::Outer`].
    b: Vec<S>,
    c: Vec<S>,
    packed: Packed<S>,
}

impl<S: General> Work<S> {
    fn new(shape: Shape) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut random = |length| (0..length).map(|_| S::of(rng.random_range(-1.0..1.0))).collect::<Vec<_>>();
        let Shape { m, k, n, .. } = shape;
        let (a, b) = (random(m * k), random(k * n));
        let packed = Packed::transposed(&b, n, k);
        Work { shape, a, b, c: vec![S::zero(); m * n], packed }
    }

    fn ours(&mut self) {
        let Work { shape: Shape { kind, m, k, n }, a, b, c, packed } = self;
        let (m, k, n) = (*m, *k, *n);
        match kind {
            Kind::Step => multiply_shared(Left::rows(a, m, k), packed, c, n, Store::Set),
            Kind::Inputs => {
                packed.pack_transposed(b, n, k);
                share_rows(SliceRows { data: c, first: 0, width: n }, m, 8, &|part| {
                    let rows = part.data.len() / n;
                    multiply(Left::rows(&a[part.first * k..], rows, k), packed, part.data, n, Store::Set);
                });
            }
            Kind::Outer => {
                packed.pack_plain(b, k, n, n);
                share_rows(SliceRows { data: c, first: 0, width: n }, m, 16, &|part| {
                    let rows = part.data.len() / n;
                    add_outer_products(Left::strided(&a[part.first..], k, rows, m), packed, part.data);
                });
            }
        }
    }

    fn general(&mut self) {
        let Work { shape: Shape { kind, m, k, n }, a, b, c, .. } = self;
        let (m, k, n) = (*m, *k, *n);
        if *kind == Kind::Step && rayon::current_num_threads() > 1 {
            // Few rows: threads share the columns, as ours do.
            let (half, target) = (n / 2, c.as_mut_ptr() as usize);
            let columns = |from: usize, count: usize| {
                // SAFETY: both halves of the columns lie in the matrices, and only one thread writes each.
                unsafe {
                    let (b, c) = (b.as_ptr().add(from * k), (target as *mut S).add(from));
                    let left = (a.as_ptr(), k as isize, 1);
                    S::general_product(
                        (m, k, count),
                        left,
                        (b, 1, k as isize),
                        S::zero(),
                        (c, n as isize, 1),
                    );
                }
            };
            rayon::join(|| columns(0, half), || columns(half, n - half));
            return;
        }
        let (wide, one) = (|x: usize| x as isize, 1);
        share_halves(c, m, n, &|first, c: &mut [S]| {
            let rows = c.len() / n;
            // SAFETY: `rows` rows from `first` on lie in `a` and are all of `c`; `b` is whole.
            unsafe {
                let (a, b, beta) = match kind {
                    Kind::Outer => {
                        ((a.as_ptr().add(first), one, wide(m)), (b.as_ptr(), wide(n), one), S::one())
                    }
                    _ => ((a.as_ptr().add(first * k), wide(k), one), (b.as_ptr(), one, wide(k)), S::zero()),
                };
                S::general_product((rows, k, n), a, b, beta, (c.as_mut_ptr(), wide(n), one));
            }
        });
    }
}

/// Runs `run` on all rows of `c`, or on each half of them with rayon if there are two threads.
fn share_halves<S: Send>(c: &mut [S], rows: usize, width: usize, run: &(impl Fn(usize, &mut [S]) + Sync)) {
    if rayon::current_num_threads() < 2 || rows < 2 {
        return run(0, c);
    }
    let half = rows / 2;
    let (head, tail) = c.split_at_mut(half * width);
    rayon::join(|| run(0, head), || run(half, tail));
}

/// Seconds of one call, from as many as fill two milliseconds.
fn time(calls: usize, mut run: impl FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..calls {
        run();
    }
    start.elapsed().as_secs_f64() / calls as f64
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn measure<S: General>(shape: Shape, rounds: usize) {
    let mut work = Work::<S>::new(shape);
    let flops = 2.0 * (shape.m * shape.k * shape.n) as f64;
    let calls = ((4e-3 * 5e10 / flops) as usize).max(1);
    time(calls, || work.ours());
    time(calls, || work.general());
    let (mut ours, mut general, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        let (a, b) = if round % 2 == 0 {
            let a = time(calls, || black_box(&mut work).ours());
            (a, time(calls, || black_box(&mut work).general()))
        } else {
            let b = time(calls, || black_box(&mut work).general());
            (time(calls, || black_box(&mut work).ours()), b)
        };
        ours.push(a);
        general.push(b);
        ratios.push(b / a);
    }
    let middle = median(&mut ratios);
    println!(
        "| {} | {} | {} | {:.0} | {:.0} | **{:.2}** | {:.2}–{:.2} |",
        shape.name(),
        S::NAME,
        rayon::current_num_threads(),
        flops / median(&mut ours) / 1e9,
        flops / median(&mut general) / 1e9,
        middle,
        ratios[0],
        ratios[ratios.len() - 1],
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rounds = arguments.first().and_then(|text| text.parse().ok()).unwrap_or(15);
    let words = arguments.get(1..).unwrap_or_default();
    println!(
        "| product, M x K x N | type | threads | ours GFLOP/s | matrixmultiply GFLOP/s | ratio | min–max |"
    );
    println!("|---|---|---|---|---|---|---|");
    for threads in [1, 2] {
        let Ok(pool) = rayon::ThreadPoolBuilder::new().num_threads(threads).build() else { continue };
        for shape in shapes() {
            if words.is_empty() || words.iter().any(|word| shape.name().contains(word.as_str())) {
                pool.install(|| measure::<f32>(shape, rounds));
                pool.install(|| measure::<f64>(shape, rounds));
            }
        }
    }
}
