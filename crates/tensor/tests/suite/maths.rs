//! The vectorised functions against the standard library: errors in units of the last place, and the ends of the range.

use approx::assert_relative_eq;
use composer_tensor::maths::{MAX_ULPS, exp_slice, sigmoid_slice, tanh_slice};
use composer_tensor::simd::{self, Path};

/// The distance from `found` to `exact` in units of the last place of an `f32` there.
fn ulps_f32(found: f32, exact: f64) -> f64 {
    let nearest = (exact as f32).abs().max(f32::MIN_POSITIVE);
    let ulp = f64::from(f32::from_bits(nearest.to_bits() + 1)) - f64::from(nearest);
    (f64::from(found) - exact).abs() / ulp
}

fn ulps_f64(found: f64, exact: f64) -> f64 {
    let nearest = exact.abs().max(f64::MIN_POSITIVE);
    (found - exact).abs() / (f64::from_bits(nearest.to_bits() + 1) - nearest)
}

/// Many numbers of all magnitudes up to `bound`, both signs.
fn arguments(bound: f64) -> Vec<f64> {
    let dense = (0..40_001).map(|i| bound * (f64::from(i) / 20_000.0 - 1.0));
    let tiny = (0..200).flat_map(|i| [2.0f64.powi(-i / 4) * 1.37, -(2.0f64.powi(-i / 4)) * 1.91]);
    dense.chain(tiny.filter(|x| x.abs() < bound)).collect()
}

type Case = (&'static str, f64, fn(f64) -> f64, fn(&mut [f32]), fn(&mut [f64]));

/// Bounds keep results normal in `f32`; the exact values are those of the standard library in `f64`.
const CASES: [Case; 3] = [
    ("exp", 86.0, f64::exp, exp_slice::<f32>, exp_slice::<f64>),
    ("sigmoid", 86.0, |x| 1.0 / (1.0 + (-x).exp()), sigmoid_slice::<f32>, sigmoid_slice::<f64>),
    ("tanh", 30.0, f64::tanh, tanh_slice::<f32>, tanh_slice::<f64>),
];

#[test]
fn errors_are_within_the_stated_bound() {
    for path in Path::all_available() {
        let _held = simd::use_path(path).expect("it is available");
        for (name, bound, exact, in_f32, in_f64) in CASES {
            let x: Vec<f32> = arguments(bound).iter().map(|&x| x as f32).collect();
            let mut y = x.clone();
            in_f32(&mut y);
            let errors = x.iter().zip(&y).map(|(&x, &y)| (ulps_f32(y, exact(f64::from(x))), x));
            let (worst, at) =
                errors.fold((0.0, 0.0), |worst, next| if next.0 > worst.0 { next } else { worst });
            println!("{name} f32 {path}: {worst:.2} ulps at {at}");
            assert!(worst <= MAX_ULPS, "{name} f32 on {path}: {worst} ulps at {at}");

            let x = arguments(bound);
            let mut y = x.clone();
            in_f64(&mut y);
            let errors = x.iter().zip(&y).map(|(&x, &y)| (ulps_f64(y, exact(x)), x));
            let (worst, at) =
                errors.fold((0.0, 0.0), |worst, next| if next.0 > worst.0 { next } else { worst });
            println!("{name} f64 {path}: {worst:.2} ulps at {at}");
            assert!(worst <= MAX_ULPS, "{name} f64 on {path}: {worst} ulps at {at}");
        }
    }
}

#[test]
fn the_ends_of_the_range_are_right() {
    let inf = f32::INFINITY;
    for path in Path::all_available() {
        let _held = simd::use_path(path).expect("it is available");
        let ends = |function: fn(&mut [f32])| {
            let mut y = [-inf, -1e30, -200.0, 0.0, 200.0, 1e30, inf, f32::NAN];
            function(&mut y);
            assert!(y[7].is_nan(), "NaN stays NaN");
            [y[0], y[1], y[2], y[3], y[4], y[5], y[6]]
        };
        assert_eq!(ends(exp_slice), [0.0, 0.0, 0.0, 1.0, inf, inf, inf]);
        assert_eq!(ends(sigmoid_slice), [0.0, 0.0, 0.0, 0.5, 1.0, 1.0, 1.0]);
        assert_eq!(ends(tanh_slice), [-1.0, -1.0, -1.0, 0.0, 1.0, 1.0, 1.0]);
        let mut y = [f64::NEG_INFINITY, f64::INFINITY, f64::NAN, -750.0, 709.0];
        exp_slice(&mut y);
        assert_eq!((y[0], y[1], y[3]), (0.0, f64::INFINITY, 0.0));
        assert!(y[2].is_nan());
        assert_relative_eq!(y[4], 709f64.exp(), max_relative = 1e-14);
    }
}

#[test]
fn a_value_is_the_same_bits_wherever_it_stands() {
    for path in Path::all_available() {
        let _held = simd::use_path(path).expect("it is available");
        for (name, bound, _, in_f32, _) in CASES {
            let x: Vec<f32> = (0..67).map(|i| (bound * (f64::from(i) / 33.0 - 1.0)) as f32).collect();
            let mut all = x.clone();
            in_f32(&mut all);
            for (&x, &y) in x.iter().zip(&all) {
                let mut alone = [x];
                in_f32(&mut alone);
                assert_eq!(alone[0].to_bits(), y.to_bits(), "{name}({x}) on {path}");
            }
        }
    }
}
