//! `composer gradcheck`: the hand-written gradients against central differences.

use super::failure::wrong_input;
use anyhow::anyhow;
use clap::Args;
use composer_bptt::gradcheck::{CellOptions, Report, check_cells};
use composer_bptt::{Cell, RecurrentConfig};
use composer_studies::size::stack_parameters;
use serde_json::json;

/// `composer gradcheck`.
#[derive(Clone, Debug, Args)]
pub struct GradcheckArgs {
    /// Which cell: rnn, rnn-relu, lstm, gru or all
    #[arg(long, default_value = "all")]
    pub cell: String,

    /// Layers on top of each other
    #[arg(long, default_value_t = 2)]
    pub layers: usize,

    /// Units in each layer
    #[arg(long, default_value_t = 5)]
    pub hidden: usize,

    /// Time steps
    #[arg(long, default_value_t = 6)]
    pub steps: usize,

    /// Sequences side by side
    #[arg(long, default_value_t = 3)]
    pub batch: usize,

    /// Read the sequence in both directions
    #[arg(long)]
    pub bidirectional: bool,

    /// Normalise the gates inside the cells
    #[arg(long)]
    pub layer_norm: bool,

    /// Seed of weights and inputs
    #[arg(long, default_value_t = 1)]
    pub seed: u64,

    /// Make the gradients of this gate (i, f, g, o, r, z, n or h) 1 % too large, to see the check catch it
    #[arg(long, value_name = "GATE")]
    pub falsify: Option<String>,

    /// Whether to print JSON
    #[arg(skip)]
    pub json: bool,
}

/// Multiplications of one stack's check at most: about an hour.
const MAX_PRODUCTS: u128 = 20_000_000_000_000;

/// Runs the command; a gradient that is wrong is a failure of the program.
pub fn run(args: &GradcheckArgs) -> anyhow::Result<()> {
    let options = options(args)?;
    let report = check_cells(&options).map_err(wrong_input)?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&as_json(args, &options, &report))?);
    } else {
        println!("{report}");
    }
    if report.passed() {
        return Ok(());
    }
    let wrong = report.failures().map(|row| match row.gate {
        Some(gate) => format!("{} (gate {gate})", row.name),
        None => row.name.clone(),
    });
    Err(anyhow!("gradients differ from central differences: {}", wrong.collect::<Vec<_>>().join(", ")))
}

fn options(args: &GradcheckArgs) -> anyhow::Result<CellOptions> {
    let cells = match args.cell.as_str() {
        "all" => Cell::ALL.to_vec(),
        name => vec![name.parse().map_err(|error| wrong_input(format!("{error}, or all")))?],
    };
    for (name, size) in
        [("layers", args.layers), ("hidden", args.hidden), ("steps", args.steps), ("batch", args.batch)]
    {
        if size == 0 || size > 10_000 {
            return Err(wrong_input(format!("--{name} is {size}, and must be between 1 and 10000")));
        }
    }
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
    let options = CellOptions {
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
    for &cell in &options.cells {
        let (values, products) = cost(cell, &options);
        if products > MAX_PRODUCTS {
            return Err(wrong_input(format!(
                "that {cell} has {values} parameters, inputs and states, and each needs four passes, hours in all: choose \
                 a smaller --hidden, --layers, --steps or --batch"
            )));
        }
    }
    Ok(options)
}

/// The values to check, and the multiplications of four passes for each of them.
fn cost(cell: Cell, options: &CellOptions) -> (u128, u128) {
    let config = RecurrentConfig {
        cell,
        input: options.input,
        hidden: options.hidden,
        layers: options.layers,
        bidirectional: options.bidirectional,
        ..RecurrentConfig::default()
    };
    let parameters = stack_parameters(&config) as u128;
    let rows = (options.steps * options.batch) as u128;
    let states = if cell.has_c() { 2 } else { 1 } * config.layers * config.directions();
    let values = parameters + rows * config.input as u128 + (states * options.batch * config.hidden) as u128;
    (values, values * 4 * parameters * rows)
}

fn as_json(args: &GradcheckArgs, options: &CellOptions, report: &Report) -> serde_json::Value {
    json!({
        "passed": report.passed(),
        "tolerance": options.check.tolerance,
        "step": options.check.step,
        "cells": options.cells,
        "input": options.input,
        "hidden": args.hidden,
        "layers": args.layers,
        "steps": args.steps,
        "batch": args.batch,
        "bidirectional": args.bidirectional,
        "layer_norm": args.layer_norm,
        "seed": args.seed,
        "falsify": args.falsify,
        "rows": report.rows,
    })
}
