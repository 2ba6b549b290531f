//! Training learns what there is to learn, keeps the best weights, and is the same on any number of threads.

use crate::common;
use approx::abs_diff_eq;

use common::{Watcher, config, frames, model, network_model, ostinato, round, token_model, tokens};
use composer_bptt::Cell;
use composer_models::{Network, Sequence, SequenceModel, Workspace};
use composer_music::representation::frames::Frame;
use composer_training::{
    OptimizerConfig, OptimizerKind, Schedule, ScheduleKind, TrainingConfig, mean_nll, train,
};

#[test]
fn every_cell_learns_an_ostinato_almost_perfectly() {
    let results = [Cell::RnnTanh, Cell::Lstm, Cell::Gru].map(|cell| {
        let mut model = model(cell, frames());
        let music = [ostinato(64)];
        let before = mean_nll(&model, &music, &mut Workspace::default()).unwrap();
        // A state without gates is easily shaken: it needs smaller steps, and more of them.
        let (epochs, learning_rate) = if cell == Cell::RnnTanh { (400, 0.005) } else { (100, 0.02) };
        let config = TrainingConfig { epochs, learning_rate, ..config() };
        train(&mut model, &music, &music, &config, &mut Watcher::default()).unwrap();
        (cell, before, mean_nll(&model, &music, &mut Workspace::default()).unwrap())
    });
    assert!(results.iter().all(|(_, before, after)| *before > 10.0 && *after < 0.5), "{results:?}");
}

#[test]
fn tokens_are_learnt_with_a_softmax_by_every_cell() {
    for cell in [Cell::RnnTanh, Cell::Lstm, Cell::Gru] {
        let mut model = model(cell, tokens());
        let music = [round(60)];
        let before = mean_nll(&model, &music, &mut Workspace::default()).unwrap();
        train(&mut model, &music, &music, &config(), &mut Watcher::default()).unwrap();
        let after = mean_nll(&model, &music, &mut Workspace::default()).unwrap();
        assert!(abs_diff_eq!(before, 6f64.ln(), epsilon = 0.5), "an untrained model knows nothing: {before}");
        assert!(after < 0.1, "{cell}: {after} nats per token");
    }
}

/// Trains on a round of tokens; the losses of all updates and the held-out loss at the end.
fn learn(config: &TrainingConfig) -> (Vec<f64>, f64) {
    let mut model = model(Cell::Gru, tokens());
    let mut watcher = Watcher::default();
    train(&mut model, &[round(60), round(40)], &[round(50)], config, &mut watcher).unwrap();
    let after = mean_nll(&model, &[round(50)], &mut Workspace::default()).unwrap();
    (watcher.losses, after)
}

#[test]
fn every_optimiser_and_schedule_learns() {
    for (kind, learning_rate, momentum) in [
        (OptimizerKind::Sgd, 0.5, 0.9),
        (OptimizerKind::RmsProp, 0.005, 0.0),
        (OptimizerKind::Adam, 0.02, 0.0),
        (OptimizerKind::AdamW, 0.02, 0.0),
    ] {
        for schedule in [ScheduleKind::Constant, ScheduleKind::OneCycle, ScheduleKind::Plateau] {
            let config = TrainingConfig {
                epochs: 30,
                learning_rate,
                optimizer: OptimizerConfig { kind, momentum, ..Default::default() },
                schedule: Schedule { kind: schedule, ..Default::default() },
                ..config()
            };
            let (_, after) = learn(&config);
            assert!(after < 0.2, "{kind:?} with {schedule:?}: {after} nats per token");
        }
    }
}

#[test]
fn whole_pieces_smoothing_and_averages_learn_too() {
    let (_, whole) = learn(&TrainingConfig { tbptt_len: 0, ..config() });
    assert!(whole < 0.1, "{whole}");
    let (_, averaged) = learn(&TrainingConfig { ema_decay: 0.95, ..config() });
    assert!(averaged < 0.1, "{averaged}");
    let smoothing = 0.1;
    let (losses, smoothed) = learn(&TrainingConfig { label_smoothing: smoothing, ..config() });
    // Nothing beats the entropy of the smoothed target: 1 − ε + ε/K once and ε/K five times.
    let (hit, miss) = (1.0 - smoothing + smoothing / 6.0, smoothing / 6.0);
    let entropy = -(hit * f64::ln(hit) + 5.0 * miss * f64::ln(miss));
    let last = losses.last().unwrap();
    assert!(*last > entropy && *last < entropy + 0.1, "{last} against {entropy}");
    assert!(smoothed < 0.3 && smoothed > 5.0 * averaged, "the likelihood pays for it: {smoothed}");
}

#[test]
fn the_same_weights_on_any_number_of_threads() {
    let frames = Network::ALL.map(|network| (network_model(network, 32), ostinato as fn(usize) -> Sequence));
    for (model, piece) in frames.into_iter().chain([(token_model(32), round as fn(usize) -> Sequence)]) {
        let weights = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let mut model = model.clone();
                let music = [piece(64), piece(40), piece(7)];
                let config = TrainingConfig { epochs: 3, ..config() };
                train(&mut model, &music, &music[..1], &config, &mut Watcher::default()).unwrap();
                model.params().values().to_vec()
            })
        };
        let one = weights(1);
        for threads in [2, 3, 4] {
            assert!(one == weights(threads), "{:?} on {threads} threads", model.config());
        }
    }
}

#[test]
fn the_best_weights_are_kept_and_patience_ends_the_training() {
    // Validation music that has nothing to do with the training music: it gets worse as training goes on.
    let mut model = model(Cell::Lstm, frames());
    let valid = [Sequence::frames(
        (0..64u32)
            .map(|step| Frame { sounding: 1 << (48 + step * 7 % 25), onsets: 1 << (48 + step * 7 % 25) })
            .collect(),
    )];
    let config = TrainingConfig { patience: 4, ..config() };
    let outcome = train(&mut model, &[ostinato(64)], &valid, &config, &mut Watcher::default()).unwrap();
    assert!(outcome.epochs.len() < 60, "patience must end it");
    assert_eq!(outcome.epochs.len() as u64, outcome.best.epoch + 4);
    let kept = mean_nll(&model, &valid, &mut Workspace::default()).unwrap();
    assert_eq!(kept, outcome.best.valid_nll, "the model has the weights of the best epoch");
}

fn complaint(model: &mut SequenceModel, config: &TrainingConfig) -> String {
    let music = [ostinato(64)];
    train(model, &music, &music, config, &mut Watcher::default()).expect_err("it diverges").to_string()
}

#[test]
fn a_training_that_explodes_is_told_with_update_layer_gate_and_what_to_try() {
    let huge = TrainingConfig { learning_rate: 1e30, clip_grad_norm: 1e30, ..config() };
    let text = complaint(&mut model(Cell::RnnRelu, frames()), &huge);
    for word in ["update", "layer 1", "learning_rate"] {
        assert!(text.contains(word), "{word} in: {text}");
    }
    for (gate, name) in ["i", "f", "g", "o"].into_iter().enumerate() {
        let mut model = model(Cell::Lstm, frames());
        let weight = model.params().id("recurrent.weight_hh_l0").unwrap();
        model.params_mut().value_mut(weight)[gate * 32 * 32 + 5] = f32::NAN;
        let text = complaint(&mut model, &config());
        assert!(text.contains(&format!("recurrent.weight_hh_l0, gate {name}")), "{text}");
        assert!(text.contains("update 1"), "{text}");
    }
}
