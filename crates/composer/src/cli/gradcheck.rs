//! `composer gradcheck`.

use super::failure::wrong_input;
use super::terminal::Terminal;
use clap::Args;
use composer::gradcheck::{CellOptions, cells_named, gradcheck};
use composer::text::gradcheck as text;
use composer_bptt::Cell;

/// `composer gradcheck`.
#[derive(Clone, Debug, Args)]
pub struct GradcheckArgs {
    #[arg(long, default_value = "all", help = format!("Cell: {} or all", Cell::names()))]
    pub cell: String,

    /// Implementation to check: textbook (plain loops), fused (the fast one) or reference (autodiff on a tape)
    #[arg(long, default_value = "fused", value_name = "NAME")]
    pub implementation: String,

    /// Number of layers
    #[arg(long, default_value_t = 2)]
    pub layers: usize,

    /// Hidden units in each layer
    #[arg(long, default_value_t = 5)]
    pub hidden: usize,

    /// Time steps
    #[arg(long, default_value_t = 6)]
    pub steps: usize,

    /// Batch size
    #[arg(long, default_value_t = 3)]
    pub batch: usize,

    /// Bidirectional
    #[arg(long)]
    pub bidirectional: bool,

    /// Layer normalisation of the gates
    #[arg(long)]
    pub layer_norm: bool,

    /// Seed of weights and inputs
    #[arg(long, default_value_t = 1)]
    pub seed: u64,

    /// Make the gradients of this gate (i, f, g, o, r, z, n or h) 1 % too large, to see the check fail
    #[arg(long, value_name = "GATE")]
    pub falsify: Option<String>,
}

/// Runs the command; a gradient that is wrong is a failure of the program.
pub fn run(args: &GradcheckArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    let GradcheckArgs { hidden, layers, steps, batch, bidirectional, layer_norm, seed, .. } = *args;
    let options = CellOptions {
        cells: cells_named(&args.cell)?,
        implementation: args.implementation.parse().map_err(wrong_input)?,
        hidden,
        layers,
        steps,
        batch,
        bidirectional,
        layer_norm,
        seed,
        falsify: args.falsify.clone(),
        ..CellOptions::default()
    };
    let report = gradcheck(&options)?;
    terminal.result(|| text::record(&options, &report), || text::table(&options, &report))?;
    anyhow::ensure!(report.passed(), "gradients differ from central differences: {}", text::wrong(&report));
    Ok(())
}
