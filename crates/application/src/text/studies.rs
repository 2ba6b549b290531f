//! The studies as text and as JSON; their tables, pages and data as CSV are in [`composer_report::study`].

use crate::study::{MemoryOptions, Studied};
use composer_report::study::{self as report, cells_text, flow_text, memory_text};
use composer_studies::cells::{Config as CellsConfig, MEASURES, Outcome as Training, Study as CellsStudy};
use composer_studies::gradient_flow::{Study as FlowStudy, decay, horizon};
use composer_studies::memory::Outcome as Trial;
use serde_json::{Map, Value, json};

/// The table of the study of cells, what it shows in a sentence, and where its page is.
pub fn cells(studied: &Studied<CellsStudy>, config: &CellsConfig, page: &str) -> String {
    let (found, minutes) = (&studied.found, studied.seconds / 60.0);
    let (table, headline) = (cells_text::table(found, config), report::cells::headline(found, config));
    format!("{table}{headline}\n{page} (with two CSV files), {minutes:.1} minutes\n")
}

/// The trainings of the study of cells, and where its page is.
pub fn cells_record(studied: &Studied<CellsStudy>, page: &str) -> Value {
    let Studied { found, seconds, .. } = studied;
    let training = |outcome: &Training| {
        let measures = MEASURES.iter().map(|measure| (measure.name.to_owned(), json!((measure.of)(outcome))));
        json!({
            "representation": outcome.trial.form.to_string(),
            "cell": outcome.trial.cell,
            "arm": outcome.trial.arm.to_string(),
            "seed": outcome.trial.seed,
            "hidden": outcome.hidden,
            "parameters": outcome.parameters,
            "updates": outcome.updates,
            "seconds": outcome.seconds,
            "nats_per_step": outcome.nll_per_step,
            "measures": measures.collect::<Map<_, _>>(),
        })
    };
    let trainings: Vec<_> = found.outcomes.iter().map(training).collect();
    json!({ "page": page, "seconds": seconds, "trainings": trainings })
}

/// The table of the study of gradient flow with bars of `bar` steps, what it shows in a sentence, and where its page is.
pub fn gradient_flow(studied: &Studied<FlowStudy>, bar: usize, page: &str) -> String {
    let (table, headline) =
        (flow_text::table(&studied.found, bar), report::flow::headline(&studied.found, bar));
    format!("{table}{headline}\n{page} (with three CSV files)\n")
}

/// What the study of gradient flow saw of each cell with bars of `bar` steps, and where its page is.
pub fn gradient_flow_record(studied: &Studied<FlowStudy>, bar: usize, page: &str) -> Value {
    let rows = flow_text::moments(&studied.found).map(|(cell, moment, seen)| {
        let decay = decay(&seen.state, bar);
        json!({
            "cell": cell,
            "moment": moment,
            "verdict": decay.map(|decay| decay.assessment.to_string()),
            "factor_per_step": decay.map(|decay| decay.rate),
            "left_after_4_bars": decay.map(|decay| decay.left),
            "sigma_step": seen.growth_step.median,
            "sigma_bar_per_step": seen.growth_bar.median,
            "steps_that_a_note_matters": horizon(&seen.input),
        })
    });
    let rows: Vec<_> = rows.collect();
    json!({ "page": page, "cells": rows })
}

/// The table of the study of memory, what it shows in a sentence, and where its page is.
pub fn memory(studied: &Studied<Vec<Trial>>, options: &MemoryOptions, page: &str) -> String {
    let (found, minutes) = (&studied.found, studied.seconds / 60.0);
    let (table, headline) = (memory_text::table(found, &options.cells), report::memory::headline(found));
    format!("{table}{headline}\n{page} (with memory.csv), {minutes:.1} minutes\n")
}

/// The trials of the study of memory, and where its page is.
pub fn memory_record(studied: &Studied<Vec<Trial>>, page: &str) -> Value {
    let Studied { found, seconds, .. } = studied;
    let trial = |outcome: &Trial| {
        json!({
            "task": outcome.trial.task.to_string(),
            "length": outcome.trial.length,
            "cell": outcome.trial.cell,
            "hidden": outcome.hidden,
            "parameters": outcome.parameters,
            "solved": outcome.solved,
            "final_error": outcome.final_error,
            "sequences": outcome.sequences(),
            "seconds": outcome.seconds,
        })
    };
    let trials: Vec<_> = found.iter().map(trial).collect();
    json!({ "page": page, "seconds": seconds, "trials": trials })
}
