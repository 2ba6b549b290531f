//! The mixture of softmaxes: plain loops against what runs, differences, a distribution, threads, and the rank that it is for.

use composer_bptt::arrays::{view, view_mut};
use composer_bptt::gradcheck::{Options, Part, check};
use composer_bptt::loss::softmax_cross_entropy;
use composer_bptt::textbook::mixture::Mixture as Textbook;
use composer_bptt::{Error, Linear, Mixture, MixtureWorkspace, Parameters};
use composer_testkit::{Checks, uniform};
use ndarray::{Array1, Array2, aview1};

const ROWS: usize = 5;
const H: usize = 4;
const K: usize = 3;
const E: usize = 2;
const V: usize = 7;

fn layer(scale: f64) -> (Mixture, Parameters<f64>) {
    let mut params = Parameters::new();
    let output = Linear::new(E, V, true, "output", &mut params).unwrap();
    let layer = Mixture::new(H, K, output, "mixture", &mut params).unwrap();
    let count = params.len();
    params.values_mut().copy_from_slice(&uniform(3, count, scale));
    (layer, params)
}

fn textbook(params: &Parameters<f64>, values: impl Fn(&str) -> Vec<f64>) -> Textbook {
    let rows = |name: &str| {
        let width = params.entry(params.id(name).unwrap()).shape[1];
        values(name).chunks(width).map(<[f64]>::to_vec).collect()
    };
    Textbook {
        prior_weight: rows("mixture.prior.weight"),
        prior_bias: values("mixture.prior.bias"),
        latent_weight: rows("mixture.latent.weight"),
        latent_bias: values("mixture.latent.bias"),
        weight: rows("output.weight"),
        bias: values("output.bias"),
    }
}

#[test]
fn what_runs_computes_what_the_plain_loops_do() {
    let (layer, mut params) = layer(1.5);
    let (h, d_y) = (uniform(8, ROWS * H, 1.0), uniform(9, ROWS * V, 1.0));
    let (mut y, mut d_h) = (vec![0.0; ROWS * V], vec![0.0; ROWS * H]);
    let mut ws = MixtureWorkspace::default();
    let x = view((ROWS, H), &h);
    layer.forward(&params, x, view_mut((ROWS, V), &mut y), &mut ws).unwrap();
    layer.backward(&mut params, x, view((ROWS, V), &d_y), view_mut((ROWS, H), &mut d_h), &mut ws).unwrap();
    let plain = textbook(&params, |name| params.value(params.id(name).unwrap()).to_vec());
    let fused = textbook(&params, |name| params.grad(params.id(name).unwrap()).to_vec());
    let mut d = plain.zeros_like();
    let mut checks = Checks::new();
    for row in 0..ROWS {
        let h = &h[row * H..][..H];
        let saved = plain.forward(h);
        checks.close(&format!("y, row {row}"), &y[row * V..][..V], &saved.y, 1e-12);
        let plain_d_h = plain.backward(h, &saved, &d_y[row * V..][..V], &mut d);
        checks.close(&format!("d_h, row {row}"), &d_h[row * H..][..H], &plain_d_h, 1e-12);
    }
    for (name, found, expected) in [
        ("prior.weight", fused.prior_weight.concat(), d.prior_weight.concat()),
        ("prior.bias", fused.prior_bias, d.prior_bias),
        ("latent.weight", fused.latent_weight.concat(), d.latent_weight.concat()),
        ("latent.bias", fused.latent_bias, d.latent_bias),
        ("output.weight", fused.weight.concat(), d.weight.concat()),
        ("output.bias", fused.bias, d.bias),
    ] {
        checks.close(name, &found, &expected, 1e-12);
    }
    checks.finish();
}

#[test]
fn gradients_agree_with_differences() {
    let (layer, mut params) = layer(1.0);
    let h = uniform(8, ROWS * H, 1.0);
    let targets = [0, 3, 6, 3, 1];
    let loss_of = |params: &Parameters<f64>, h: &[f64], ws: &mut MixtureWorkspace<f64>| {
        let mut y = Array2::zeros((ROWS, V));
        layer.forward(params, view((ROWS, H), h), y.view_mut(), ws).unwrap();
        // With label smoothing, so that all classes have a gradient of their own.
        let nll = softmax_cross_entropy(y.view_mut(), aview1(&targets), 0.2, 1.0).unwrap();
        (nll.sum, y)
    };
    let mut ws = MixtureWorkspace::default();
    let (_, d_y) = loss_of(&params, &h, &mut ws);
    let mut d_h = vec![0.0; ROWS * H];
    let d_x = view_mut((ROWS, H), &mut d_h);
    layer.backward(&mut params, view((ROWS, H), &h), d_y.view(), d_x, &mut ws).unwrap();
    let (values, gradient) = ([params.values(), &h].concat(), [params.grads(), &d_h].concat());
    let weights = params.len();
    let parts: Vec<Part> = (params.entries().iter())
        .map(|entry| Part::new(entry.name.clone(), entry.range.clone()))
        .chain([Part::new("h", weights..values.len())])
        .collect();
    let loss = |values: &[f64]| {
        let mut moved = params.clone();
        moved.values_mut().copy_from_slice(&values[..weights]);
        loss_of(&moved, &values[weights..], &mut MixtureWorkspace::default()).0
    };
    let report = check(&parts, &values, &gradient, loss, &Options::default());
    assert!(report.passed(), "{report}");
}

