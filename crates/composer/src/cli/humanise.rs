//! `composer humanise`.

use super::recipes;
use super::terminal::Terminal;
use clap::Args;
use composer::humanise::{HumaniseOptions, check_output, humanise};
use composer::rewrite::Tune;
use composer::text::pieces::{humanised, humanised_records};
use composer::{Progress, outputs};
use std::path::PathBuf;

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

/// Runs the command.
pub fn run(args: &HumaniseArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    let path = terminal.place(outputs::place(args.output.as_deref(), &args.tune, "humanised.mid"));
    check_output(&path)?;
    let paths = outputs::places(&path, args.num_outputs)?;
    let HumaniseArgs { num_outputs, seed, temperature, .. } = *args;
    let options = HumaniseOptions { model: args.model.clone(), num_outputs, seed, temperature };
    let results = humanise(&Tune::read(&args.tune)?, &options)?;
    let remarks = results.first().into_iter().flat_map(|result| &result.piece.notes);
    remarks.for_each(|remark| terminal.note(remark));
    let made: Vec<_> = results.iter().zip(paths).map(|(result, path)| result.made(path, seed)).collect();
    let bytes = results.iter().map(|result| result.piece.to_midi());
    if recipes::save(&made, bytes, &[Some(&args.tune), args.model.as_deref()], terminal)? {
        return Ok(());
    }
    terminal.result(|| humanised_records(&made, &results), || humanised(&made, &results))
}
