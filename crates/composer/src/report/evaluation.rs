//! The page of `composer evaluate`, and the section on failures in every report.

use super::{fact, page, piano_roll, plots};
use composer_evaluation::assessment::{Assessed, Assessment};
use composer_evaluation::distance::Comparison;
use composer_evaluation::failure::FailureMode;
use composer_music::Score;
use maud::{Markup, PreEscaped, html};
use std::ops::Range;

/// Pieces that are drawn at most.
const DRAWN: usize = 8;
/// Histograms of the statistics that are furthest from real music.
const HISTOGRAMS: usize = 3;
/// Distances up to here, in standard deviations of real music, fit into the little plots.
const FURTHEST: f64 = 3.0;

/// Everything on the page.
pub struct EvaluationPage<'a> {
    /// The figures.
    pub assessment: &'a Assessment,
    /// The pieces, in the order of the assessment.
    pub scores: &'a [&'a Score],
}

impl EvaluationPage<'_> {
    /// The page.
    pub fn to_html(&self) -> anyhow::Result<String> {
        let body = html! {
            (self.heading())
            (failures(self.assessment))
            (self.rolls())
            (originality(self.assessment))
            (distances(self.assessment)?)
            footer { "composer " (env!("CARGO_PKG_VERSION")) }
        };
        Ok(page("evaluation", &body))
    }

    fn heading(&self) -> Markup {
        let assessment = self.assessment;
        let as_real = assessment.comparisons.iter().filter(|row| row.as_real()).count();
        html! {
            header {
                p.kicker { "composer" }
                h1 { "Beside real music" }
                p.lead { (headline(assessment)) }
                dl.facts {
                    (fact(&format!("{} of {}", assessment.sound(), assessment.pieces.len()), "pieces without a failure"))
                    (fact(&assessment.copied().to_string(), "pieces copied"))
                    (fact(&format!("{as_real} of {}", assessment.comparisons.len()), "statistics as in real music"))
                    (fact(&assessment.reference_summary.pieces.to_string(), "real pieces"))
                }
            }
        }
    }

    fn rolls(&self) -> Markup {
        html! {
            section {
                h2 { "Where" }
                p.note { "Bars of four quarters. Shaded: the bars that the first finding points at." }
                @for (piece, score) in self.assessment.pieces.iter().zip(self.scores).take(DRAWN) {
                    figure {
                        figcaption { strong { (piece.name) } " " span { (first_sentence(piece)) } }
                        (PreEscaped(piano_roll::marked(score, &piece.name, &marked_quarters(piece))))
                    }
                }
            }
        }
    }
}

/// What most pieces suffer from, in a sentence.
pub fn headline(assessment: &Assessment) -> String {
    match assessment.main_failure() {
        Some(mode) => format!("Most pieces fail in the same way: {}.", mode.name()),
        None if assessment.sound() == assessment.pieces.len() => "No piece shows a failure.".into(),
        None => "Most pieces are sound.".into(),
    }
}

fn first_sentence(piece: &Assessed) -> &str {
    piece.diagnosis.main_finding().map_or("no failure found", |finding| &finding.sentence)
}

/// The bars of the first finding, in quarters.
fn marked_quarters(piece: &Assessed) -> Vec<Range<f64>> {
    let bars = piece.diagnosis.main_finding().map_or(&[][..], |finding| &finding.bars);
    bars.iter().map(|bars| 4.0 * bars.start as f64..4.0 * bars.end as f64).collect()
}

/// The section on failures: a table of modes, then what was found in each piece.
pub fn failures(assessment: &Assessment) -> Markup {
    html! {
        section {
            h2 { "What goes wrong" }
            p {
                "Four ways in which composed music fails, looked for in this order. A finding means that the piece is "
                "worse than about 97 % of real music in excerpts of " (assessment.quarters) " quarters."
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
        None => html! { "✓" },
    }
}

fn originality(assessment: &Assessment) -> Markup {
    html! {
        section {
            h2 { "Copied or new" }
            table {
                thead { tr { th { "piece" } th { "" } th.number { "shared sequences of 4" } th.number { "of 8" } th.number { "of 16 onsets" } } }
                tbody {
                    @for piece in &assessment.pieces {
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

/// Statistics beside those of real music, the furthest ones as histograms.
fn distances(assessment: &Assessment) -> anyhow::Result<Markup> {
    let mut furthest: Vec<&Comparison> = assessment.comparisons.iter().collect();
    furthest.sort_by(|a, b| (b.distance - b.human.high).total_cmp(&(a.distance - a.human.high)));
    let mut histograms = Vec::new();
    for row in furthest.iter().take(HISTOGRAMS) {
        histograms
            .push((*row, plots::samples("real music", &row.reference_values, "these pieces", &row.values)?));
    }
    Ok(html! {
        section {
            h2 { "Statistics" }
            p {
                "Means with 95 % intervals over pieces. The distance is how far the distribution of these pieces lies from that of "
                "real music, in standard deviations; the grey band is how far as many real pieces lie from the others. "
                "A dot inside the band is as good as real."
            }
            table {
                thead { tr { th { "" } th.number { "these pieces" } th.number { "real music" } th.number { "distance" } th { "" } } }
                tbody {
                    @for row in &assessment.comparisons {
                        tr {
                            th title=(row.meaning) { (row.name.replace('_', " ")) }
                            td.number { (format!("{:.2}", row.mean)) }
                            td.number { (format!("{:.2}", row.reference_mean)) }
                            td.number { @if row.as_real() { (format!("{:.2}", row.distance)) } @else { strong { (format!("{:.2}", row.distance)) } } }
                            td { (PreEscaped(distance_plot(row))) }
                        }
                    }
                }
            }
            @for (row, histogram) in &histograms {
                figure { (PreEscaped(histogram)) figcaption { strong { (row.name.replace('_', " ")) } (row.meaning) } }
            }
        }
    })
}

/// The band of human distances and a dot for the distance of the set.
fn distance_plot(row: &Comparison) -> String {
    let x = |distance: f64| 4.0 + 152.0 * distance.clamp(0.0, FURTHEST) / FURTHEST;
    let color = if row.as_real() { "#2f6f8f" } else { "#c2562d" };
    format!(
        concat!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 14" width="160" height="14" role="img" "##,
            r##"aria-label="distance {:.2}, real music {:.2} to {:.2}"><line x1="4" x2="156" y1="7" y2="7" stroke="#e4e7ec"/>"##,
            r##"<rect x="{:.1}" y="3" width="{:.1}" height="8" rx="2" fill="#d0d5dd"/><circle cx="{:.1}" cy="7" r="3.5" fill="{}"/></svg>"##
        ),
        row.distance,
        row.human.low,
        row.human.high,
        x(row.human.low),
        (x(row.human.high) - x(row.human.low)).max(1.0),
        x(row.distance),
        color
    )
}
