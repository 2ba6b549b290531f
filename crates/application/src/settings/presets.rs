//! Presets: settings for a given training time.

use crate::error::{Error, Result, wrong_input};
use std::str::FromStr;

/// Settings that fit together, by a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// Its name.
    pub name: &'static str,
    /// How long a training of the built-in corpus takes on two cores, in words.
    pub time: &'static str,
    /// What differs from the defaults, as TOML.
    pub settings: &'static str,
}

impl FromStr for Preset {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::by_name(name)
    }
}

impl Preset {
    /// All presets, the shortest first. `quick` is the defaults.
    pub const ALL: [Preset; 3] = [
        Preset { name: "quick", time: "about a minute", settings: "" },
        Preset {
            name: "good",
            time: "about 4 minutes",
            settings: "\
model.hidden = 256
model.note_hidden = 128
model.dropout = 0.4
model.output_dropout = 0.5
training.epochs = 24
",
        },
        Preset {
            name: "overnight",
            time: "several hours",
            settings: "\
model.hidden = 512
model.layers = 2
model.note_hidden = 256
model.dropout = 0.5
model.output_dropout = 0.5
training.epochs = 120
training.copies = 4
training.learning_rate = 0.002
training.patience = 20
training.ema_decay = 0.999
",
        },
    ];

    /// The preset of a name.
    ///
    /// # Errors
    /// There is none; the text lists those that there are.
    pub fn by_name(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|preset| preset.name == name);
        Ok(found.ok_or_else(|| {
            let names = Self::ALL.map(|preset| preset.name);
            wrong_input(format!("there is no preset \"{name}\"; choose {}", names.join(", ")))
        })?)
    }

    /// All presets as lines of text: name, time, settings.
    pub fn table() -> String {
        let line = |preset: &Preset| {
            let settings = match preset.settings {
                "" => "the defaults".to_owned(),
                settings => settings.trim_end().replace(" = ", "=").replace('\n', " "),
            };
            format!("{:<10} {:<17} {settings}\n", preset.name, preset.time)
        };
        Self::ALL.iter().map(line).collect()
    }
}
