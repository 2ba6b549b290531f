//! `composer benchmark speed`.

use crate::cli::help::{each_once, with_cells};
use crate::cli::terminal::Terminal;
use clap::Args;
use composer::benchmark::{SpeedOptions, speed};
use composer::text::speed as text;
use composer_bptt::Cell;
use composer_models::Network;
use composer_studies::speed::Options;
use std::io::Write;

/// `composer benchmark speed`.
#[derive(Clone, Debug, Args)]
pub struct SpeedArgs {
    #[arg(help = with_cells("Cells"), long = "cell", value_delimiter = ',', default_value = "rnn,lstm,gru", value_name = "CELL")]
    cells: Vec<Cell>,

    /// Hidden units in each layer, one or several numbers
    #[arg(long, value_delimiter = ',', default_value = "128,256,512", value_name = "N")]
    hidden: Vec<usize>,

    /// Instead of a stack with an output layer, a whole network over 88 pitches, LSTM over time: note-wise or biaxial, on batches of four voices
    #[arg(long, conflicts_with_all = ["cells", "layers", "features", "dense", "recompute"])]
    network: Option<Network>,

    /// Hidden units of the second recurrence of such a network
    #[arg(long, default_value_t = 192, value_name = "N", requires = "network")]
    note_hidden: usize,

    /// Number of layers, one or several numbers
    #[arg(long, value_delimiter = ',', default_value = "1", value_name = "N")]
    layers: Vec<usize>,

    /// Input and output features
    #[arg(long, default_value_t = 88, value_name = "N")]
    features: usize,

    /// Batch size
    #[arg(long, default_value_t = 32, value_name = "N")]
    batch_size: usize,

    /// Time steps
    #[arg(long, default_value_t = 128, value_name = "N")]
    steps: usize,

    /// Dense input instead of multi-hot
    #[arg(long)]
    dense: bool,

    /// Gradient checkpointing: recompute the activations in segments of about √T steps, to save memory
    #[arg(long)]
    recompute: bool,

    /// Rounds of timing per shape, alternating with a large matrix product; the best is reported
    #[arg(long, default_value_t = 5, value_name = "N")]
    rounds: usize,
}

/// Runs the command.
pub fn run(args: &SpeedArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    let SpeedArgs { network, note_hidden, features, batch_size: batch, steps, rounds, .. } = *args;
    let options = SpeedOptions {
        cells: each_once(&args.cells),
        network,
        hidden: args.hidden.clone(),
        note_hidden,
        layers: args.layers.clone(),
        features,
        batch,
        steps,
        run: Options { dense: args.dense, recompute: args.recompute },
        rounds,
    };
    let mut head = Some(text::head(&options));
    let costs = speed(&options, &mut |cost| {
        if !terminal.is_json() {
            let _ = writeln!(terminal, "{}{}", head.take().unwrap_or_default(), text::line(cost));
        }
    })?;
    terminal.result(|| text::record(&options, &costs), || text::foot(&options, &costs))
}
