//! Help texts with the defaults in force, and values of options.

use super::failure::wrong_input;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use composer::settings::{Preset, Settings};
use composer_bptt::Cell;
use std::fmt::Display;
use std::str::FromStr;

/// A help text with the default of a setting.
pub fn with_default(text: &str, key: &str) -> String {
    format!("{text} [default: {}]", Settings::default_of(key))
}

/// A help text with the names of all cells.
pub fn with_cells(text: &str) -> String {
    let names: Vec<String> = Cell::ALL.iter().map(Cell::to_string).collect();
    format!("{text}: {}", names.join(", "))
}

/// Values of an option: the name of each, and what it is.
pub type Choices<T> = &'static [(&'static str, &'static str, T)];

/// Reads one of several values by its name; help lists them.
pub fn choice<T: Copy + Send + Sync + 'static>(all: Choices<T>) -> impl TypedValueParser<Value = T> {
    let names = all.iter().map(|(name, what, _)| PossibleValue::new(*name).help(*what));
    PossibleValuesParser::new(names).try_map(|name| {
        let chosen = all.iter().find(|(known, ..)| *known == name);
        chosen.map(|&(_, _, value)| value).ok_or("it is not one of the values")
    })
}

/// What the presets are.
pub fn presets() -> String {
    let lines: String = Preset::table().lines().map(|line| format!("  {line}\n")).collect();
    format!(
        "Presets, with the training time on the built-in corpus and two cores:\n{lines}\n\
         Precedence: an option or --set overrides --config, --config overrides --preset, --preset overrides the defaults.\n\n\
         With --task accompany, drum, reharmonise, infill or humanise, the defaults are --hidden 96, --dropout 0.3 and --epochs 14 (drum: 10; \
         humanise: 128, 0.4 and 12), --cell gru, or those of the model of --init-from; --set takes settings of the training; --preset, --config, --layers and --representation \
         cannot be used."
    )
}

/// The command as it was typed, quoted for a shell.
pub fn typed_command() -> String {
    let words = std::env::args().skip(1).map(|word| {
        let plain =
            word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./=,".contains(c)) && !word.is_empty();
        if plain { word } else { format!("'{}'", word.replace('\'', "'\\''")) }
    });
    std::iter::once("composer".to_string()).chain(words).collect::<Vec<_>>().join(" ")
}

/// What has these names.
pub fn named<T: FromStr<Err: Display>>(names: &[String]) -> anyhow::Result<Vec<T>> {
    names.iter().map(|name| name.parse().map_err(wrong_input)).collect()
}

/// Items in their order, each once.
pub fn each_once<T: Copy + PartialEq>(items: &[T]) -> Vec<T> {
    let mut once: Vec<T> = Vec::new();
    for &item in items {
        if !once.contains(&item) {
            once.push(item);
        }
    }
    once
}
