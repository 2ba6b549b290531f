//! [`Settings`]: everything that a training depends on, and the one place of every default.
//!
//! Layers, each over the one before: the defaults, a preset, the model that the training starts from, a file (`config.toml`, or a model file, which holds its own
//! settings), and single settings by name ([`Layers`]).

mod given;
mod layers;
mod presets;
mod sections;
mod single;
mod sources;

pub use presets::Preset;
pub(crate) use sections::FOLDER;
pub use sections::{Model, Music, Run};
pub use single::single_setting;
pub use sources::read;

use crate::error::{Result, wrong_input};
use crate::model::TrainedModel;
use anyhow::Context;
use composer_bptt::RecurrentConfig;
use composer_models::{Encoding, ModelConfig, TokenNetwork};
use composer_music::input::{MAX_TEXT, read_regular_text};
use composer_music::representation::AnyRepresentation;
use composer_training::TrainingConfig;
use serde::{Deserialize, Serialize};
use sources::parse;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// Everything that a training depends on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The training music, and how it is encoded.
    pub music: Music,
    /// The network.
    pub model: Model,
    /// How it is trained.
    pub training: TrainingConfig,
    /// What is written during training; changes no figure.
    pub run: Run,
}

impl Default for Settings {
    /// What the quick start has time for.
    fn default() -> Self {
        Self {
            music: Music::default(),
            model: Model::default(),
            training: TrainingConfig {
                epochs: 16,
                batch_size: 16,
                excerpts: 0.6,
                ema_decay: 0.99,
                learning_rate: 0.004,
                ..TrainingConfig::default()
            },
            run: Run::default(),
        }
    }
}

/// Name of the settings in a run folder.
pub const CONFIG_FILE: &str = "config.toml";

/// Where settings come from; later fields lie over earlier ones, and all of them over the defaults.
///
/// ```
/// use composer_application::settings::{Layers, Preset};
///
/// let layers = Layers {
///     preset: Some(Preset::by_name("good")?),
///     single: vec![("hidden".into(), 64.into()), ("training.optimizer.kind".into(), "adamw".into())],
///     ..Layers::default()
/// };
/// assert_eq!(layers.settings()?.model.hidden, 64);
/// # Ok::<(), composer_application::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// A preset.
    pub preset: Option<Preset>,
    /// A TOML file, or a model file.
    pub file: Option<PathBuf>,
    /// Single settings. The first parts of a name may be left out where no other setting ends the same.
    pub single: Vec<(String, Value)>,
}

impl Layers {
    /// The settings.
    ///
    /// # Errors
    /// The file cannot be read, a name is not known, or a value is out of range.
    pub fn settings(&self) -> Result<Settings> {
        let settings = self.settings_over(None)?;
        match settings.model.init_from.as_str() {
            "" => Ok(settings),
            name => self.settings_over(Some(&TrainedModel::load(name)?)),
        }
    }

    /// The settings; a model that the training starts from is a layer above the preset, by its network and its representation.
    fn settings_over(&self, given: Option<&TrainedModel>) -> Result<Settings> {
        let mut table = Settings::default().table()?;
        if let Some(preset) = self.preset {
            layers::merge(&mut table, parse(preset.settings, preset.name)?, Some(preset.name))?;
        }
        if let Some(given) = given {
            layers::merge(&mut table, given::of_model(given), None)?;
        }
        if let Some(path) = &self.file {
            let name = path.display().to_string();
            let mut file = parse(&read(path)?, &name)?;
            layers::rename_old(&mut file);
            layers::merge(&mut table, file, Some(&name))?;
        }
        self.over(table)
    }

