//! [`Layers`]: where settings come from, and how they lie over each other.

use super::complete::Settings;
use super::given::of_model;
use super::presets::Preset;
use super::sections::{USUAL, USUAL_CONDITIONS};
use super::single::single_setting;
use super::sources::{parse, read};
use super::tables;
use crate::error::{Result, wrong_input};
use crate::model::TrainedModel;
use anyhow::Context;
use composer_music::input::{MAX_TEXT, read_regular_text};
use serde::Serialize;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

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
        tables::set(&mut table, "model.conditions", USUAL.into())?;
        if let Some(preset) = self.preset {
            tables::merge(&mut table, parse(preset.settings, preset.name)?, Some(preset.name))?;
        }
        if let Some(given) = given {
            tables::merge(&mut table, of_model(given), None)?;
        }
        if let Some(path) = &self.file {
            let name = path.display().to_string();
            let mut file = parse(&read(path)?, &name)?;
            tables::rename_old(&mut file);
            tables::merge(&mut table, file, Some(&name))?;
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
        tables::rename_old(&mut saved);
        if let Some(Value::Table(music)) = saved.get_mut("music") {
            // A run of before there was such an input does not have it.
            music.entry("bar_line").or_insert(Value::Integer(0));
            music.entry("look_back").or_insert(Value::Integer(0));
            music.entry("longest_match").or_insert(Value::Boolean(false));
            music.entry("voice_inputs").or_insert(Value::Boolean(false));
        }
        if let Some(Value::Table(model)) = saved.get_mut("model") {
            model.entry("relative_logits").or_insert(Value::Boolean(false));
            model.entry("conditions").or_insert(Value::Array(Vec::new()));
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

    /// With a single setting more, if there is a value for it.
    ///
    /// # Errors
    /// The value is none that TOML can hold, such as a number above 2⁶³.
    pub fn with<T: Serialize>(mut self, key: &str, value: Option<T>) -> Result<Self> {
        if let Some(value) = value {
            let value = Value::try_from(value).map_err(|error| wrong_input(format!("{key}: {error}")))?;
            self.single.push((key.to_owned(), value));
        }
        Ok(self)
    }

    /// With single settings more, each as `key=value`.
    ///
    /// # Errors
    /// As [`single_setting`].
    pub fn with_texts(mut self, texts: &[String]) -> Result<Self> {
        for text in texts {
            self.single.push(single_setting(text)?);
        }
        Ok(self)
    }

    fn over(&self, mut table: Table) -> Result<Settings> {
        for (key, value) in &self.single {
            tables::set(&mut table, key, value.clone())?;
        }
        choose_usual_conditions(&mut table);
        Settings::from_table(table)
    }
}

/// Puts the conditions that are usual for the representation in the place of [`USUAL`].
fn choose_usual_conditions(table: &mut Table) {
    let setting = |section: &str, key: &str| Some(table.get(section)?.get(key)?.as_str()?.to_owned());
    if setting("model", "conditions").as_deref() != Some(USUAL) {
        return;
    }
    let frames = setting("music", "representation").as_deref() == Some("frames");
    let usual = if frames { &USUAL_CONDITIONS[..] } else { &[] };
    let names = usual.iter().map(|condition| Value::String(condition.to_string())).collect();
    if let Some(Value::Table(model)) = table.get_mut("model") {
        model.insert("conditions".into(), Value::Array(names));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use composer_bptt::Cell;
    use composer_models::Condition;

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
    fn conditions_are_those_of_the_representation_unless_they_are_asked_for() {
        let conditions = |settings: &[&str]| with(settings).unwrap().model.conditions;
        assert_eq!(conditions(&[]), Settings::default().model.conditions);
        assert_eq!(conditions(&["model.hidden=8"]), USUAL_CONDITIONS);
        assert_eq!(conditions(&["representation=remi"]), []);
        assert_eq!(conditions(&["conditions=[]"]), []);
        let asked = conditions(&["representation=remi", "conditions=['density', 'key']"]);
        assert_eq!(asked, [Condition::Density, Condition::Key]);
    }

    #[test]
    fn a_run_of_before_there_were_usual_conditions_resumes_without() {
        let folder = tempfile::tempdir().unwrap();
        let mut old = Settings::default();
        old.model.conditions.clear();
        let text = old.to_toml().unwrap();
        let text: String = text
            .lines()
            .filter(|line| !line.starts_with("relative_logits") && !line.starts_with("conditions"))
            .map(|line| format!("{line}\n"))
            .collect();
        std::fs::write(folder.path().join(CONFIG_FILE), text).unwrap();
        let resumed = Layers::default().resumed(folder.path()).unwrap();
        assert_eq!((resumed.model.conditions, resumed.model.relative_logits), (Vec::new(), false));
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
