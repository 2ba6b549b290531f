//! Sets of music beside real music: the page of `composer evaluate`, and its part in every report.

mod distances;
mod failures;
mod set;

pub use set::{Set, marked_quarters};

use crate::likelihood::{Likelihood, likelihood_table};
use crate::page::{fact, page};
use composer_evaluation::assessment::Assessment;
use composer_evaluation::distance::Closer;
use composer_evaluation::failure::FailureMode;
use maud::{Markup, html};

/// Everything on the page.
pub struct EvaluationPage<'a> {
    /// The sets, at least one.
    pub sets: &'a [Set<'a>],
    /// Which of the first two sets is closer to real music; empty for one set.
    pub closer: &'a [Closer],
    /// How well a model predicts, the model last; empty without a model.
    pub likelihoods: &'a [Likelihood],
}

impl EvaluationPage<'_> {
    /// The page.
    pub fn to_html(&self) -> crate::error::Result<String> {
        let body = html! {
            (self.heading())
            @if !self.likelihoods.is_empty() {
                section { h2 { "How well the model predicts" } (likelihood_table(self.likelihoods)) }
            }
            @for set in self.sets {
                @if self.sets.len() > 1 { h2.part { (set.name) } }
                (failures::section(set))
                (failures::rolls(set))
                (failures::originality(set))
            }
            (distances::section(self.sets)?)
            (distances::closer(self.sets, self.closer))
            footer { "composer " (env!("CARGO_PKG_VERSION")) }
        };
        Ok(page("evaluation", &body))
    }

    fn heading(&self) -> Markup {
        html! {
            header {
                p.kicker { "composer" }
                h1 { "Beside real music" }
                @if let [set] = self.sets { p.lead { (headline(set.assessment)) } (facts(set.assessment)) }
                @else { (side_by_side(self.sets)) }
            }
        }
    }
}

/// What goes wrong, what is copied and how far a set is from real music: the sections for other pages.
pub fn sections(set: &Set) -> crate::error::Result<Markup> {
    Ok(html! {
        (failures::section(set))
        (failures::originality(set))
        (distances::section(std::slice::from_ref(set))?)
    })
}

/// What most pieces suffer from, in a sentence.
pub fn headline(assessment: &Assessment) -> String {
    match assessment.main_failure() {
        Some(mode) => format!("Most pieces fail in the same way: {}.", mode.name()),
        None if assessment.without_failure() == assessment.pieces.len() => "No piece shows a failure.".into(),
        None if 2 * assessment.without_failure() >= assessment.pieces.len() => {
            "Most pieces are sound.".into()
        }
        None => "Most pieces fail, in different ways.".into(),
    }
}

fn as_real(assessment: &Assessment) -> String {
    let statistics = assessment.comparisons.iter().map(|row| row.is_indistinguishable());
    let all = statistics.chain(assessment.distributions.iter().map(|row| row.is_indistinguishable()));
    format!("{} of {}", all.clone().filter(|real| *real).count(), all.count())
}

fn facts(assessment: &Assessment) -> Markup {
    html! {
        dl.facts {
            (fact(&format!("{} of {}", assessment.without_failure(), assessment.pieces.len()), "pieces without a failure"))
            (fact(&assessment.copied().to_string(), "pieces copied"))
            (fact(&as_real(assessment), "statistics as in real music"))
            (fact(&assessment.reference_summary.pieces.to_string(), "real pieces"))
        }
    }
}

/// The sets as columns.
fn side_by_side(sets: &[Set]) -> Markup {
    let each = |figure: &dyn Fn(&Assessment) -> String| -> Vec<String> {
        sets.iter().map(|set| figure(set.assessment)).collect()
    };
    let mut rows = vec![
        ("pieces", each(&|set| set.pieces.len().to_string())),
        ("without a failure", each(&|set| set.without_failure().to_string())),
    ];
    rows.extend(FailureMode::ALL.map(|mode| (mode.name(), each(&|set| set.count(mode).to_string()))));
    rows.push(("copied", each(&|set| set.copied().to_string())));
    rows.push(("statistics as in real music", each(&as_real)));
    html! {
        table {
            thead { tr { th { "" } @for set in sets { th { (set.name) } } } }
            tbody {
                tr { th { "in a sentence" } @for set in sets { td { (headline(set.assessment)) } } }
                @for (name, figures) in &rows { tr { th { (name) } @for figure in figures { td { (figure) } } } }
            }
        }
    }
}
