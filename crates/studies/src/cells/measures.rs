//! The figures that are compared, over seeds and cells.

use composer_bptt::Cell;
use composer_evaluation::significance::Interval;
use composer_evaluation::significance::student::student_interval;

use super::arm::Arm;
use super::config::Trial;
use super::free_running::{Bar, slope};
use super::music::Form;
use super::run::Outcome;

/// A figure of a run.
#[derive(Clone, Copy)]
pub struct Measure {
    /// Its name in the CSV file.
    pub name: &'static str,
    /// Its name in tables and charts.
    pub title: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// Decimal places.
    pub digits: usize,
    /// Computes the figure.
    pub of: fn(&Outcome) -> f64,
}

/// All figures; lower is better. A composition is [`COMPOSITION_FACTOR`](super::COMPOSITION_FACTOR) times as long as a training
/// excerpt.
pub const MEASURES: [Measure; 8] = [
    measure("nll", "held-out NLL", "nats per quarter", 3, |o| o.nll_per_quarter),
    measure("divergence", "divergence of compositions", "bits", 4, |o| {
        mean(o.bars.iter().map(Bar::divergence))
    }),
    measure("divergence_slope", "its change over a composition", "bits per 16 bars", 4, |o| {
        16.0 * slope(o.bars.iter().map(Bar::divergence))
    }),
    measure("reference_nll", "NLL of compositions under the reference model", "nats per quarter", 3, |o| {
        mean(o.bars.iter().map(|bar| bar.reference_nll))
    }),
    measure("reference_slope", "its change over a composition", "nats per quarter per 16 bars", 3, |o| {
        16.0 * slope(o.bars.iter().map(|bar| bar.reference_nll))
    }),
    measure("perturbation_first", "loss added by wrong notes in the next bar", "nats per quarter", 3, |o| {
        o.recovery.first().copied().unwrap_or(f64::NAN)
    }),
    measure("perturbation_last", "loss added by wrong notes in the last bar", "nats per quarter", 3, |o| {
        o.recovery.last().copied().unwrap_or(f64::NAN)
    }),
    measure("ms_per_update", "time per update", "ms", 1, |o| 1e3 * o.seconds / o.updates.max(1) as f64),
];

const fn measure(
    name: &'static str,
    title: &'static str,
    unit: &'static str,
    digits: usize,
    of: fn(&Outcome) -> f64,
) -> Measure {
    Measure { name, title, unit, digits, of }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    sum / f64::from(count)
}

/// The runs of one kind, one per seed.
pub fn of_kind(
    outcomes: &[Outcome],
    form: Form,
    cell: Cell,
    arm: Arm,
) -> impl Iterator<Item = &Outcome> + Clone {
    outcomes.iter().filter(move |o| (o.trial.form, o.trial.cell, o.trial.arm) == (form, cell, arm))
}

/// Mean of a figure over the seeds of a kind, with its 95 % interval by Student's t.
pub fn over_seeds(outcomes: &[Outcome], form: Form, cell: Cell, arm: Arm, measure: &Measure) -> Interval {
    student_interval(&of_kind(outcomes, form, cell, arm).map(measure.of).collect::<Vec<_>>())
}

/// Mean of a figure over all cells and seeds of a representation and an arm.
pub fn over_cells(outcomes: &[Outcome], form: Form, arm: Arm, measure: &Measure) -> f64 {
    let of_arm = outcomes.iter().filter(|o| (o.trial.form, o.trial.arm) == (form, arm));
    mean(of_arm.map(measure.of))
}

/// The effect of an arm: mean difference from teacher forcing with the same cell and seed, over all cells and seeds of a
/// representation, with its 95 % interval by Student's t.
pub fn change(outcomes: &[Outcome], form: Form, arm: Arm, measure: &Measure) -> Interval {
    let of_arm = outcomes.iter().filter(|o| (o.trial.form, o.trial.arm) == (form, arm));
    let differences = of_arm.filter_map(|outcome| {
        let forced = Trial { arm: Arm::TeacherForcing, ..outcome.trial };
        let forced = outcomes.iter().find(|other| other.trial == forced)?;
        Some((measure.of)(outcome) - (measure.of)(forced))
    });
    student_interval(&differences.collect::<Vec<_>>())
}
