//! `composer study memory`.

use crate::cli::help::{each_once, named, typed_command, with_cells};
use crate::cli::terminal::Terminal;
use clap::Args;
use composer::study::{MemoryOptions, memory};
use composer::text::studies as text;
use composer_bptt::Cell;
use composer_studies::memory::Recipe;
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
    #[arg(long, default_value_t = Recipe::default().seed)]
    pub seed: u64,

    /// Folder for memory.html and memory.csv
    #[arg(long, value_name = "FOLDER", default_value = "studies")]
    pub output_dir: PathBuf,
}

/// Runs the command.
pub fn run(args: &MemoryArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    let MemoryArgs { steps, parameters, learning_rate, learning_rate_rnn, seed, .. } = *args;
    let usual = Recipe::default();
    let recipe = Recipe {
        parameters,
        steps,
        batch: args.batch_size,
        learning_rate,
        learning_rate_rnn,
        chrono: args.forget_bias.is_none(),
        forget_bias: args.forget_bias.unwrap_or(usual.forget_bias),
        seed,
        ..usual
    };
    let (tasks, lengths, cells) = (named(&args.tasks)?, args.lengths.clone(), each_once(&args.cells));
    let options = MemoryOptions { tasks, lengths, cells, recipe };
    let studied = memory(&options, terminal)?;
    let page = studied.write(&options, &args.output_dir, &typed_command())?;
    terminal.result(|| text::memory_record(&studied, &page), || text::memory(&studied, &options, &page))
}
