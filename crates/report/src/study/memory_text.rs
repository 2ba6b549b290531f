//! The study of memory as text: a line for each trial, the table, and the data as CSV.

use super::memory::error_text;
use crate::charts::cell_name;
use crate::text::thousands;
use composer_bptt::Cell;
use composer_studies::memory::{Outcome, Task, solved_at};
use std::fmt::Write;

/// How one trial went, in a line.
pub fn line(outcome: &Outcome) -> String {
    let trial = outcome.trial;
    format!(
        "{:<7} T = {:<4} {:<8} {:<10} error {:>7}  {:>7} sequences  {:>4.0} s",
        trial.task.to_string(),
        trial.length,
        cell_name(trial.cell),
        if outcome.solved { "solved" } else { "not solved" },
        error_text(trial.task, outcome.final_error),
        thousands(outcome.sequences() as u64),
        outcome.seconds
    )
}

/// The table: solved at T, after N sequences, wall time.
pub fn table(outcomes: &[Outcome], cells: &[Cell]) -> String {
    let mut text = format!("\n{:<18}", "solved up to");
    for &cell in cells {
        let _ = write!(text, "{:>30}", cell_name(cell));
    }
    text.push('\n');
    for task in Task::ALL {
        if !outcomes.iter().any(|outcome| outcome.trial.task == task) {
            continue;
        }
        let _ = write!(text, "{:<18}", task.title());
        for &cell in cells {
            let best = solved_at(outcomes, task, cell).and_then(|length| {
                let is_best =
                    |o: &&Outcome| o.trial.task == task && o.trial.cell == cell && o.trial.length == length;
                outcomes.iter().find(is_best)
            });
            let result = match best {
                None => "–".to_string(),
                Some(outcome) => format!(
                    "T = {}, {} seq., {:.0} s",
                    outcome.trial.length,
                    thousands(outcome.sequences() as u64),
                    outcome.seconds
                ),
            };
            let _ = write!(text, "{result:>30}");
        }
        text.push('\n');
    }
    text
}

/// Every point of every curve, as CSV.
pub fn csv(outcomes: &[Outcome]) -> String {
    let mut text =
        String::from("task,length,cell,hidden,parameters,solved,final_error,seconds,sequences,error\n");
    for o in outcomes {
        for point in &o.curve {
            let trial = o.trial;
            let _ = writeln!(
                text,
                "{},{},{},{},{},{},{},{:.2},{},{}",
                trial.task,
                trial.length,
                trial.cell,
                o.hidden,
                o.parameters,
                o.solved,
                o.final_error,
                o.seconds,
                point.sequences,
                point.error
            );
        }
    }
    text
}
