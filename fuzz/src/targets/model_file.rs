//! Any bytes are a model file or refused; a model that is read is written and read back equal, and composes music or says why not.

use crate::Target;
use crate::forms::{edited, header_and_data, with_header};
use composer::models::ComposeDefaults;
use composer::prelude::{ComposeOptions, Length, TrainedModel, compose};
use composer_bptt::{Cell, Init, RecurrentConfig};
use composer_models::file::{self, Header, Notes};
use composer_models::{Encoding, ModelConfig, Network, SequenceModel, VoiceInputs};
use composer_music::midi;
use composer_music::representation::bars::BarRepresentation;
use composer_music::representation::events::{EventRepresentation, Section, Time};
use composer_music::representation::frames::FrameRepresentation;
use composer_music::representation::remi::{ChordTokens, RemiRepresentation};
use composer_music::representation::voices::VoiceRepresentation;
use composer_music::representation::{AnyRepresentation, Representation};
use serde_json::Value;
use std::path::Path;
use std::sync::LazyLock;

pub const TARGET: Target = Target {
    name: "model_file",
    promise: "read → write → read is equal, and the model composes a bar that can be written, or says why not",
    check,
    seeds,
    words: &[
        "\"__metadata__\":",
        "\"composer\":",
        "\"config\":",
        "\"notes\":",
        "\"encoding\":",
        "\"recurrent\":",
        "\"hidden\":",
        "\"layers\":",
        "\"cell\":",
        "\"bidirectional\":true",
        "\"layer_norm\":true",
        "\"coupled\":true",
        "\"kind\":\"tokens\"",
        "\"kind\":\"frames\"",
        "\"kind\":\"values\"",
        "\"representation\":",
        "\"steps_per_quarter\":",
        "\"pitch_low\":",
        "\"pitch_high\":",
        "\"onset_plane\":",
        "\"vocabulary\":",
        "\"fingerprint\":",
        "\"metre\":",
        "\"dtype\":\"F32\"",
        "\"F16\"",
        "\"shape\":",
        "\"data_offsets\":[",
        "null",
        "true",
        "false",
        "0",
        "-1",
        "1e300",
        "127",
        "255",
    ],
    max_len: MAX_LEN,
};

/// Bytes of the longest input; the weights of larger models are made of their configurations alone.
const MAX_LEN: usize = 8192;

/// The largest size in a configuration that a model is made of: a larger one, which memory would hold, only makes an input slow.
/// Files may claim any size: they are refused where they lack its weights.
const LARGEST: u64 = 1024;

/// The configurations of [`seeds`], as JSON.
static CONFIGURATIONS: LazyLock<Vec<Value>> = LazyLock::new(|| configurations(seeds()));

/// The first byte chooses the form: a file; a header, NUL and data, to become a file with the length of its header; a
/// configuration, to become a model with weights; changes of a true configuration.
fn check(bytes: &[u8]) {
    by_form(bytes, &CONFIGURATIONS, check_file, check_header);
}

/// What the first byte of an input chooses, for model files of any kind.
pub fn by_form(bytes: &[u8], configurations: &[Value], check_file: fn(&[u8]), check_header: fn(&[u8])) {
    let Some((form, rest)) = bytes.split_first() else { return };
    match usize::from(*form) % (3 + configurations.len()) {
        0 => check_file(rest),
        1 => check_file(&safetensors(rest)),
        2 => check_header(rest),
        form => check_header(edited(configurations[form - 3].clone(), rest).to_string().as_bytes()),
    }
}

/// The configurations of some seeds, as JSON.
pub fn configurations(seeds: Vec<Vec<u8>>) -> Vec<Value> {
    let of_form = seeds.into_iter().filter(|seed| seed[0] == 2);
    of_form.map(|seed| serde_json::from_slice(&seed[1..]).expect("JSON")).collect()
}

/// A header, NUL and data as a safetensors file.
pub fn safetensors(bytes: &[u8]) -> Vec<u8> {
    let (header, data) = header_and_data(bytes);
    [&(header.len() as u64).to_le_bytes(), header, data].concat()
}

