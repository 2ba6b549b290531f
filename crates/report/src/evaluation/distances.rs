//! Distances of sets from real music, compared with distances among real pieces.

use super::set::AssessedSet;
use crate::charts;
use composer_evaluation::distance::{Closer, Comparison, DistributionComparison};
use composer_evaluation::significance::Interval;
use maud::{Markup, PreEscaped, html};

/// Histograms of the statistics that are furthest from real music.
const HISTOGRAMS: usize = 3;
/// Distances up to here, in standard deviations of real music, fit into the little plots.
const FURTHEST: f64 = 3.0;
/// What the real music is called in plots.
const REAL: &str = "real music";

/// Statistics and distributions of the sets, those that are furthest away as histograms over each other.
pub fn section(sets: &[AssessedSet]) -> crate::error::Result<Markup> {
    Ok(html! { (statistics(sets)?) (distributions(sets)?) })
}

fn statistics(sets: &[AssessedSet]) -> crate::error::Result<Markup> {
    let Some(rows) = sets.first().map(|set| &set.assessment.comparisons) else { return Ok(html! {}) };
    let mut histograms = Vec::new();
    for row in furthest(sets) {
        let mut samples = vec![(REAL, row.reference_values.as_slice())];
        samples.extend(
            sets.iter().filter_map(|set| Some((set.name, statistic(set, row.name)?.values.as_slice()))),
        );
        histograms.push((row, charts::samples(&samples)?));
    }
    Ok(html! {
        section {
            h2 { "Statistics" }
            p {
                "Means with 95 % intervals over pieces. The distance is between the distributions of these pieces and of real music, "
                "in standard deviations of real music. The grey band is the distance between as many real pieces and the other real "
                "pieces: a dot inside it cannot be distinguished from real music with this number of pieces."
            }
            table {
                thead { tr {
                    th { "" } th.number { (REAL) }
                    @for set in sets { th.number { (set.name) } th.number { "distance" } th { "" } }
                } }
                tbody {
                    @for row in rows {
                        tr {
                            th title=(row.meaning) { (row.name.replace('_', " ")) }
                            td.number { (format!("{:.2}", row.reference_mean)) }
                            @for set in sets { (statistic_cells(statistic(set, row.name))) }
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

fn statistic<'a>(set: &AssessedSet<'a>, name: &str) -> Option<&'a Comparison> {
    set.assessment.comparisons.iter().find(|row| row.name == name)
}

/// The statistics in which any set lies furthest beyond the distances of real music.
fn furthest<'a>(sets: &[AssessedSet<'a>]) -> Vec<&'a Comparison> {
    let mut rows: Vec<&Comparison> = sets.iter().flat_map(|set| &set.assessment.comparisons).collect();
    rows.sort_by(|a, b| (b.distance - b.human.high).total_cmp(&(a.distance - a.human.high)));
    let mut chosen: Vec<&Comparison> = Vec::new();
    for row in rows {
        if chosen.len() < HISTOGRAMS && chosen.iter().all(|other| other.name != row.name) {
            chosen.push(row);
        }
    }
    chosen
}

fn statistic_cells(row: Option<&Comparison>) -> Markup {
    let Some(row) = row else { return html! { td.number { "–" } td {} td {} } };
    html! {
        td.number { (format!("{:.2}", row.mean)) }
        (distance_cells(row.distance, &row.human, row.is_indistinguishable(), FURTHEST, 2))
    }
}

/// A distance, in bold if it is larger than between real pieces, and its plot.
fn distance_cells(
    distance: f64,
    human: &Interval,
    is_indistinguishable: bool,
    furthest: f64,
    digits: usize,
) -> Markup {
    let text = format!("{distance:.digits$}");
    html! {
        td.number { @if is_indistinguishable { (text) } @else { strong { (text) } } }
        td { (PreEscaped(distance_plot(distance, human, is_indistinguishable, furthest))) }
    }
}

fn distributions(sets: &[AssessedSet]) -> crate::error::Result<Markup> {
    let Some(rows) = sets.first().map(|set| &set.assessment.distributions) else { return Ok(html! {}) };
    let all = || sets.iter().flat_map(|set| &set.assessment.distributions);
    let most = all().map(|row| row.divergence.max(row.human_divergence.high)).fold(0.01, f64::max);
    let mut charts = Vec::new();
    for (name, classes) in [("pitch_classes", &PITCH_CLASSES[..]), ("note_lengths", &LENGTHS[..])] {
        let of = |set: &AssessedSet<'_>| distribution(set, name).map(|row| row.shares.clone());
        let Some(first) = sets.first().and_then(|set| distribution(set, name)) else { continue };
        let shares: Vec<_> = sets.iter().filter_map(|set| Some((set.name, of(set)?))).collect();
        let mut bars = vec![(REAL, first.reference_shares.as_slice())];
        bars.extend(shares.iter().map(|(name, shares)| (*name, shares.as_slice())));
        charts.push((first, charts::bars(classes, &bars)?));
    }
    Ok(html! {
        section {
            h2 { "Distributions" }
            p {
                "Jensen–Shannon divergence from real music in bits, with the band of as many real pieces; and the overlapping area of the "
                "distances between these pieces and real ones with the distances among real ones (Yang and Lerch 2020), with the "
                "range for real pieces."
            }
            table {
                thead { tr { th { "" } @for set in sets { th.number { (set.name) } th { "" } th.number { "overlap" } } } }
                tbody {
                    @for row in rows {
                        tr {
                            th title=(row.meaning) { (row.name.replace('_', " ")) }
                            @for set in sets { (distribution_cells(distribution(set, row.name), most)) }
                        }
                    }
                }
            }
            @for (row, chart) in &charts {
                figure { (PreEscaped(chart)) figcaption { strong { (row.name.replace('_', " ")) } (row.meaning) } }
            }
        }
    })
}

fn distribution<'a>(set: &AssessedSet<'a>, name: &str) -> Option<&'a DistributionComparison> {
    set.assessment.distributions.iter().find(|row| row.name == name)
}

fn distribution_cells(row: Option<&DistributionComparison>, most: f64) -> Markup {
    let Some(row) = row else { return html! { td.number { "–" } td {} td {} } };
    html! {
        (distance_cells(row.divergence, &row.human_divergence, row.is_indistinguishable(), most, 3))
        td.number {
            (format!("{:.2}", row.overlap)) " "
            span.note { (format!("(real {:.2} – {:.2})", row.human_overlap.low, row.human_overlap.high)) }
        }
    }
}

const PITCH_CLASSES: [&str; 12] = ["C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B"];
/// The classes of note lengths as parts of a whole note; a dot for dotted, 3 for triplets.
const LENGTHS: [&str; 12] =
    ["1", "1/2", "1/4", "1/8", "1/16", "1/2.", "1/4.", "1/8.", "1/16.", "1/2 3", "1/4 3", "1/8 3"];

/// Which of the first two sets is closer to real music.
pub fn closer(sets: &[AssessedSet], closer: &[Closer]) -> Markup {
    let [first, second, ..] = sets else { return html! {} };
    html! {
        section {
            h2 { "Which set is closer to real music" }
            p {
                "Distances of " (first.name) " and " (second.name) " from real music, and the p-value of their difference "
                "(two-sided permutation test over pieces, Holm-corrected over all rows). Bold: p below 0.05."
            }
            table {
                thead { tr { th { "" } th.number { (first.name) } th.number { (second.name) } th { "closer" } th.number { "p" } } }
                tbody {
                    @for row in closer {
                        tr {
                            th { (row.name.replace('_', " ")) }
                            td.number { (format!("{:.2}", row.first)) }
                            td.number { (format!("{:.2}", row.second)) }
                            td { @if row.p_value < 0.05 { strong { (nearer(first, second, row)) } } @else { "–" } }
                            td.number { (format!("{:.3}", row.p_value)) }
                        }
                    }
                }
            }
        }
    }
}

fn nearer<'a>(first: &AssessedSet<'a>, second: &AssessedSet<'a>, row: &Closer) -> &'a str {
    if row.first <= row.second { first.name } else { second.name }
}

/// The band of human distances and a dot for the distance of the set.
fn distance_plot(distance: f64, human: &Interval, is_indistinguishable: bool, furthest: f64) -> String {
    let x = |distance: f64| 4.0 + 152.0 * distance.clamp(0.0, furthest) / furthest;
    let color = if is_indistinguishable { "#2f6f8f" } else { "#c2562d" };
    format!(
        concat!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 14" width="120" height="14" role="img" "##,
            r##"aria-label="distance {:.3}, real music {:.3} to {:.3}"><line x1="4" x2="156" y1="7" y2="7" stroke="#e4e7ec"/>"##,
            r##"<rect x="{:.1}" y="3" width="{:.1}" height="8" rx="2" fill="#d0d5dd"/><circle cx="{:.1}" cy="7" r="3.5" fill="{}"/></svg>"##
        ),
        distance,
        human.low,
        human.high,
        x(human.low),
        (x(human.high) - x(human.low)).max(1.0),
        x(distance),
        color
    )
}
