//! One configuration: a TOML file, options that override it, and words for what it does not know.
//!
//! Four layers, each over the one before: the defaults, the file of `--config`, options such as `--hidden`, and `--set`.
//! They are tables until the end, so that an unknown key is found in all of them by the same rule: it is not in the
//! defaults, which have every key.

use crate::commands::train_args::TrainArgs;
use crate::failure::wrong_input;
use anyhow::Context;
use composer_bptt::{Cell, RecurrentConfig};
use composer_models::{Encoding, ModelConfig, file};
use composer_music::representation::AnyRepresentation;
use composer_training::TrainingConfig;
use serde::{Deserialize, Serialize};
use std::path::Path;
use toml::{Table, Value};

/// Everything that a training depends on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What to learn from.
    pub music: Music,
    /// The network.
    pub model: Model,
    /// How it learns.
    pub training: TrainingConfig,
    /// What is written while it learns; changes no figure.
    pub run: Run,
}

/// What to learn from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Music {
    /// Folder with MIDI files; empty: the music that composer carries.
    pub folder: String,
    /// How music becomes symbols, by name.
    pub representation: String,
    /// Steps of the metrical cycle that a network of frames is told its place in; 0: none.
    pub metre: usize,
}

impl Default for Music {
    fn default() -> Self {
        // A bar of 4/4, or two of 2/4.
        Self { folder: String::new(), representation: "frames".into(), metre: 16 }
    }
}

/// The network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Model {
    /// Cell of every layer, by the name that [`Cell::names`] lists.
    pub cell: Cell,
    /// Units in each layer.
    pub hidden: usize,
    /// Layers on top of each other.
    pub layers: usize,
    /// Whether the cells have biases.
    pub bias: bool,
    /// Whether the gates are normalised inside the cells.
    pub layer_norm: bool,
    /// Dropout between layers.
    pub dropout: f64,
    /// Whether that dropout keeps its mask through a sequence.
    pub variational_dropout: bool,
    /// Dropout of the previous state on its way into the gates, one mask for a sequence.
    pub recurrent_dropout: f64,
    /// Dropout between the top layer and the output.
    pub output_dropout: f64,
    /// Whether the pitches of a frame see each other, so that they choose a chord together; tokens always do.
    pub coupled: bool,
    /// Probability that a unit keeps its state.
    pub zoneout: f64,
    /// Probability that a unit of an LSTM keeps its cell state.
    pub zoneout_cell: f64,
    /// A model file to begin with instead of random weights; empty: none.
    pub init_from: String,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            cell: Cell::Lstm,
            hidden: 192,
            layers: 1,
            bias: true,
            layer_norm: false,
            dropout: 0.25,
            variational_dropout: false,
            recurrent_dropout: 0.0,
            output_dropout: 0.25,
            coupled: true,
            zoneout: 0.0,
            zoneout_cell: 0.0,
            init_from: String::new(),
        }
    }
}

/// What is written while the network learns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Run {
    /// Seconds between checkpoints.
    pub checkpoint_seconds: f64,
    /// Updates between checkpoints; 0: by time alone.
    pub checkpoint_updates: u64,
    /// Whether to write event files for TensorBoard.
    pub tensorboard: bool,
    /// Whether to compose a few bars along the way.
    pub samples: bool,
}

impl Default for Run {
    fn default() -> Self {
        Self { checkpoint_seconds: 60.0, checkpoint_updates: 0, tensorboard: true, samples: true }
    }
}

/// Name of the configuration in a run folder.
pub const CONFIG_FILE: &str = "config.toml";

impl Config {
    /// The configuration that the arguments ask for.
    pub fn resolve(args: &TrainArgs) -> anyhow::Result<Self> {
        let mut table = Self::table()?;
        set(
            &mut table,
            "training.seed",
            Value::Integer(i64::try_from(args.music.seed).map_err(wrong_input)?),
        )?;
        if let Some(path) = &args.config {
            let name = path.display().to_string();
            let text = read(path)?;
            let file: Table = text.parse().map_err(|error: toml::de::Error| {
                wrong_input(format!("{name} is not TOML: {}", error.message()))
            })?;
            merge(&mut table, file, "", &name)?;
        }
        for (key, value) in args.options() {
            set(&mut table, key, value)?;
        }
        set_all(&mut table, &args.set)?;
        Self::from_table(table)
    }

