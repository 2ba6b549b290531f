//! The page of `composer study gradient-flow`.

mod gates;
mod learning;
mod reach;
mod report;

pub use learning::common_loss;
pub use report::FlowReport;

use crate::charts::cell_name;
use crate::page::{fact, page};
use crate::study::reproduce::reproduce;
use crate::text::thousands;
use composer_studies::gradient_flow::{CellStudy, Observation, Study, decay, horizon};
use maud::{Markup, html};

impl FlowReport<'_> {
    /// The page.
    pub fn to_html(&self) -> crate::error::Result<String> {
        let body = html! {
            (self.heading())
            (self.assessments())
            (reach::section(self)?)
            (gates::flow(self)?)
            (gates::activity(self)?)
            (learning::section(self)?)
            (reproduce(self.command, "The figures are the same on any number of threads; only the times differ:"))
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
                    (fact(&self.config.updates.to_string(), "updates of training"))
                }
            }
        }
    }

    fn assessments(&self) -> Markup {
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
                h2 { "Vanishing or exploding?" }
                table {
                    thead { tr {
                        th { "cell" } th { "gradient" } th.number { "factor per step" } th.number { "left after 4 bars" }
                        th.number { "σ of one step" } th.number { "σ over a bar, per step" } th.number { "reach of a note" }
                    } }
                    tbody { @for cell in &self.study.cells { (row(cell, "before", &cell.before)) (row(cell, "after", &cell.after)) } }
                }
                p.note {
                    "Factor per step: how the median of ‖∂loss_T/∂state_t‖ (h, and c of an LSTM, of all layers) changes from one step back to four bars further. "
                    "Vanishes: less than 1/1000 is left after four bars; explodes: it grows more than 1000-fold. "
                    "σ: largest singular value of the Jacobian of the top layer's state, by power iteration with products J v and Jᵀ u, median over positions in the music: the largest growth in any direction. "
                    "The forget gate of an LSTM and the update gate of a GRU are initialised with a bias of " (self.config.init.forget_bias.unwrap_or(0.0)) ", which sets how much of the state is kept before training. "
                    "Reach of a note: the largest distance at which the median of ‖∂loss_T/∂x_t‖ is at least 1/100 of its maximum."
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
    let factors = |pick: fn(&CellStudy) -> &Observation| {
        let cells = study.cells.iter().filter_map(|cell| {
            let decay = decay(&pick(cell).state, bar)?;
            Some(format!("{} {} ({:.3} per step)", cell_name(cell.cell), decay.assessment, decay.rate))
        });
        cells.collect::<Vec<_>>().join(", ")
    };
    format!(
        "How the gradient of one step's loss changes as it is propagated back. Before training: {}. After training on this music: {}.",
        factors(|cell| &cell.before),
        factors(|cell| &cell.after)
    )
}
