//! The model that a training starts from: it must have the shape of the one that is trained. And what starting from it gained.

use super::options::TrainOptions;
use crate::error::{wrong_input, wrong_option};
use crate::model::TrainedModel;
use crate::settings::{Music, Settings};
use composer_bptt::RecurrentConfig;
use composer_models::{Conditions, Encoding, ModelConfig};
use composer_music::representation::{AnyRepresentation, Representation};
use composer_training::distributed::Shard;
use composer_training::{Trainable, TrainingConfig};
use std::path::Path;

/// The model that a training starts from, by its setting; `None` if it starts from random weights.
///
/// # Errors
/// It cannot be read, or does not compose.
pub fn given_model(config: &Settings) -> anyhow::Result<Option<TrainedModel>> {
    match config.model.init_from.as_str() {
        "" => Ok(None),
        name => Ok(Some(TrainedModel::load(Path::new(name))?)),
    }
}

/// Refuses a comparison with random weights for a training that starts from them.
///
/// # Errors
/// It does.
pub fn check_comparison(options: &TrainOptions) -> anyhow::Result<()> {
    if options.compare_from_nothing && options.settings.model.init_from.is_empty() {
        return Err(wrong_option(
            "compare_from_nothing",
            "is for a training that starts from a model: name one with --init-from",
        ));
    }
    Ok(())
}

/// The NLL of the validation examples before the first update, in nats per step.
///
/// # Errors
/// An example is none of the model's.
pub fn valid_nll<M: Trainable>(
    model: &mut M,
    valid: &[M::Example],
    training: &TrainingConfig,
) -> anyhow::Result<f64> {
    let mut batches = model.batches(training, Shard::WHOLE);
    Ok(model.mean_nll(&mut batches, valid, training)?)
}

/// The names of conditions, as a setting has them.
fn names_of(conditions: &Conditions) -> String {
    let names: Vec<String> = conditions.known().map(|condition| format!("\"{condition}\"")).collect();
    format!("[{}]", names.join(","))
}

/// Refuses a model of frames for a training of tokens, and the other way round: `from` is its name.
///
/// # Errors
/// It reads music as something else than `representation`.
pub fn check_same_kind(
    from: &str,
    given: &TrainedModel,
    representation: &AnyRepresentation,
) -> anyhow::Result<()> {
    let ours = matches!(representation, AnyRepresentation::Frames(_));
    if ours == given.model.encoding().first_plane().is_some() {
        return Ok(());
    }
    let name = given.notes.representation.as_ref().map_or("frames", |tokens| tokens.name());
    Err(wrong_input(format!(
        "{from} reads music as {name}, and this training does not: use --representation {name}, or start from random \
         weights"
    )))
}

/// Refuses a model with another shape than the one that is to be trained: `from` is its name.
///
/// # Errors
/// The first difference, and the settings that match it.
pub fn check_same_shape(from: &str, given: &TrainedModel, ours: &ModelConfig) -> anyhow::Result<()> {
    let theirs = given.model.config();
    let shape = |config: &ModelConfig| {
        let (steps_per_quarter, parts) = match &config.encoding {
            Encoding::Frames { representation, .. } => {
                (representation.steps_per_quarter, representation.parts)
            }
            _ => (Music::default().steps_per_quarter, Music::default().parts),
        };
        let sixteenths = |steps| Music::sixteenths(steps, steps_per_quarter).to_string();
        let recurrent = &config.recurrent;
        // Of the stack that writes notes, where the given model has one.
        let notes = config.notes().filter(|_| theirs.notes().is_some());
        let of_notes = |value: fn(&RecurrentConfig) -> String| notes.map(value).unwrap_or_default();
        [
            ("model.network", config.network().to_string()),
            ("model.note_cell", of_notes(|notes| notes.cell.to_string())),
            ("model.note_hidden", of_notes(|notes| notes.hidden.to_string())),
            ("model.note_layers", of_notes(|notes| notes.layers.to_string())),
            ("model.relative_logits", config.relative_logits().to_string()),
            ("model.cell", recurrent.cell.to_string()),
            ("model.hidden", recurrent.hidden.to_string()),
            ("model.layers", recurrent.layers.to_string()),
            ("model.bias", recurrent.bias.to_string()),
            ("model.layer_norm", recurrent.layer_norm.to_string()),
            ("model.bar_attention", config.bar_attention.to_string()),
            ("model.embedding", config.token_network.embedding.to_string()),
            ("model.tie_weights", config.token_network.tied.to_string()),
            ("model.softmaxes", config.token_network.softmaxes.to_string()),
            ("music.parts", parts.to_string()),
            ("music.steps_per_quarter", steps_per_quarter.to_string()),
            ("music.metre", sixteenths(config.encoding.metre())),
            ("music.bar_line", sixteenths(config.encoding.bar_line())),
            ("music.look_back", config.encoding.look_back().to_string()),
            ("music.note_lengths", sixteenths(config.encoding.note_lengths())),
            ("music.note_velocities", config.encoding.note_velocities().to_string()),
            ("music.voice_inputs", config.encoding.voices().is_some().to_string()),
            ("music.longest_match", config.encoding.longest_match().to_string()),
            ("model.conditions", names_of(&config.conditions)),
        ]
    };
    let differences: Vec<(&str, String, String)> = shape(ours)
        .into_iter()
        .zip(shape(theirs))
        .filter(|((_, ours), (_, theirs))| ours != theirs)
        .map(|((name, ours), (_, theirs))| (name, ours, theirs))
        .collect();
    if let [(name, ours, theirs), ..] = &differences[..] {
        let settings: String =
            differences.iter().map(|(name, _, theirs)| format!(" --set {name}={theirs}")).collect();
        return Err(wrong_input(format!(
            "{from} has {name} {theirs}, and the configuration has {ours}: match the model with{settings}"
        )));
    }
    if ours.encoding != theirs.encoding {
        return Err(wrong_input(format!(
            "{from} reads music in another representation or vocabulary than this training: use the representation that it \
             was trained with, or start from random weights"
        )));
    }
    Ok(())
}