/// Whether the sizes in JSON are small: units and layers, which multiply, and everything else.
pub fn small(json: &[u8]) -> bool {
    fn check(key: &str, value: &Value) -> bool {
        let largest = if ["hidden", "layers"].contains(&key) { 16 } else { LARGEST };
        match value {
            Value::Number(number) => key == "seed" || number.as_u64().is_none_or(|number| number <= largest),
            Value::Array(values) => values.iter().all(|value| check(key, value)),
            Value::Object(entries) => entries.iter().all(|(key, value)| check(key, value)),
            Value::Null | Value::Bool(_) | Value::String(_) => true,
        }
    }
    serde_json::from_slice(json).is_ok_and(|value| check("", &value))
}

fn check_file(bytes: &[u8]) {
    let Ok((model, notes)) = file::from_bytes(bytes, Path::new("model.safetensors")) else { return };
    let written = file::to_bytes(&model, &notes).expect("what was read is written");
    let (again, notes_again) =
        file::from_bytes(&written, Path::new("again.safetensors")).expect("what was written is read");
    assert_eq!(model.config(), again.config());
    assert_eq!(model.params().values(), again.params().values());
    assert_eq!(notes, notes_again);
    let options = ComposeOptions { num_outputs: 1, length: Length::Bars(1), ..ComposeOptions::default() };
    for piece in compose(&TrainedModel { model, notes, defaults: ComposeDefaults::default() }, &options)
        .unwrap_or_default()
    {
        midi::write(&piece.score).expect("what was composed is written");
    }
}

fn check_header(json: &[u8]) {
    if !small(json) {
        return;
    }
    let Ok(mut header) = serde_json::from_slice::<Header>(json) else { return };
    check_built(&header);
    // A change of the options of a representation changes its fingerprint, by which it is refused: with the true one it is reached.
    if let (Encoding::Tokens { .. }, Some(representation)) =
        (&header.config.encoding, &header.notes.representation)
    {
        let encoding = encoding_of(representation);
        let few = matches!(&encoding, Encoding::Tokens { vocabulary, .. } if *vocabulary as u64 <= LARGEST);
        if few && encoding != header.config.encoding {
            header.config.encoding = encoding;
            check_built(&header);
        }
    }
}

fn check_built(header: &Header) {
    let Ok(model) = SequenceModel::new(header.config.clone(), &Init::RECOMMENDED, 1) else { return };
    check_file(&file::to_bytes(&model, &header.notes).expect("a new model is written"));
}

/// What a network reads and writes that knows music as the tokens of a representation.
fn encoding_of(representation: &AnyRepresentation) -> Encoding {
    let vocabulary = representation.vocabulary().size();
    let voices = match representation {
        AnyRepresentation::Voices(own) => Some(VoiceInputs {
            voices: own.voices.into(),
            steps_per_quarter: own.steps_per_quarter,
            metre: 3,
            bar_line: 2,
        }),
        _ => None,
    };
    Encoding::Tokens { vocabulary, fingerprint: representation.fingerprint(), longest_match: false, voices }
}

/// Representations of every kind of tokens, in vocabularies of at most [`LARGEST`].
fn token_representations() -> Vec<AnyRepresentation> {
    let remi = RemiRepresentation { steps_per_quarter: 2, ..RemiRepresentation::default() };
    let full = RemiRepresentation { steps_per_quarter: 1, programs: true, chords: ChordTokens::Beats };
    let time = Time::Metrical { steps_per_quarter: 4 };
    let events = EventRepresentation { time, ..EventRepresentation::default() };
    let drums = EventRepresentation { section: Section::Drums, ..EventRepresentation::default() };
    vec![
        AnyRepresentation::by_name("chords").expect("its name"),
        AnyRepresentation::Remi(remi),
        AnyRepresentation::Remi(full),
        AnyRepresentation::Events(EventRepresentation::default()),
        AnyRepresentation::Events(events),
        AnyRepresentation::Events(drums),
        AnyRepresentation::Voices(VoiceRepresentation { voices: 2, ..VoiceRepresentation::default() }),
        AnyRepresentation::Bars(BarRepresentation::learn(remi, [], 0).expect("nothing to learn from")),
    ]
}

