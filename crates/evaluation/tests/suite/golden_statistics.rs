//! Agreement with scipy, scikit-learn, mir_eval, music21, choix and statsmodels; goldens by
//! `scripts/goldens/evaluation_statistics.py`.

use approx::abs_diff_eq;
use composer_evaluation::distance::measures::{jensen_shannon, overlapped_area, wasserstein};
use composer_evaluation::likelihood::accuracy::FrameCounts;
use composer_evaluation::listening::{Answer, Judgement, bradley_terry};
use composer_evaluation::significance::auc::auc;
use composer_evaluation::significance::hypothesis::{
    binomial_test, equivalence_test, exact_interval, friedman, holm, wilcoxon,
};
use composer_evaluation::significance::quantile::quantile;
use composer_evaluation::statistics::key;
use ndarray::Array2;
use serde_json::Value;

/// Relative to the larger of 1 and the expected figure.
const TOLERANCE: f64 = 1e-9;
/// The overlapped area is integrated on 1,000 points here, on 200,001 there.
const INTEGRATION: f64 = 1e-3;
/// Two optimisers meet at the top of a likelihood, which is flat.
const OPTIMISATION: f64 = 1e-4;

/// Collects every disagreement, to report them all.
#[derive(Default)]
struct Comparison {
    compared: usize,
    wrong: Vec<String>,
}

impl Comparison {
    fn check(&mut self, name: &str, ours: f64, expected: &Value, tolerance: f64) {
        let expected = expected.as_f64().unwrap();
        self.compared += 1;
        // Also false for NaN.
        let agrees = abs_diff_eq!(ours, expected, epsilon = tolerance * expected.abs().max(1.0));
        if !agrees {
            self.wrong.push(format!("{name}: {ours}, expected {expected}"));
        }
    }
}

fn golden() -> Value {
    serde_json::from_str(include_str!("../goldens/statistics.json")).unwrap()
}

fn cases<'a>(golden: &'a Value, name: &str) -> &'a [Value] {
    golden[name].as_array().unwrap()
}

fn floats(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn bits(value: &Value) -> u128 {
    value.as_array().unwrap().iter().fold(0, |set, pitch| set | 1 << pitch.as_u64().unwrap())
}

#[test]
fn statistics_agree_with_the_well_known_packages() {
    let golden = golden();
    let mut comparison = Comparison::default();
    for case in cases(&golden, "samples") {
        let (a, b) = (floats(&case["a"]), floats(&case["b"]));
        comparison.check("wasserstein", wasserstein(&a, &b), &case["wasserstein"], TOLERANCE);
        comparison.check("overlapped area", overlapped_area(&a, &b), &case["overlapped_area"], INTEGRATION);
        comparison.check("AUC", auc(&a, &b), &case["auc"], TOLERANCE);
        comparison.check("quantile", quantile(&a, 0.95), &case["quantile_95"], TOLERANCE);
    }
    for case in cases(&golden, "histograms") {
        let ours = jensen_shannon(&floats(&case["a"]), &floats(&case["b"])).unwrap();
        comparison.check("Jensen–Shannon", ours, &case["jensen_shannon"], TOLERANCE);
    }
    for case in cases(&golden, "frames") {
        let mut counts = FrameCounts::default();
        for (predicted, reference) in cases(case, "predicted").iter().zip(cases(case, "reference")) {
            counts.add(bits(predicted), bits(reference));
        }
        comparison.check("frame accuracy", counts.accuracy(), &case["accuracy"], TOLERANCE);
        comparison.check("frame precision", counts.precision(), &case["precision"], TOLERANCE);
        comparison.check("frame recall", counts.recall(), &case["recall"], TOLERANCE);
    }
    for case in cases(&golden, "keys") {
        let mut histogram = [0.0; 12];
        for note in cases(case, "notes") {
            histogram[note[0].as_u64().unwrap() as usize % 12] += note[1].as_f64().unwrap();
        }
        let found = key::estimate(&histogram).unwrap();
        assert_eq!(found.key.minor, case["minor"].as_bool().unwrap());
        comparison.check("tonic", found.key.tonic.into(), &case["tonic"], 0.0);
        comparison.check("key correlation", found.correlation, &case["correlation"], TOLERANCE);
    }
    assert!(comparison.wrong.is_empty(), "of {}: {:#?}", comparison.compared, comparison.wrong);
    println!("{} figures agree", comparison.compared);
}

#[test]
fn tests_agree_with_the_well_known_packages() {
    let golden = golden();
    let mut comparison = Comparison::default();
    for case in cases(&golden, "binomial") {
        let (k, n) = (case["successes"].as_u64().unwrap(), case["trials"].as_u64().unwrap());
        let p = binomial_test(k, n, case["probability"].as_f64().unwrap());
        comparison.check("binomial test", p, &case["p_value"], TOLERANCE);
        comparison.check("interval, low", exact_interval(k, n).low, &case["low"], TOLERANCE);
        comparison.check("interval, high", exact_interval(k, n).high, &case["high"], TOLERANCE);
        comparison.check("equivalence", equivalence_test(k, n, 0.1), &case["p_equivalent_10"], TOLERANCE);
    }
    for case in cases(&golden, "friedman") {
        let blocks: Vec<Vec<f64>> = cases(case, "blocks").iter().map(floats).collect();
        let ratings = Array2::from_shape_fn((blocks.len(), blocks[0].len()), |(i, j)| blocks[i][j]);
        let (statistic, p) = friedman(&ratings);
        comparison.check("Friedman", statistic, &case["statistic"], TOLERANCE);
        comparison.check("Friedman, p", p, &case["p_value"], TOLERANCE);
    }
    for case in cases(&golden, "wilcoxon") {
        let (statistic, p) = wilcoxon(&floats(&case["a"]), &floats(&case["b"])).unwrap();
        comparison.check("Wilcoxon", statistic, &case["statistic"], TOLERANCE);
        comparison.check("Wilcoxon, p", p, &case["p_value"], TOLERANCE);
    }
    let adjusted = holm(&floats(&golden["holm"]["p_values"]));
    for (ours, expected) in adjusted.iter().zip(cases(&golden["holm"], "adjusted")) {
        comparison.check("Holm", *ours, expected, TOLERANCE);
    }
    for case in cases(&golden, "bradley_terry") {
        let judgement = |outcome: &Value| {
            let system = |i: usize| outcome[i].as_u64().unwrap().to_string();
            let score = outcome[2].as_f64().unwrap();
            let answer = Answer::Pair { first: system(0), second: system(1), score };
            Judgement { listener: "l".into(), piece: "p".into(), answer }
        };
        let found = bradley_terry(&cases(case, "outcomes").iter().map(judgement).collect::<Vec<_>>());
        for (system, expected) in cases(case, "log_strengths").iter().enumerate() {
            let ours = found.log_strengths[&system.to_string()];
            comparison.check("Bradley–Terry", ours, expected, OPTIMISATION);
        }
        comparison.check("readiness to tie", found.tie, &case["tie"], OPTIMISATION);
    }
    assert!(comparison.wrong.is_empty(), "of {}: {:#?}", comparison.compared, comparison.wrong);
    println!("{} figures agree", comparison.compared);
}
