//! The training runs of a folder as text.

use crate::runs::{RunState, RunSummary};
use composer_music::input::shown;
use composer_music::text::printable;
use std::fmt::Write;
use std::path::Path;

/// A line for each run.
pub fn table(folder: &Path, runs: &[RunSummary]) -> String {
    if runs.is_empty() {
        return format!("No runs in {}; composer train starts one.\n", shown(folder));
    }
    let mut text = format!(
        "{:<20} {:<14} {:<8} {:>9} {:>10} {:>8}  {:<13} {:>9} {:>6}  music\n",
        "run", "network", "symbols", "epochs", "validation", "likeness", "state", "size", "age"
    );
    for run in runs {
        let valid = run.valid_nll.map_or_else(|| "–".to_owned(), |nll| format!("{nll:.3}"));
        let likeness = run.likeness.map_or_else(|| "–".to_owned(), |score| format!("{score:.0}"));
        let state = match run.state {
            RunState::Finished => "finished",
            RunState::Stopped => "stopped",
            RunState::WithoutCheckpoint => "no checkpoint",
            RunState::Started => "started",
            RunState::Damaged => "damaged",
        };
        let _ = writeln!(
            text,
            "{:<20} {:<14} {:<8} {:>9} {valid:>10} {likeness:>8}  {state:<13} {:>6.1} MB {:>6}  {}",
            printable(&run.name),
            format!("{} {}×{}", run.cell, run.layers, run.hidden),
            printable(&run.representation),
            format!("{}/{}", run.epochs, run.most_epochs),
            run.bytes as f64 / 1e6,
            age(run.age_seconds),
            printable(&run.music)
        );
    }
    text
}

/// Seconds, minutes, hours or days.
fn age(seconds: u64) -> String {
    match seconds {
        0..=59 => format!("{seconds} s"),
        60..=3599 => format!("{} min", seconds / 60),
        3600..=86_399 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}
