//! Gates: the gradient through each, and their activations.

use super::report::{FlowReport, HALF};
use crate::charts::{self, Axes, Line, cell_name, plain};
use composer_bptt::probe::GateActivity;
use composer_studies::gradient_flow::{CellStudy, Observation};
use maud::{Markup, PreEscaped, html};
use plotters::prelude::RGBColor;

/// Heat maps: the gradient of each gate's sum over distance.
pub(super) fn flow(report: &FlowReport<'_>) -> crate::error::Result<Markup> {
    let bar = report.config.bar as f64;
    let map = |cell: &CellStudy, seen: &Observation| {
        let gates = cell.cell.gates();
        let rows: Vec<(String, Vec<f64>)> = (seen.layers.iter().enumerate().rev())
            .flat_map(|(layer, flow)| {
                let row = move |(gate, norms): (&&str, &Vec<f64>)| {
                    (format!("layer {} {gate}", layer + 1), norms.clone())
                };
                gates.iter().zip(&flow.d_gates).map(row)
            })
            .collect();
        charts::heat_map((560, 122 + 34 * rows.len() as u32), &rows, "bars back", bar)
    };
    let maps = (report.study.cells.iter())
        .map(|cell| Ok((cell, map(cell, &cell.before)?, map(cell, &cell.after)?)))
        .collect::<crate::error::Result<Vec<_>>>()?;
    Ok(html! {
        section {
            h2 { "Gradient through each gate" }
            p { "Gradient norm of each gate's pre-activation, over all windows. Dark is large; white is a millionth of the maximum or less." }
            @for (cell, before, after) in &maps {
                h3 { (cell_name(cell.cell)) }
                div.charts {
                    figure { figcaption { strong { "Before training" } } (PreEscaped(before)) }
                    figure { figcaption { strong { "After training" } } (PreEscaped(after)) }
                }
            }
        }
    })
}

/// Histograms of values, and how many are saturated over time.
pub(super) fn activity(report: &FlowReport<'_>) -> crate::error::Result<Markup> {
    let bar = report.config.bar as f64;
    let charts_of = |seen: &Observation| {
        let gates = &seen.layers[seen.layers.len() - 1].activity;
        Ok::<_, crate::error::Error>((
            histogram(gates)?,
            saturation(gates, report.config.window as f64, bar)?,
        ))
    };
    let charts = (report.study.cells.iter())
        .map(|cell| Ok((cell, charts_of(&cell.before)?, charts_of(&cell.after)?)))
        .collect::<crate::error::Result<Vec<_>>>()?;
    Ok(html! {
        section {
            h2 { "Gate activations" }
            p { "Top layer. Gates lie between 0 (closed) and 1 (open), candidates (h, g, n) between −1 and 1. A gate is saturated below 0.1 or above 0.9, where its gradient is small; a candidate, where its absolute value is above 0.9." }
            @for (cell, before, after) in &charts {
                h3 { (cell_name(cell.cell)) }
                div.charts {
                    @for (moment, (histogram, saturation)) in [("Before training", before), ("After training", after)] {
                        figure { figcaption { strong { (moment) } "histogram of activations" } (PreEscaped(histogram)) }
                        figure { figcaption { strong { (moment) } "share saturated over time" } (PreEscaped(saturation)) }
                    }
                }
            }
        }
    })
}

fn histogram(activity: &[GateActivity]) -> crate::error::Result<String> {
    let shares = |gate: &GateActivity| {
        let total = gate.histogram.iter().sum::<u64>().max(1) as f64;
        gate.histogram.iter().map(|&count| count as f64 / total).collect::<Vec<_>>()
    };
    let series: Vec<_> =
        activity.iter().map(|gate| (gate.gate, gate_color(gate.gate), shares(gate))).collect();
    charts::histograms(HALF, "value", -1.0..1.0, &series)
}

/// Above 0.9 as a line, below 0.1 dashed.
fn saturation(activity: &[GateActivity], window: f64, bar: f64) -> crate::error::Result<String> {
    let mut lines = Vec::new();
    for gate in activity {
        let points = |shares: &[f64]| {
            shares.iter().enumerate().map(|(t, &share)| (t as f64 / bar, share)).collect::<Vec<_>>()
        };
        let (name, color) = (gate.gate, gate_color(gate.gate));
        if gate.is_sigmoid {
            lines.push(Line::new(format!("{name} > 0.9"), color, points(&gate.above)));
            lines.push(Line::new(format!("{name} < 0.1"), color, points(&gate.below)).dashed());
        } else {
            lines.push(Line::new(format!("|{name}| > 0.9"), color, points(&gate.above)));
        }
    }
    let axes = Axes {
        size: HALF,
        x: "bars from the beginning of the window",
        y: "share saturated",
        x_range: 0.0..window / bar,
        y_range: 0.0..1.02,
        log: false,
        x_labels: 9,
        x_label: &plain,
        levels: &[],
    };
    charts::lines(&axes, &lines)
}

fn gate_color(gate: &str) -> RGBColor {
    match gate {
        "i" | "r" => charts::PALETTE[3],
        "f" | "z" => charts::BLUE,
        "o" => charts::PLUM,
        _ => charts::OCHRE,
    }
}
