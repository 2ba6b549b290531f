//! Small music, small models, and a training that is watched.

#![allow(dead_code, reason = "every test file uses its own part")]

use composer_bptt::{Cell, Init, RecurrentConfig};
use composer_models::{Encoding, ModelConfig, Network, Sequence, SequenceModel, TokenNetwork};
use composer_music::representation::frames::{Frame, FrameParts, FrameRepresentation};
use composer_training::{Control, Error, Observer, Snapshot, TrainingConfig, UpdateReport};
use ndarray::Array2;

pub const REPRESENTATION: FrameRepresentation = FrameRepresentation {
    steps_per_quarter: 4,
    pitch_low: 48,
    pitch_high: 72,
    onset_plane: true,
    parts: FrameParts::Together,
};

pub fn frames() -> Encoding {
    Encoding::frames(REPRESENTATION)
}

/// Frames whose network is told where bars end.
pub fn frames_in_bars() -> Encoding {
    Encoding::Frames {
        representation: REPRESENTATION,
        metre: 0,
        bar_line: 4,
        look_back: 0,
        longest_match: false,
        returns: false,
        rhythm: false,
        note_lengths: 0,
        note_velocities: 0,
    }
}

pub fn tokens() -> Encoding {
    Encoding::Tokens { vocabulary: 6, fingerprint: "toy".into(), longest_match: false, voices: None }
}

pub fn model(cell: Cell, encoding: Encoding) -> SequenceModel {
    let recurrent = RecurrentConfig { cell, hidden: 32, ..RecurrentConfig::default() };
    SequenceModel::new(ModelConfig::new(encoding, recurrent), &Init::default(), 1).unwrap()
}

/// A model that makes frames in some way, with dropout.
pub fn network_model(network: Network, hidden: usize) -> SequenceModel {
    let recurrent = RecurrentConfig { hidden, ..RecurrentConfig::default() };
    let config = ModelConfig { output_dropout: 0.5, ..ModelConfig::new(frames(), recurrent.clone()) };
    SequenceModel::new(config.with_network(network, recurrent, 0.5), &Init::default(), 1).unwrap()
}

/// A model of tokens with all that one can have, with dropout.
pub fn token_model(hidden: usize) -> SequenceModel {
    let recurrent = RecurrentConfig { hidden, ..RecurrentConfig::default() };
    let encoding =
        Encoding::Tokens { vocabulary: 6, fingerprint: "toy".into(), longest_match: true, voices: None };
    let config = ModelConfig { output_dropout: 0.5, ..ModelConfig::new(encoding, recurrent) };
    let network =
        TokenNetwork { tied: true, embedding_dropout: 0.2, softmaxes: 3, ..TokenNetwork::default() };
    SequenceModel::new(config.with_token_network(network), &Init::default(), 1).unwrap()
}

/// A figure of eight steps with held, re-struck and silent pitches, over and over.
pub fn ostinato(steps: usize) -> Sequence {
    let frames = (0..steps).map(|step| {
        let melody = 1u128 << (60 + [0, 4, 7, 4, 0, 0, 5, 2][step % 8]);
        let bass = if step % 8 < 6 { 1u128 << 48 } else { 0 };
        let previous_bass = step % 8 > 0 && step % 8 < 6 && step % 8 != 4;
        let struck_bass = if previous_bass { 0 } else { bass };
        Frame { sounding: melody | bass, onsets: melody | struck_bass }
    });
    Sequence::frames(frames.collect())
}

/// Six tokens in a round.
pub fn round(tokens: usize) -> Sequence {
    Sequence::tokens([0, 1, 5, 2, 2, 3].into_iter().cycle().take(tokens).collect())
}

/// A sine wave of one column, with a period of 20 steps.
pub fn wave(steps: usize, phase: f32) -> Sequence {
    let angle = |step: usize| std::f32::consts::TAU * step as f32 / 20.0 + phase;
    Sequence::Values(Array2::from_shape_fn((steps, 1), |(step, _)| angle(step).sin()))
}

pub fn config() -> TrainingConfig {
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

/// Writes down every loss and every checkpoint, and can stop the training.
#[derive(Default)]
pub struct Watcher {
    pub losses: Vec<f64>,
    pub truths: Vec<f64>,
    pub stop_after: Option<u64>,
    pub checkpoint: Vec<u8>,
}

impl Observer for Watcher {
    fn update(&mut self, report: &UpdateReport) -> Control {
        self.losses.push(report.nll);
        self.truths.push(report.truth_probability);
        if self.stop_after == Some(report.update) { Control::Stop } else { Control::Continue }
    }

    fn save(&mut self, snapshot: &Snapshot<'_>) -> Result<(), Error> {
        self.checkpoint = snapshot.to_bytes("some notes")?;
        Ok(())
    }
}