    /// The configuration of a run that goes on. Only its end, and what changes no figure, may differ.
    pub fn resume(saved: &Path, args: &TrainArgs) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(saved).map_err(|error| {
            wrong_input(format!("there is no run to resume: cannot read {} ({error})", saved.display()))
        })?;
        let saved_table: Table = text.parse().with_context(|| format!("{} is damaged", saved.display()))?;
        let saved = Self::from_table(saved_table.clone())?;
        let mut table = saved_table;
        for (key, value) in args.options() {
            set(&mut table, key, value)?;
        }
        set_all(&mut table, &args.set)?;
        let now = Self::from_table(table)?;
        let same = Self { training: saved.training.clone(), run: saved.run.clone(), ..now.clone() } == saved;
        if args.config.is_some() || !same || !saved.training.continues_as(&now.training) {
            return Err(wrong_input(
                "a run goes on under its own configuration; only training.epochs, training.patience and run.* may be set \
                 with --resume (for other changes begin a new run with --init-from its model)",
            ));
        }
        Ok(now)
    }

    fn table() -> anyhow::Result<Table> {
        Ok(Table::try_from(Self { training: default_training(), ..Self::default() })?)
    }

    fn from_table(table: Table) -> anyhow::Result<Self> {
        let config: Self = table.try_into().map_err(|error: toml::de::Error| {
            wrong_input(format!(
                "the configuration cannot be used: {}",
                error.to_string().lines().collect::<Vec<_>>().join(" ")
            ))
        })?;
        config.training.check()?;
        Ok(config)
    }

    /// Refuses variants that would change nothing, because the symbols do not tell what would vary.
    pub fn check_augmentation(&self, representation: &AnyRepresentation) -> anyhow::Result<()> {
        let TrainingConfig { stretch, velocity, .. } = self.training;
        let told = &self.music.representation;
        if stretch != 1.0 && !representation.has_tempo() {
            return Err(wrong_input(format!(
                "training.stretch is {stretch}, but {told} count notes in quarters and do not tell the tempo: leave it at \
                 1, or use events or remi"
            )));
        }
        if velocity != 0 && !representation.has_velocity() {
            return Err(wrong_input(format!(
                "training.velocity is {velocity}, but {told} do not tell how loud notes are: leave it at 0, or use events \
                 or remi"
            )));
        }
        Ok(())
    }

    /// As a file.
    pub fn to_toml(&self) -> anyhow::Result<String> {
        Ok(toml::to_string_pretty(self)?)
    }

    /// The model for an encoding.
    pub fn model(&self, encoding: Encoding) -> ModelConfig {
        let model = &self.model;
        let recurrent = RecurrentConfig {
            cell: model.cell,
            hidden: model.hidden,
            layers: model.layers,
            bias: model.bias,
            dropout: model.dropout,
            variational_dropout: model.variational_dropout,
            recurrent_dropout: model.recurrent_dropout,
            zoneout: model.zoneout,
            zoneout_cell: model.zoneout_cell,
            layer_norm: model.layer_norm,
            ..RecurrentConfig::default()
        };
        ModelConfig {
            output_dropout: model.output_dropout,
            coupled: model.coupled && encoding.first_plane().is_some(),
            ..ModelConfig::new(encoding, recurrent)
        }
    }
}

/// What the quick start has time for.
fn default_training() -> TrainingConfig {
    TrainingConfig { epochs: 28, batch_size: 16, learning_rate: 0.004, ..TrainingConfig::default() }
}

/// The text of a configuration: a TOML file, or what a model file says of its own training.
pub fn read(path: &Path) -> anyhow::Result<String> {
    let name = path.display();
    if path.extension().is_some_and(|extension| extension == "safetensors") {
        let (_, notes) = file::load(path)?;
        let said = Some(notes.configuration).filter(|text| !text.is_empty());
        return said.ok_or_else(|| wrong_input(format!("{name} does not say how it was trained")));
    }
    std::fs::read_to_string(path)
        .map_err(|error| wrong_input(format!("cannot read the configuration {name}: {error}")))
}

/// Sets one key of a table that has it already.
fn set(table: &mut Table, key: &str, value: Value) -> anyhow::Result<()> {
    let mut nested = value;
    for part in key.rsplit('.') {
        nested = Value::Table(Table::from_iter([(part.to_owned(), nested)]));
    }
    match nested {
        Value::Table(over) => merge(table, over, "", "--set"),
        _ => Ok(()),
    }
}

