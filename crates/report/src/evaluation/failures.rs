//! The failures found in each piece, in which bars, and whether it was copied.

use super::set::{AssessedSet, marked_quarters};
use crate::piano_roll;
use composer_evaluation::assessment::Assessed;
use composer_evaluation::failure::FailureMode;
use maud::{Markup, PreEscaped, html};

/// Pieces that are drawn at most.
const DRAWN: usize = 8;

/// A table of modes, then what was found in each piece.
pub fn section(set: &AssessedSet) -> Markup {
    let assessment = set.assessment;
    html! {
        section {
            h2 { "Failures" }
            p {
                "Four typical failures of generated music, tested in this order. A finding means that the piece is "
                "worse than about 98 % of real music, compared in excerpts of " (assessment.quarters) " quarters."
            }
            table {
                thead { tr { th { "piece" } @for mode in FailureMode::ALL { th { (mode.name()) } } th { "originality" } } }
                tbody {
                    @for piece in &assessment.pieces {
                        tr {
                            th { (piece.name) }
                            @for mode in FailureMode::ALL { td { (mark(piece, mode)) } }
                            td { @if piece.originality.copied { strong { "copied" } } @else { "✓" } }
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
        None => html! { "✓" },
    }
}

/// Piano rolls with the bars of the findings marked.
pub fn rolls(set: &AssessedSet) -> Markup {
    let first_sentence = |piece: &Assessed| match (piece.diagnosis.main_finding(), piece.diagnosis.unjudged) {
        (Some(finding), _) => finding.sentence.clone(),
        (None, Some(reason)) => format!("not assessed: {reason}"),
        (None, None) => "no failure found".into(),
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
