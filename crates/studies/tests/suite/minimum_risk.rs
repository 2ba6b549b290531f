//! Minimum risk training: its gradient, and that costly compositions become less likely.

use composer_bptt::{Cell, Init, RecurrentConfig};
use composer_models::{Encoding, ModelConfig, Sequence, SequenceModel};
use composer_studies::minimum_risk::{Candidate, Config, MinimumRisk, Risk};

fn model() -> SequenceModel {
    let encoding = Encoding::tokens(5);
    let recurrent = RecurrentConfig { cell: Cell::Gru, hidden: 6, ..RecurrentConfig::default() };
    SequenceModel::new(ModelConfig::new(encoding, recurrent), &Init::PYTORCH, 3).unwrap()
}

fn candidates() -> Vec<Candidate> {
    let of = |tokens: &[u32], cost| Candidate { sequence: Sequence::tokens(tokens.to_vec()), cost };
    vec![of(&[0, 1, 2, 3, 4], 1.0), of(&[4, 4, 4], 5.0), of(&[2, 0, 2, 0, 1, 1, 3], 2.5)]
}

#[test]
fn gradient_with_respect_to_log_probabilities() {
    let (log_probs, costs) = ([-3.0, -1.5, -2.0, -8.0], [1.0, 4.0, 0.5, 9.0]);
    let risk = Risk::of(&log_probs, &costs, 0.7);
    for k in 0..4 {
        let at = |shift: f64| {
            let mut moved = log_probs;
            moved[k] += shift;
            Risk::of(&moved, &costs, 0.7).risk
        };
        let by_difference = (at(1e-5) - at(-1e-5)) / 2e-5;
        approx::assert_abs_diff_eq!(risk.gradient[k], by_difference, epsilon = 1e-9);
    }
    approx::assert_abs_diff_eq!(risk.gradient.iter().sum::<f64>(), 0.0, epsilon = 1e-15);
}

#[test]
fn gradient_with_respect_to_weights() {
    let (mut model, candidates) = (model(), candidates());
    let config = Config { sharpness: 0.5, ..Config::default() };
    let mut learner = MinimumRisk::new(&model, config);
    learner.risk(&mut model, &candidates).unwrap();
    let gradient = model.params().grads().to_vec();
    for at in (0..gradient.len()).step_by(37) {
        let mut risk_at = |shift: f32| {
            let value = model.params().values()[at];
            model.params_mut().values_mut()[at] = value + shift;
            let risk = learner.risk(&mut model, &candidates).unwrap().risk;
            model.params_mut().values_mut()[at] = value;
            risk
        };
        let by_difference = (risk_at(0.02) - risk_at(-0.02)) / 0.04;
        approx::assert_abs_diff_eq!(f64::from(gradient[at]), by_difference, epsilon = 2e-4);
    }
}

#[test]
fn what_costs_much_becomes_less_likely() {
    let (mut model, candidates) = (model(), candidates());
    let config = Config { sharpness: 0.5, learning_rate: 0.01, ..Config::default() };
    let mut learner = MinimumRisk::new(&model, config);
    let first = learner.update(&mut model, &candidates).unwrap().risk;
    for _ in 0..60 {
        learner.update(&mut model, &candidates).unwrap();
    }
    let last = learner.risk(&mut model, &candidates).unwrap().risk;
    assert!(first > 2.0 && last < 1.3, "{first} {last}");
}
