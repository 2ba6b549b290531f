//! What `composer benchmark speed` prints, line by line, and as JSON.

use crate::benchmark::{Measured, SpeedOptions};
use composer_studies::speed::{Cost, FrameCost, Time};
use composer_tensor::{parallel::pool, simd};
use serde_json::{Value, json};

/// The head of the table of stacks.
const HEAD: [&str; 2] = [
    "                              training                    large  generated   weights    memory         allocated",
    "shape                     ms (median)        GFLOP/s    product    µs/step      GB/s        MB         per step",
];

/// A row of the table.
fn stack_line(cost: &Cost) -> String {
    let Cost { training, generation, .. } = cost;
    let memory = memory(cost.memory.map(|memory| memory.peak), cost.shape.activation_bytes());
    let later = cost.later.map_or("–".into(), |later| format!("{} bytes", later.bytes));
    format!(
        "{:<24}{:>8.2}{:>10}{:>10.1}{:>10.0} %{:>11.1}{:>10.1}{memory}{later:>12}",
        cost.shape.to_string(),
        training.best * 1e3,
        format!("({:.2})", training.median * 1e3),
        cost.rate() / 1e9,
        cost.share_of_peak() * 100.0,
        generation.best * 1e6,
        cost.weights_per_second() / 1e9,
    )
}

/// The head of the table of networks that write frames note by note or pitch by pitch.
const NETWORK_HEAD: [&str; 2] = [
    "network,                   training                    large  generated    times    memory         allocated",
    "time/notes/batch/steps    ms (median)        GFLOP/s    product   µs/frame real time        MB         per step",
];

/// A row of the table of networks that write frames note by note or pitch by pitch.
fn network_line(cost: &FrameCost) -> String {
    let FrameCost { shape, training, generation, .. } = cost;
    let memory = memory(cost.memory.map(|memory| memory.peak), shape.activation_bytes());
    let later = cost.later.map_or("–".into(), |later| format!("{} bytes", later.bytes));
    format!(
        "{:<24}{:>8.2}{:>10}{:>10.1}{:>10.0} %{:>11.1}{:>10.0}{memory}{later:>12}",
        shape.to_string(),
        training.best * 1e3,
        format!("({:.2})", training.median * 1e3),
        cost.rate() / 1e9,
        cost.share_of_peak() * 100.0,
        generation.best * 1e6,
        cost.times_real_time(),
    )
}

/// The peak of memory, and its ratio to the activations.
fn memory(peak: Option<u64>, activations: u64) -> String {
    match peak {
        Some(peak) => {
            let ratio = peak as f64 / activations as f64;
            format!("{:>10.1}{:>7}", peak as f64 / 1e6, format!("{ratio:.2}×"))
        }
        None => format!("{:>17}", "–"),
    }
}

/// The head of the table, two lines.
pub fn head(options: &SpeedOptions) -> String {
    let head = if options.network.is_some() { NETWORK_HEAD } else { HEAD };
    format!("{}\n", head.join("\n"))
}

/// A row of the table.
pub fn line(cost: &Measured) -> String {
    match cost {
        Measured::Stack(cost) => stack_line(cost),
        Measured::Network(cost) => network_line(cost),
    }
}

/// What stands below the table.
pub fn foot(options: &SpeedOptions, costs: &[Measured]) -> String {
    let peak = |cost: &Measured| match cost {
        Measured::Stack(cost) => cost.peak,
        Measured::Network(cost) => cost.peak,
    };
    format!(
        "\n{} threads, {}, {} rounds; the best round is reported. Large product: {:.0} GFLOP/s.\n\
         Memory: the peak, and its ratio to the activations that the backward pass needs.\n",
        pool::threads(),
        simd::path(),
        options.rounds,
        costs.iter().map(peak).fold(0.0, f64::max) / 1e9
    )
}

fn time(time: Time, unit: f64) -> Value {
    json!({ "best": time.best * unit, "median": time.median * unit })
}

/// All figures as a record.
pub fn record(options: &SpeedOptions, costs: &[Measured]) -> Value {
    let shape = |cost: &Measured| match cost {
        Measured::Stack(cost) => stack_as_json(cost),
        Measured::Network(cost) => network_as_json(cost),
    };
    json!({
        "threads": pool::threads(),
        "simd": simd::path().to_string(),
        "rounds": options.rounds,
        "input": if options.run.dense { "dense" } else { "multi-hot" },
        "recompute": options.run.recompute,
        "shapes": costs.iter().map(shape).collect::<Vec<_>>(),
    })
}

/// All figures of a network that writes frames note by note or pitch by pitch.
fn network_as_json(cost: &FrameCost) -> Value {
    let FrameCost { shape, .. } = cost;
    json!({
        "network": shape.network,
        "hidden": shape.hidden,
        "note_hidden": shape.notes,
        "batch_size": shape.batch,
        "steps": shape.steps,
        "training_ms": time(cost.training, 1e3),
        "flop": shape.flops(),
        "gflops": cost.rate() / 1e9,
        "large_product_gflops": cost.peak / 1e9,
        "share_of_large_product": cost.share_of_peak(),
        "generated_frame_us": time(cost.generation, 1e6),
        "notes_per_frame": cost.notes,
        "times_real_time": cost.times_real_time(),
        "peak_bytes": cost.memory.map(|memory| memory.peak),
        "activation_bytes": shape.activation_bytes(),
        "allocated_bytes_per_step": cost.later.map(|later| later.bytes),
    })
}

/// All figures of a shape.
fn stack_as_json(cost: &Cost) -> Value {
    let Cost { shape, phases, .. } = cost;
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
