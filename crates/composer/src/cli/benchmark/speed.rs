//! `composer benchmark speed`.

use crate::cli::help::{each_once, with_cells};
use crate::cli::terminal::Terminal;
use clap::Args;
use composer::benchmark::{frame_speed, speed};
use composer::text::speed::{self as text, FRAME_HEAD, HEAD};
use composer_bptt::Cell;
use composer_models::Network;
use composer_studies::speed::{FrameShape, Options, Shape};
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
    let SpeedArgs { features, batch_size: batch, steps, note_hidden: notes, .. } = *args;
    let json = terminal.is_json();
    let mut head = false;
    let mut print = |names: [&str; 2], line: String| {
        if !json && !std::mem::replace(&mut head, true) {
            let _ = writeln!(terminal, "{}", names.join("\n"));
        }
        let _ = if json { Ok(()) } else { writeln!(terminal, "{line}") };
    };
    let (shapes, foot): (Vec<_>, _) = if let Some(network) = args.network {
        let shape = |&hidden| FrameShape { network, hidden, notes, batch, steps };
        let shapes: Vec<FrameShape> = args.hidden.iter().map(shape).collect();
        let costs = frame_speed(&shapes, args.rounds, &mut |cost| print(FRAME_HEAD, text::frame_line(cost)))?;
        let foot = text::foot(args.rounds, costs.iter().map(|cost| cost.peak));
        (costs.iter().map(text::frame_cost_as_json).collect(), foot)
    } else {
        let mut shapes = Vec::new();
        for cell in each_once(&args.cells) {
            for &hidden in &args.hidden {
                let layers = args.layers.iter();
                shapes.extend(layers.map(|&layers| Shape { cell, features, hidden, layers, batch, steps }));
            }
        }
        let options = Options { dense: args.dense, recompute: args.recompute };
        let costs = speed(&shapes, options, args.rounds, &mut |cost| print(HEAD, text::line(cost)))?;
        let foot = text::foot(args.rounds, costs.iter().map(|cost| cost.peak));
        (costs.iter().map(text::cost_as_json).collect(), foot)
    };
    if json {
        return terminal.print_json(&text::as_json(args.rounds, args.dense, args.recompute, shapes));
    }
    Ok(writeln!(terminal, "{foot}")?)
}
