//! Small models of every representation, and what is composed with them.

use composer::TrainedModel;
use composer::compose::{ComposeOptions, Length};
use composer::models::ComposeDefaults;
use composer_bptt::{Init, RecurrentConfig};
use composer_models::file::Notes;
use composer_models::{Encoding, ModelConfig, SequenceModel};
use composer_music::representation::bars::BarRepresentation;
use composer_music::representation::frames::FrameRepresentation;
use composer_music::representation::remi::RemiRepresentation;
use composer_music::representation::{AnyRepresentation, Representation};
use composer_music::{KeySignature, Note, Score, Tempo, TimeSignature, Track};

/// Three quarters and a rest, with drums, in a resolution and a tempo that few models have.
pub fn primer() -> Score {
    let note = |onset, duration, pitch, channel, velocity| Note {
        onset,
        duration,
        pitch,
        velocity,
        channel,
        program: if channel == 9 { 0 } else { 41 },
    };
    let mut score = Score::new(110);
    score.tempos = vec![
        Tempo { tick: 0, micros_per_quarter: 578_035 },
        Tempo { tick: 110, micros_per_quarter: 611_111 },
    ];
    score.time_signatures.push(TimeSignature { tick: 0, numerator: 4, denominator: 4 });
    score.key_signatures.push(KeySignature { tick: 0, sharps: -3, minor: true });
    score.tracks = vec![
        Track {
            name: Some("Fiddle".into()),
            notes: vec![note(0, 37, 60, 3, 33), note(37, 36, 63, 3, 77), note(110, 220, 67, 3, 127)],
        },
        Track { name: Some("Kit".into()), notes: vec![note(0, 10, 36, 9, 90), note(110, 10, 38, 9, 91)] },
    ];
    score
}

/// Untrained models, small enough to be quick.
pub fn model(name: &str) -> TrainedModel {
    let recurrent = RecurrentConfig { hidden: 8, ..RecurrentConfig::default() };
    let representation = match name {
        "bars" => {
            let base = RemiRepresentation { steps_per_quarter: 4, ..Default::default() };
            AnyRepresentation::Bars(
                BarRepresentation::learn(base, [&primer(), &primer()], 12).expect("short"),
            )
        }
        _ => AnyRepresentation::by_name(name).expect("a name"),
    };
    let (encoding, representation) = match representation {
        AnyRepresentation::Frames(_) => (Encoding::frames(FrameRepresentation::default()), None),
        representation => {
            let vocabulary = representation.vocabulary().size();
            let encoding = Encoding::Tokens {
                vocabulary,
                fingerprint: representation.fingerprint(),
                longest_match: false,
                voices: None,
            };
            (encoding, Some(representation))
        }
    };
    let config = ModelConfig::new(encoding, recurrent);
    let mut model = SequenceModel::new(config, &Init::default(), 3).expect("a model");
    if representation.is_none() {
        // Untrained, every second key would sound.
        let bias = model.params().id("output.bias").expect("a bias");
        model.params_mut().value_mut(bias).fill(-3.0);
    }
    TrainedModel {
        model,
        notes: Notes { representation, ..Notes::default() },
        defaults: ComposeDefaults::default(),
    }
}

pub fn base(name: &str) -> ComposeOptions {
    // Chord symbols have up to four notes.
    let max_polyphony = if name == "chords" { 4 } else { 3 };
    ComposeOptions { num_outputs: 2, length: Length::Bars(2), max_polyphony, ..ComposeOptions::default() }
}
