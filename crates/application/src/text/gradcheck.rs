//! A gradient check as text and as JSON.

use crate::gradcheck::{CellOptions, Report};
use serde_json::{Value, json};

/// What was checked, and what was found of every parameter.
pub fn record(options: &CellOptions, report: &Report) -> Value {
    json!({
        "passed": report.passed(),
        "tolerance": options.check.tolerance,
        "step": options.check.step,
        "implementation": options.implementation,
        "cells": options.cells,
        "input": options.input,
        "hidden": options.hidden,
        "layers": options.layers,
        "steps": options.steps,
        "batch": options.batch,
        "bidirectional": options.bidirectional,
        "layer_norm": options.layer_norm,
        "seed": options.seed,
        "falsify": options.falsify,
        "rows": report.rows,
    })
}

/// What was checked, as a table.
pub fn table(options: &CellOptions, report: &Report) -> String {
    format!("{} implementation\n{report}\n", options.implementation)
}

/// The parameters whose gradients are wrong, with their gates.
pub fn wrong(report: &Report) -> String {
    let wrong = report.failures().map(|row| match row.gate {
        Some(gate) => format!("{} (gate {gate})", row.name),
        None => row.name.clone(),
    });
    wrong.collect::<Vec<_>>().join(", ")
}
