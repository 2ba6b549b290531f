//! The recipe beside each result, and `composer again`.

use super::files;
use super::terminal::Terminal;
use clap::Args;
use composer::again::{Made, Recipe, write_recipes};
use composer::{Error, outputs};
use composer_music::atomic_file::write_atomically;
use composer_music::input::{is_standard, shown};
use serde_json::json;
use std::path::{Path, PathBuf};

/// `composer again`.
#[derive(Clone, Debug, Args)]
pub struct AgainArgs {
    /// The JSON file beside a result
    pub recipe: PathBuf,

    /// File to write; - is the standard output [default: the result beside the JSON file, if it is gone]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Writes results, with their bytes, that are made from the files `read`, and a recipe beside each; whether it was to the standard output,
/// which then holds nothing else.
pub fn save(
    made: &[Made],
    bytes: impl IntoIterator<Item = Result<Vec<u8>, Error>>,
    read: &[Option<&Path>],
    terminal: &mut Terminal,
) -> anyhow::Result<bool> {
    outputs::check(read.iter().flatten(), made.iter().map(|made| &made.path))?;
    for (made, bytes) in made.iter().zip(bytes) {
        if files::save(&made.path, &bytes?, "", terminal)? {
            return Ok(true);
        }
    }
    write(made, read, terminal)?;
    Ok(false)
}

/// Writes the recipes of results that are made from the files `read`.
pub fn write(made: &[Made], read: &[Option<&Path>], terminal: &mut Terminal) -> anyhow::Result<()> {
    let read: Vec<&Path> = read.iter().copied().flatten().collect();
    Ok(write_recipes(made, &terminal.arguments(), &read, terminal)?)
}

/// A command with its arguments, to be run.
pub type Work = Box<dyn FnOnce(&mut Terminal) -> anyhow::Result<()>>;

/// Runs `composer again`; `command` makes a command of its recorded arguments.
pub fn run(
    args: &AgainArgs,
    command: fn(&[String]) -> anyhow::Result<Work>,
    terminal: &mut Terminal,
) -> anyhow::Result<()> {
    let recipe = Recipe::read(&args.recipe)?;
    let output = recipe.place(&args.recipe, args.output.as_deref())?;
    let command = command(&recipe.arguments)?;
    let bytes = recipe.again(&args.recipe, |folder| {
        let terminal = &mut Terminal::again(recipe.arguments.clone(), folder.to_owned());
        Ok(command(terminal)?)
    })?;
    if is_standard(&output) {
        return terminal.write_file(&bytes);
    }
    write_atomically(&output, &bytes)
        .map_err(|error| Error::wrong_input(format!("cannot write {}: {error}", shown(&output))))?;
    terminal.result(
        || json!({ "file": output, "seed": recipe.seed, "output": recipe.output }),
        || format!("{}\n", shown(&output)),
    )
}
