//! Products against the plain triple loop, on every CPU path, at every kind of edge.

use approx::abs_diff_eq;
use composer_tensor::Scalar;
use composer_tensor::matmul::{Left, Packed, Store, add_outer_products, multiply};
use composer_tensor::simd::{self, Path};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn random<S: Scalar>(rng: &mut ChaCha8Rng, length: usize) -> Vec<S> {
    (0..length).map(|_| S::of(rng.random_range(-1.0..1.0))).collect()
}

/// `a [m, k] · w [n, k]ᵀ`, in double precision.
fn naive<S: Scalar>(a: &[S], w: &[S], m: usize, n: usize, k: usize) -> Vec<f64> {
    let element = |i: usize| (0..k).map(|p| a[i / n * k + p].f64() * w[i % n * k + p].f64()).sum();
    (0..m * n).map(element).collect()
}

fn assert_close<S: Scalar>(found: &[S], expected: &[f64], k: usize, what: &str) {
    assert_eq!(found.len(), expected.len());
    let bound = 2.0 * S::epsilon().f64() * (k as f64 + 2.0);
    for (i, (found, &expected)) in found.iter().zip(expected).enumerate() {
        let close = abs_diff_eq!(found.f64(), expected, epsilon = bound);
        assert!(close, "{what}: [{i}] is {found} instead of {expected}");
    }
}

fn products_in<S: Scalar>() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for path in Path::all_available() {
        let _held = simd::use_path(path).expect("it is available");
        for m in [1, 2, 3, 5, 6, 7, 8, 9, 17, 200] {
            for n in [1, 7, 16, 31, 32, 33, 64, 128, 130] {
                for k in [1, 5, 64] {
                    let what = format!("{} {m} × {k} × {n} on {path}", S::NAME);
                    let (a, w) = (random::<S>(&mut rng, m * k), random::<S>(&mut rng, n * k));
                    let row = random::<S>(&mut rng, n);
                    let expected = naive(&a, &w, m, n, k);
                    let packed = Packed::transposed(&w, n, k);

                    let mut c = vec![S::nan(); m * n];
                    multiply(Left::rows(&a, m, k), &packed, &mut c, n, Store::Set);
                    assert_close(&c, &expected, k, &what);

                    // Into a wider target, added; the columns between stay.
                    let stride = n + 3;
                    let mut wide = vec![S::one(); m * stride];
                    multiply(Left::rows(&a, m, k), &packed, &mut wide, stride, Store::Add);
                    for (wide, c) in wide.chunks_exact(stride).zip(c.chunks_exact(n)) {
                        assert!(
                            wide[..n].iter().zip(c).all(|(&wide, &c)| wide == c + S::one()),
                            "{what} added"
                        );
                        assert!(wide[n..].iter().all(|&x| x == S::one()), "{what} between");
                    }

                    let mut with_row = vec![S::zero(); m * n];
                    multiply(Left::rows(&a, m, k), &packed, &mut with_row, n, Store::SetPlusRow(&row));
                    assert!((0..m * n).all(|i| with_row[i] == c[i] + row[i % n]), "{what} plus a row");

                    // The same matrix the other way around.
                    let transposed: Vec<S> = (0..k * n).map(|i| w[i % n * k + i / n]).collect();
                    let mut plain = vec![S::zero(); m * n];
                    multiply(
                        Left::rows(&a, m, k),
                        &Packed::plain(&transposed, k, n),
                        &mut plain,
                        n,
                        Store::Set,
                    );
                    assert!(plain == c, "{what} plain");

                    // Each row alone is the same bits as among others.
                    let mut alone = vec![S::zero(); n];
                    multiply(Left::rows(&a[(m - 1) * k..], 1, k), &packed, &mut alone, n, Store::Set);
                    assert!(alone == c[(m - 1) * n..], "{what} alone");
                }
            }
        }
    }
}

#[test]
fn products_agree_with_the_triple_loop() {
    products_in::<f32>();
    products_in::<f64>();
}

fn outer_products_in<S: Scalar>() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for path in Path::all_available() {
        let _held = simd::use_path(path).expect("it is available");
        for rows in [1, 3, 256, 300] {
            for (n, f) in [(1, 1), (7, 33), (16, 16), (29, 70)] {
                let stride = n + 5;
                let (d, x) = (random::<S>(&mut rng, rows * stride), random::<S>(&mut rng, rows * f));
                let mut c = vec![S::one(); n * f];
                add_outer_products(
                    Left::strided(&d[2..], rows, n, stride),
                    &Packed::plain(&x, rows, f),
                    &mut c,
                );
                let expected: Vec<f64> = (0..n * f)
                    .map(|i| {
                        1.0 + (0..rows)
                            .map(|r| d[r * stride + 2 + i / f].f64() * x[r * f + i % f].f64())
                            .sum::<f64>()
                    })
                    .collect();
                assert_close(
                    &c,
                    &expected,
                    rows,
                    &format!("{} {rows} rows of {n} by {f} on {path}", S::NAME),
                );

                // Any share of the rows of the result is the same bits.
                let half = n / 2;
                let mut parts = vec![S::one(); n * f];
                let (head, tail) = parts.split_at_mut(half * f);
                let packed = Packed::plain(&x, rows, f);
                add_outer_products(Left::strided(&d[2..], rows, half, stride), &packed, head);
                add_outer_products(Left::strided(&d[2 + half..], rows, n - half, stride), &packed, tail);
                assert!(parts == c, "shares of the result");
            }
        }
    }
}

#[test]
fn outer_products_agree_with_the_triple_loop() {
    outer_products_in::<f32>();
    outer_products_in::<f64>();
}

#[test]
fn packing_again_forgets_what_was_there() {
    let (old, new) = ([7.0f32; 60], [1.0f32; 15]);
    let mut packed = Packed::transposed(&old, 10, 6);
    packed.pack_transposed(&new, 5, 3);
    let mut c = [0.0; 5];
    multiply(Left::rows(&[1.0, 2.0, 3.0], 1, 3), &packed, &mut c, 5, Store::Set);
    assert_eq!(c, [6.0; 5]);
}

#[test]
#[should_panic(expected = "the target is too short")]
fn a_target_that_is_too_short_is_refused() {
    let packed = Packed::transposed(&[1.0f32; 6], 2, 3);
    multiply(Left::rows(&[1.0; 6], 2, 3), &packed, &mut [0.0; 3], 2, Store::Set);
}

#[test]
#[should_panic(expected = "the left-hand slice is too short")]
fn a_left_hand_side_that_is_too_short_is_refused() {
    let packed = Packed::transposed(&[1.0f32; 6], 2, 3);
    multiply(Left::rows(&[1.0; 5], 2, 3), &packed, &mut [0.0; 4], 2, Store::Set);
}
