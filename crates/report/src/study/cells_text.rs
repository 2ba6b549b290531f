//! The study of cells as text: a line for each training, the table, and the data as CSV.

use super::cells::{number, plus_minus};
use crate::charts::cell_name;
use composer_studies::cells::{Arm, Config, MEASURES, Outcome, Study, change, over_cells};
use std::fmt::Write;

/// How one training went, in a line.
pub fn line(outcome: &Outcome) -> String {
    let trial = outcome.trial;
    format!(
        "{:<7} {:<9} {:<16} seed {:<3} {:>7.3} nats per quarter  {:>4.0} s",
        trial.form.to_string(),
        cell_name(trial.cell),
        trial.arm.to_string(),
        trial.seed,
        outcome.nll_per_quarter,
        outcome.seconds
    )
}

/// The table that is printed: what each arm changes.
pub fn table(found: &Study, config: &Config) -> String {
    let mut text = String::new();
    for &form in &config.forms {
        let _ = write!(text, "\n{:<64}", form.to_string());
        for &arm in &config.arms {
            let _ = write!(text, "{:>20}", arm.to_string());
        }
        for measure in &MEASURES {
            let _ = write!(text, "\n{:<64}", format!("{}, {}", measure.title, measure.unit));
            for &arm in &config.arms {
                let shown = match arm {
                    Arm::TeacherForcing => {
                        number(over_cells(&found.outcomes, form, arm, measure), measure.digits)
                    }
                    _ => plus_minus(change(&found.outcomes, form, arm, measure), measure.digits, true),
                };
                let _ = write!(text, "{shown:>20}");
            }
        }
        text.push('\n');
    }
    text.push_str("\nMeans over cells and seeds; all but the first column: change from teacher forcing, with 95 % intervals.\n");
    text
}

/// One line for each training.
pub fn trainings_csv(found: &Study) -> String {
    let mut text =
        String::from("representation,cell,arm,seed,hidden,parameters,updates,seconds,nll_per_step");
    for measure in &MEASURES {
        let _ = write!(text, ",{}", measure.name);
    }
    for o in &found.outcomes {
        let _ = write!(
            text,
            "\n{},{},{},{},{},{},{},{:.3},{}",
            o.trial.form,
            o.trial.cell,
            o.trial.arm,
            o.trial.seed,
            o.hidden,
            o.parameters,
            o.updates,
            o.seconds,
            o.nll_per_step
        );
        for measure in &MEASURES {
            let _ = write!(text, ",{}", (measure.of)(o));
        }
    }
    text.push('\n');
    text
}

/// Every figure of every bar; real music has neither cell nor seed.
pub fn bars_csv(found: &Study) -> String {
    let mut text = String::from("representation,cell,arm,seed,quantity,bar,value\n");
    let mut add = |head: &str, quantity: &str, values: &mut dyn Iterator<Item = f64>| {
        for (bar, value) in values.enumerate() {
            let _ = writeln!(text, "{head},{quantity},{},{value}", bar + 1);
        }
    };
    let all = found.outcomes.iter().map(|o| {
        let Outcome { trial, bars, recovery, .. } = o;
        let head = format!("{},{},{},{}", trial.form, trial.cell, trial.arm, trial.seed);
        (head, bars, recovery.as_slice())
    });
    for (head, bars, recovery) in all.chain([(String::from("frames,,real,"), &found.real, &[][..])]) {
        add(&head, "pitch_classes", &mut bars.iter().map(|bar| bar.pitch_classes));
        add(&head, "density", &mut bars.iter().map(|bar| bar.density));
        add(&head, "lengths", &mut bars.iter().map(|bar| bar.lengths));
        add(&head, "reference_nll", &mut bars.iter().map(|bar| bar.reference_nll));
        add(&head, "perturbation", &mut recovery.iter().copied());
    }
    text
}
