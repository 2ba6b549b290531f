//! The failures found in each piece, in which bars, and whether it was copied.

use super::set::{AssessedSet, marked_quarters};
use crate::piano_roll;
use composer_evaluation::assessment::Assessed;
use composer_evaluation::failure::{FailureMode, Fault};
use maud::{Markup, PreEscaped, html};

/// Pieces that are drawn at most.
const DRAWN: usize = 8;

/// A table of modes, then what was found in each piece.
pub fn section(set: &AssessedSet) -> Markup {
    let assessment = set.assessment;
    html! {
        section {
            h2 { "Faults" }
            p {
                "Four typical failures of generated music, tested in this order; then figures outside the reference. At most one real "
                "piece in twenty has a finding. That none is found says no more than that: it is no praise. The score says how much "
                "the piece is like the reference: the share of held-out real pieces that lie farther from it, with its 95 % interval; "
                "held-out real music has a median of 50. Compared in excerpts of the piece's length."
            }
            table {
                thead { tr {
                    th { "piece" } th.number { "score" }
                    @for mode in FailureMode::ALL { th { (mode.name()) } }
                    th { "outside the reference" } th { "originality" }
                } }
                tbody {
                    @for piece in &assessment.pieces {
                        tr {
                            th { (piece.name) }
                            td.number { (score(piece)) }
                            @for mode in FailureMode::ALL { td { (mark(piece, mode)) } }
                            td { (outside(piece)) }
                            td { @if piece.originality.copied { strong { "copied" } } @else { "not copied" } }
                        }
                    }
                }
            }
            @for piece in &assessment.pieces {
                @for finding in piece.diagnosis.findings.iter().filter(|finding| !finding.secondary) {
                    p {
                        strong { (piece.name) ": " (finding.mode.name()) ". " }
                        (finding.sentence) " Likely cause: " (finding.cause) ". Next: " (finding.remedy) "."
                    }
                }
            }
        }
    }
}

fn mark(piece: &Assessed, mode: FailureMode) -> Markup {
    match piece.diagnosis.findings.iter().find(|finding| finding.mode == mode) {
        Some(finding) if finding.secondary => html! { span.note { "found, possibly a consequence" } },
        Some(_) => html! { strong { "found" } },
        None if piece.diagnosis.unjudged.is_some() => html! { "–" },
        None => html! { span.note { "not found" } },
    }
}

/// The score with its interval.
pub(super) fn score(piece: &Assessed) -> Markup {
    let Some(likeness) = piece.diagnosis.likeness else { return html! { "–" } };
    html! {
        (format!("{:.0}", likeness.score)) " "
        span.note { (format!("({:.0}–{:.0})", likeness.low, likeness.high)) }
    }
}

/// What else was found: figures outside the reference.
fn outside(piece: &Assessed) -> Markup {
    let findings = piece.diagnosis.findings.iter();
    let names: Vec<&str> = findings
        .filter(|finding| !matches!(finding.mode, Fault::Mode(_)))
        .map(|finding| finding.mode.name())
        .collect();
    match (names.is_empty(), piece.diagnosis.unjudged) {
        (true, Some(_)) => html! { "–" },
        (true, None) => html! { span.note { "not found" } },
        (false, _) => html! { strong { (names.join(", ")) } },
    }
}

/// Piano rolls with the bars of the findings marked.
pub fn rolls(set: &AssessedSet) -> Markup {
    let first_sentence = |piece: &Assessed| match piece.diagnosis.main_finding() {
        Some(finding) => finding.sentence.clone(),
        None => piece.diagnosis.nothing_found().unwrap_or_default(),
    };
    html! {
        section {
            h2 { "Piano rolls" }
            p.note { "Shaded: the bars of the first finding." }
            @for (i, (piece, score)) in set.assessment.pieces.iter().zip(set.scores).take(DRAWN).enumerate() {
                figure {
                    figcaption { strong { (piece.name) } " " span { (first_sentence(piece)) } }
                    (PreEscaped(piano_roll::svg(score, &piece.name, &marked_quarters(set.assessment, i, score))))
                }
            }
        }
    }
}

/// How much of each piece occurs in the real music.
pub fn originality(set: &AssessedSet) -> Markup {
    html! {
        section {
            h2 { "Originality" }
            table {
                thead { tr { th { "piece" } th { "" } th.number { "n-grams in common: 4 onsets" } th.number { "8 onsets" } th.number { "16 onsets" } } }
                tbody {
                    @for piece in &set.assessment.pieces {
                        tr {
                            th { (piece.name) }
                            td.note { (piece.originality.sentence()) }
                            @for length in [4, 8, 16] { td.number { (percent(piece.originality.overlap.shared(length))) } }
                        }
                    }
                }
            }
        }
    }
}

fn percent(share: f64) -> String {
    if share.is_finite() { format!("{:.0} %", 100.0 * share) } else { "–".into() }
}
