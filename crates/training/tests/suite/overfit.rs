//! One batch is overfitted by every cell in every representation.

use composer_bptt::{Cell, Init, RecurrentConfig};
use composer_models::{Encoding, ModelConfig, Sequence, SequenceModel};
use composer_music::representation::{AnyRepresentation, Representation, Symbols};
use composer_music::{Note, Score, Track};
use composer_training::{Control, Observer, Schedule, TrainingConfig, UpdateReport, train};

/// A bar in four parts: two chords under a melody.
fn piece(transpose: u8) -> Score {
    let mut score = Score::new(4);
    let parts: [&[(u64, u64, u8)]; 4] = [
        &[(0, 4, 72), (4, 2, 71), (6, 2, 72), (8, 8, 74)],
        &[(0, 8, 67), (8, 8, 69)],
        &[(0, 8, 64), (8, 8, 65)],
        &[(0, 8, 48), (8, 8, 53)],
    ];
    for (channel, part) in (0..).zip(parts) {
        let note = |&(onset, duration, pitch): &(u64, u64, u8)| Note {
            onset,
            duration,
            pitch: pitch + transpose,
            velocity: 80,
            channel,
            program: 0,
        };
        score.tracks.push(Track { name: None, notes: part.iter().map(note).collect() });
    }
    score
}

/// The batch in a representation, and what its symbols mean.
fn batch(name: &str) -> (Vec<Sequence>, Encoding) {
    let scores = [piece(0), piece(2)];
    let representation = AnyRepresentation::by_name(name).unwrap().learn(&scores, 16).unwrap();
    let write = |score: &Score| match representation.encode(score).unwrap() {
        Symbols::Frames(frames) => Sequence::frames(frames),
        Symbols::Tokens(tokens) => Sequence::tokens(tokens),
    };
    let encoding = match &representation {
        AnyRepresentation::Frames(frames) => Encoding::frames(*frames),
        tokens => Encoding::Tokens {
            vocabulary: tokens.vocabulary().size(),
            fingerprint: tokens.fingerprint(),
            longest_match: false,
            voices: None,
        },
    };
    (scores.iter().map(write).collect(), encoding)
}

/// Stops when the loss of the batch is almost nothing.
struct UntilKnown {
    nll: f64,
    /// At most this is left, in nats per step.
    enough: f64,
    updates: u64,
}

impl Observer for UntilKnown {
    fn update(&mut self, report: &UpdateReport) -> Control {
        (self.nll, self.updates) = (report.nll, report.update);
        if report.nll <= self.enough { Control::Stop } else { Control::Continue }
    }
}

/// Learns the batch until `enough` is left, in so many updates at most.
fn learn(cell: Cell, name: &str, updates: u64, enough: f64) -> UntilKnown {
    let (music, encoding) = batch(name);
    let recurrent = RecurrentConfig { cell, hidden: 48, ..RecurrentConfig::default() };
    // Pitches that see each other know from the lowest which piece it is.
    let coupled = name == "frames";
    let config = ModelConfig { coupled, ..ModelConfig::new(encoding, recurrent) };
    let mut model = SequenceModel::new(config, &Init::default(), 1).unwrap();
    model.init_output_bias(&music);
    // A state without gates is easily shaken: it needs smaller steps.
    let gated = cell.gates().len() > 1;
    let config = TrainingConfig {
        epochs: updates,
        batch_size: 2,
        tbptt_len: 0,
        copies: 1,
        transpose: 0,
        learning_rate: if gated { 0.01 } else { 0.004 },
        patience: 0,
        schedule: Schedule::CONSTANT,
        ..TrainingConfig::default()
    };
    let mut watched = UntilKnown { nll: f64::INFINITY, enough, updates: 0 };
    train(&mut model, &music, &music[..1], &config, &mut watched).unwrap();
    watched
}

/// Every cell learns the batch. What cannot be known is which of the two pieces it is: ln 2 nats, once in each.
fn every_cell_learns(name: &str) {
    let longest = batch(name).0.iter().map(Sequence::len).max().unwrap();
    let unknowable = 2f64.ln() / longest as f64;
    let mut left = Vec::new();
    for cell in Cell::ALL {
        let learnt = learn(cell, name, 3000, unknowable + 0.03);
        let told = format!("{cell}: {:.4} nats per step after {} updates", learnt.nll, learnt.updates);
        println!("{told}, of which {unknowable:.4} cannot be known");
        if learnt.nll > learnt.enough {
            left.push(told);
        }
    }
    assert!(left.is_empty(), "{left:#?}");
}

/// A test of its own for each representation, so that they run side by side.
macro_rules! one_batch_is_overfitted {
    ($($test:ident $name:literal),*) => {
        $(
            #[test]
            fn $test() {
                every_cell_learns($name);
            }
        )*

        #[test]
        fn every_representation_has_its_test() {
            // Those of drums have no symbols for these notes.
            let tested = [$($name),*];
            assert!(AnyRepresentation::NAMES.iter().all(|name| *name == "drum-events" || tested.contains(name)), "{tested:?}");
        }
    };
}

one_batch_is_overfitted! {
    frames_are_overfitted "frames",
    events_are_overfitted "events",
    metrical_events_are_overfitted "metrical-events",
    remi_is_overfitted "remi",
    multitrack_remi_is_overfitted "multitrack-remi",
    voices_are_overfitted "voices",
    chords_are_overfitted "chords",
    bars_are_overfitted "bars"
}

#[test]
fn what_has_hardly_begun_to_learn_is_far_from_it() {
    for name in ["frames", "remi"] {
        let learnt = learn(Cell::Gru, name, 3, 0.0);
        assert!(learnt.nll > 1.0, "{name}: {}", learnt.nll);
    }
}
