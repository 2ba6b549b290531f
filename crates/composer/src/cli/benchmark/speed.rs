//! `composer benchmark speed`.

use crate::cli::help::{each_once, with_cells};
use crate::cli::terminal::Terminal;
use clap::Args;
use composer::benchmark::speed;
use composer_bptt::Cell;
use composer_report::speed::{HEAD, line};
use composer_studies::speed::{Cost, Options, Shape, Time};
use composer_tensor::{parallel::pool, simd};
use serde_json::{Value, json};
use std::io::Write;

/// `composer benchmark speed`.
#[derive(Clone, Debug, Args)]
pub struct SpeedArgs {
    #[arg(help = with_cells("Cells"), long = "cell", value_delimiter = ',', default_value = "rnn,lstm,gru", value_name = "CELL")]
    cells: Vec<Cell>,

    /// Hidden units in each layer, one or several numbers
    #[arg(long, value_delimiter = ',', default_value = "128,256,512", value_name = "N")]
    hidden: Vec<usize>,

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
    let SpeedArgs { features, batch_size: batch, steps, .. } = *args;
    let mut shapes = Vec::new();
    for cell in each_once(&args.cells) {
        for &hidden in &args.hidden {
            for &layers in &args.layers {
                shapes.push(Shape { cell, features, hidden, layers, batch, steps });
            }
        }
    }
    let options = Options { dense: args.dense, recompute: args.recompute };
    if terminal.is_json() {
        let costs = speed(&shapes, options, args.rounds, &mut |_| {})?;
        return terminal.print_json(&as_json(args, &costs));
    }
    let mut head = false;
    let costs = speed(&shapes, options, args.rounds, &mut |cost| {
        if !std::mem::replace(&mut head, true) {
            let _ = writeln!(terminal, "{}", HEAD.join("\n"));
        }
        let _ = writeln!(terminal, "{}", line(cost));
    })?;
    let best = costs.iter().map(|cost| cost.peak).fold(0.0, f64::max);
    writeln!(
        terminal,
        "\n{} threads, {}, {} rounds; the best round is reported. Large product: {:.0} GFLOP/s.",
        pool::threads(),
        simd::path(),
        args.rounds,
        best / 1e9
    )?;
    writeln!(terminal, "Memory: the peak, and its ratio to the activations that the backward pass needs.")?;
    Ok(())
}

fn as_json(args: &SpeedArgs, costs: &[Cost]) -> Value {
    json!({
        "threads": pool::threads(),
        "simd": simd::path().to_string(),
        "rounds": args.rounds,
        "input": if args.dense { "dense" } else { "multi-hot" },
        "recompute": args.recompute,
        "shapes": costs.iter().map(shape_as_json).collect::<Vec<_>>(),
    })
}

fn shape_as_json(cost: &Cost) -> Value {
    let Cost { shape, phases, .. } = cost;
    let time = |time: Time, unit: f64| json!({ "best": time.best * unit, "median": time.median * unit });
    json!({
        "cell": shape.cell,
        "features": shape.features,
        "hidden": shape.hidden,
        "layers": shape.layers,
        "batch_size": shape.batch,
        "steps": shape.steps,
        "training_ms": time(cost.training, 1e3),
        "phases_ms": {
            "forward": phases.forward * 1e3,
            "output_and_loss": phases.output * 1e3,
            "backward": phases.backward * 1e3,
            "optimiser": phases.optimiser * 1e3,
        },
        "flop": shape.flops(),
        "gflops": cost.rate() / 1e9,
        "large_product_gflops": cost.peak / 1e9,
        "share_of_large_product": cost.share_of_peak(),
        "generated_step_us": time(cost.generation, 1e6),
        "weight_bytes": cost.weight_bytes,
        "weights_gb_per_second": cost.weights_per_second() / 1e9,
        "peak_bytes": cost.memory.map(|memory| memory.peak),
        "activation_bytes": shape.activation_bytes(),
        "allocated_bytes_per_step": cost.later.map(|later| later.bytes),
    })
}
