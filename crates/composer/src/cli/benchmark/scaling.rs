//! `composer benchmark scaling`: is the cost linear in the length and in the batch, and what do threads bring?

use crate::cli::help::with_cells;
use crate::cli::terminal::Terminal;
use clap::Args;
use composer::benchmark::scaling;
use composer::text::scaling::record;
use composer_bptt::Cell;
use composer_report::scaling::table;
use composer_studies::speed::{Scaling, Shape};
use std::path::PathBuf;

/// `composer benchmark scaling`.
#[derive(Clone, Debug, Args)]
pub struct ScalingArgs {
    #[arg(help = with_cells("The cell"), long, default_value = "lstm")]
    cell: Cell,

    /// Hidden units in each layer
    #[arg(long, default_value_t = 128, value_name = "N")]
    hidden: usize,

    /// Number of layers
    #[arg(long, default_value_t = 1, value_name = "N")]
    layers: usize,

    /// Input and output features
    #[arg(long, default_value_t = 88, value_name = "N")]
    features: usize,

    /// Sequence lengths, ascending; batch sizes are measured at the middle one
    #[arg(long, value_delimiter = ',', default_value = "32,64,128,256,512", value_name = "N")]
    steps: Vec<usize>,

    /// Batch sizes, ascending; lengths are measured at the middle one
    #[arg(long, value_delimiter = ',', default_value = "8,16,32,64,128", value_name = "N")]
    batch_size: Vec<usize>,

    /// Numbers of threads to compare
    #[arg(long = "compare-threads", value_delimiter = ',', default_value = "1,2", value_name = "N")]
    compare: Vec<usize>,

    /// Rounds of timing per point, alternating with the others; the best is reported
    #[arg(long, default_value_t = 7, value_name = "N")]
    rounds: usize,

    /// Also draw the curves to this SVG file
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &ScalingArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    let ScalingArgs { cell, features, hidden, layers, rounds, .. } = *args;
    let options = Scaling {
        shape: Shape { cell, features, hidden, layers, batch: 0, steps: 0 },
        steps: args.steps.clone(),
        batches: args.batch_size.clone(),
        threads: args.compare.clone(),
        rounds,
    }
    .at_middles();
    let curves = scaling(&options, args.output.as_deref())?;
    terminal.result(|| record(&options, &curves), || table(&options, &curves))
}
