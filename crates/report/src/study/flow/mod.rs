//! The page of `composer study gradient-flow`.

mod gates;
mod learning;
mod reach;
mod report;

pub use learning::common_loss;
pub use report::FlowReport;

use crate::charts::cell_name;
use crate::page::{fact, page};
use crate::study::again::again;
use crate::text::thousands;
use composer_studies::gradient_flow::{CellStudy, Observation, Study, decay, horizon};
use maud::{Markup, html};

impl FlowReport<'_> {
    /// The page.
    pub fn to_html(&self) -> crate::error::Result<String> {
        let body = html! {
            (self.heading())
            (self.verdicts())
            (reach::section(self)?)
            (gates::flow(self)?)
            (gates::activity(self)?)
            (learning::section(self)?)
            (again(self.command, "The same on any number of cores; only the milliseconds differ:"))
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
                    th.whole { (cell_name(cell.cell)) " " span.note { (moment) } }
                    td { @if let Some(decay) = decay { strong { (decay.assessment) } } @else { "no gradient" } }
                    @if let Some(decay) = decay {
                        td.number { (format!("{:.3}", decay.rate)) }
                        td.number { (factor(decay.left)) }
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
}

/// Steps as bars.
pub fn bars(steps: usize, bar: usize) -> String {
    format!("{:.1} bars", steps as f64 / bar as f64)
}

/// A factor that may be near one, or many powers of ten away from it.
pub fn factor(x: f64) -> String {
    if (0.001..1000.0).contains(&x) { format!("{x:.3}") } else { format!("{x:.1e}") }
}

/// What was found, in a sentence.
pub fn headline(study: &Study, bar: usize) -> String {
    let told = |pick: fn(&CellStudy) -> &Observation| {
        let told = study.cells.iter().filter_map(|cell| {
            let decay = decay(&pick(cell).state, bar)?;
            Some(format!("{} {} ({:.3} per step)", cell_name(cell.cell), decay.assessment, decay.rate))
        });
        told.collect::<Vec<_>>().join(", ")
    };
    format!(
        "The gradient of one step's loss, on its way back. Before training: {}. After training on this music: {}.",
        told(|cell| &cell.before),
        told(|cell| &cell.after)
    )
}
