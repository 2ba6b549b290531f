//! Where the text of settings comes from: a file, a model.

use crate::error::{Result, wrong_input};
use crate::model::TrainedModel;
use crate::models::Source;
use composer_music::input::{MAX_TEXT, read_text};
use std::path::Path;
use toml::Table;

pub(super) fn parse(text: &str, name: &str) -> anyhow::Result<Table> {
    text.parse()
        .map_err(|error: toml::de::Error| wrong_input(format!("{name} is not TOML: {}", error.message())))
}

/// The text of a configuration: a TOML file, or the settings that a model file holds.
///
/// # Errors
/// The file cannot be read, or the model holds no settings.
pub fn read(path: &Path) -> Result<String> {
    let name = path.display();
    let is_built_in = || matches!(Source::find(path), Ok(Source::BuiltIn(_)));
    if path.extension().is_some_and(|extension| extension == "safetensors") || is_built_in() {
        let TrainedModel { notes, .. } = TrainedModel::load(path)?;
        let found = Some(notes.configuration).filter(|text| !text.is_empty());
        return Ok(found.ok_or_else(|| wrong_input(format!("{name} holds no settings of its training")))?);
    }
    Ok(read_text(path, MAX_TEXT)
        .map_err(|error| wrong_input(format!("cannot read the configuration {name}: {error}")))?)
}
