//! Views that are reversed, strided or transposed give the figures of what they show, to the last bit.

use composer_evaluation::distance::measures::{
    bandwidth, density_divergence, jensen_shannon, kullback_leibler, overlapped_area, wasserstein,
};
use composer_evaluation::distance::permutation_test;
use composer_evaluation::distance::sets::{inter_set_distances, intra_set_distances, pairwise_distances};
use composer_evaluation::likelihood::rolls::{frame_counts, frame_nats};
use composer_evaluation::listening::bradley_terry_counts;
use composer_evaluation::significance::auc::{auc, auc_interval, share_above};
use composer_evaluation::significance::bootstrap::{bootstrap_rows, mean_interval};
use composer_evaluation::significance::hypothesis::{friedman, holm, signed_rank, wilcoxon};
use composer_evaluation::significance::quantile::quantile;
use composer_evaluation::significance::student::student_interval;
use ndarray::{Array2, ArrayView1, ArrayView2, Axis, array, s};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(7)
}

/// Numbers in 0–1.
fn table(rows: usize, columns: usize) -> Array2<f64> {
    let mut rng = rng();
    Array2::from_shape_simple_fn((rows, columns), || rng.random::<f64>())
}

/// Every figure of two samples, as bits, so that NaN would compare too.
fn figures(a: ArrayView1<f64>, b: ArrayView1<f64>) -> Vec<u64> {
    let mut all = vec![
        wasserstein(a, b),
        jensen_shannon(a, b).unwrap(),
        overlapped_area(a, b),
        density_divergence(a, b),
        kullback_leibler(a, b),
        bandwidth(a),
        permutation_test(a, b, a, 20, &mut rng()),
        auc(a, b),
        auc_interval(a, b, 20, &mut rng()).low,
        share_above(a, 0.5),
        mean_interval(a, 20, &mut rng()).high,
        quantile(a, 0.3),
        student_interval(a).low,
        wilcoxon(a, b).unwrap().1,
        signed_rank(a).0,
    ];
    all.extend(holm(a));
    all.into_iter().map(f64::to_bits).collect()
}

#[test]
fn samples() {
    let table = table(40, 6);
    let (column, backwards) = (table.column(1), table.slice(s![..;-1, 3]));
    let (strided, row) = (table.slice(s![3..;2, 0]), table.row(0));
    for (a, b) in [(column, backwards), (strided, strided.slice(s![..;-1])), (row, table.row(5))] {
        let (own_a, own_b) = (a.to_vec(), b.to_vec());
        assert_eq!(figures(a, b), figures(ArrayView1::from(&own_a), ArrayView1::from(&own_b)));
    }
}

/// The same table transposed twice, backwards twice, and cut out of a larger one.
fn check_views<R: PartialEq + std::fmt::Debug>(table: &Array2<f64>, figure: impl Fn(ArrayView2<f64>) -> R) {
    let expected = figure(table.view());
    let transposed = table.t().as_standard_layout().into_owned();
    assert_eq!(figure(transposed.t()), expected, "transposed");
    let mut backwards = table.clone();
    backwards.invert_axis(Axis(0));
    backwards.invert_axis(Axis(1));
    let backwards = backwards.as_standard_layout().into_owned();
    assert_eq!(figure(backwards.slice(s![..;-1, ..;-1])), expected, "reversed");
    let mut larger = Array2::from_elem((2 * table.nrows(), table.ncols() + 2), f64::NAN);
    larger.slice_mut(s![..;2, 1..=table.ncols()]).assign(table);
    assert_eq!(figure(larger.slice(s![..;2, 1..=table.ncols()])), expected, "strided");
}

#[test]
fn tables() {
    let table = table(9, 4);
    check_views(&table, |view| friedman(view));
    check_views(&table, |view| intra_set_distances(view));
    check_views(&table, |view| inter_set_distances(view, view.slice(s![..3, ..])).unwrap());
    check_views(&table, |view| pairwise_distances(view.slice(s![..3, ..]), view).unwrap());
    check_views(&table, |view| {
        let mean = |rows: ArrayView2<f64>| rows.iter().sum::<f64>() / rows.len() as f64;
        bootstrap_rows(view, mean, 50, &mut rng())
    });
    check_views(&table, |view| frame_nats(view, &view.mapv(|p| p > 0.4)).unwrap());
    check_views(&table, |view| frame_counts(&view.mapv(|p| p > 0.6), &view.mapv(|p| p > 0.4)).unwrap());
    let outcomes = self::table(4, 4).mapv(|x| (10.0 * x).floor());
    check_views(&outcomes, |view| bradley_terry_counts(view, view.t()).unwrap());
}

#[test]
fn shapes_that_do_not_match_are_errors_with_both() {
    let (three, two) = ([1.0, 2.0, 3.0], [1.0, 2.0]);
    let (wide, tall) = (table(2, 3), table(3, 2));
    let roll = Array2::from_elem((3, 2), true);
    let messages = [
        wilcoxon(&three, &two).unwrap_err(),
        jensen_shannon(&three, &two).unwrap_err(),
        pairwise_distances(&wide, &tall).unwrap_err(),
        inter_set_distances(&wide, &tall).unwrap_err(),
        bradley_terry_counts(&wide, &wide).unwrap_err(),
        bradley_terry_counts(&wide, &tall).unwrap_err(),
        frame_nats(&wide, &roll).unwrap_err(),
        frame_counts(&array![[true, false, true], [true, false, true]], &roll).unwrap_err(),
    ]
    .map(|error| error.to_string());
    for (message, shapes) in messages.iter().zip(["[3] and [2]", "[3] and [2]"]) {
        assert!(message.contains(shapes), "{message}");
    }
    for message in &messages[2..] {
        assert!(message.contains("[2, 3] and [3, 2]"), "{message}");
    }
}

#[test]
fn distances_within_a_set_are_those_of_its_pairs() {
    let set = array![[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]];
    assert_eq!(intra_set_distances(&set), array![5.0, 1.0, 18f64.sqrt()]);
    assert_eq!(intra_set_distances(set.slice(s![..1, ..])).len(), 0);
    assert_eq!(inter_set_distances(&set, set.slice(s![..2, ..])).unwrap().len(), 6);
}

/// Judgements and counts meet at the same strengths, whoever was presented first.
#[test]
fn strengths_from_counts_are_those_from_judgements() {
    use composer_evaluation::listening::{Answer, Judgement, bradley_terry};
    let wins = array![[0.0, 4.0, 2.0], [1.0, 0.0, 3.0], [2.0, 1.0, 0.0]];
    let ties = array![[0.0, 1.0, 0.0], [0.0, 0.0, 2.0], [1.0, 0.0, 0.0]];
    let mut judgements = Vec::new();
    for ((i, j), &won) in wins.indexed_iter() {
        for (score, count) in [(1.0, won), (0.5, ties[[i, j]])] {
            let answer = Answer::Pair { first: i.to_string(), second: j.to_string(), score };
            let judgement = Judgement { listener: "l".into(), piece: "p".into(), answer };
            judgements.extend(std::iter::repeat_n(judgement, count as usize));
        }
    }
    let named = bradley_terry(&judgements);
    let (strengths, tie) = bradley_terry_counts(&wins, &ties).unwrap();
    approx::assert_abs_diff_eq!(tie, named.tie, epsilon = 1e-6);
    for (i, &strength) in strengths.iter().enumerate() {
        approx::assert_abs_diff_eq!(strength, named.log_strengths[&i.to_string()], epsilon = 1e-6);
    }
}