    /// The settings of a run that is resumed. Only its end, and what changes no figure, may differ.
    ///
    /// # Errors
    /// There is no such run, or another setting differs.
    pub fn resumed(&self, run: &Path) -> Result<Settings> {
        let path = run.join(CONFIG_FILE);
        let text = read_regular_text(&path, MAX_TEXT).map_err(|error| {
            wrong_input(format!("there is no run to resume: cannot read {} ({error})", path.display()))
        })?;
        let damaged = || format!("{} is damaged", path.display());
        let mut saved: Table =
            toml::from_str(&text).map_err(|error| wrong_input(error.message())).with_context(damaged)?;
        layers::rename_old(&mut saved);
        if let Some(Value::Table(music)) = saved.get_mut("music") {
            // A run of before there was such an input does not have it.
            music.entry("bar_line").or_insert(Value::Integer(0));
            music.entry("look_back").or_insert(Value::Integer(0));
            music.entry("longest_match").or_insert(Value::Boolean(false));
            music.entry("voice_inputs").or_insert(Value::Boolean(false));
        }
        if let Some(Value::Table(model)) = saved.get_mut("model") {
            model.entry("relative_logits").or_insert(Value::Boolean(false));
        }
        if let Some(Value::Table(training)) = saved.get_mut("training") {
            training.entry("excerpts").or_insert(Value::Float(0.0));
        }
        let saved: Settings =
            saved.try_into().map_err(|error| wrong_input(error.message())).with_context(damaged)?;
        let now = self.over(saved.table()?)?;
        if self.preset.is_some() || self.file.is_some() {
            return Err(wrong_input(
                "a run is resumed with its own configuration: leave out --preset and --config",
            )
            .into());
        }
        saved.check_resumed_as(&now)?;
        Ok(now)
    }

    fn over(&self, mut table: Table) -> Result<Settings> {
        for (key, value) in &self.single {
            layers::set(&mut table, key, value.clone())?;
        }
        Settings::from_table(table)
    }
}

/// A training configuration with single settings over it, by their names in the section `training`.
pub(crate) fn training_with(
    base: &TrainingConfig,
    single: &[(String, Value)],
) -> anyhow::Result<TrainingConfig> {
    #[derive(Serialize, Deserialize)]
    struct Section {
        training: TrainingConfig,
    }
    let mut table = Table::try_from(Section { training: base.clone() })?;
    layers::add_unwritten(&mut table, "", base)?;
    for (key, value) in single {
        layers::set(&mut table, key, value.clone())?;
    }
    let section: Section = table.try_into().map_err(|error: toml::de::Error| {
        wrong_input(format!(
            "the configuration cannot be used: {}",
            error.to_string().lines().collect::<Vec<_>>().join(" ")
        ))
    })?;
    section.training.check()?;
    Ok(section.training)
}

impl Settings {
    /// All settings as a table, also those that a file has only where they are not the usual ones.
    fn table(&self) -> anyhow::Result<Table> {
        let mut table = Table::try_from(self)?;
        let Self { music, training, .. } = self;
        layers::add_unwritten(&mut table, &music.style_from, training)?;
        Ok(table)
    }

    fn from_table(table: Table) -> Result<Self> {
        let settings: Self = table.try_into().map_err(|error: toml::de::Error| {
            wrong_input(format!(
                "the configuration cannot be used: {}",
                error.to_string().lines().collect::<Vec<_>>().join(" ")
            ))
        })?;
        settings.training.check()?;
        Ok(settings)
    }

    /// Refuses other settings than a run can be resumed with.
    pub(crate) fn check_resumed_as(&self, other: &Self) -> anyhow::Result<()> {
        match self.resumes_as(other) {
            true => Ok(()),
            false => Err(wrong_input(
                "a run is resumed with its own configuration; only its end (training.epochs, updates, minutes and patience) and \
                 run.* may be changed with --resume (for other changes start a new run with --init-from and its model)",
            )),
        }
    }

    /// The default of a setting as text, by its whole name; empty if there is no such setting.
    pub fn default_of(key: &str) -> String {
        let table = Self::default().table().map(Value::Table).ok();
        let value = key
            .split('.')
            .try_fold(table.unwrap_or(Value::Boolean(false)), |value, part| value.get(part).cloned());
        match value {
            Some(Value::String(text)) => text,
            Some(value) => value.to_string(),
            None => String::new(),
        }
    }

    /// Whether a run with these settings may be resumed with others: only the end and what changes no figure differ.
    pub fn resumes_as(&self, other: &Self) -> bool {
        let same_end = Self { training: self.training.clone(), run: self.run.clone(), ..other.clone() };
        same_end == *self && self.training.continues_as(&other.training)
    }

    /// Refuses variants that would change nothing, because the symbols do not encode what would vary.
    pub(crate) fn check_augmentation(&self, representation: &AnyRepresentation) -> anyhow::Result<()> {
        let TrainingConfig { stretch, velocity, .. } = self.training;
        let representation_name = &self.music.representation;
        if stretch != 1.0 && !representation.has_tempo() {
            return Err(wrong_input(format!(
                "training.stretch is {stretch}, but {representation_name} measure time in quarters and do not encode the tempo: leave it at \
                 1, or use events or remi"
            )));
        }
        if velocity != 0 && !representation.has_velocity() {
            return Err(wrong_input(format!(
                "training.velocity is {velocity}, but {representation_name} do not encode velocity: leave it at 0, or use events \
                 or remi"
            )));
        }
        Ok(())
    }