#[test]
fn outputs_are_log_probabilities_however_far_apart_the_logits_are() {
    for scale in [1.0, 300.0] {
        let (layer, params) = layer(scale);
        let h = uniform(8, ROWS * H, 1.0);
        let mut y = Array2::zeros((ROWS, V));
        layer.forward(&params, view((ROWS, H), &h), y.view_mut(), &mut MixtureWorkspace::default()).unwrap();
        for row in y.rows() {
            assert!((row.iter().map(|y: &f64| y.exp()).sum::<f64>() - 1.0).abs() < 1e-12, "{row}");
        }
        let params = params.cast::<f32>();
        let h: Vec<f32> = h.iter().map(|&h| h as f32).collect();
        let mut single = Array2::zeros((ROWS, V));
        let mut ws = MixtureWorkspace::default();
        layer.forward(&params, view((ROWS, H), &h), single.view_mut(), &mut ws).unwrap();
        let off = single.iter().zip(&y).map(|(&a, &b)| (f64::from(a) - b).abs() / b.abs().max(1.0));
        assert!(single.iter().all(|y| y.is_finite()) && off.fold(0.0, f64::max) < 1e-4, "{single} {y}");
    }
}

/// The rank of the log-probabilities of many contexts less that of their first: numbers of pivots above rounding.
fn rank(mut rows: Array2<f64>) -> usize {
    let mut rank = 0;
    for column in 0..rows.ncols() {
        let size = |row: &usize| rows[[*row, column]].abs();
        let Some(pivot) = (rank..rows.nrows()).max_by(|a, b| size(a).total_cmp(&size(b))) else { break };
        if size(&pivot) < 1e-9 {
            continue;
        }
        for other in (0..rows.nrows()).filter(|&row| row != pivot && row >= rank).collect::<Vec<_>>() {
            let factor = rows[[other, column]] / rows[[pivot, column]];
            let line: Array1<f64> = &rows.row(pivot) * factor;
            rows.row_mut(other).scaled_add(-1.0, &line);
        }
        for column in 0..rows.ncols() {
            rows.swap([rank, column], [pivot, column]);
        }
        rank += 1;
    }
    rank
}

#[test]
fn log_probabilities_have_a_higher_rank_than_one_softmax_can() {
    let rank_of = |softmaxes: usize| {
        let mut params = Parameters::new();
        let output = Linear::new(E, V, true, "output", &mut params).unwrap();
        let layer = Mixture::new(H, softmaxes, output, "mixture", &mut params).unwrap();
        let count = params.len();
        params.values_mut().copy_from_slice(&uniform(3, count, 3.0));
        let h = uniform(5, 20 * H, 2.0);
        let mut y = Array2::<f64>::zeros((20, V));
        layer.forward(&params, view((20, H), &h), y.view_mut(), &mut MixtureWorkspace::default()).unwrap();
        rank(y)
    };
    // E, the bias, and ln Z.
    assert_eq!(rank_of(1), E + 2);
    assert_eq!(rank_of(3), V);
}

#[test]
fn wrong_shapes_and_a_second_backward_pass_are_refused() {
    let (layer, mut params) = layer(1.0);
    let (h, d_y) = (Array2::zeros((ROWS, H)), Array2::zeros((ROWS, V)));
    let (mut y, mut d_h) = (Array2::zeros((ROWS, V)), Array2::zeros((ROWS, H)));
    let mut ws = MixtureWorkspace::default();
    let narrow = Array2::zeros((ROWS, H - 1));
    assert!(layer.forward(&params, narrow.view(), y.view_mut(), &mut ws).is_err());
    layer.forward(&params, h.view(), y.view_mut(), &mut ws).unwrap();
    layer.backward(&mut params, h.view(), d_y.view(), d_h.view_mut(), &mut ws).unwrap();
    let again = layer.backward(&mut params, h.view(), d_y.view(), d_h.view_mut(), &mut ws);
    assert!(matches!(again, Err(Error::NoTape)));
}
