//! Sets of music compared with real music: the page of `composer evaluate`, and its part in every report.

mod distances;
mod failures;
mod set;

pub use set::{AssessedSet, marked_quarters};

use crate::likelihood::{Likelihood, likelihood_table};
use crate::page::{fact, page};
use composer_evaluation::assessment::Assessment;
use composer_evaluation::distance::Closer;
use composer_evaluation::failure::FailureMode;
use composer_music::text::counted;
use maud::{Markup, html};

/// Everything on the page.
pub struct EvaluationPage<'a> {
    /// The sets, at least one.
    pub sets: &'a [AssessedSet<'a>],
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
                section { h2 { "Test loss" } (likelihood_table(self.likelihoods)) }
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
                h1 { "Comparison with real music" }
                @if let [set] = self.sets { p.lead { (headline(set.assessment)) } (facts(set.assessment)) }
                @else { (summary_table(self.sets)) }
            }
        }
    }
}

/// Failures, originality and the distances of a set from real music: the sections for other pages.
pub fn sections(set: &AssessedSet) -> crate::error::Result<Markup> {
    Ok(html! {
        (failures::section(set))
        (failures::originality(set))
        (distances::section(std::slice::from_ref(set))?)
    })
}

/// The most frequent failure, in a sentence.
pub fn headline(assessment: &Assessment) -> String {
    match assessment.main_failure() {
        Some(fault) => format!("Most pieces show the same fault: {}.", fault.name()),
        None if assessment.without_failure() == assessment.pieces.len() => {
            "None of the tested faults was found in any piece.".into()
        }
        None if 2 * assessment.without_failure() >= assessment.pieces.len() => {
            "In most pieces none of the tested faults was found.".into()
        }
        None => "Most pieces show a fault, of different kinds.".into(),
    }
}

fn indistinguishable(assessment: &Assessment) -> String {
    let statistics = assessment.comparisons.iter().map(|row| row.is_indistinguishable());
    let all = statistics.chain(assessment.distributions.iter().map(|row| row.is_indistinguishable()));
    format!("{} of {}", all.clone().filter(|real| *real).count(), all.count())
}

/// The median score of the set.
fn median(assessment: &Assessment) -> String {
    let median = assessment.median_likeness();
    if median.is_finite() { format!("{median:.0}") } else { "–".into() }
}

/// "with 3 pieces": what a comparison of sets can tell depends on it.
fn with_pieces(assessment: &Assessment) -> String {
    let pieces = assessment.pieces.len();
    format!("with {}", counted(pieces, "piece"))
}

fn facts(assessment: &Assessment) -> Markup {
    html! {
        dl.facts {
            (fact(&format!("{} of {}", assessment.without_failure(), assessment.pieces.len()), "pieces in which none of the tested faults was found"))
            (fact(&median(assessment), "median score: how much like the reference, of 100 (held-out real music: 50)"))
            (fact(&assessment.copied().to_string(), "pieces copied"))
            (fact(&indistinguishable(assessment), &format!("statistics not distinguishable from real music {}", with_pieces(assessment))))
            (fact(&assessment.reference_summary.pieces.to_string(), "real pieces"))
        }
    }
}

/// The sets as columns.
fn summary_table(sets: &[AssessedSet]) -> Markup {
    let each = |figure: &dyn Fn(&Assessment) -> String| -> Vec<String> {
        sets.iter().map(|set| figure(set.assessment)).collect()
    };
    let mut rows = vec![
        ("pieces", each(&|set| set.pieces.len().to_string())),
        ("none of the tested faults found", each(&|set| set.without_failure().to_string())),
        ("median score, how much like the reference", each(&median)),
    ];
    rows.extend(FailureMode::ALL.map(|mode| (mode.name(), each(&|set| set.count(mode).to_string()))));
    rows.push(("copied", each(&|set| set.copied().to_string())));
    rows.push(("statistics not distinguishable with so many pieces", each(&indistinguishable)));
    html! {
        table {
            thead { tr { th { "" } @for set in sets { th { (set.name) } } } }
            tbody {
                tr { th { "summary" } @for set in sets { td { (headline(set.assessment)) } } }
                @for (name, figures) in &rows { tr { th { (name) } @for figure in figures { td { (figure) } } } }
            }
        }
    }
}
