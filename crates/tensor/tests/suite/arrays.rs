//! Products and functions of views: against plain loops, wherever the elements lie, and the same bits on any number of threads.

use approx::{assert_abs_diff_eq, assert_relative_eq};
use composer_tensor::Scalar;
use composer_tensor::arrays::{ShapeError, add_product, exp, product, sigmoid, tanh};
use composer_tensor::matmul::{Left, Packed, Store, add_outer_products, multiply};
use ndarray::{Array2, ArrayView2, array, s};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn random<S: Scalar>(seed: u64, rows: usize, columns: usize) -> Array2<S> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Array2::from_shape_simple_fn((rows, columns), || S::of(rng.random_range(-1.0..1.0)))
}

/// `a · b` by the triple loop, in double precision.
fn naive<S: Scalar>(a: ArrayView2<'_, S>, b: ArrayView2<'_, S>) -> Array2<f64> {
    let element = |(i, j)| (0..a.ncols()).map(|k| a[[i, k]].f64() * b[[k, j]].f64()).sum();
    Array2::from_shape_fn((a.nrows(), b.ncols()), element)
}

/// The bound of rounding errors for sums of `k` products of numbers up to one.
fn bound<S: Scalar>(k: usize) -> f64 {
    2.0 * S::epsilon().f64() * (k as f64 + 2.0)
}

fn in_pool_of<T: Send>(threads: usize, run: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads").install(run)
}

fn any_view<S: Scalar>() {
    for (m, k, n) in [(1, 1, 1), (3, 5, 7), (17, 33, 40), (8, 300, 65)] {
        let (wide_a, wide_b) = (random::<S>(1, 2 * m, k + 3), random::<S>(2, n + 1, 3 * k));
        let views = [
            ("sliced", wide_a.slice(s![m.., 1..k + 1])),
            ("every other row, columns reversed", wide_a.slice(s![..;2, ..k;-1])),
            ("rows reversed", wide_a.slice(s![..m;-1, 3..])),
        ];
        let transposed = wide_b.t();
        let right = [
            ("transposed", transposed.slice(s![..k, ..n])),
            ("transposed, every third row from the end", transposed.slice(s![..;-3, 1..])),
        ];
        for (left_name, a) in &views {
            for (right_name, b) in &right {
                assert_eq!((a.dim(), b.dim()), ((m, k), (k, n)));
                let expected = naive(a.view(), b.view());
                let found = product(a.view(), b.view()).expect("the shapes fit");
                assert_abs_diff_eq!(found.mapv(Scalar::f64), expected, epsilon = bound::<S>(k));

                // Where the elements lie changes no bit.
                let copies = product(a.to_owned().view(), b.to_owned().view()).expect("the shapes fit");
                assert_eq!(found, copies, "{left_name} · {right_name}");

                // Added to a target that lies in any order, too; what lies between its elements stays.
                let mut target = Array2::<S>::ones((2 * n, m + 1));
                let view = target.slice_mut(s![..;-2, 1..]).reversed_axes();
                add_product(a.view(), b.view(), view).expect("the shapes fit");
                for ((i, j), &x) in found.indexed_iter() {
                    assert_relative_eq!(
                        target[[2 * n - 1 - 2 * j, i + 1]].f64(),
                        1.0 + x.f64(),
                        epsilon = bound::<S>(k)
                    );
                }
                assert!(target.slice(s![..;2, ..]).iter().chain(target.column(0)).all(|&x| x == S::one()));
            }
        }
    }
}

#[test]
fn products_of_any_views_agree_with_the_triple_loop() {
    any_view::<f32>();
    any_view::<f64>();
}

fn one_order<S: Scalar>() {
    let (m, k, n) = (203, 700, 150);
    let (a, b) = (random::<S>(3, m, k), random::<S>(4, k, n));
    let whole = in_pool_of(1, || product(a.view(), b.view()).expect("the shapes fit"));
    for threads in [2, 3] {
        let shared = in_pool_of(threads, || product(a.view(), b.view()).expect("the shapes fit"));
        assert_eq!(shared, whole, "{} on {threads} threads", S::NAME);
    }
    // Any part of the rows and of the columns, a single one included.
    for rows in [0..1, 0..7, 5..64, 64..203, 202..203] {
        for columns in [0..1, 3..19, 19..150, 149..150] {
            let part =
                product(a.slice(s![rows.clone(), ..]), b.slice(s![.., columns.clone()])).expect("they fit");
            assert_eq!(part, whole.slice(s![rows.clone(), columns.clone()]), "{rows:?}, {columns:?}");
        }
    }
}

