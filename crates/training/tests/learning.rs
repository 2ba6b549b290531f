//! Training learns what there is to learn, keeps the best weights, and is the same on any number of threads.

use composer_bptt::{Cell, Init, RecurrentConfig};
use composer_models::{Encoding, ModelConfig, Sequence, SequenceModel, Workspace};
use composer_music::representation::frames::{Frame, FrameRepresentation};
use composer_training::{EpochReport, Observer, Stop, TrainingConfig, UpdateReport, mean_nll, train};

struct Quiet;

impl Observer for Quiet {
    fn update(&mut self, _: &UpdateReport) -> Stop {
        Stop::No
    }
    fn epoch(&mut self, _: &EpochReport, _: &SequenceModel) -> std::io::Result<()> {
        Ok(())
    }
}

const REPRESENTATION: FrameRepresentation =
    FrameRepresentation { steps_per_quarter: 4, pitch_low: 48, pitch_high: 72, onset_plane: true };

fn model(cell: Cell, encoding: Encoding) -> SequenceModel {
    let recurrent = RecurrentConfig { cell, hidden: 32, ..RecurrentConfig::default() };
    SequenceModel::new(ModelConfig::new(encoding, recurrent), &Init::default(), 1).unwrap()
}

/// A figure of eight steps with held, re-struck and silent pitches, over and over.
fn ostinato(steps: usize) -> Sequence {
    let frames = (0..steps).map(|step| {
        let melody = 1u128 << (60 + [0, 4, 7, 4, 0, 0, 5, 2][step % 8]);
        let bass = if step % 8 < 6 { 1u128 << 48 } else { 0 };
        let previous_bass = step % 8 > 0 && step % 8 < 6 && step % 8 != 4;
        let struck_bass = if previous_bass { 0 } else { bass };
        Frame { sounding: melody | bass, onsets: melody | struck_bass }
    });
    Sequence::Frames(frames.collect())
}

fn config() -> TrainingConfig {
    TrainingConfig {
        epochs: 60,
        batch_size: 4,
        tbptt_len: 16,
        copies: 4,
        transpose: 0,
        learning_rate: 0.02,
        patience: 0,
        ..Default::default()
    }
}

#[test]
fn every_cell_learns_an_ostinato_almost_perfectly() {
    for cell in [Cell::RnnTanh, Cell::Lstm, Cell::Gru] {
        let mut model = model(cell, Encoding::frames(REPRESENTATION));
        let music = [ostinato(64)];
        let before = mean_nll(&model, &music, &mut Workspace::default()).unwrap();
        train(&mut model, &music, &music, &config(), &mut Quiet).unwrap();
        let after = mean_nll(&model, &music, &mut Workspace::default()).unwrap();
        assert!(before > 10.0 && after < 0.5, "{cell}: {before:.2} to {after:.2} nats per frame");
    }
}

#[test]
fn tokens_are_learnt_with_a_softmax() {
    let encoding = Encoding::Tokens { vocabulary: 6, fingerprint: "toy".into() };
    let mut model = model(Cell::Gru, encoding);
    let music = [Sequence::Tokens([0, 1, 5, 2, 2, 3].repeat(10))];
    let before = mean_nll(&model, &music, &mut Workspace::default()).unwrap();
    train(&mut model, &music, &music, &config(), &mut Quiet).unwrap();
    let after = mean_nll(&model, &music, &mut Workspace::default()).unwrap();
    assert!((before - 6f64.ln()).abs() < 0.5, "an untrained model knows nothing: {before}");
    assert!(after < 0.1, "{after} nats per token");
}

#[test]
fn the_same_weights_on_one_thread_and_on_four() {
    let weights = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut model = model(Cell::Lstm, Encoding::frames(REPRESENTATION));
            let music = [ostinato(64), ostinato(40), ostinato(7)];
            let config = TrainingConfig { epochs: 3, ..config() };
            train(&mut model, &music, &music[..1], &config, &mut Quiet).unwrap();
            model.params().values().to_vec()
        })
    };
    let one = weights(1);
    assert_eq!(one, weights(2));
    assert_eq!(one, weights(4));
}

#[test]
fn the_best_weights_are_kept_and_patience_ends_the_training() {
    // Validation music that has nothing to do with the training music: it gets worse as training goes on.
    let mut model = model(Cell::Lstm, Encoding::frames(REPRESENTATION));
    let valid = [Sequence::Frames(
        (0..64u32)
            .map(|step| Frame { sounding: 1 << (48 + step * 7 % 25), onsets: 1 << (48 + step * 7 % 25) })
            .collect(),
    )];
    let config = TrainingConfig { patience: 4, ..config() };
    let outcome = train(&mut model, &[ostinato(64)], &valid, &config, &mut Quiet).unwrap();
    assert!(outcome.epochs.len() < 60, "patience must end it");
    assert_eq!(outcome.epochs.len() as u64, outcome.best_epoch + 4);
    let kept = mean_nll(&model, &valid, &mut Workspace::default()).unwrap();
    assert_eq!(kept, outcome.best_valid_nll, "the model has the weights of the best epoch");
}

#[test]
fn a_learning_rate_that_explodes_is_told_in_words() {
    let mut model = model(Cell::RnnRelu, Encoding::frames(REPRESENTATION));
    let config = TrainingConfig { learning_rate: 1e30, clip_grad_norm: 1e30, ..config() };
    let error =
        train(&mut model, &[ostinato(64)], &[ostinato(64)], &config, &mut Quiet).expect_err("it diverges");
    let text = error.to_string();
    assert!(text.contains("update") && text.contains("learning rate"), "{text}");
}
