//! What a model file says of itself: [`Details`].

use super::task::CardTask;
use crate::error::Result;
use composer_bptt::{Cell, RecurrentConfig};
use composer_models::seq2seq::Task;
use composer_models::{ModelConfig, Seq2SeqConfig, WeightType, file, seq2seq};
use composer_music::representation::Representation;
use serde::Serialize;
use std::path::Path;

/// What a model file says of itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Details {
    /// The command that it is for.
    pub task: CardTask,
    /// Bytes of the file.
    pub bytes: usize,
    /// The numbers that its weights are stored as.
    pub weights: WeightType,
    /// Parameters.
    pub parameters: usize,
    /// The network in a few words.
    pub network: String,
    /// How it reads and writes music: the name of a representation.
    pub representation: String,
    /// What it can be told, or the styles that it knows.
    pub conditions: Vec<String>,
    /// NLL of its validation pieces, in nats per step.
    pub valid_nll: Option<f64>,
}

impl Details {
    /// Reads a model of either kind; `path` is for messages only.
    ///
    /// # Errors
    /// The bytes are no model.
    pub fn of(bytes: &[u8], path: &Path) -> Result<Self> {
        let weights = file::weight_type(bytes).unwrap_or_default();
        if seq2seq::is_one(bytes) {
            let (model, notes) = seq2seq::from_bytes(bytes, path)?;
            return Ok(Self {
                task: CardTask::of(Some(notes.task)),
                bytes: bytes.len(),
                weights,
                parameters: model.params().len(),
                network: of_part(model.config()),
                representation: if notes.task == Task::Humanise { "performances" } else { "frames" }.into(),
                conditions: notes.styles,
                valid_nll: notes.valid_nll,
            });
        }
        let (model, notes) = file::from_bytes(bytes, path)?;
        Ok(Self {
            task: CardTask::Compose,
            bytes: bytes.len(),
            weights,
            parameters: model.params().len(),
            network: describe(model.config()),
            representation: notes
                .representation
                .map_or_else(|| model.encoding().kind().to_owned(), |tokens| tokens.name().to_owned()),
            conditions: model.config().conditions.known().map(|condition| condition.to_string()).collect(),
            valid_nll: notes.valid_nll,
        })
    }
}

fn stack(cell: Cell, hidden: usize, layers: usize) -> String {
    format!("{} {}", cell.to_string().to_uppercase(), vec![hidden.to_string(); layers].join(" + "))
}

fn of_stack(config: &RecurrentConfig) -> String {
    stack(config.cell, config.hidden, config.layers)
}

/// A network in a few words.
pub fn describe(config: &ModelConfig) -> String {
    let past = if config.bar_attention > 0 { " with attention over past bars" } else { "" };
    let over_time = format!("{}{past}", of_stack(&config.recurrent));
    let Some(notes) = config.notes() else { return over_time };
    let over = if config.note_wise.is_some() { "the notes of a frame" } else { "the pitches" };
    format!("{over_time} over time, {} over {over}", of_stack(notes))
}

/// An encoder–decoder in a few words.
fn of_part(config: &Seq2SeqConfig) -> String {
    let ways =
        [(config.aligned, "aligned"), (config.attention.is_some(), "attention"), (config.bridge, "bridge")];
    let ways: Vec<&str> = ways.into_iter().filter(|(has, _)| *has).map(|(_, name)| name).collect();
    let both = if config.encoder.bidirectional { "in each direction" } else { "forward" };
    format!(
        "encoder {} {both}, decoder {}, conditioned by {}",
        of_stack(&config.encoder),
        of_stack(&config.decoder),
        ways.join(" and ")
    )
}