/// `--set key=value`, where the value is TOML, or else a text.
fn set_all(table: &mut Table, settings: &[String]) -> anyhow::Result<()> {
    for setting in settings {
        let (key, value) = setting
            .split_once('=')
            .ok_or_else(|| wrong_input(format!("--set {setting}: write it as key=value")))?;
        let parsed =
            format!("value = {value}").parse::<Table>().ok().and_then(|mut table| table.remove("value"));
        set(table, key.trim(), parsed.unwrap_or_else(|| Value::String(value.to_owned())))?;
    }
    Ok(())
}

/// Lays `over` on `table`, key by key; what `table` does not know is refused with the nearest name that it does.
fn merge(table: &mut Table, over: Table, prefix: &str, source: &str) -> anyhow::Result<()> {
    for (key, value) in over {
        let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match (table.get_mut(&key), value) {
            (None, value) => return Err(unknown(&first_leaf(path, &value), source)),
            (Some(Value::Table(known)), Value::Table(inner)) => merge(known, inner, &path, source)?,
            (Some(Value::Table(_)), _) => {
                return Err(wrong_input(format!("{source}: {path} is a section, and needs a key in it")));
            }
            (Some(known), value) => *known = value,
        }
    }
    Ok(())
}

/// The path of the first setting below `path`: an unknown section is told by the setting that was meant.
fn first_leaf(path: String, value: &Value) -> String {
    match value.as_table().and_then(|inner| inner.iter().next()) {
        Some((key, inner)) => first_leaf(format!("{path}.{key}"), inner),
        None => path,
    }
}

fn unknown(path: &str, source: &str) -> anyhow::Error {
    let mut known = Vec::new();
    if let Ok(table) = Config::table() {
        collect_keys(&table, "", &mut known);
    }
    let last = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
    let likeness =
        |key: &str| strsim::jaro_winkler(key, path).max(strsim::jaro_winkler(&last(key), &last(path)));
    let nearest = known.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    let hint = nearest.map(|key| format!("; did you mean {key}?")).unwrap_or_default();
    wrong_input(format!("{source}: there is no setting {path}{hint}"))
}

fn collect_keys(table: &Table, prefix: &str, keys: &mut Vec<String>) {
    for (key, value) in table {
        let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            Value::Table(inner) => collect_keys(inner, &path, keys),
            _ => keys.push(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(settings: &[&str]) -> anyhow::Result<Config> {
        let mut table = Config::table()?;
        set_all(&mut table, &settings.iter().map(|text| text.to_string()).collect::<Vec<_>>())?;
        Config::from_table(table)
    }

    #[test]
    fn settings_override_defaults_and_come_back_from_the_file() {
        let config = with(&[
            "model.cell=gru",
            "training.learning_rate=0.002",
            "training.optimizer.kind=adamw",
            "training.sampling.curve=inverse-sigmoid",
            "training.sampling.k=100",
            "music.folder=my songs",
        ])
        .unwrap();
        assert_eq!((config.model.cell, config.training.learning_rate), (Cell::Gru, 0.002));
        assert_eq!(config.music.folder, "my songs");
        let again: Config = toml::from_str(&config.to_toml().unwrap()).unwrap();
        assert_eq!(again, config);
    }

    #[test]
    fn what_is_not_known_or_makes_no_sense_is_refused_in_words() {
        for (setting, words) in [
            ("training.lerning_rate=1", "did you mean training.learning_rate?"),
            ("model.hiden=12", "did you mean model.hidden?"),
            ("modle.hidden=12", "did you mean model.hidden?"),
            ("training=3", "is a section"),
            ("training.epochs=abc", "epochs"),
            ("training.optimizer.kind=adamm", "adamm"),
            ("training.sampling.k=2", "the configuration"),
            ("training.learning_rate=-1", "above 0"),
            ("training.epochs", "key=value"),
        ] {
            match with(&[setting]) {
                Err(error) => assert!(error.to_string().contains(words), "{setting}: {error}"),
                Ok(_) => assert_eq!(
                    setting, "training.sampling.k=2",
                    "a constant that is not used is not looked at"
                ),
            }
        }
    }
}
