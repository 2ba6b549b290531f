//! Scheduled sampling: what the network reads, and that it learns all the same.

use crate::common;

use common::{Watcher, config, frames, model, ostinato, round, tokens};
use composer_bptt::Cell;
use composer_models::{Sequence, Workspace};
use composer_training::sampling::{Curve, Source};
use composer_training::{Sampling, TrainingConfig, mean_nll, train};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn sampling(curve: Curve, k: f64) -> Sampling {
    Sampling { curve, k, slope: 0.01, ..Sampling::default() }
}

#[test]
fn every_schedule_and_control_learns_and_reports_its_probability() {
    for (name, sampling) in [
        ("linear", sampling(Curve::Linear, 1.0)),
        ("exponential", sampling(Curve::Exponential, 0.99)),
        ("inverse sigmoid", sampling(Curve::InverseSigmoid, 20.0)),
        ("always", sampling(Curve::Constant, 0.0)),
        ("noise", Sampling { source: Source::Noise, ..sampling(Curve::Linear, 1.0) }),
    ] {
        for (encoding, music) in [(frames(), ostinato(64)), (tokens(), round(64))] {
            let mut model = model(Cell::Gru, encoding);
            let music = [music];
            let before = mean_nll(&model, &music, &mut Workspace::default()).unwrap();
            let mut watcher = Watcher::default();
            let config = TrainingConfig { sampling, epochs: 15, ..config() };
            train(&mut model, &music, &music, &config, &mut watcher).unwrap();
            let after = mean_nll(&model, &music, &mut Workspace::default()).unwrap();
            assert!(after < 0.9 * before, "{name}: {before} to {after}");
            for (update, &truth) in watcher.truths.iter().enumerate() {
                assert_eq!(
                    truth,
                    sampling.truth_probability(update as u64, watcher.truths.len() as u64),
                    "{name}"
                );
            }
        }
    }
}

#[test]
fn a_probability_of_one_is_teacher_forcing_to_the_bit_and_less_is_not() {
    let weights = |sampling: Sampling| {
        let mut model = model(Cell::Lstm, tokens());
        let config = TrainingConfig { epochs: 2, sampling, ..config() };
        train(&mut model, &[round(64)], &[round(64)], &config, &mut Watcher::default()).unwrap();
        model.params().values().to_vec()
    };
    let forced = weights(Sampling::default());
    assert!(weights(sampling(Curve::Constant, 1.0)) == forced);
    assert!(weights(sampling(Curve::Constant, 0.5)) != forced);
}

/// Random tokens, each said twice.
fn echo(seed: u64, tokens: usize) -> Sequence {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let pairs = (0..tokens / 2).flat_map(|_| [rng.random_range(0..6u32); 2]);
    Sequence::tokens(pairs.collect())
}

#[test]
fn noise_in_place_of_the_past_teaches_that_the_past_tells_nothing() {
    let after = |sampling: Sampling| {
        let mut model = model(Cell::Gru, tokens());
        let config = TrainingConfig { sampling, epochs: 6, ..config() };
        let (music, valid) = ([echo(1, 1200)], [echo(2, 600)]);
        train(&mut model, &music, &valid, &config, &mut Watcher::default()).unwrap();
        mean_nll(&model, &valid, &mut Workspace::default()).unwrap()
    };
    let forced = after(Sampling::default());
    let noisy = after(Sampling { source: Source::Noise, ..sampling(Curve::Constant, 0.0) });
    let (half, all) = (0.5 * 6f64.ln(), 6f64.ln());
    assert!(forced < 1.25 * half, "every second token can be known: {forced} against {half}");
    assert!(noisy > 0.97 * all, "nothing can be known: {noisy} against {all}");
}