#[test]
fn a_product_is_the_same_bits_for_any_number_of_threads_and_any_part() {
    one_order::<f32>();
    one_order::<f64>();
}

/// Sizes for which a triple loop is slow: each implementation checks the other.
fn both_implementations<S: Scalar>() {
    let (m, k, n) = (129, 1000, 260);
    let (a, w) = (random::<S>(5, m, k), random::<S>(6, n, k));
    let epsilon = S::of(bound::<S>(k));
    let slice = |array: &Array2<S>| array.as_slice().expect("standard layout").to_vec();
    let close = |found: &[S], expected: &Array2<S>| {
        for (&found, &expected) in found.iter().zip(expected) {
            assert_abs_diff_eq!(found.f64(), expected.f64(), epsilon = epsilon.f64());
        }
    };

    let mut c = vec![S::nan(); m * n];
    let packed = Packed::transposed(&slice(&w), n, k);
    multiply(Left::rows(&slice(&a), m, k), &packed, &mut c, n, Store::Set);
    close(&c, &product(a.view(), w.t()).expect("the shapes fit"));

    let (d, x) = (random::<S>(7, k, m), random::<S>(8, k, n));
    let mut c = vec![S::one(); m * n];
    add_outer_products(Left::rows(&slice(&d), k, m), &Packed::plain(&slice(&x), k, n), &mut c);
    let mut expected = Array2::ones((m, n));
    add_product(d.t(), x.view(), expected.view_mut()).expect("the shapes fit");
    close(&c, &expected);
}

#[test]
fn large_products_agree_with_the_packed_ones() {
    both_implementations::<f32>();
    both_implementations::<f64>();
}

#[test]
fn shapes_that_do_not_fit_are_named_and_empty_ones_fit() {
    let (a, b) = (Array2::<f32>::ones((2, 3)), Array2::<f32>::ones((4, 5)));
    let error = product(a.view(), b.view()).expect_err("three columns, four rows");
    assert_eq!(error, ShapeError::Product { left: [2, 3], right: [4, 5] });
    assert!(error.to_string().contains("[2, 3]") && error.to_string().contains("[4, 5]"), "{error}");

    let mut c = Array2::zeros((4, 3));
    let error = add_product(b.t(), b.view(), c.view_mut()).expect_err("the target is too small");
    assert_eq!(error, ShapeError::Target { product: [5, 5], target: [4, 3] });
    assert!(c.iter().all(|&x| x == 0.0));

    let nothing = Array2::<f64>::zeros((3, 0));
    assert_eq!(product(nothing.view(), nothing.t()), Ok(Array2::zeros((3, 3))));
    assert_eq!(product(nothing.t(), nothing.view()), Ok(Array2::zeros((0, 0))));
}

#[test]
fn functions_of_any_view_are_those_of_the_elements() {
    let x = random::<f64>(9, 6, 10) * 5.0;
    let views = [x.view(), x.t(), x.slice(s![..;-1, ..;3]), x.slice(s![1..4, 2..;2]).reversed_axes()];
    for view in views {
        assert_relative_eq!(exp(view), view.mapv(f64::exp), max_relative = 1e-15);
        assert_relative_eq!(tanh(view), view.mapv(f64::tanh), max_relative = 1e-15);
        assert_relative_eq!(sigmoid(view), view.mapv(|x| 1.0 / (1.0 + (-x).exp())), max_relative = 1e-15);
    }
    let cube = ndarray::Array3::from_shape_fn((2, 3, 4), |(i, j, k)| (i + j + k) as f32 / 4.0);
    assert_relative_eq!(exp(cube.view()), cube.mapv(f32::exp), max_relative = 1e-6);
    assert_eq!(sigmoid(array![0.0f32].view()), array![0.5]);
}
