//! `composer study gradient-flow`.

use crate::cli::help::{each_once, typed_command, with_cells};
use crate::cli::terminal::Terminal;
use clap::Args;
use composer::study::gradient_flow;
use composer::text::studies as text;
use composer_bptt::{Cell, Init};
use composer_studies::gradient_flow::Config;
use std::path::PathBuf;

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
    #[arg(long, default_value_t = Config::default().window / Config::default().bar, value_name = "N")]
    pub bars: usize,

    /// Updates of training
    #[arg(long, default_value_t = Config::default().updates, value_name = "N")]
    pub updates: usize,

    /// Initial bias of the forget gate of an LSTM and the update gate of a GRU: 4 keeps the state, 0 is as in PyTorch
    #[arg(long, default_value_t = Config::default().init.forget_bias.unwrap_or_default(), value_name = "BIAS")]
    pub forget_bias: f64,

    /// Learning rate of the training
    #[arg(long, default_value_t = Config::default().learning_rate, value_name = "RATE")]
    pub learning_rate: f64,

    /// Seed of weights and windows
    #[arg(long, default_value_t = Config::default().seed)]
    pub seed: u64,

    /// Folder for gradient-flow.html and its data as CSV
    #[arg(long, value_name = "FOLDER", default_value = "studies")]
    pub output_dir: PathBuf,
}

/// Runs the command.
pub fn run(args: &FlowArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    let FlowArgs { parameters, layers, updates, learning_rate, seed, .. } = *args;
    let usual = Config::default();
    let config = Config {
        cells: each_once(&args.cells),
        parameters,
        layers,
        window: args.bars.saturating_mul(usual.bar),
        updates,
        learning_rate,
        init: Init { forget_bias: Some(args.forget_bias), ..usual.init },
        seed,
        ..usual
    };
    let studied = gradient_flow(args.corpus.as_deref(), &config, terminal)?;
    let page = studied.write(&config, &args.output_dir, &typed_command())?;
    terminal.result(
        || text::gradient_flow_record(&studied, config.bar, &page),
        || text::gradient_flow(&studied, config.bar, &page),
    )
}
