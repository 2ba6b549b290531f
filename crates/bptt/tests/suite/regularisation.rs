//! Dropout in all its forms: gradients, expectations, and what a seed fixes.

use crate::common;

use common::{Setup, hold_path};
use composer_bptt::gradcheck::{CellProblem, Options, check};
use composer_bptt::{Cell, Input, Mask, Mode, RecurrentConfig, RecurrentWorkspace, State};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn plain(cell: Cell) -> RecurrentConfig {
    RecurrentConfig { cell, input: 3, hidden: 4, layers: 2, ..RecurrentConfig::default() }
}

#[test]
fn gradients_agree_with_central_differences_for_fixed_masks() {
    let _held = hold_path();
    for cell in Cell::ALL.into_iter().filter(|&cell| cell != Cell::RnnRelu) {
        let configs = [
            RecurrentConfig { dropout: 0.4, ..plain(cell) },
            RecurrentConfig { dropout: 0.4, variational_dropout: true, bidirectional: true, ..plain(cell) },
            RecurrentConfig { recurrent_dropout: 0.4, ..plain(cell) },
            RecurrentConfig { zoneout: 0.3, zoneout_cell: 0.4, ..plain(cell) },
            RecurrentConfig {
                recurrent_dropout: 0.3,
                zoneout: 0.3,
                layer_norm: true,
                dropout: 0.2,
                ..plain(cell)
            },
        ];
        for (index, config) in configs.into_iter().enumerate() {
            let mask = (index % 2 == 1).then(|| Mask::from_lengths(&[5, 2], 5));
            let mut problem = CellProblem::new(config, 5, 2, mask, 103).expect("the sizes are right");
            let (values, parts) = (problem.values.clone(), problem.parts());
            let expected = problem.loss(&values).expect("fits");
            problem.train = Some(9);
            assert_ne!(problem.loss(&values).expect("fits"), expected, "{cell}, {index}: masks are drawn");
            let gradient = problem.gradient().expect("the sizes are right");
            let report =
                check(&parts, &values, &gradient, |v| problem.loss(v).expect("fits"), &Options::default());
            assert!(report.passed(), "{cell}, configuration {index}\n{report}");
        }
    }
}

/// The output of a stack in training.
fn train(setup: &Setup, seed: u64) -> Vec<f64> {
    let mut setup = setup.clone();
    setup.train = Some(seed);
    setup.fused::<f64>().output
}

#[test]
fn a_seed_fixes_the_masks_and_evaluation_draws_none() {
    let _held = hold_path();
    let config = RecurrentConfig { dropout: 0.5, recurrent_dropout: 0.2, zoneout: 0.1, ..plain(Cell::Gru) };
    let setup = Setup::new(config, 6, 3, 107);
    assert_eq!(train(&setup, 1), train(&setup, 1));
    assert_ne!(train(&setup, 1), train(&setup, 2));
    let eval = setup.fused::<f64>();
    assert_ne!(eval.output, train(&setup, 1));
    assert_eq!(eval.output, setup.fused::<f64>().output);
}

#[test]
fn variational_masks_stay_the_same_over_time() {
    let _held = hold_path();
    // With an identity-like second layer of positive numbers, a dropped unit shows as a zero at every step.
    let config = RecurrentConfig { dropout: 0.5, variational_dropout: true, ..plain(Cell::RnnRelu) };
    let mut setup = Setup::new(RecurrentConfig { hidden: 16, ..config }, 5, 2, 109);
    let second = setup.params.id("weight_ih_l1").expect("two layers");
    let values = setup.params.value_mut(second);
    values.fill(0.0);
    (0..16).for_each(|unit| values[unit * 16 + unit] = 1.0);
    for name in ["weight_hh_l1", "bias_ih_l1", "bias_hh_l1"] {
        let id = setup.params.id(name).expect("two layers");
        setup.params.value_mut(id).fill(0.0);
    }
    for name in ["weight_ih_l0", "weight_hh_l0"] {
        let id = setup.params.id(name).expect("two layers");
        setup.params.value_mut(id).fill(0.01); // with positive biases, every unit of the first layer is positive
    }
    let output = train(&setup, 3);
    let zero_at = |t: usize| -> Vec<bool> { output[t * 32..][..32].iter().map(|&y| y == 0.0).collect() };
    let dropped = zero_at(0).iter().filter(|zero| **zero).count();
    assert!((4..=28).contains(&dropped), "{dropped} of 32 dropped");
    for t in 1..5 {
        assert_eq!(zero_at(t), zero_at(0), "step {t}");
    }
}

#[test]
fn dropout_keeps_the_expectation() {
    let _held = hold_path();
    // One input unit after another through a linear second layer: the mean over many masks is the value without.
    let config = RecurrentConfig { dropout: 0.3, ..plain(Cell::RnnRelu) };
    let mut setup = Setup::new(config, 1, 1, 113);
    setup.params.values_mut().iter_mut().for_each(|p| *p = p.abs());
    setup.input.iter_mut().for_each(|x| *x = x.abs());
    setup.state.reset();
    let without = setup.fused::<f64>().output;
    let (mut ws, mut rng) = (RecurrentWorkspace::new(), ChaCha8Rng::seed_from_u64(127));
    let mut mean = [0.0; 4];
    let draws = 20_000;
    for _ in 0..draws {
        let mut state = State::zeros(&setup.config, 1);
        let mode = Mode::Train { rng: &mut rng };
        setup
            .stack
            .forward(&setup.params, Input::Dense(setup.input()), &mut state, None, mode, &mut ws)
            .expect("fits");
        mean.iter_mut().zip(ws.output()).for_each(|(mean, y)| *mean += y / f64::from(draws));
    }
    composer_testkit::compare(&mean, &without, 0.02).expect("the means agree");
}
