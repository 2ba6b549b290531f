//! [`BuiltIn`]: the models that are part of the program, each a model file and a card in `models/NAME` of the sources.
//!
//! Nothing of them is read before it is asked for. To add one: make its folder, and name it in [`BuiltIn::ALL`].

use super::card::Card;
use super::task::{CardTask, task_name};
use crate::error::{Result, wrong_input};
use composer_models::seq2seq::Task;
use std::path::PathBuf;

/// A model that is part of the program.
#[derive(Debug)]
pub struct BuiltIn {
    /// Its name, as `--model` takes it.
    pub name: &'static str,
    card: &'static str,
    bytes: &'static [u8],
}

/// Entries by the names of their folders.
macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        &[$(BuiltIn {
            name: $name,
            card: include_str!(concat!("../../models/", $name, "/card.toml")),
            bytes: include_bytes!(concat!("../../models/", $name, "/model.safetensors")),
        }),*]
    };
}

/// The name of the model that `compose` and `score` take without `--model`.
pub const DEFAULT: &str = "compose";

impl BuiltIn {
    /// All of them, in the order of `composer models`.
    pub const ALL: &'static [Self] = built_in![
        "compose",
        "piano",
        "song",
        "tune",
        "drums",
        "hymn",
        "accompany",
        "drum",
        "reharmonise",
        "humanise"
    ];

    /// The one of a name.
    pub fn by_name(name: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|model| model.name == name)
    }

    /// The one of a name that somebody gave.
    ///
    /// # Errors
    /// There is none; the text has the names of all.
    pub fn named(name: &str) -> Result<&'static Self> {
        let names = || Self::ALL.iter().map(|model| model.name).collect::<Vec<_>>().join(", ");
        let unknown = || wrong_input(format!("there is no built-in model {name}; there are {}", names()));
        Ok(Self::by_name(name).ok_or_else(unknown)?)
    }

    /// The one that a command takes without `--model`; `None`: `compose` and `score`.
    ///
    /// # Errors
    /// None in practice: the models are part of the program.
    pub fn of_task(task: Option<Task>) -> Result<&'static Self> {
        let name = task.map_or(DEFAULT, task_name);
        Ok(Self::by_name(name).ok_or_else(|| anyhow::anyhow!("there is no built-in model {name}"))?)
    }

    /// What there is to know of it.
    ///
    /// # Errors
    /// None in practice: the cards are part of the program.
    pub fn card(&self) -> Result<Card> {
        let card = toml::from_str(self.card);
        Ok(card.map_err(|error| anyhow::anyhow!("the card of {}: {error}", self.name))?)
    }

    /// The model file.
    pub fn bytes(&self) -> &'static [u8] {
        self.bytes
    }

    /// What stands in the place of a path in messages.
    pub(crate) fn label(&self) -> PathBuf {
        PathBuf::from(format!("the built-in model {}", self.name))
    }

    /// Refuses it for a command that needs a model of another kind: `None` for one that composes.
    pub(crate) fn check_task(&self, task: Option<Task>) -> Result<()> {
        let own = self.card()?.task;
        if own.part() == task {
            return Ok(());
        }
        let suits = |model: &&Self| model.card().is_ok_and(|card| card.task.part() == task);
        let others: Vec<&str> = Self::ALL.iter().filter(suits).map(|model| model.name).collect();
        let needed = CardTask::of(task).name();
        Err(wrong_input(format!(
            "the built-in model {} is for composer {}, and this needs one for composer {needed}: {}",
            self.name,
            own.name(),
            others.join(", ")
        ))
        .into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::Details;
    use std::path::Path;

    #[test]
    fn every_folder_is_an_entry_whose_card_says_what_its_model_is() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
        let mut folders: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let mut names: Vec<&str> = BuiltIn::ALL.iter().map(|model| model.name).collect();
        folders.sort();
        names.sort_unstable();
        assert_eq!(folders, names);
        for model in BuiltIn::ALL {
            let card = model.card().unwrap_or_else(|error| panic!("{error}"));
            let details = Details::of(model.bytes(), &model.label()).unwrap();
            assert_eq!(details.task, card.task, "{}", model.name);
            assert!(!card.data.is_empty() && !card.weaknesses.is_empty(), "{}", model.name);
            assert!(card.data.iter().all(|set| !set.licence.is_empty()), "{}", model.name);
        }
        for task in
            [None, Some(Task::Accompany), Some(Task::Drum), Some(Task::Reharmonise), Some(Task::Humanise)]
        {
            BuiltIn::of_task(task).unwrap().check_task(task).unwrap();
        }
    }

    #[test]
    fn parts_have_the_instruments_of_the_card() {
        use crate::TrainedModel;
        use crate::compose::{ComposeOptions, Length, compose};
        let mut model = TrainedModel::built_in().unwrap();
        let options = ComposeOptions { num_outputs: 1, length: Length::Bars(2), ..ComposeOptions::default() };
        let mut composed = |programs: Vec<u8>| {
            model.defaults.programs = programs;
            compose(&model, &options).unwrap().remove(0).score
        };
        let (usual, violins) = (composed(Vec::new()), composed(vec![40, 41]));
        assert!(violins.notes().all(|note| note.program == 40), "frames are one part");
        assert_eq!(usual.notes().count(), violins.notes().count());
    }

    #[test]
    fn all_together_are_below_nine_megabytes() {
        let bytes: usize = BuiltIn::ALL.iter().map(|model| model.bytes.len() + model.card.len()).sum();
        assert!(bytes < 9_000_000, "{bytes} bytes");
    }
}
