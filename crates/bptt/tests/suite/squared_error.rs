//! Squared error against its definition, and its gradient against differences.

use approx::assert_relative_eq;
use composer_bptt::gradcheck::{Options, Part, check};
use composer_bptt::loss::{UNIT_NORMAL_NLL, squared_error};
use composer_testkit::{f32s, uniform};
use ndarray::{aview_mut1, aview1};

#[test]
fn it_is_half_the_squared_distance_and_its_gradient_the_distance() {
    for length in [1, 7, 88, 5000] {
        let (outputs, targets) = (uniform(1, length, 3.0), uniform(2, length, 3.0));
        let weights: Vec<f64> = uniform(3, length, 2.0).iter().map(|w| w.max(0.0)).collect();
        let expected: f64 = (0..length).map(|i| weights[i] * 0.5 * (outputs[i] - targets[i]).powi(2)).sum();
        let mut d = outputs.clone();
        let found = squared_error(aview_mut1(&mut d), aview1(&targets), Some(aview1(&weights)), 0.25)
            .expect("the lengths agree");
        assert_relative_eq!(found.sum, expected, max_relative = 1e-12);
        assert_relative_eq!(found.count, weights.iter().sum::<f64>(), max_relative = 1e-12);
        let gradient: Vec<f64> = (0..length).map(|i| 0.25 * weights[i] * (outputs[i] - targets[i])).collect();
        assert_relative_eq!(d.as_slice(), gradient.as_slice(), max_relative = 1e-12);
        let mut d = f32s(&outputs);
        let found =
            squared_error(aview_mut1(&mut d), aview1(&f32s(&targets)), None, 1.0).expect("the lengths agree");
        let plain: f64 = (0..length).map(|i| 0.5 * (outputs[i] - targets[i]).powi(2)).sum();
        assert_relative_eq!(found.sum, plain, max_relative = 1e-5);
        assert_eq!(found.count, length as f64);
    }
}

#[test]
fn with_the_constant_it_is_the_density_of_a_normal_distribution() {
    let (y, target) = (0.3f64, -1.1f64);
    let density = (-(target - y).powi(2) / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let found = squared_error(aview_mut1(&mut [y]), aview1(&[target]), None, 1.0).expect("one of each");
    assert_relative_eq!(found.sum + found.count * UNIT_NORMAL_NLL, -density.ln(), max_relative = 1e-14);
}

#[test]
fn differences_give_the_same_gradient() {
    let (outputs, targets) = (uniform(1, 30, 2.0), uniform(2, 30, 2.0));
    let weights: Vec<f64> = uniform(3, 30, 1.0).iter().map(|w| w.abs()).collect();
    let mut gradient = outputs.clone();
    squared_error(aview_mut1(&mut gradient), aview1(&targets), Some(aview1(&weights)), 1.0)
        .expect("the lengths agree");
    let loss = |y: &[f64]| {
        squared_error(aview_mut1(&mut y.to_vec()), aview1(&targets), Some(aview1(&weights)), 1.0)
            .expect("the lengths agree")
            .sum
    };
    let report = check(&[Part::new("outputs", 0..30)], &outputs, &gradient, loss, &Options::default());
    assert!(report.passed(), "{:?}", report.failures().collect::<Vec<_>>());
}

#[test]
fn an_element_without_weight_may_hold_anything_and_lengths_must_agree() {
    let mut d = [f32::NAN, 2.0];
    let found =
        squared_error(aview_mut1(&mut d), aview1(&[f32::INFINITY, 1.0]), Some(aview1(&[0.0, 1.0])), 1.0)
            .expect("two of each");
    assert_eq!((found.sum, found.count, d), (0.5, 1.0, [0.0, 1.0]));
    let mut d = [f32::NAN];
    assert!(squared_error(aview_mut1(&mut d), aview1(&[1.0]), None, 1.0).expect("one of each").sum.is_nan());
    assert!(squared_error(aview_mut1(&mut [1.0]), aview1(&[1.0, 2.0]), None, 1.0).is_err());
    assert!(squared_error(aview_mut1(&mut [1.0]), aview1(&[1.0]), Some(aview1(&[1.0, 2.0])), 1.0).is_err());
}
