//! The trainings of all cells.

use super::report::{FlowReport, HALF};
use crate::charts::{self, Axes, Line, cell_name, color, plain};
use crate::text::thousands;
use composer_studies::gradient_flow::{CellStudy, Study};
use maud::{Markup, PreEscaped, html};
use plotters::prelude::RGBColor;

/// Size of the chart of losses.
const WIDE: (u32, u32) = (960, 430);

/// Losses, the table of what they cost, and the gradient of each parameter.
pub(super) fn section(report: &FlowReport<'_>) -> crate::error::Result<Markup> {
    let target = common_loss(report.study);
    let losses: Vec<Line> = (report.study.cells.iter())
        .map(|cell| {
            let points = cell.learning.valid_nll.iter().map(|&(update, nll)| (update as f64, nll));
            Line::new(cell_name(cell.cell), color(cell.cell), points.collect())
        })
        .collect();
    let values = || losses.iter().flat_map(|line| &line.points).map(|point| point.1);
    let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(0.0, f64::max));
    let curve =
        over_updates(report, "nats per step, held-out music", low * 0.97..high * 1.03, false, &losses)?;
    let mut norms = Vec::new();
    for cell in &report.study.cells {
        let lines = parameter_lines(cell);
        let values = || lines.iter().flat_map(|line| &line.points).map(|point| point.1);
        let range =
            values().fold(f64::INFINITY, f64::min).max(1e-8) * 0.7..values().fold(1e-6, f64::max) * 1.5;
        norms.push((cell, over_updates(report, "gradient norm", range, true, &lines)?));
    }
    Ok(html! {
        section {
            h2 { "Training" }
            figure { (PreEscaped(curve)) figcaption { "Every cell gets the same windows in the same order, and its output bias is initialised with the log odds of each pitch. With a large --forget-bias, gated cells keep nearly everything at first and learn more slowly; a smaller --forget-bias or more --updates help." } }
            table {
                thead { tr { th { "cell" } th.number { "units" } th.number { "parameters" } th.number { "ms per update" } th.number { "best loss" } th.number { (format!("updates to {target:.2} nats")) } th.number { "seconds to that loss" } } }
                tbody {
                    @for cell in &report.study.cells {
                        @let updates = cell.learning.updates_to(target);
                        tr {
                            th { (cell_name(cell.cell)) }
                            td.number { (cell.hidden) }
                            td.number { (thousands(cell.parameters as u64)) }
                            td.number { (format!("{:.1}", cell.learning.ms_per_update())) }
                            td.number { (format!("{:.3}", cell.learning.best())) }
                            td.number { (updates.map_or("–".into(), |updates| updates.to_string())) }
                            td.number { (updates.map_or("–".into(), |updates| format!("{:.1}", updates as f64 * cell.learning.ms_per_update() / 1e3))) }
                        }
                    }
                }
            }
            h3 { "Gradient norm of each parameter" }
            p.note { "Before clipping, mean over ten updates. Names are PyTorch's: weight_ih multiplies the input, weight_hh the hidden state; layers count from 0." }
            div.charts { @for (cell, chart) in &norms { figure { figcaption { strong { (cell_name(cell.cell)) } } (PreEscaped(chart)) } } }
        }
    })
}

fn over_updates(
    report: &FlowReport<'_>,
    y: &str,
    y_range: std::ops::Range<f64>,
    log: bool,
    lines: &[Line],
) -> crate::error::Result<String> {
    charts::lines(
        &Axes {
            size: if log { HALF } else { WIDE },
            x: "updates",
            y,
            x_range: 0.0..report.config.updates as f64,
            y_range,
            log,
            x_labels: 9,
            x_label: &plain,
            levels: &[],
        },
        lines,
    )
}

/// Weights of the recurrent layers, smoothed over ten updates.
fn parameter_lines(cell: &CellStudy) -> Vec<Line> {
    const COLORS: [RGBColor; 6] = [
        charts::PALETTE[2],
        charts::PALETTE[7],
        charts::PALETTE[3],
        charts::PALETTE[1],
        charts::PALETTE[0],
        charts::PALETTE[5],
    ];
    let names = cell.learning.parameters.iter().enumerate();
    let weights = names.filter(|(_, name)| name.contains("weight"));
    weights
        .zip(COLORS.iter().cycle())
        .map(|((index, name), &color)| {
            let points = cell.learning.gradients.chunks(10).enumerate().map(|(chunk, updates)| {
                let mean = updates.iter().map(|norms| norms[index]).sum::<f64>() / updates.len() as f64;
                (chunk as f64 * 10.0 + 5.0, mean.max(1e-8))
            });
            Line::new(name.trim_start_matches("recurrent."), color, points.collect())
        })
        .collect()
}

/// The lowest loss that every gated cell reached (or every cell, if there is none).
pub fn common_loss(study: &Study) -> f64 {
    let best = |gated: bool| {
        let cells = study.cells.iter().filter(move |cell| !gated || cell.cell.gates().len() > 1);
        cells.map(|cell| cell.learning.best()).fold(f64::NEG_INFINITY, f64::max)
    };
    if best(true).is_finite() { best(true) } else { best(false) }
}