/// A file, its parts and its header, for frames, tokens of music and real values.
fn seeds() -> Vec<Vec<u8>> {
    let stack = RecurrentConfig { cell: Cell::Gru, hidden: 2, ..RecurrentConfig::default() };
    let frames = FrameRepresentation { pitch_low: 60, pitch_high: 63, ..FrameRepresentation::default() };
    let coupled = ModelConfig::new(
        Encoding::Frames {
            representation: frames,
            metre: 4,
            bar_line: 3,
            look_back: 0,
            longest_match: false,
            returns: false,
            rhythm: false,
            note_lengths: 0,
            note_velocities: 0,
        },
        stack.clone(),
    );
    let layered =
        RecurrentConfig { cell: Cell::Lstm, layers: 2, layer_norm: true, hidden: 1, ..stack.clone() };
    let looking_back = Encoding::Frames {
        representation: frames,
        metre: 4,
        bar_line: 0,
        look_back: 2,
        longest_match: false,
        returns: true,
        rhythm: true,
        note_lengths: 0,
        note_velocities: 0,
    };
    let by_note = |network| {
        ModelConfig::new(looking_back.clone(), stack.clone())
            .with_network(network, stack.clone(), 0.1)
            .with_relative_logits(true)
    };
    let mut configs = vec![
        (ModelConfig { coupled: true, output_dropout: 0.1, ..coupled }, None),
        (by_note(Network::NoteWise), None),
        (by_note(Network::Biaxial), None),
        (ModelConfig::new(Encoding::values(2), layered), None),
    ];
    let tokens = |representation: AnyRepresentation| {
        (ModelConfig::new(encoding_of(&representation), stack.clone()), Some(representation))
    };
    configs.extend(token_representations().into_iter().map(tokens));
    configs
        .into_iter()
        .flat_map(|(config, representation)| {
            let notes = Notes {
                quarters_per_minute: Some(90.0),
                program: Some(0),
                representation,
                corpus: "none".into(),
                ..Notes::default()
            };
            let model = SequenceModel::new(config.clone(), &Init::RECOMMENDED, 1).expect("a small model");
            let bytes = file::to_bytes(&model, &notes).expect("written");
            let header = serde_json::to_vec(&Header { version: file::HEADER_VERSION, config, notes });
            in_three_forms(bytes, header.expect("JSON"))
        })
        .filter(|seed| seed.len() <= MAX_LEN)
        .chain([vec![3, 3, 0, 1], vec![4, 5, 0, 2, 7, 0, 22], vec![5, 9, 0, 23]])
        .collect()
}

/// A safetensors file as it is, as header and data, and the configuration in it alone.
pub fn in_three_forms(file: Vec<u8>, configuration: Vec<u8>) -> [Vec<u8>; 3] {
    let (start, rest) = file.split_first_chunk::<8>().expect("the length of a header");
    let (header, data) = rest.split_at(u64::from_le_bytes(*start) as usize);
    [[&[0], &file[..]].concat(), with_header(1, header, data), [&[2], &configuration[..]].concat()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_tokens_is_built_small_and_composes() {
        for representation in token_representations() {
            let name = representation.name();
            let recurrent = RecurrentConfig { hidden: 2, ..RecurrentConfig::default() };
            let config = ModelConfig::new(encoding_of(&representation), recurrent);
            let notes = Notes { representation: Some(representation), ..Notes::default() };
            let header = Header { version: file::HEADER_VERSION, config, notes };
            assert!(small(&serde_json::to_vec(&header).expect("JSON")), "{name} is too large to be made");
            let model = SequenceModel::new(header.config, &Init::RECOMMENDED, 1).expect(name);
            let options =
                ComposeOptions { num_outputs: 1, length: Length::Bars(1), ..ComposeOptions::default() };
            let pieces = compose(
                &TrainedModel { model, notes: header.notes, defaults: ComposeDefaults::default() },
                &options,
            );
            assert_eq!(pieces.expect(name).len(), 1, "{name}");
        }
    }
}
