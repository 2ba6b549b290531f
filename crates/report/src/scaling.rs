//! The cost of a training step over the length and the batch, both scales logarithmic: a line at 45° is linear.

use crate::charts::{self, Axes, BLUE, Line, OCHRE, cell_name};
use composer_studies::speed::{Axis, Curve, Scaling, Shape};
use std::fmt::Write;

/// Draws the curves; those over the batch are dashed.
pub fn chart(shape: &Shape, curves: &[Curve]) -> crate::error::Result<String> {
    let colors = [OCHRE, BLUE];
    let threads: Vec<usize> = curves.iter().map(|curve| curve.threads).collect();
    let lines: Vec<Line> = curves
        .iter()
        .map(|curve| {
            let over = if curve.axis == Axis::Steps { "steps" } else { "batch" };
            let place = threads.iter().position(|&threads| threads == curve.threads).unwrap_or(0);
            let name = format!("{over}, threads: {}, slope {:.2}", curve.threads, curve.slope());
            let points =
                curve.points.iter().map(|point| ((point.size as f64).log2(), point.seconds * 1e3)).collect();
            let line = Line::new(name, colors[place % colors.len()], points);
            if curve.axis == Axis::Steps { line.with_points() } else { line.dashed() }
        })
        .collect();
    let points = || lines.iter().flat_map(|line| &line.points);
    let range = |of: fn(&(f64, f64)) -> f64| {
        points().map(of).fold(f64::INFINITY, f64::min)..points().map(of).fold(f64::NEG_INFINITY, f64::max)
    };
    let axes = Axes {
        size: (960, 560),
        x: &format!(
            "steps (batch {}), or batch (steps {}): {}, {} units",
            shape.batch,
            shape.steps,
            cell_name(shape.cell),
            shape.hidden
        ),
        y: "ms per training step",
        x_range: range(|point| point.0),
        y_range: range(|point| point.1),
        log: true,
        x_labels: 9,
        x_label: &|x| format!("{:.0}", x.exp2()),
        levels: &[],
    };
    charts::lines(&axes, &lines)
}

/// The times as text: a table for each axis, and what more threads bring.
pub fn table(options: &Scaling, curves: &[Curve]) -> String {
    let mut text =
        format!("{}: ms per training step, the best of {} rounds\n", options.shape, options.rounds);
    for axis in [Axis::Steps, Axis::Batch] {
        let sizes = if axis == Axis::Steps { &options.steps } else { &options.batches };
        let _ = writeln!(
            text,
            "\n{:<12}{}{:>8}",
            name(axis),
            sizes.iter().map(|size| format!("{size:>10}")).collect::<String>(),
            "slope"
        );
        let curves: Vec<&Curve> = curves.iter().filter(|curve| curve.axis == axis).collect();
        for curve in &curves {
            let times: String =
                curve.points.iter().map(|point| format!("{:>10.2}", point.seconds * 1e3)).collect();
            let _ = writeln!(text, "{:<12}{times}{:>8.3}", threads(curve.threads), curve.slope());
        }
        for curve in curves.iter().skip(1) {
            let gains =
                gains(curves[0], curve).into_iter().map(|gain| format!("{gain:>9.2}×")).collect::<String>();
            let _ = writeln!(text, "{:<12}{gains}", format!("{} : {}", curves[0].threads, curve.threads));
        }
    }
    text
}

/// How many times faster the second curve is at each size.
fn gains(first: &Curve, second: &Curve) -> Vec<f64> {
    first.points.iter().zip(&second.points).map(|(a, b)| a.seconds / b.seconds).collect()
}

/// What grows along an axis.
pub fn name(axis: Axis) -> &'static str {
    match axis {
        Axis::Steps => "steps",
        Axis::Batch => "batch size",
    }
}

fn threads(count: usize) -> String {
    format!("{count} thread{}", if count == 1 { "" } else { "s" })
}
