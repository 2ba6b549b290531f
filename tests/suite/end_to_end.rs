//! MIDI in, training, composition, MIDI and audio out: an overfitted model reproduces its only piece, through every crate.

use composer_audio::{RenderOptions, render};
use composer_bptt::{Cell, Init, RecurrentConfig};
use composer_decoding::{FrameOptions, compose};
use composer_models::Stepper;
use composer_models::{Encoding, ModelConfig, Sequence, SequenceModel, file};
use composer_music::representation::frames::{DecodeOptions, FrameRepresentation};
use composer_music::{Note, Score, Track, midi};
use composer_training::{TrainingConfig, train};
use std::path::Path;

/// Frère Jacques over a drone: repeated notes, long ones, and two that sound together.
fn tune() -> Score {
    const TUNE: [(u8, u64); 16] = [
        (60, 1),
        (62, 1),
        (64, 1),
        (60, 1),
        (60, 1),
        (62, 1),
        (64, 1),
        (60, 1),
        (64, 1),
        (65, 1),
        (67, 2),
        (64, 1),
        (65, 1),
        (67, 2),
        (60, 1),
        (60, 1),
    ];
    let note = |onset, duration, pitch| Note { onset, duration, pitch, velocity: 80, channel: 0, program: 0 };
    let mut score = Score::new(480);
    let mut notes = Vec::new();
    let mut onset = 0;
    for (pitch, quarters) in TUNE {
        notes.push(note(onset, 480 * quarters, pitch));
        onset += 480 * quarters;
    }
    notes.extend((0..onset / 1920).map(|bar| note(1920 * bar, 1920, 48)));
    notes.sort();
    score.tracks.push(Track { name: Some("tune".into()), notes });
    score
}

#[test]
fn an_overfitted_model_reproduces_its_piece_note_for_note() {
    let bytes = midi::write(&tune()).expect("a MIDI file");
    let score = midi::read(&bytes).expect("read again").score;
    let representation =
        FrameRepresentation { pitch_low: 40, pitch_high: 72, ..FrameRepresentation::default() };
    let frames = representation.encode(&score);
    let music = [Sequence::frames(frames.clone())];
    // Gated cells only: the vanilla RNN also fits every step, but diverges from the piece when it conditions on its own output.
    for cell in [Cell::Lstm, Cell::Gru] {
        let encoding = Encoding::Frames {
            representation,
            metre: 16,
            bar_line: 0,
            look_back: 0,
            longest_match: false,
            returns: false,
            rhythm: false,
            note_lengths: 0,
            note_velocities: 0,
        };
        let recurrent = RecurrentConfig { cell, hidden: 48, ..RecurrentConfig::default() };
        let config = ModelConfig { coupled: true, ..ModelConfig::new(encoding, recurrent) };
        let mut model = SequenceModel::new(config, &Init::default(), 1).expect("a model");
        let training = TrainingConfig {
            epochs: 1500,
            learning_rate: 0.005,
            batch_size: 1,
            tbptt_len: 0,
            copies: 1,
            transpose: 0,
            patience: 0,
            ..TrainingConfig::default()
        };
        let outcome = train(&mut model, &music, &music, &training, &mut ()).expect("trained");
        assert!(outcome.best.valid_nll < 0.05, "{cell}: {} nats per step", outcome.best.valid_nll);

        // Through the model file, as a user would.
        let saved = file::to_bytes(&model, &file::Notes::default()).expect("saved");
        let (model, _) = file::from_bytes(&saved, Path::new("model")).expect("loaded");
        let greedy = FrameOptions { temperature: 0.0, ..FrameOptions::default() };
        let written = compose(Stepper::new(&model), greedy, 1, frames.len(), 1).expect("composed").remove(0);
        assert!(written.frames == frames, "{cell} plays another tune");

        let again = representation.decode(&written.frames, &DecodeOptions::default());
        let bytes = midi::write(&again).expect("a MIDI file");
        let read_back = midi::read(&bytes).expect("read again").score;
        let line = |score: &Score| -> Vec<(f64, f64, u8)> {
            let quarters = |ticks: u64| ticks as f64 / f64::from(score.ticks_per_quarter);
            let mut line: Vec<_> = score
                .notes()
                .map(|note| (quarters(note.onset), quarters(note.duration), note.pitch))
                .collect();
            line.sort_by(|a, b| a.partial_cmp(b).expect("numbers"));
            line
        };
        assert_eq!(line(&read_back), line(&score), "{cell}");

        let audio = render(&read_back, &RenderOptions::preview()).expect("sound");
        assert!(
            audio.seconds() > 8.0 && audio.peak() > 0.1,
            "{cell}: {} s, {}",
            audio.seconds(),
            audio.peak()
        );
    }
}
