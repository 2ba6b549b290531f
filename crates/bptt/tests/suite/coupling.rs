//! The coupling of bits: its formula, that it is a distribution, and its gradient.

use composer_bptt::arrays::{view, view_mut};
use composer_bptt::gradcheck::{Options, Part, check};
use composer_bptt::loss::sigmoid_cross_entropy;
use composer_bptt::{Coupling, Error, Parameters};
use composer_testkit::{Checks, uniform};
use ndarray::{Array2, ArrayView2, ArrayViewMut2, aview_mut1, aview1};

const BITS: usize = 7;
const FIRST: usize = 4;

/// A coupling with random weights; also those that mean nothing, which must do nothing.
fn coupling() -> (Coupling, Parameters<f64>) {
    let mut params = Parameters::new();
    let layer = Coupling::new(BITS, FIRST, "coupling", &mut params).expect("sizes");
    params.values_mut().copy_from_slice(&uniform(3, BITS * BITS, 2.0));
    (layer, params)
}

/// Rows of all bits.
fn bits(values: &[f64]) -> ArrayView2<'_, f64> {
    view((values.len() / BITS, BITS), values)
}

fn bits_mut(values: &mut [f64]) -> ArrayViewMut2<'_, f64> {
    view_mut((values.len() / BITS, BITS), values)
}

/// The formula, bit by bit: which bits are known before `v` is said in words here and by ranges there.
fn naive(weight: &[f64], on: &[f64], mask: &[f64], logits: &[f64]) -> Vec<f64> {
    let known = |u: usize, v: usize| {
        let second = |bit: usize| bit >= FIRST;
        let follows_from_the_first_plane = second(u) && mask[u] == 0.0;
        u < v || (u != v && second(v) && follows_from_the_first_plane)
    };
    (0..BITS)
        .map(|v| {
            let told = (0..BITS).filter(|&u| known(u, v)).map(|u| weight[u * BITS + v] * on[u]);
            logits[v] + told.sum::<f64>()
        })
        .collect()
}

/// Rows of bits and of their loss mask: all in the first plane, some in the second.
fn rows() -> (Vec<f64>, Vec<f64>) {
    let rows = [
        ([0., 0., 0., 0., 0., 0., 0.], [1., 1., 1., 1., 0., 0., 0.]),
        ([1., 0., 1., 1., 1., 0., 1.], [1., 1., 1., 1., 1., 0., 1.]),
        ([1., 1., 0., 1., 0., 1., 1.], [1., 1., 1., 1., 1., 1., 0.]),
        ([0., 1., 1., 0., 1., 1., 1.], [1., 1., 1., 1., 0., 1., 0.]),
    ];
    (rows.iter().flat_map(|row| row.0).collect(), rows.iter().flat_map(|row| row.1).collect())
}

#[test]
fn logits_are_told_what_the_formula_says() {
    let (layer, params) = coupling();
    let (on, mask) = rows();
    let base = uniform(8, on.len(), 1.0);
    let mut logits = base.clone();
    layer.forward(&params, bits(&on), bits(&mask), bits_mut(&mut logits)).expect("sizes");
    let mut checks = Checks::new();
    for row in 0..on.len() / BITS {
        let range = row * BITS..(row + 1) * BITS;
        let expected = naive(params.values(), &on[range.clone()], &mask[range.clone()], &base[range.clone()]);
        checks.close(&format!("row {row}"), &logits[range], &expected, 1e-14);
    }
    checks.finish();
}

#[test]
fn probabilities_of_all_vectors_add_up_to_one() {
    let (layer, params) = coupling();
    let base = uniform(9, BITS, 1.0);
    // The mask holds the whole second plane, then one of its bits follows from bit 2 of the first.
    for given in [None, Some(5)] {
        let mut total = 0.0;
        for outcome in 0..1usize << BITS {
            let on: Vec<f64> = (0..BITS).map(|bit| f64::from(outcome as u32 >> bit & 1)).collect();
            if given.is_some_and(|bit| on[bit] != on[2]) {
                continue;
            }
            let mask: Vec<f64> = (0..BITS).map(|bit| f64::from(u8::from(Some(bit) != given))).collect();
            let mut logits = base.clone();
            layer.forward(&params, bits(&on), bits(&mask), bits_mut(&mut logits)).expect("sizes");
            let nll = sigmoid_cross_entropy(aview_mut1(&mut logits), aview1(&on), Some(aview1(&mask)), 1.0)
                .expect("sizes");
            total += (-nll.sum).exp();
        }
        assert!((total - 1.0).abs() < 1e-12, "{given:?}: {total}");
    }
}

