//! Lesson 5: what the gates of an LSTM and a GRU do on one tune: how much gradient goes through each, and how open they are.
//!
//! `cargo run --release -p composer-examples --example lesson_5 -- tune.mid`; without a file, Solace by Scott Joplin.

mod common;

use common::{Outcome, Results};
use composer_bptt::Cell;
use composer_models::{Encoding, Sequence};
use composer_music::representation::frames::FrameRepresentation;
use composer_music::{Score, corpus, midi};
use composer_report::charts::{self, BLUE, OCHRE};
use composer_studies::gradient_flow::{Config, Observation, study};

/// The tune that the command names, or Solace.
fn tune() -> Outcome<Score> {
    if let Some(path) = std::env::args().nth(1) {
        return Ok(midi::read(&std::fs::read(path)?)?.score);
    }
    let mut files = corpus::shipped::files();
    let (_, bytes) =
        files.find(|(name, _)| name.contains("solace")).ok_or("the built-in corpus has no Solace")?;
    Ok(midi::read(bytes)?.score)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// What each gate gets of the gradient within a bar, and how open it is.
fn gates(results: &mut Results, cell: Cell, moment: &str, seen: &Observation, bar: usize) {
    let layer = &seen.layers[0];
    let sums: Vec<f64> = layer.d_gates.iter().map(|gate| gate.iter().take(bar).sum()).collect();
    let all: f64 = sums.iter().sum();
    for (activity, sum) in layer.activity.iter().zip(&sums) {
        let name = format!("{cell}.{}.{moment}", activity.gate);
        results.number(format!("{name}.gradient_percent"), 100.0 * sum / all);
        results.number(format!("{name}.mean"), mean(&activity.mean));
        results.number(format!("{name}.open_percent"), 100.0 * mean(&activity.above));
        results.number(format!("{name}.shut_percent"), 100.0 * mean(&activity.below));
    }
}

fn main() -> Outcome<()> {
    let mut results = Results::of("lesson_5");
    let representation = FrameRepresentation::default();
    let tune = [Sequence::frames(representation.encode(&tune()?))];
    let config = Config {
        cells: vec![Cell::Lstm, Cell::Gru],
        parameters: 40_000,
        layers: 1,
        updates: 200,
        observed: 16,
        ..Config::default()
    };
    // The tune is learnt and observed: what is asked is what the gates do, not how well the network would do elsewhere.
    let found = study(&Encoding::frames(representation), &tune, &tune, &config, &mut |_, _, _| ())?;
    for of_cell in &found.cells {
        let cell = of_cell.cell;
        results.number(format!("{cell}.nll.first"), of_cell.learning.train_nll[0]);
        results.number(format!("{cell}.nll.last"), of_cell.learning.best());
        gates(&mut results, cell, "before", &of_cell.before, config.bar);
        gates(&mut results, cell, "after", &of_cell.after, config.bar);
        let layer = &of_cell.after.layers[0];
        let rows = layer.activity.iter().zip(&layer.d_gates);
        let rows: Vec<(String, Vec<f64>)> = rows
            .map(|(gate, norms)| (format!("gate {}", gate.gate), norms[..4 * config.bar].to_vec()))
            .collect();
        let svg =
            charts::heat_map((600, 122 + 40 * rows.len() as u32), &rows, "bars back", config.bar as f64)?;
        results.figure(&format!("{cell}_gradient"), svg);
        // How open the gate that keeps the state is.
        let keeps = cell.spec().keeps.ok_or("both cells have a gate that keeps")?;
        let shares = |seen: &Observation| -> Vec<f64> {
            let histogram = &seen.layers[0].activity[keeps].histogram[10..];
            let all: u64 = histogram.iter().sum();
            histogram.iter().map(|&count| count as f64 / all as f64).collect()
        };
        let series = [
            ("before training", OCHRE, shares(&of_cell.before)),
            ("after training", BLUE, shares(&of_cell.after)),
        ];
        let gate = layer.activity[keeps].gate;
        let x = format!("value of gate {gate}: 0 is shut, 1 is open");
        results.figure(&format!("{cell}_keeps"), charts::histograms((600, 340), &x, 0.0..1.0, &series)?);
    }
    results.finish()
}
