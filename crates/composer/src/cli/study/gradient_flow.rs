//! `composer study gradient-flow`.

use crate::cli::failure::wrong_input;
use crate::cli::files::write_all;
use crate::cli::help::{each_once, typed_command, with_cells};
use crate::cli::terminal::Terminal;
use clap::Args;
use composer::study::{Studied, gradient_flow};
use composer::text::studies;
use composer_bptt::{Cell, Init};
use composer_music::representation::frames::FrameRepresentation;
use composer_report::study::flow::{FlowReport, headline};
use composer_report::study::flow_text::{distances_csv, gates_csv, table, training_csv};
use composer_studies::gradient_flow::Config;
use std::path::PathBuf;

/// Bars that a gradient is followed back, unless others are asked for.
const BARS: usize = 8;

/// `composer study gradient-flow`.
#[derive(Clone, Debug, Args)]
pub struct FlowArgs {
    /// Folder with MIDI files [default: the built-in corpus]
    pub corpus: Option<PathBuf>,

    #[arg(help = with_cells("Cells to compare"), long = "cell", value_delimiter = ',', default_value = "rnn,lstm,gru", value_name = "CELL")]
    pub cells: Vec<Cell>,

    /// Maximum number of parameters per model
    #[arg(long, default_value_t = Config::default().parameters, value_name = "N")]
    pub parameters: usize,

    /// Layers of each model
    #[arg(long, default_value_t = Config::default().layers)]
    pub layers: usize,

    /// Bars (of four quarters) to propagate the gradient back
    #[arg(long, default_value_t = BARS, value_name = "N")]
    pub bars: usize,

    /// Updates of training
    #[arg(long, default_value_t = Config::default().updates, value_name = "N")]
    pub updates: usize,

    /// Initial bias of the forget gate of an LSTM and the update gate of a GRU: 4 keeps the state, 0 is as in PyTorch
    #[arg(long, default_value_t = 4.0, value_name = "BIAS")]
    pub forget_bias: f64,

    /// Learning rate of the training
    #[arg(long, default_value_t = Config::default().learning_rate, value_name = "RATE")]
    pub learning_rate: f64,

    /// Seed of weights and windows
    #[arg(long, default_value_t = 1)]
    pub seed: u64,

    /// Folder for gradient-flow.html and its data as CSV
    #[arg(long, value_name = "FOLDER", default_value = "studies")]
    pub output_dir: PathBuf,
}

/// Runs the command.
pub fn run(args: &FlowArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    let bar = 4 * FrameRepresentation::default().steps_per_quarter as usize;
    if args.bars == 0 {
        return Err(wrong_input("--bars is 0, and must be at least 1"));
    }
    let config = Config {
        cells: each_once(&args.cells),
        parameters: args.parameters,
        layers: args.layers,
        window: args.bars.saturating_mul(bar),
        bar,
        updates: args.updates,
        learning_rate: args.learning_rate,
        init: Init { forget_bias: Some(args.forget_bias), ..Config::default().init },
        seed: args.seed,
        ..Config::default()
    };
    let Studied { found, music, .. } = gradient_flow(args.corpus.as_deref(), &config, terminal)?;
    let report = FlowReport { study: &found, config: &config, music: &music, command: &typed_command() };
    let page = write_all(
        &args.output_dir,
        &[
            ("gradient-flow.csv", distances_csv(&found)),
            ("gradient-flow-gates.csv", gates_csv(&found)),
            ("gradient-flow-training.csv", training_csv(&found)),
            ("gradient-flow.html", report.to_html()?),
        ],
    )?;
    terminal.result(
        || studies::gradient_flow(&found, bar, &page),
        || format!("{}{}\n{page} (with three CSV files)\n", table(&found, bar), headline(&found, bar)),
    )
}
