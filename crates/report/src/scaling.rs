//! The cost of a training step over the length and the batch, both scales logarithmic: a line at 45° is linear.

use crate::charts::{self, Axes, BLUE, Line, OCHRE, cell_name};
use composer_studies::speed::{Axis, Curve, Shape};

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
