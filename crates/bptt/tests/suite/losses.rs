//! Losses against their definitions, at ordinary and extreme logits, and their gradients against differences.

use composer_bptt::arrays::view_mut;
use composer_bptt::gradcheck::{Options, Part, check};
use composer_bptt::loss::{IGNORE, sigmoid_cross_entropy, softmax_cross_entropy};
use composer_tensor::simd::{self, Path};
use composer_testkit::{Checks, compare, f32s, f64s, uniform};
use ndarray::{aview_mut1, aview1};

/// The definition, from probabilities; exact where they are not nearly 0 or 1.
fn sigmoid_nll(logit: f64, target: f64) -> f64 {
    let p = 1.0 / (1.0 + (-logit).exp());
    -target * p.ln() - (1.0 - target) * (1.0 - p).ln()
}

#[test]
fn sigmoid_cross_entropy_is_what_it_says() {
    let mut checks = Checks::new();
    for path in Path::all_available() {
        let _held = simd::use_path(path).expect("it is available");
        for length in [1, 7, 88, 5000] {
            let logits = uniform(1, length, 6.0);
            let targets: Vec<f64> =
                uniform(2, length, 1.0).iter().map(|x| f64::from(u8::from(*x > 0.4))).collect();
            let expected: f64 = logits.iter().zip(&targets).map(|(&l, &t)| sigmoid_nll(l, t)).sum();
            let mut d = logits.clone();
            let nll = sigmoid_cross_entropy(aview_mut1(&mut d), aview1(&targets), None, 0.5)
                .expect("the lengths agree");
            checks.close(&format!("f64 {length} {path}"), &[nll.sum], &[expected], 1e-12);
            assert_eq!(nll.count, length as f64);
            let gradient: Vec<f64> =
                logits.iter().zip(&targets).map(|(l, t)| 0.5 * (1.0 / (1.0 + (-l).exp()) - t)).collect();
            checks.close(&format!("f64 gradient {length} {path}"), &d, &gradient, 1e-12);
            let mut d = f32s(&logits);
            let nll = sigmoid_cross_entropy(aview_mut1(&mut d), aview1(&f32s(&targets)), None, 0.5)
                .expect("the lengths agree");
            checks.close(&format!("f32 {length} {path}"), &[nll.sum], &[expected], 1e-6);
            checks.close(&format!("f32 gradient {length} {path}"), &f64s(&d), &gradient, 1e-6);
        }
    }
    checks.finish();
}

#[test]
fn sigmoid_cross_entropy_is_exact_at_any_logit() {
    for path in Path::all_available() {
        let _held = simd::use_path(path).expect("it is available");
        for (logit, target, nll, gradient) in [
            (1000.0f32, 1.0, 0.0, 0.0),
            (1000.0, 0.0, 1000.0, 1.0),
            (-1000.0, 0.0, 0.0, 0.0),
            (-1000.0, 1.0, 1000.0, -1.0),
            (0.0, 1.0, std::f64::consts::LN_2, -0.5),
            (-20.0, 0.0, 2.061_153_6e-9, 2.061_153_6e-9),
            (1e30, 0.0, 1e30, 1.0),
        ] {
            let mut d = [logit];
            let found = sigmoid_cross_entropy(aview_mut1(&mut d), aview1(&[target]), None, 1.0)
                .expect("the lengths agree")
                .sum;
            let close = |a: f64, b: f64| (a - b).abs() <= 1e-6 * b.abs();
            assert!(close(found, nll), "{path}: nll of {logit} for {target}: {found} instead of {nll}");
            assert!(close(f64::from(d[0]), gradient), "{path}: gradient {} instead of {gradient}", d[0]);
        }
        let mut d = [f32::NAN, 0.0];
        assert!(
            sigmoid_cross_entropy(aview_mut1(&mut d), aview1(&[0.0, 1.0]), None, 1.0)
                .expect("the lengths agree")
                .sum
                .is_nan()
        );
        assert!(d[0].is_nan());
    }
}

