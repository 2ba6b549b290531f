//! `composer humanise`.

use super::failure::wrong_input;
use super::files::save;
use super::recipes;
use super::rewrite_args::numbered;
use super::terminal::Terminal;
use clap::Args;
use composer::again::Made;
use composer::convert::output_format;
use composer::humanise::{HumaniseOptions, Humanised, humanise};
use composer::rewrite::Tune;
use composer::text::pieces::{humanised, humanised_record};
use composer::{Progress, outputs};
use composer_music::input::{is_standard, shown};
use composer_music::notation::{Format, file_of};
use std::path::{Path, PathBuf};

/// `composer humanise`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "docs/rewriting.md says how it is done and how well.")]
pub struct HumaniseArgs {
    /// The tune: MIDI, MusicXML or ABC; - is the standard input
    pub tune: PathBuf,

    /// File to write, as MIDI; several results get numbers; - is the standard output [default: next to the tune]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// A model trained with `composer train --task humanise`, or the name of a built-in model [default: the built-in model, which plays drums]
    #[arg(long, value_name = "MODEL")]
    pub model: Option<PathBuf>,

    /// Number of results
    #[arg(long, default_value_t = HumaniseOptions::default().num_outputs, value_name = "N")]
    pub num_outputs: usize,

    /// Seed of the random numbers; the same seed gives the same performance
    #[arg(long, default_value_t = HumaniseOptions::default().seed)]
    pub seed: u64,

    /// Temperature: 1 plays as the players did, lower more evenly; 0 is the median velocity and offset of each note, the same for every seed
    #[arg(long, default_value_t = HumaniseOptions::default().temperature)]
    pub temperature: f64,
}

impl HumaniseArgs {
    /// The same with its results in a folder.
    pub fn into_folder(self, folder: &Path) -> Self {
        let output = self.output().file_name().map(|name| folder.join(name));
        Self { output, ..self }
    }

    /// Where a single result goes: next to the tune, whose name gets another ending.
    fn output(&self) -> PathBuf {
        match &self.output {
            Some(path) => path.clone(),
            None if is_standard(&self.tune) => self.tune.clone(),
            None => file_of(&self.tune).with_extension("humanised.mid"),
        }
    }
}

/// Runs the command.
pub fn run(args: &HumaniseArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    let path = args.output();
    if output_format(&path)? != Format::Midi {
        return Err(wrong_input(format!(
            "{}: notation does not say when exactly notes are played: name a file that ends with .mid",
            shown(&path)
        )));
    }
    let (several, model) = (args.num_outputs > 1, args.model.clone());
    if several && is_standard(&path) {
        return Err(wrong_input(
            "the standard output takes one result: name a file for several with --output",
        ));
    }
    let options = HumaniseOptions {
        model,
        num_outputs: args.num_outputs,
        seed: args.seed,
        temperature: args.temperature,
    };
    let results = humanise(&Tune::read(&args.tune)?, &options)?;
    results.first().iter().flat_map(|result| &result.piece.notes).for_each(|note| terminal.note(note));
    let name = |result: &Humanised| if several { numbered(&path, result.output + 1) } else { path.clone() };
    let paths: Vec<PathBuf> = results.iter().map(name).collect();
    let read = [Some(args.tune.as_path()), args.model.as_deref()];
    let read_files: Vec<&Path> = read.iter().copied().flatten().map(file_of).collect();
    outputs::check(&read_files, &paths.iter().map(PathBuf::as_path).collect::<Vec<_>>())?;
    let mut made = Vec::new();
    for (result, path) in results.iter().zip(&paths) {
        if save(path, &result.piece.to_midi()?, "", terminal)? {
            return Ok(());
        }
        made.push(Made { path, seed: args.seed, output: result.output + 1, nats_per_step: None });
    }
    recipes::write(&made, &read, terminal)?;
    let with_paths = || paths.iter().zip(&results);
    terminal.result(
        || with_paths().map(|(path, made)| humanised_record(path, made, args.seed)).collect::<Vec<_>>(),
        || with_paths().map(|(path, made)| humanised(path, made, args.seed)).collect::<String>(),
    )
}