    /// As a file.
    pub fn to_toml(&self) -> Result<String> {
        Ok(toml::to_string_pretty(self).map_err(anyhow::Error::from)?)
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
        let notes = RecurrentConfig {
            cell: model.note_cell,
            hidden: model.note_hidden,
            layers: model.note_layers,
            ..recurrent.clone()
        };
        let (output_dropout, bar_attention) = (model.output_dropout, model.bar_attention);
        ModelConfig { output_dropout, bar_attention, ..ModelConfig::new(encoding, recurrent) }
            .with_network(model.network, notes, model.output_dropout)
            .with_relative_logits(model.relative_logits)
            .with_token_network(TokenNetwork {
                embedding: model.embedding,
                tied: model.tie_weights,
                embedding_dropout: model.embedding_dropout,
                softmaxes: model.softmaxes,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use composer_bptt::Cell;

    fn with(settings: &[&str]) -> Result<Settings> {
        let single = settings.iter().map(|text| single_setting(text)).collect::<Result<_>>()?;
        Layers { single, ..Layers::default() }.settings()
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
        let again: Settings = toml::from_str(&config.to_toml().unwrap()).unwrap();
        assert_eq!(again, config);
    }

    #[test]
    fn what_is_not_known_or_makes_no_sense_is_refused_in_words() {
        for (setting, words) in [
            ("training.lerning_rate=1", "did you mean training.learning_rate?"),
            ("model.hiden=12", "did you mean model.hidden?"),
            ("modle.hidden=12", "did you mean model.hidden?"),
            ("training=3", "is a section"),
            ("kind=adamw", "write the whole name"),
            ("lerning_rate=1", "did you mean training.learning_rate?"),
            ("training.epochs=abc", "epochs"),
            ("training.optimizer.kind=adamm", "adamm"),
            ("training.sampling.k=2", "the configuration"),
            ("training.learning_rate=-1", "above 0"),
            ("training.epochs", "key=value"),
        ] {
            match with(&[setting]) {
                Err(error) => assert!(error.to_string().contains(words), "{setting}: {error}"),
                Ok(_) => {
                    assert_eq!(setting, "training.sampling.k=2", "a constant that is not used is not checked")
                }
            }
        }
    }

    #[test]
    fn flat_names_mean_the_only_setting_that_ends_so() {
        let config = with(&["hidden=256", "learning_rate=0.002", "optimizer.kind=adamw"]).unwrap();
        assert_eq!((config.model.hidden, config.training.learning_rate), (256, 0.002));
        assert_ne!(config.training.optimizer, Settings::default().training.optimizer);
    }

    #[test]
    fn every_preset_is_valid_and_quick_is_the_defaults() {
        for preset in Preset::ALL {
            let settings = Layers { preset: Some(preset), ..Layers::default() }.settings().unwrap();
            assert_eq!(settings == Settings::default(), preset.name == "quick", "{}", preset.name);
            assert!(Preset::table().contains(preset.name));
        }
        assert_eq!(Settings::default_of("training.epochs"), Settings::default().training.epochs.to_string());
    }

    #[test]
    fn a_run_of_before_there_were_bar_lines_resumes_without() {
        let folder = tempfile::tempdir().unwrap();
        let text = Settings::default().to_toml().unwrap();
        let old: String = text
            .lines()
            .filter(|line| !line.starts_with("bar_line"))
            .map(|line| format!("{line}\n"))
            .collect();
        assert_ne!(old, text);
        std::fs::write(folder.path().join(CONFIG_FILE), old).unwrap();
        assert_eq!(Layers::default().resumed(folder.path()).unwrap().music.bar_line, 0);
        assert_eq!(Settings::default().music.bar_line, 24);
    }

    #[test]
    fn later_layers_lie_over_earlier_ones() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("my.toml");
        std::fs::write(&file, "epochs = 7\n[training]\nseed = 3\n[model]\nhidden = 20\n").unwrap();
        let layers = Layers {
            preset: Some(Preset::by_name("good").unwrap()),
            file: Some(file),
            single: vec![("training.seed".into(), 5.into())],
        };
        let settings = layers.settings().unwrap();
        assert_eq!((settings.training.seed, settings.training.epochs, settings.model.hidden), (5, 7, 20));
        assert_ne!(settings.model.dropout, Settings::default().model.dropout, "of the preset");
    }
}
