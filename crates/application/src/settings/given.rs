//! The settings of a model that a training starts from: its network and its representation are kept where nothing else is asked for.

use super::sections::Music;
use crate::model::TrainedModel;
use composer_models::Encoding;
use composer_music::representation::Representation;
use toml::{Table, Value};

/// The settings of the network and of the representation, as the model itself says them.
pub(super) fn of_model(given: &TrainedModel) -> Table {
    let config = given.model.config();
    let (recurrent, tokens) = (&config.recurrent, &config.token_network);
    let count = |value: usize| Value::Integer(value as i64);
    let text = |value: &dyn std::fmt::Display| Value::String(value.to_string());
    let conditions = config.conditions.known().map(|condition| Value::String(condition.to_string()));
    let mut model = Table::from_iter(
        [
            ("cell", text(&recurrent.cell)),
            ("hidden", count(recurrent.hidden)),
            ("layers", count(recurrent.layers)),
            ("bias", Value::Boolean(recurrent.bias)),
            ("layer_norm", Value::Boolean(recurrent.layer_norm)),
            ("dropout", Value::Float(recurrent.dropout)),
            ("variational_dropout", Value::Boolean(recurrent.variational_dropout)),
            ("recurrent_dropout", Value::Float(recurrent.recurrent_dropout)),
            ("output_dropout", Value::Float(config.output_dropout)),
            ("network", text(&config.network())),
            ("conditions", Value::Array(conditions.collect())),
            ("bar_attention", count(config.bar_attention)),
            ("embedding", count(tokens.embedding)),
            ("tie_weights", Value::Boolean(tokens.tied)),
            ("embedding_dropout", Value::Float(tokens.embedding_dropout)),
            ("softmaxes", count(tokens.softmaxes)),
            ("zoneout", Value::Float(recurrent.zoneout)),
            ("zoneout_cell", Value::Float(recurrent.zoneout_cell)),
        ]
        .map(|(key, value)| (key.to_owned(), value)),
    );
    if let Some(notes) = config.notes() {
        model.insert("note_cell".into(), text(&notes.cell));
        model.insert("note_hidden".into(), count(notes.hidden));
        model.insert("note_layers".into(), count(notes.layers));
        model.insert("relative_logits".into(), Value::Boolean(config.relative_logits()));
    }
    let mut music =
        Table::from_iter([("longest_match".to_owned(), Value::Boolean(config.encoding.longest_match()))]);
    match (&config.encoding, &given.notes.representation) {
        (
            Encoding::Frames {
                representation,
                metre,
                bar_line,
                look_back,
                note_lengths,
                note_velocities,
                ..
            },
            _,
        ) => {
            let steps_per_quarter = representation.steps_per_quarter;
            let sixteenths = |steps| count(Music::sixteenths(steps, steps_per_quarter));
            music.insert("representation".into(), Value::String("frames".into()));
            music.insert("parts".into(), text(&representation.parts));
            music.insert("steps_per_quarter".into(), count(steps_per_quarter as usize));
            music.insert("metre".into(), sixteenths(*metre));
            music.insert("bar_line".into(), sixteenths(*bar_line));
            music.insert("look_back".into(), count(*look_back));
            music.insert("note_lengths".into(), sixteenths(*note_lengths));
            music.insert("note_velocities".into(), count(*note_velocities));
        }
        (_, Some(tokens)) => {
            music.insert("representation".into(), Value::String(tokens.name().to_owned()));
            let voices = config.encoding.voices();
            music.insert("voice_inputs".into(), Value::Boolean(voices.is_some()));
            if let Some(voices) = voices {
                music.insert("metre".into(), count(voices.metre));
                music.insert("bar_line".into(), count(voices.bar_line));
            }
        }
        (_, None) => {}
    }
    Table::from_iter([("model".to_owned(), Value::Table(model)), ("music".to_owned(), Value::Table(music))])
}
