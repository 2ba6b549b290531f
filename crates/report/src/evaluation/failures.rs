//! What is wrong with each piece, where, and whether it was copied.

use super::set::{Set, marked_quarters};
use crate::piano_roll;
use composer_evaluation::assessment::Assessed;
use composer_evaluation::failure::FailureMode;
use maud::{Markup, PreEscaped, html};

/// Pieces that are drawn at most.
const DRAWN: usize = 8;

/// A table of modes, then what was found in each piece.
pub fn section(set: &Set) -> Markup {
    let assessment = set.assessment;
    html! {
        section {
            h2 { "What goes wrong" }
            p {
                "Four ways in which composed music fails, looked for in this order. A finding means that the piece is "
                "worse than about 98 % of real music in excerpts of " (assessment.quarters) " quarters."
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
        Some(finding) if finding.secondary => html! { span.note { "found, may follow" } },
        Some(_) => html! { strong { "found" } },
        None if piece.diagnosis.unjudged.is_some() => html! { "–" },
        None => html! { "✓" },
    }
}

/// Piano rolls with the offending bars marked.
pub fn rolls(set: &Set) -> Markup {
    let first_sentence = |piece: &Assessed| match (piece.diagnosis.main_finding(), piece.diagnosis.unjudged) {
        (Some(finding), _) => finding.sentence.clone(),
        (None, Some(reason)) => format!("not judged: {reason}"),
        (None, None) => "no failure found".into(),
    };
    html! {
        section {
            h2 { "Where" }
            p.note { "Bars of four quarters. Shaded: the bars that the first finding points at." }
            @for (i, (piece, score)) in set.assessment.pieces.iter().zip(set.scores).take(DRAWN).enumerate() {
                figure {
                    figcaption { strong { (piece.name) } " " span { (first_sentence(piece)) } }
                    (PreEscaped(piano_roll::svg(score, &piece.name, &marked_quarters(set.assessment, i))))
                }
            }
        }
    }
}

/// How much of each piece occurs in the real music.
pub fn originality(set: &Set) -> Markup {
    html! {
        section {
            h2 { "Copied or new" }
            table {
                thead { tr { th { "piece" } th { "" } th.number { "shared sequences of 4" } th.number { "of 8" } th.number { "of 16 onsets" } } }
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