#[test]
fn weights_take_elements_out() {
    for path in Path::all_available() {
        let _held = simd::use_path(path).expect("it is available");
        let mut d = [0.3f64, f64::INFINITY, -0.7, f64::NAN, 2.0];
        let weights = [1.0, 0.0, 2.0, 0.0, 1.0];
        let nll = sigmoid_cross_entropy(
            aview_mut1(&mut d),
            aview1(&[1.0, 0.0, 0.0, 1.0, 0.0]),
            Some(aview1(&weights)),
            1.0,
        )
        .expect("agree");
        let expected = sigmoid_nll(0.3, 1.0) + 2.0 * sigmoid_nll(-0.7, 0.0) + sigmoid_nll(2.0, 0.0);
        compare(&[nll.sum], &[expected], 1e-12).expect("the sum");
        assert_eq!((nll.count, d[1], d[3]), (4.0, 0.0, 0.0));
    }
    assert!(sigmoid_cross_entropy(aview_mut1(&mut [0.0f32; 3]), aview1(&[0.0; 2]), None, 1.0).is_err());
    assert!(
        sigmoid_cross_entropy(aview_mut1(&mut [0.0f32; 3]), aview1(&[0.0; 3]), Some(aview1(&[1.0])), 1.0)
            .is_err()
    );
}

#[test]
fn softmax_cross_entropy_is_what_it_says() {
    let mut checks = Checks::new();
    for path in Path::all_available() {
        let _held = simd::use_path(path).expect("it is available");
        for (rows, classes) in [(1, 2), (3, 17), (40, 388)] {
            for smoothing in [0.0, 0.1] {
                let logits = uniform(3, rows * classes, 4.0);
                let targets: Vec<u32> = (0..rows).map(|row| (row * 7 % classes) as u32).collect();
                let loss = |logits: &[f64]| -> f64 {
                    let each = logits.chunks_exact(classes).zip(&targets);
                    each.map(|(row, &target)| {
                        let total: f64 = row.iter().map(|l| l.exp()).sum();
                        let nll = |class: usize| total.ln() - row[class];
                        let spread: f64 = (0..classes).map(nll).sum::<f64>() / classes as f64;
                        (1.0 - smoothing) * nll(target as usize) + smoothing * spread
                    })
                    .sum()
                };
                let mut d = logits.clone();
                let nll = softmax_cross_entropy(
                    view_mut((targets.len(), classes), &mut d),
                    aview1(&targets),
                    smoothing,
                    1.0,
                )
                .expect("the sizes agree");
                let name = format!("{rows} × {classes}, smoothing {smoothing}, {path}");
                checks.close(&name, &[nll.sum], &[loss(&logits)], 1e-12);
                assert_eq!(nll.count, rows as f64);
                if rows < 40 {
                    let parts = [Part::new("logits", 0..logits.len())];
                    let report = check(&parts, &logits, &d, loss, &Options::default());
                    assert!(report.passed(), "{name}\n{report}");
                }
            }
        }
    }
    checks.finish();
}

#[test]
fn softmax_cross_entropy_is_exact_at_any_logit_and_ignores_what_it_should() {
    for path in Path::all_available() {
        let _held = simd::use_path(path).expect("it is available");
        let inf = f32::INFINITY;
        let mut d = [1e4f32, 0.0, -inf, 5.0, 5.0, -inf, 1.0, 2.0, 3.0];
        let nll = softmax_cross_entropy(
            view_mut(([1, 0, IGNORE].len(), 3), &mut d),
            aview1(&[1, 0, IGNORE]),
            0.0,
            1.0,
        )
        .expect("the sizes agree");
        compare(&[nll.sum], &[1e4 + std::f64::consts::LN_2], 1e-6).expect("the sum");
        assert_eq!(nll.count, 2.0);
        assert_eq!(d[..3], [1.0, -1.0, 0.0]);
        assert_eq!(d[6..], [0.0; 3]);
        let mut d = [0.0f32, f32::NAN];
        assert!(
            softmax_cross_entropy(view_mut(([0].len(), 2), &mut d), aview1(&[0]), 0.0, 1.0)
                .expect("the sizes agree")
                .sum
                .is_nan()
        );
    }
    let error =
        softmax_cross_entropy(view_mut(([0, 2].len(), 2), &mut [0.0f32; 4]), aview1(&[0, 2]), 0.0, 1.0)
            .expect_err("there is no class 2");
    assert!(error.to_string().contains("target class 2 at position 1"), "{error}");
}

#[test]
fn sums_are_the_same_bits_on_any_number_of_threads() {
    let logits = f32s(&uniform(5, 100_000, 3.0));
    let targets: Vec<f32> = logits.iter().map(|l| f32::from(u8::from(l.sin() > 0.5))).collect();
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| {
            sigmoid_cross_entropy(aview_mut1(&mut logits.clone()), aview1(&targets), None, 1.0)
                .expect("agree")
                .sum
                .to_bits()
        })
    };
    for path in Path::all_available() {
        let _held = simd::use_path(path).expect("it is available");
        assert_eq!(on(1), on(2), "{path}");
        assert_eq!(on(1), on(4), "{path}");
    }
}
