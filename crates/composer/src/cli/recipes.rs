//! The recipe beside each result, and `composer again`.

use super::arguments::{again_into, arguments_of};
use super::failure::wrong_input;
use super::terminal::Terminal;
use clap::Args;
use composer::Progress;
use composer::again::{Made, Recipe};
use composer_music::atomic_file::write_atomically;
use composer_music::input::{is_standard, shown};
use std::io::Write;
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

/// Writes the recipes of results that are made from the files `read`.
pub fn write(made: &[Made<'_>], read: &[Option<&Path>], terminal: &mut Terminal) -> anyhow::Result<()> {
    let arguments: Vec<String> =
        std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned()).collect();
    let read: Vec<&Path> = read.iter().copied().flatten().collect();
    for made in made {
        if Recipe::write(*made, terminal.arguments().unwrap_or(&arguments), &read)?.is_none()
            && !is_standard(made.path)
        {
            terminal.note(
                "No JSON file says how to make the result again, because what it was made from is no file.",
            );
        }
    }
    Ok(())
}

/// Runs the command.
pub fn run(args: &AgainArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    let recipe = Recipe::read(&args.recipe)?;
    let beside = args.recipe.with_file_name(&recipe.file);
    let output = args.output.clone().unwrap_or(beside);
    if args.output.is_none() && output.exists() {
        return Err(wrong_input(format!("{} is there: name another file with --output", shown(&output))));
    }
    let output = if is_standard(&output) { output } else { std::path::absolute(&output)? };
    let command = arguments_of(&recipe.arguments)?;
    recipe.check_inputs()?;
    let bytes = in_temporary_folder(|folder| {
        std::env::set_current_dir(recipe.folder())?;
        again_into(command, &recipe.arguments, folder)?;
        std::fs::read(folder.join(&recipe.file)).map_err(|_| {
            wrong_input(format!("the command of {} does not write {}", shown(&args.recipe), recipe.file))
        })
    })?;
    recipe.check_result(&bytes)?;
    if is_standard(&output) {
        return terminal.write_file(&bytes);
    }
    write_atomically(&output, &bytes)
        .map_err(|error| wrong_input(format!("cannot write {}: {error}", shown(&output))))?;
    if terminal.is_json() {
        return terminal.print_json(
            &serde_json::json!({ "file": output, "seed": recipe.seed, "output": recipe.output }),
        );
    }
    Ok(writeln!(terminal, "{}", shown(&output))?)
}

/// Calls a function with a new folder, which is removed afterwards.
fn in_temporary_folder<T>(work: impl FnOnce(&Path) -> anyhow::Result<T>) -> anyhow::Result<T> {
    let folder = std::env::temp_dir().join(format!("composer-again-{}", std::process::id()));
    std::fs::create_dir(&folder)?;
    let result = work(&folder);
    let removed = std::fs::remove_dir_all(&folder);
    let value = result?;
    removed?;
    Ok(value)
}
