//! The page of `composer study gradient-flow`.

use super::charts::{self, Axes, Line, cell_name, color};
use crate::progress::thousands;
use crate::report::{fact, page};
use composer_bptt::probe::GateActivity;
use composer_studies::gradient_flow::{CellStudy, Config, Observation, Quartiles, Study, decay, horizon};
use maud::{Markup, PreEscaped, html};
use plotters::prelude::{RGBColor, SeriesLabelPosition};

/// Everything on the page.
pub struct FlowReport<'a> {
    /// What was found.
    pub study: &'a Study,
    /// How.
    pub config: &'a Config,
    /// The music, for people.
    pub music: &'a str,
    /// The command that makes the page again.
    pub command: &'a str,
}

/// Below this, charts end.
const FLOOR: f64 = 1e-14;
const WIDE: (u32, u32) = (960, 430);
const HALF: (u32, u32) = (560, 380);

/// Name, colour, whether dashed, and quartiles at each distance.
type Curve = (String, RGBColor, bool, Vec<Quartiles>);

impl FlowReport<'_> {
    /// The page.
    pub fn to_html(&self) -> anyhow::Result<String> {
        let body = html! {
            (self.heading())
            (self.verdicts())
            (self.distance()?)
            (self.horizon()?)
            (self.gates()?)
            (self.activity()?)
            (self.learning()?)
            (super::again(self.command, "The same on any number of cores; only the milliseconds differ:"))
        };
        Ok(page("gradient flow", &body))
    }

    fn heading(&self) -> Markup {
        html! {
            header {
                p.kicker { "composer study gradient-flow" }
                h1 { "How far back does a gradient reach?" }
                p.lead { (headline(self.study, self.config.bar)) }
                dl.facts {
                    (fact(self.music, "music"))
                    (fact(&thousands(self.config.parameters as u64), "parameters of each model, at most"))
                    (fact(&format!("{} of {} steps", self.study.observed, self.config.window), "windows of held-out music"))
                    (fact(&self.config.updates.to_string(), "updates between before and after"))
                }
            }
        }
    }

    fn verdicts(&self) -> Markup {
        let row = |cell: &CellStudy, moment: &str, seen: &Observation| {
            let decay = decay(&seen.state, self.config.bar);
            html! {
                tr {
                    th { (cell_name(cell.cell)) " " span.note { (moment) } }
                    td { @if let Some(decay) = decay { strong { (decay.verdict) } } @else { "no gradient" } }
                    @if let Some(decay) = decay {
                        td.number { (format!("{:.3}", decay.rate)) }
                        td.number { (format!("{:.1e}", decay.left)) }
                    } @else { td {} td {} }
                    td.number { (format!("{:.2}", seen.growth_step.median)) }
                    td.number { (format!("{:.3}", seen.growth_bar.median)) }
                    td.number { (bars(horizon(&seen.input), self.config.bar)) }
                }
            }
        };
        html! {
            section {
                h2 { "The verdict, and the number that it rests on" }
                table {
                    thead { tr {
                        th { "cell" } th { "the gradient" } th.number { "factor per step" } th.number { "left after 4 bars" }
                        th.number { "σ of one step" } th.number { "σ over a bar, per step" } th.number { "a note matters for" }
                    } }
                    tbody { @for cell in &self.study.cells { (row(cell, "before", &cell.before)) (row(cell, "after", &cell.after)) } }
                }
                p.note {
                    "Factor per step: how the median of ‖∂loss_T/∂state_t‖ (h, and c of an LSTM, of all layers) changes from one step back to four bars further. "
                    "Vanishes: less than a thousandth is left after four bars; explodes: more than a thousandfold. "
                    "σ: largest singular value of the Jacobian of the top layer's state, by power iteration with products J v and Jᵀ u, median of places in the music; the most that any direction can grow. "
                    "Forget gates of an LSTM and update gates of a GRU begin with a bias of " (self.config.init.forget_bias.unwrap_or(0.0)) ": how much is kept before training is a choice. "
                    "A note matters as far back as ‖∂loss_T/∂x_t‖ is at least a hundredth of its largest median."
                }
            }
        }
    }

    /// Lines over distance, one for each cell, with quartiles.
    fn over_distance(&self, y: &str, of: &dyn Fn(&CellStudy) -> Vec<Curve>) -> anyhow::Result<String> {
        let bar = self.config.bar as f64;
        let mut lines = Vec::new();
        for (name, color, dashed, norms) in self.study.cells.iter().flat_map(of) {
            let at = |t: usize| t as f64 / bar;
            let points = norms.iter().enumerate().map(|(t, q)| (at(t), q.median.max(FLOOR))).collect();
            let band = norms.iter().enumerate().map(|(t, q)| (at(t), q.lower.max(FLOOR), q.upper.max(FLOOR)));
            let line = Line::new(name, color, points).with_band(band.collect());
            lines.push(if dashed { line.dashed() } else { line });
        }
        let values = || lines.iter().flat_map(|line| &line.points).map(|point| point.1);
        let high = values().fold(FLOOR * 10.0, f64::max) * 3.0;
        let low = (values().fold(f64::INFINITY, f64::min) / 3.0).clamp(FLOOR, high / 10.0);
        charts::lines(
            &Axes {
                size: HALF,
                x: "bars back",
                y,
                x_range: 0.0..(self.config.window as f64 / bar),
                y_range: low..high,
                log: true,
                x_label: &|x| format!("{x:.0}"),
                levels: &[],
                legend: Some(SeriesLabelPosition::LowerLeft),
            },
            &lines,
        )
    }

    fn distance(&self) -> anyhow::Result<Markup> {
        let state = |pick: fn(&CellStudy) -> &Observation| {
            move |cell: &CellStudy| {
                vec![(cell_name(cell.cell).to_string(), color(cell.cell), false, pick(cell).state.clone())]
            }
        };
        let before = self.over_distance("norm of the gradient", &state(|cell| &cell.before))?;
        let after = self.over_distance("norm of the gradient", &state(|cell| &cell.after))?;
        let layers = |cell: &CellStudy| {
            let top = &cell.after.layers[cell.after.layers.len() - 1];
            let name = cell_name(cell.cell);
            let mut all = vec![(format!("{name} h"), color(cell.cell), false, top.d_h.clone())];
            if !top.d_c.is_empty() {
                all.push((format!("{name} c"), RGBColor(110, 60, 150), true, top.d_c.clone()));
            }
            all
        };
        let top = self.over_distance("norm of the gradient", &layers)?;
        Ok(html! {
            section {
                h2 { "What is left of a gradient" }
                p { "The loss of one step alone, followed back: median over windows, with the quartiles as a band. A straight line is a constant factor per step." }
                div.charts {
                    figure { figcaption { strong { "Before training" } "‖∂loss_T/∂state_t‖, all layers" } (PreEscaped(before)) }
                    figure { figcaption { strong { "After training" } "‖∂loss_T/∂state_t‖, all layers" } (PreEscaped(after)) }
                    figure { figcaption { strong { "h and c apart" } "top layer, after training" } (PreEscaped(top)) }
                }
            }
        })
    }

    fn horizon(&self) -> anyhow::Result<Markup> {
        let input = |pick: fn(&CellStudy) -> &Observation| {
            move |cell: &CellStudy| {
                vec![(cell_name(cell.cell).to_string(), color(cell.cell), false, pick(cell).input.clone())]
            }
        };
        let before = self.over_distance("norm of the gradient", &input(|cell| &cell.before))?;
        let after = self.over_distance("norm of the gradient", &input(|cell| &cell.after))?;
        Ok(html! {
            section {
                h2 { "How far back a note matters" }
                p { "‖∂loss_T/∂x_t‖: how much the loss of one step would change if the notes of an earlier one did." }
                div.charts {
                    figure { figcaption { strong { "Before training" } } (PreEscaped(before)) }
                    figure { figcaption { strong { "After training" } } (PreEscaped(after)) }
                }
            }
        })
    }

    fn gates(&self) -> anyhow::Result<Markup> {
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
            let bar = self.config.bar as f64;
            charts::heat_map((560, 110 + 34 * rows.len() as u32), &rows, "bars back", &|x| {
                format!("{:.0}", x / bar)
            })
        };
        let maps = (self.study.cells.iter())
            .map(|cell| Ok((cell, map(cell, &cell.before)?, map(cell, &cell.after)?)))
            .collect::<anyhow::Result<Vec<_>>>()?;
        Ok(html! {
            section {
                h2 { "Through which gates" }
                p { "The norm of the gradient of each gate's sum, over all windows. Each shade is a power of ten; white is a millionth of the largest, or less." }
                @for (cell, before, after) in &maps {
                    h3 { (cell_name(cell.cell)) }
                    div.charts {
                        figure { figcaption { "before training" } (PreEscaped(before)) }
                        figure { figcaption { "after training" } (PreEscaped(after)) }
                    }
                }
            }
        })
    }

    fn activity(&self) -> anyhow::Result<Markup> {
        let mut charts = Vec::new();
        for cell in &self.study.cells {
            let top = &cell.after.layers[cell.after.layers.len() - 1];
            charts.push((cell, histogram(&top.activity)?, self.saturation(&top.activity)?));
        }
        Ok(html! {
            section {
                h2 { "What the gates do" }
                p { "Top layer, after training. Gates lie between 0 (closed) and 1 (open), candidates between −1 and 1. A gate is saturated below 0.1 or above 0.9, where its own gradient is small; a candidate, when its size is above 0.9." }
                @for (cell, histogram, saturation) in &charts {
                    h3 { (cell_name(cell.cell)) }
                    div.charts {
                        figure { figcaption { "how often each value occurs" } (PreEscaped(histogram)) }
                        figure { figcaption { "share saturated, over the steps of a window" } (PreEscaped(saturation)) }
                    }
                }
            }
        })
    }

    fn saturation(&self, activity: &[GateActivity]) -> anyhow::Result<String> {
        let bar = self.config.bar as f64;
        let lines: Vec<Line> = activity
            .iter()
            .map(|gate| {
                let shares = gate.below.iter().zip(&gate.above);
                let share = |(low, high): (&f64, &f64)| if gate.is_sigmoid { low + high } else { *high };
                let points = shares.map(share).enumerate().map(|(t, share)| (t as f64 / bar, share));
                Line::new(gate.gate, gate_color(gate.gate), points.collect())
            })
            .collect();
        let top = lines.iter().flat_map(|line| &line.points).map(|point| point.1).fold(0.05, f64::max);
        charts::lines(
            &Axes {
                size: HALF,
                x: "bars from the beginning of the window",
                y: "share saturated",
                x_range: 0.0..(self.config.window as f64 / bar),
                y_range: 0.0..(top * 1.15).min(1.02),
                log: false,
                x_label: &|x| format!("{x:.0}"),
                levels: &[],
                legend: Some(SeriesLabelPosition::UpperRight),
            },
            &lines,
        )
    }

    fn learning(&self) -> anyhow::Result<Markup> {
        let target = common_loss(self.study);
        let losses: Vec<Line> = (self.study.cells.iter())
            .map(|cell| {
                let points = cell.learning.valid_nll.iter().map(|&(update, nll)| (update as f64, nll));
                Line::new(cell_name(cell.cell), color(cell.cell), points.collect())
            })
            .collect();
        let values = || losses.iter().flat_map(|line| &line.points).map(|point| point.1);
        let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(0.0, f64::max));
        let curve =
            self.over_updates("nats per step, held-out music", low * 0.97..high * 1.03, false, &losses)?;
        let mut norms = Vec::new();
        for cell in &self.study.cells {
            let lines = parameter_lines(cell);
            let values = || lines.iter().flat_map(|line| &line.points).map(|point| point.1);
            let range =
                values().fold(f64::INFINITY, f64::min).max(1e-8) * 0.7..values().fold(1e-6, f64::max) * 1.5;
            norms.push((cell, self.over_updates("norm of the gradient", range, true, &lines)?));
        }
        Ok(html! {
            section {
                h2 { "Learning, side by side" }
                figure { (PreEscaped(curve)) figcaption { "The same windows in the same order for every cell; each begins with an output bias that knows how often each pitch sounds." } }
                table {
                    thead { tr { th { "cell" } th.number { "units" } th.number { "parameters" } th.number { "ms per update" } th.number { "best loss" } th.number { (format!("updates to {target:.2} nats")) } th.number { "seconds to it" } } }
                    tbody {
                        @for cell in &self.study.cells {
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
                h3 { "The gradient of each parameter" }
                p.note { "Norm before clipping; the mean of every ten updates. ih reads the input, hh the state; layers count from 0, as PyTorch names them." }
                div.charts { @for (cell, chart) in &norms { figure { figcaption { strong { (cell_name(cell.cell)) } } (PreEscaped(chart)) } } }
            }
        })
    }

    fn over_updates(
        &self,
        y: &str,
        y_range: std::ops::Range<f64>,
        log: bool,
        lines: &[Line],
    ) -> anyhow::Result<String> {
        charts::lines(
            &Axes {
                size: if log { HALF } else { WIDE },
                x: "updates",
                y,
                x_range: 0.0..self.config.updates as f64,
                y_range,
                log,
                x_label: &|x| format!("{x:.0}"),
                levels: &[],
                legend: Some(SeriesLabelPosition::UpperRight),
            },
            lines,
        )
    }
}

fn histogram(activity: &[GateActivity]) -> anyhow::Result<String> {
    let shares = |gate: &GateActivity| {
        let total = gate.histogram.iter().sum::<u64>().max(1) as f64;
        gate.histogram.iter().map(|&count| count as f64 / total).collect::<Vec<_>>()
    };
    let series: Vec<_> =
        activity.iter().map(|gate| (gate.gate, gate_color(gate.gate), shares(gate))).collect();
    charts::histograms(HALF, "value", -1.0..1.0, &series)
}

/// Weights of the recurrent layers, smoothed over ten updates.
fn parameter_lines(cell: &CellStudy) -> Vec<Line> {
    const COLORS: [RGBColor; 6] = [
        RGBColor(36, 98, 160),
        RGBColor(110, 170, 220),
        RGBColor(22, 140, 110),
        RGBColor(130, 200, 170),
        RGBColor(200, 112, 38),
        RGBColor(150, 80, 110),
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

fn gate_color(gate: &str) -> RGBColor {
    match gate {
        "i" | "r" => RGBColor(22, 140, 110),
        "f" | "z" => RGBColor(36, 98, 160),
        "o" => RGBColor(150, 80, 110),
        _ => RGBColor(200, 112, 38),
    }
}

/// The lowest loss that every gated cell reached (or every cell, if there is none).
pub fn common_loss(study: &Study) -> f64 {
    let best = |gated: bool| {
        let cells = study.cells.iter().filter(move |cell| !gated || cell.cell.gates().len() > 1);
        cells.map(|cell| cell.learning.best()).fold(f64::NEG_INFINITY, f64::max)
    };
    if best(true).is_finite() { best(true) } else { best(false) }
}

/// Steps as bars.
pub fn bars(steps: usize, bar: usize) -> String {
    format!("{:.1} bars", steps as f64 / bar as f64)
}

/// What was found, in a sentence.
pub fn headline(study: &Study, bar: usize) -> String {
    let told = study.cells.iter().filter_map(|cell| {
        let decay = decay(&cell.after.state, bar)?;
        Some(format!("{} {} ({:.3} per step)", cell_name(cell.cell), decay.verdict, decay.rate))
    });
    format!(
        "After training on this music, the gradient of one step's loss: {}.",
        told.collect::<Vec<_>>().join(", ")
    )
}
