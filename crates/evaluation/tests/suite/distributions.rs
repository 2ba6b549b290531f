//! Histograms as pretty_midi and mgeval count them, and distances as scipy has them; goldens by
//! `scripts/goldens/distributions.py`.

use approx::abs_diff_eq;
use composer_evaluation::distance::compare_distributions;
use composer_evaluation::grid::{Grid, GridNote};
use composer_evaluation::statistics::distributions::DISTRIBUTIONS;
use composer_music::Score;
use serde_json::Value;

/// The overlapped area is integrated on 1,000 points here, on 100,001 there.
const INTEGRATION: f64 = 2e-3;

fn floats(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn grid(piece: &Value) -> Grid {
    let number = |value: &Value| value.as_u64().unwrap() as u32;
    let note = |note: &Value| GridNote {
        onset: number(&note[0]),
        pitch: number(&note[1]) as u8,
        duration: number(&note[2]),
    };
    Grid::with_bars_of(piece["notes"].as_array().unwrap().iter().map(note).collect(), 48)
}

fn share(counts: &[f64]) -> Vec<f64> {
    let total: f64 = counts.iter().sum();
    counts.iter().map(|count| count / total).collect()
}

#[test]
fn histograms_and_distances_agree_with_the_well_known_packages() {
    let golden: Value = serde_json::from_str(include_str!("../goldens/distributions.json")).unwrap();
    let (mut compared, mut wrong) = (0, Vec::new());
    for piece in golden["sets"].as_array().unwrap().iter().flat_map(|set| set.as_array().unwrap()) {
        let grid = grid(piece);
        for (name, expected) in piece["histograms"].as_object().unwrap() {
            let distribution = DISTRIBUTIONS.iter().find(|other| other.name == name).unwrap();
            let (ours, expected) = (share(&(distribution.of)(&grid).to_vec()), share(&floats(expected)));
            compared += expected.len();
            let agree = ours.iter().zip(&expected).all(|(a, b)| abs_diff_eq!(a, b, epsilon = 1e-12));
            if ours.len() != expected.len() || !agree {
                wrong.push(format!("{name}: {ours:?}, expected {expected:?}"));
            }
        }
    }
    let sets: Vec<Vec<Score>> = golden["sets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|set| set.as_array().unwrap().iter().map(|piece| grid(piece).to_score()).collect())
        .collect();
    let rows = compare_distributions(&sets[0], &sets[1], 1);
    for (name, expected) in golden["distances"].as_object().unwrap() {
        let row = rows.iter().find(|row| row.name == name).unwrap();
        for (what, ours, tolerance) in
            [("divergence", row.divergence, 1e-9), ("overlap", row.overlap, INTEGRATION)]
        {
            let expected = expected[what].as_f64().unwrap();
            compared += 1;
            // Also wrong for NaN.
            let agrees = abs_diff_eq!(ours, expected, epsilon = tolerance);
            if !agrees {
                wrong.push(format!("{name}, {what}: {ours}, expected {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "of {compared}: {wrong:#?}");
    println!("{compared} figures agree");
}
