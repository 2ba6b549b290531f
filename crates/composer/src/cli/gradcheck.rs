//! `composer gradcheck`.

use super::failure::wrong_input;
use super::terminal::Terminal;
use clap::Args;
use composer::gradcheck::{CellOptions, gradcheck};
use composer::text::gradcheck as text;
use composer_bptt::{Cell, Implementation};

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
    let options = options(args)?;
    let report = gradcheck(&options)?;
    let text = || format!("{} implementation\n{report}\n", options.implementation);
    terminal.result(|| text::record(&options, &report), text)?;
    anyhow::ensure!(report.passed(), "gradients differ from central differences: {}", text::wrong(&report));
    Ok(())
}

fn options(args: &GradcheckArgs) -> anyhow::Result<CellOptions> {
    let cells = match args.cell.as_str() {
        "all" => Cell::ALL.to_vec(),
        name => vec![name.parse().map_err(|error| wrong_input(format!("{error}, or all")))?],
    };
    if let Some(gate) = &args.falsify {
        let gates: Vec<_> = cells.iter().flat_map(|cell| cell.gates()).collect();
        if !gates.contains(&&gate.as_str()) {
            let names: Vec<_> = gates.iter().map(ToString::to_string).collect();
            return Err(wrong_input(format!(
                "--falsify {gate}: there is no such gate; choose one of {}",
                names.join(", ")
            )));
        }
    }
    let implementation: Implementation = args.implementation.parse().map_err(wrong_input)?;
    let options = CellOptions {
        implementation,
        cells,
        hidden: args.hidden,
        layers: args.layers,
        steps: args.steps,
        batch: args.batch,
        bidirectional: args.bidirectional,
        layer_norm: args.layer_norm,
        seed: args.seed,
        falsify: args.falsify.clone(),
        ..CellOptions::default()
    };
    Ok(options)
}
