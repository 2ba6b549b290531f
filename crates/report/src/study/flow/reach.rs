//! How far back gradients reach: states, and notes.

use super::report::{FlowReport, HALF};
use crate::charts::{self, Axes, Line, cell_name, color, plain};
use composer_studies::gradient_flow::{CellStudy, Observation, Quartiles};
use maud::{Markup, PreEscaped, html};
use plotters::prelude::RGBColor;

/// Below this, lines end.
const FLOOR: f64 = 1e-14;

/// One curve: quartiles at each distance.
struct Curve {
    name: String,
    color: RGBColor,
    dashed: bool,
    norms: Vec<Quartiles>,
}

impl Curve {
    fn of(cell: &CellStudy, norms: &[Quartiles]) -> Self {
        Curve {
            name: cell_name(cell.cell).into(),
            color: color(cell.cell),
            dashed: false,
            norms: norms.to_vec(),
        }
    }

    /// The medians as far as they are above the floor, and the quartiles around them.
    fn line(&self, bar: f64) -> Line {
        let seen = || self.norms.iter().enumerate().take_while(|(_, q)| q.median > FLOOR);
        let points = seen().map(|(t, q)| (t as f64 / bar, q.median)).collect();
        let band = seen().map(|(t, q)| (t as f64 / bar, q.lower.max(FLOOR), q.upper)).collect();
        let line = Line::new(self.name.clone(), self.color, points).with_band(band);
        if self.dashed { line.dashed() } else { line }
    }
}

/// The sections of the page.
pub(super) fn section(report: &FlowReport<'_>) -> crate::error::Result<Markup> {
    let cells = &report.study.cells;
    let states = |pick: fn(&CellStudy) -> &Observation| {
        chart(report, cells.iter().map(|cell| Curve::of(cell, &pick(cell).state)))
    };
    let inputs = |pick: fn(&CellStudy) -> &Observation| {
        chart(report, cells.iter().map(|cell| Curve::of(cell, &pick(cell).input)))
    };
    let tops = |pick: fn(&CellStudy) -> &Observation| {
        chart(report, cells.iter().flat_map(|cell| top_layer(cell, pick(cell))))
    };
    Ok(html! {
        section {
            h2 { "Gradient norm over distance" }
            p { "Gradient of the loss of a single step with respect to earlier states: median over windows, with quartiles as a band. A straight line means a constant factor per step; a line ends where it falls below " (format!("{FLOOR:.0e}")) "." }
            div.charts {
                figure { figcaption { strong { "Before training" } "‖∂loss_T/∂state_t‖, all layers" } (PreEscaped(states(|cell| &cell.before)?)) }
                figure { figcaption { strong { "After training" } "‖∂loss_T/∂state_t‖, all layers" } (PreEscaped(states(|cell| &cell.after)?)) }
                figure { figcaption { strong { "h and c separately, before training" } "top layer" } (PreEscaped(tops(|cell| &cell.before)?)) }
                figure { figcaption { strong { "h and c separately, after training" } "top layer" } (PreEscaped(tops(|cell| &cell.after)?)) }
            }
        }
        section {
            h2 { "Gradient with respect to the input" }
            p { "‖∂loss_T/∂x_t‖: how sensitive the loss of one step is to the notes of an earlier step." }
            div.charts {
                figure { figcaption { strong { "Before training" } } (PreEscaped(inputs(|cell| &cell.before)?)) }
                figure { figcaption { strong { "After training" } } (PreEscaped(inputs(|cell| &cell.after)?)) }
            }
        }
    })
}

/// `h`, and `c` of an LSTM, of the top layer alone.
fn top_layer(cell: &CellStudy, seen: &Observation) -> Vec<Curve> {
    let top = &seen.layers[seen.layers.len() - 1];
    let name = cell_name(cell.cell);
    let mut curves = vec![Curve { name: format!("{name} h"), ..Curve::of(cell, &top.d_h) }];
    if !top.d_c.is_empty() {
        curves.push(Curve {
            name: format!("{name} c"),
            color: charts::PALETTE[4],
            dashed: true,
            norms: top.d_c.clone(),
        });
    }
    curves
}

/// Lines over distance.
fn chart(report: &FlowReport<'_>, curves: impl Iterator<Item = Curve>) -> crate::error::Result<String> {
    let bar = report.config.bar as f64;
    let lines: Vec<Line> = curves.map(|curve| curve.line(bar)).collect();
    let values = || lines.iter().flat_map(|line| &line.points).map(|point| point.1);
    let high = values().fold(FLOOR * 10.0, f64::max);
    let low = values().fold(f64::INFINITY, f64::min).clamp(FLOOR, high / 10.0);
    charts::lines(
        &Axes {
            size: HALF,
            x: "bars back",
            y: "gradient norm",
            x_range: 0.0..(report.config.window as f64 / bar),
            y_range: low..high,
            log: true,
            x_labels: 9,
            x_label: &plain,
            levels: &[],
        },
        &lines,
    )
}
