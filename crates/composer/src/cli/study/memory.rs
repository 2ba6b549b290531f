//! `composer study memory`.

use crate::cli::failure::wrong_input;
use crate::cli::files::write_all;
use crate::cli::help::{each_once, typed_command, with_cells};
use crate::cli::terminal::Terminal;
use clap::Args;
use composer::study::{MemoryOptions, Studied, memory};
use composer::text::studies;
use composer_bptt::Cell;
use composer_report::study::memory::{MemoryReport, headline};
use composer_report::study::memory_text::{csv, table};
use composer_studies::memory::{Recipe, Task};
use std::path::PathBuf;

/// `composer study memory`.
#[derive(Clone, Debug, Args)]
pub struct MemoryArgs {
    /// Tasks: adding, copy, order, recall
    #[arg(long = "task", value_delimiter = ',', value_name = "TASK")]
    pub tasks: Vec<String>,

    /// Sequence lengths in steps [default: those of each task]
    #[arg(long = "length", value_delimiter = ',', value_name = "T")]
    pub lengths: Vec<usize>,

    #[arg(help = with_cells("Cells to compare"), long = "cell", value_delimiter = ',', default_value = "rnn,lstm,gru", value_name = "CELL")]
    pub cells: Vec<Cell>,

    /// Maximum time steps of training per network (sequences × length)
    #[arg(long, default_value_t = Recipe::default().steps, value_name = "N")]
    pub steps: usize,

    /// Maximum number of parameters per network
    #[arg(long, default_value_t = Recipe::default().parameters, value_name = "N")]
    pub parameters: usize,

    /// Batch size
    #[arg(long, default_value_t = Recipe::default().batch, value_name = "N")]
    pub batch_size: usize,

    /// Learning rate of gated cells
    #[arg(long, default_value_t = Recipe::default().learning_rate, value_name = "RATE")]
    pub learning_rate: f64,

    /// Learning rate of RNNs
    #[arg(long, default_value_t = Recipe::default().learning_rate_rnn, value_name = "RATE")]
    pub learning_rate_rnn: f64,

    /// Initial bias of the LSTM's forget gate [default: chrono initialisation for 1 to T steps]
    #[arg(long, value_name = "BIAS")]
    pub forget_bias: Option<f64>,

    /// Seed of weights and sequences
    #[arg(long, default_value_t = 1)]
    pub seed: u64,

    /// Folder for memory.html and memory.csv
    #[arg(long, value_name = "FOLDER", default_value = "studies")]
    pub output_dir: PathBuf,
}

/// Runs the command.
pub fn run(args: &MemoryArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    let options = MemoryOptions {
        tasks: match args.tasks.as_slice() {
            [] => Task::ALL.to_vec(),
            names => names.iter().map(|name| name.parse()).collect::<Result<_, _>>().map_err(wrong_input)?,
        },
        lengths: args.lengths.clone(),
        cells: each_once(&args.cells),
        recipe: recipe(args),
    };
    let Studied { found, seconds, threads, .. } = memory(&options, terminal)?;
    let report = MemoryReport {
        outcomes: &found,
        recipe: &options.recipe,
        seconds,
        threads,
        command: &typed_command(),
    };
    let files = [("memory.csv", csv(&found)), ("memory.html", report.to_html()?)];
    let page = write_all(&args.output_dir, &files)?;
    terminal.result(
        || studies::memory(&found, &page, seconds),
        || {
            let (table, headline, minutes) =
                (table(&found, &options.cells), headline(&found), seconds / 60.0);
            format!("{table}{headline}\n{page} (with memory.csv), {minutes:.1} minutes\n")
        },
    )
}

fn recipe(args: &MemoryArgs) -> Recipe {
    Recipe {
        parameters: args.parameters,
        steps: args.steps,
        batch: args.batch_size,
        learning_rate: args.learning_rate,
        learning_rate_rnn: args.learning_rate_rnn,
        chrono: args.forget_bias.is_none(),
        forget_bias: args.forget_bias.unwrap_or(Recipe::default().forget_bias),
        seed: args.seed,
        ..Recipe::default()
    }
}