#[test]
fn gradients_agree_with_differences_and_add_up() {
    let (layer, mut params) = coupling();
    let (on, mask) = rows();
    let base = uniform(8, on.len(), 1.0);
    let loss_of = |params: &Parameters<f64>, base: &[f64]| {
        let mut logits = base.to_vec();
        layer.forward(params, bits(&on), bits(&mask), bits_mut(&mut logits)).expect("sizes");
        let nll = sigmoid_cross_entropy(aview_mut1(&mut logits), aview1(&on), Some(aview1(&mask)), 1.0)
            .expect("sizes");
        (nll.sum, logits)
    };
    let (_, d_logits) = loss_of(&params, &base);
    layer.backward(&mut params, bits(&on), bits(&mask), bits(&d_logits)).expect("sizes");
    let values = [params.values(), &base].concat();
    let gradient = [params.grads(), &d_logits].concat();
    let weights = params.len();
    let parts = [Part::new("coupling.weight", 0..weights), Part::new("logits", weights..values.len())];
    let loss = |values: &[f64]| {
        let mut moved = params.clone();
        moved.values_mut().copy_from_slice(&values[..weights]);
        loss_of(&moved, &values[weights..]).0
    };
    let report = check(&parts, &values, &gradient, loss, &Options::default());
    assert!(report.passed(), "{report}");

    let once = params.grads().to_vec();
    layer.backward(&mut params, bits(&on), bits(&mask), bits(&d_logits)).expect("sizes");
    let mut checks = Checks::new();
    let twice: Vec<f64> = once.iter().map(|d| 2.0 * d).collect();
    checks.close("two passes", params.grads(), &twice, 1e-14);
    checks.finish();
}

#[test]
fn bits_decided_one_after_the_other_see_what_rows_at_once_see() {
    let (layer, params) = coupling();
    let (on, mask) = rows();
    let base = uniform(8, on.len(), 1.0);
    let mut at_once = base.clone();
    layer.forward(&params, bits(&on), bits(&mask), bits_mut(&mut at_once)).expect("sizes");
    let view = layer.view(&params);
    for row in 0..on.len() / BITS {
        let range = row * BITS..(row + 1) * BITS;
        let (on, mask, mut logits) = (&on[range.clone()], &mask[range.clone()], base[range.clone()].to_vec());
        let given = |bit: usize| bit >= FIRST && mask[bit] == 0.0;
        let mut seen = [0.0; BITS];
        for bit in 0..BITS {
            if bit == FIRST {
                (FIRST..BITS)
                    .filter(|&bit| given(bit) && on[bit] > 0.0)
                    .for_each(|bit| view.condition_on(bit, true, &mut logits));
            }
            seen[bit] = logits[bit];
            if on[bit] > 0.0 && !given(bit) {
                view.condition_on(bit, false, &mut logits);
            }
        }
        for bit in (0..BITS).filter(|&bit| mask[bit] > 0.0) {
            assert!((seen[bit] - at_once[range.start + bit]).abs() < 1e-14, "row {row}, bit {bit}");
        }
    }
}

#[test]
fn sizes_that_do_not_fit_are_refused() {
    let mut params = Parameters::<f64>::new();
    assert!(matches!(Coupling::new(0, 0, "", &mut params), Err(Error::Config { name: "bits", .. })));
    assert!(Coupling::new(3, 4, "", &mut params).is_err());
    let (layer, params) = coupling();
    let (on, mut logits) = (Array2::ones((2, BITS)), Array2::zeros((2, 6)));
    let error = layer.forward(&params, on.view(), on.view(), logits.view_mut()).expect_err("refused");
    assert_eq!(error.to_string(), "the logits of a coupling: expected [rows=2, V=7], got [2, 6]");
}
