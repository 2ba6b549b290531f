//! Real-valued sequences train like all others.

use crate::common;

use approx::assert_abs_diff_eq;
use common::{Watcher, model, wave};
use composer_bptt::loss::UNIT_NORMAL_NLL;
use composer_bptt::{Cell, Init, RecurrentConfig};
use composer_models::Stepper;
use composer_models::{Encoding, ModelConfig, Sequence, SequenceModel, Workspace, forecast};
use composer_training::sampling::{Curve, Source};
use composer_training::{Sampling, TrainingConfig, mean_nll, train};
use ndarray::{Array2, s};

fn config() -> TrainingConfig {
    TrainingConfig { epochs: 200, batch_size: 8, tbptt_len: 40, copies: 1, ..common::config() }
}

/// Two layers of 16 units.
fn gru(encoding: Encoding) -> SequenceModel {
    let recurrent = RecurrentConfig { cell: Cell::Gru, hidden: 16, layers: 2, ..RecurrentConfig::default() };
    SequenceModel::new(ModelConfig::new(encoding, recurrent), &Init::PYTORCH, 1).unwrap()
}

/// The mean squared error per value, from nats per step.
fn mean_squared_error(model: &SequenceModel, sequences: &[Sequence]) -> f64 {
    let nll = mean_nll(model, sequences, &mut Workspace::default()).unwrap();
    2.0 * (nll / model.encoding().outputs() as f64 - UNIT_NORMAL_NLL)
}

fn waves(count: usize) -> Vec<Sequence> {
    (0..count).map(|index| wave(80, index as f32 * 0.9)).collect()
}

#[test]
fn two_layers_learn_a_sine_wave_and_go_on_with_it() {
    let (train_set, held_out) = (waves(8), [wave(80, 0.4)]);
    let mut model = gru(Encoding::values(1));
    model.init_output_bias(&train_set);
    let before = mean_squared_error(&model, &held_out);
    assert_abs_diff_eq!(before, 0.5, epsilon = 0.01); // the mean square of a sine
    train(&mut model, &train_set, &held_out, &config(), &mut Watcher::default()).unwrap();
    let after = mean_squared_error(&model, &held_out);
    println!("mean squared error {before} before, {after} after");
    assert!(after < 0.004, "mean squared error {after}");
    let Sequence::Values(truth) = wave(80, 0.4) else { unreachable!() };
    let going_on = forecast(&mut Stepper::new(&model), truth.slice(s![..40, ..]), 20, None).unwrap();
    let distance = (&going_on - &truth.slice(s![40..60, ..])).mapv(f32::abs);
    println!("largest distance {:?}", distance.iter().copied().fold(0.0f32, f32::max));
    assert!(distance.iter().all(|&distance| distance < 0.3), "{distance}");
}

#[test]
fn a_sine_wave_comes_in_and_a_cosine_goes_out() {
    let pair = |phase: f32| {
        let angles = |column: fn(f32) -> f32| {
            Array2::from_shape_fn((60, 1), |(step, _)| column(phase + 0.3 * step as f32))
        };
        Sequence::mapping(angles(f32::sin).view(), angles(f32::cos).view()).unwrap()
    };
    let train_set: Vec<Sequence> = (0..8).map(|index| pair(index as f32 * 0.9)).collect();
    let held_out = [pair(0.4)];
    let mut model = gru(Encoding::mapping(1, 1));
    train(&mut model, &train_set, &held_out, &config(), &mut Watcher::default()).unwrap();
    let error = mean_squared_error(&model, &held_out);
    println!("mean squared error {error}");
    assert!(error < 0.02, "mean squared error {error}"); // one value of a sine has two cosines: the first step is a guess
    let Sequence::Values(values) = &held_out[0] else { unreachable!() };
    let none = Array2::zeros((0, 2));
    let given = values.slice(s![.., 1..]);
    let found = forecast(&mut Stepper::new(&model), none.view(), 60, Some(given)).unwrap();
    let late = (&found.slice(s![10.., ..]) - &values.slice(s![10.., ..1])).mapv(f32::abs);
    println!("largest distance {:?}", late.iter().copied().fold(0.0f32, f32::max));
    assert!(late.iter().all(|&distance| distance < 0.2), "{late}");
}

#[test]
fn scheduled_sampling_feeds_the_mean_back() {
    let trained = |sampling: Sampling| {
        let mut model = model(Cell::Gru, Encoding::values(1));
        let config = TrainingConfig { epochs: 25, sampling, ..config() };
        let mut watcher = Watcher::default();
        train(&mut model, &waves(8), &[wave(80, 0.4)], &config, &mut watcher).unwrap();
        (watcher.losses, model.params().values().to_vec())
    };
    let half = Sampling { curve: Curve::Constant, k: 0.5, ..Sampling::default() };
    let sampled = trained(half);
    assert_eq!(sampled, trained(half), "the same seed gives the same training");
    let forced = trained(Sampling::default());
    assert_ne!(sampled.0[1], forced.0[1]);
    assert_ne!(trained(Sampling { source: Source::Noise, ..half }).0[1], sampled.0[1]);
    let last = |losses: &[f64]| losses.iter().rev().take(5).sum::<f64>() / 5.0;
    assert!(last(&sampled.0) < UNIT_NORMAL_NLL + 0.1, "{}", last(&sampled.0));
    // Without feedback there is nothing to replace.
    let mut model = model(Cell::Gru, Encoding::mapping(1, 1));
    let zeros = Array2::zeros((20, 1));
    let sequences = [Sequence::mapping(zeros.view(), zeros.view()).unwrap()];
    let config = TrainingConfig { epochs: 2, sampling: half, ..config() };
    train(&mut model, &sequences, &sequences, &config, &mut Watcher::default()).unwrap();
}

#[test]
fn what_makes_no_sense_for_real_values_is_refused_in_words() {
    let refused = |config: &TrainingConfig, sequences: &[Sequence]| {
        let mut model = model(Cell::Gru, Encoding::values(1));
        let outcome = train(&mut model, sequences, sequences, config, &mut Watcher::default());
        outcome.expect_err("refused").to_string()
    };
    let smoothed = TrainingConfig { label_smoothing: 0.1, ..config() };
    assert!(refused(&smoothed, &waves(1)).contains("no labels to smooth"));
    let sampling = Sampling { curve: Curve::Constant, k: 0.5, temperature: 0.5, ..Sampling::default() };
    let warm = TrainingConfig { sampling, ..config() };
    assert!(refused(&warm, &waves(1)).contains("1 for real values"));
    let wide = [Sequence::Values(Array2::zeros((5, 2)))];
    assert!(refused(&config(), &wide).contains("2 columns"));
    let broken = [Sequence::Values(Array2::from_elem((5, 1), f32::NAN))];
    assert!(refused(&config(), &broken).contains("step 0, column 0 is NaN"));
    assert!(refused(&config(), &[common::round(8)]).contains("reads real values, and was given tokens"));
}
