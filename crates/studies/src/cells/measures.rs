//! The figures that arms are compared in, over seeds.

use composer_bptt::Cell;
use composer_evaluation::significance::Interval;
use composer_evaluation::significance::student::student_interval;

use super::free_running::slope;
use super::{Arm, Form, Outcome};

/// A figure of a training.
#[derive(Clone, Copy)]
pub struct Measure {
    /// As in the CSV file.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// Digits after the point.
    pub digits: usize,
    /// The figure.
    pub of: fn(&Outcome) -> f64,
}

/// All figures; of all but the time, less is better. A composition is four times as long as the stretches that the network learnt from.
pub const MEASURES: [Measure; 8] = [
    measure("nll", "held-out likelihood", "nats per quarter", 3, |o| o.nll_per_quarter),
    measure("divergence", "divergence of what it composes", "bits", 4, |o| {
        mean(o.bars.iter().map(super::Bar::divergence))
    }),
    measure("divergence_slope", "its change over the composition", "bits per 16 bars", 4, |o| {
        16.0 * slope(o.bars.iter().map(super::Bar::divergence))
    }),
    measure("reference_nll", "its likelihood under the reference", "nats per quarter", 3, |o| {
        mean(o.bars.iter().map(|bar| bar.reference_nll))
    }),
    measure("reference_slope", "its change over the composition", "nats per quarter per 16 bars", 3, |o| {
        16.0 * slope(o.bars.iter().map(|bar| bar.reference_nll))
    }),
    measure("wound_first", "cost of wrong notes in the next bar", "nats per quarter", 3, |o| {
        o.recovery.first().copied().unwrap_or(f64::NAN)
    }),
    measure("wound_last", "cost of wrong notes at the end", "nats per quarter", 3, |o| {
        o.recovery.last().copied().unwrap_or(f64::NAN)
    }),
    measure("ms_per_update", "time of an update", "ms", 1, |o| 1e3 * o.seconds / o.updates.max(1) as f64),
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

/// Trainings of one kind, one for each seed.
pub fn of_kind(
    outcomes: &[Outcome],
    form: Form,
    cell: Cell,
    arm: Arm,
) -> impl Iterator<Item = &Outcome> + Clone {
    outcomes.iter().filter(move |o| (o.trial.form, o.trial.cell, o.trial.arm) == (form, cell, arm))
}

/// Mean of a figure over the seeds of a kind, with Student's 95 % interval.
pub fn over_seeds(outcomes: &[Outcome], form: Form, cell: Cell, arm: Arm, measure: &Measure) -> Interval {
    student_interval(&of_kind(outcomes, form, cell, arm).map(measure.of).collect::<Vec<_>>())
}

/// Mean of a figure over all cells and seeds of a form and an arm.
pub fn over_cells(outcomes: &[Outcome], form: Form, arm: Arm, measure: &Measure) -> f64 {
    let of_arm = outcomes.iter().filter(|o| (o.trial.form, o.trial.arm) == (form, arm));
    mean(of_arm.map(measure.of))
}

/// What an arm changes: mean difference from teacher forcing of the same cell and seed, over all cells and seeds of a form,
/// with Student's 95 % interval.
pub fn change(outcomes: &[Outcome], form: Form, arm: Arm, measure: &Measure) -> Interval {
    let of_arm = outcomes.iter().filter(|o| (o.trial.form, o.trial.arm) == (form, arm));
    let differences = of_arm.filter_map(|outcome| {
        let forced = super::Trial { arm: Arm::TeacherForcing, ..outcome.trial };
        let forced = outcomes.iter().find(|other| other.trial == forced)?;
        Some((measure.of)(outcome) - (measure.of)(forced))
    });
    student_interval(&differences.collect::<Vec<_>>())
}
