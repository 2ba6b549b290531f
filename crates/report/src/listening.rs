//! The results of a listening test as a page: who listened how well, and what they said, with intervals and tests.

use crate::page::{fact, page};
use composer_evaluation::listening::{
    AbxResult, Discrimination, EQUIVALENCE_MARGIN, Mushra, Quality, Ratings, Share, Strengths, WinRate,
};
use composer_evaluation::significance::Interval;
use maud::{Markup, PreEscaped, html};

/// What a listening test says.
#[derive(Debug)]
pub struct ListeningResults<'a> {
    /// Judgements that count.
    pub judgements: usize,
    /// Trials that do not, with the reason.
    pub left_out: [(&'static str, usize); 4],
    /// Wins of each system against each other.
    pub win_rates: &'a [WinRate],
    /// Strengths of the systems.
    pub strengths: Option<&'a Strengths>,
    /// Human or machine.
    pub origin: Option<&'a Discrimination>,
    /// Ratings, by scale.
    pub ratings: &'a [Ratings],
    /// ABX, by pairs of systems.
    pub abx: &'a [AbxResult],
    /// MUSHRA.
    pub mushra: Option<&'a Mushra>,
    /// What the answers say of themselves.
    pub quality: Option<&'a Quality>,
    /// The smallest true share that these judgements find.
    pub detectable: Option<f64>,
    /// Judgements that true shares need.
    pub needed: Vec<(f64, Option<u64>)>,
}

/// The page.
pub fn listening_page(results: &ListeningResults<'_>) -> String {
    let body = html! {
        header {
            p.kicker { "composer" }
            h1 { "Listening test" }
            p.lead { "In brackets: 95 % intervals. Exact intervals take all judgements as independent; those over listeners and pieces do not." }
            dl.facts {
                (fact(&results.judgements.to_string(), "judgements that count"))
                @if let Some(quality) = results.quality { (fact(&quality.listeners.len().to_string(), "listeners")) }
                @for (reason, count) in results.left_out {
                    @if count > 0 { (fact(&count.to_string(), &format!("not counted: {reason}"))) }
                }
            }
        }
        (pairs(results))
        @if let Some(origin) = results.origin { section { h2 { "Human or machine" } (table(&[("correct".into(), origin)])) (confidence(results)) } }
        @if !results.abx.is_empty() {
            section {
                h2 { "ABX: is there a difference?" }
                (table(&results.abx.iter().map(|pair| (format!("{} and {}", pair.first, pair.second), &pair.found)).collect::<Vec<_>>()))
            }
        }
        @for ratings in results.ratings {
            section { h2 { "Ratings of " (ratings.scale) } (scale(ratings, 1.0, 5.0)) }
        }
        @if let Some(mushra) = results.mushra { (mushra_section(mushra)) }
        @if let Some(quality) = results.quality { (quality_section(quality)) }
        (power(results))
    };
    page("listening test", &body)
}

fn pairs(results: &ListeningResults<'_>) -> Markup {
    if results.win_rates.is_empty() {
        return html! {};
    }
    let strengths: Vec<(&String, &f64)> = {
        let mut all: Vec<_> =
            results.strengths.iter().flat_map(|strengths| &strengths.log_strengths).collect();
        all.sort_by(|a, b| b.1.total_cmp(a.1));
        all
    };
    html! {
        section {
            h2 { "Pairs" }
            table {
                thead { tr { th { "" } th.number { "won" } th.number { "lost" } th.number { "equal" } th.number { "win rate, exact" }
                    th.number { "over listeners and pieces" } th { "" } th { "" } } }
                tbody {
                    @for rate in results.win_rates {
                        tr {
                            th { (rate.system) " against " (rate.against) }
                            td.number { (rate.wins) } td.number { (rate.losses) } td.number { (rate.ties) }
                            td.number { (interval(&rate.share, 2)) } td.number { (interval(&rate.clustered, 2)) }
                            td { (plot(&rate.clustered, 0.0, 1.0, Some(0.5))) }
                            td { (conclusion(rate.p_value, rate.p_equivalent)) }
                        }
                    }
                }
            }
            p.note { "The equal ones count half over listeners and pieces, and not in the exact share." }
        }
        section {
            h2 { "Strengths" }
            p { "Bradley–Terry with ties (Davidson): logarithms of strengths, their mean being 0. A difference of 1 is a win rate of 0.73." }
            table {
                thead { tr { th { "" } th.number { "strength" } } }
                tbody { @for (system, strength) in strengths { tr { th { (system) } td.number { (format!("{strength:.3}")) } } } }
            }
        }
    }
}

/// Shares of right answers, against guessing.
fn table(rows: &[(String, &Discrimination)]) -> Markup {
    html! {
        table {
            thead { tr { th { "" } th.number { "correct" } th.number { "share, exact" } th.number { "over listeners and pieces" } th { "" } th { "" } } }
            tbody {
                @for (name, found) in rows {
                    tr {
                        th { (name) }
                        td.number { (found.correct) " of " (found.answers) }
                        td.number { (interval(&found.share, 2)) } td.number { (interval(&found.clustered, 2)) }
                        td { (plot(&found.clustered, 0.0, 1.0, Some(0.5))) }
                        td { (conclusion(found.p_value, found.p_equivalent)) }
                    }
                }
            }
        }
    }
}

fn confidence(results: &ListeningResults<'_>) -> Markup {
    let rows: Vec<_> = results.quality.iter().flat_map(|quality| &quality.confidence).collect();
    if rows.is_empty() {
        return html! {};
    }
    html! {
        h3 { "By confidence" }
        table {
            thead { tr { th { "confidence, 1 (a guess) to 5 (certain)" } th.number { "answers" } th.number { "correct" } } }
            tbody { @for row in rows { tr { th { (row.confidence) } td.number { (row.answers) } td.number { (row.correct) } } } }
        }
    }
}

/// Means of systems between two ends, and the tests.
fn scale(ratings: &Ratings, low: f64, high: f64) -> Markup {
    html! {
        table {
            thead { tr { th { "" } th.number { "mean" } th { "" } } }
            tbody {
                @for (system, mean) in &ratings.means {
                    tr { th { (system) } td.number { (interval(mean, 2)) } td { (plot(mean, low, high, None)) } }
                }
            }
        }
        p { "Any difference (Friedman, over listeners who judged every system): p " (p(ratings.p_any_difference)) "." }
        @if !ratings.comparisons.is_empty() {
            table {
                thead { tr { th { "two systems (Wilcoxon over listeners, Holm-corrected)" } th.number { "p" } } }
                tbody { @for pair in &ratings.comparisons { tr { th { (pair.first) " and " (pair.second) } td.number { (p(pair.p_value)) } } } }
            }
        }
    }
}

fn mushra_section(mushra: &Mushra) -> Markup {
    html! {
        section {
            h2 { "MUSHRA" }
            p { "Grades from 0 to 100 (ITU-R BS.1534). The hidden reference is " strong { (mushra.reference) } ". Listeners who graded it below 90 in "
                "more than 15 % of their trials are left out." }
            (scale(&mushra.grades, 0.0, 100.0))
            table {
                thead { tr { th { "listener" } th.number { "trials" } th.number { "reference below 90" } th { "" } } }
                tbody {
                    @for who in &mushra.screening {
                        tr { th { (who.listener) } td.number { (who.trials) } td.number { (who.below) } td { @if who.left_out { strong { "left out" } } } }
                    }
                }
            }
        }
    }
}

fn quality_section(quality: &Quality) -> Markup {
    let share = |what: &str, share: &Option<Share>, test: bool| {
        html! {
            @if let Some(share) = share {
                p { (what) ": " (share.count) " of " (share.of) ", " (interval(&share.share, 2)) @if test { " (against one half: p " (p(share.p_value)) ")" } "." }
            }
        }
    };
    html! {
        section {
            h2 { "Listeners" }
            p { "Who fails half of the catch trials or more is inattentive." }
            (share("Repeated trials that agree with the first time", &quality.repeats, false))
            (share("Of two, the first one was chosen", &quality.first_chosen, true))
            table {
                thead { tr { th { "listener" } th.number { "answers" } th.number { "catch trials failed" } th.number { "repeats that agree" } th { "" } } }
                tbody {
                    @for who in &quality.listeners {
                        tr {
                            th { (who.listener) }
                            td.number { (who.answers) }
                            td.number { (who.failed) " of " (who.catches) }
                            td.number { (who.agreed) " of " (who.repeats) }
                            td { @if who.is_inattentive { strong { "inattentive" } } }
                        }
                    }
                }
            }
        }
    }
}

fn power(results: &ListeningResults<'_>) -> Markup {
    html! {
        section {
            h2 { "Power" }
            @if let Some(share) = results.detectable {
                p { "These judgements find a true share of " strong { (format!("{share:.2}")) } " or more with 80 % power (two-sided exact test at 5 %)." }
            }
            table {
                thead { tr { th { "true share" } th.number { "judgements needed" } } }
                tbody {
                    @for (share, needed) in &results.needed {
                        tr { th { (format!("{share:.2}")) } td.number { (needed.map_or("more than 100000".into(), |needed| needed.to_string())) } }
                    }
                }
            }
        }
    }
}

/// What two tests say together: that a difference was not found does not say that there is none.
fn conclusion(p_value: f64, p_equivalent: f64) -> Markup {
    let words = match (p_value < 0.05, p_equivalent < 0.05) {
        (true, false) => "a difference",
        (false, true) => "indistinguishable",
        (true, true) => "a difference, but a small one",
        (false, false) => "undecided: more judgements are needed",
    };
    html! {
        strong { (words) } " "
        span.note { "differs from ½: p " (p(p_value)) "; within " (EQUIVALENCE_MARGIN) " of it: p " (p(p_equivalent)) }
    }
}

fn interval(interval: &Interval, digits: usize) -> String {
    if interval.estimate.is_nan() { "–".into() } else { format!("{interval:.digits$}") }
}

fn p(value: f64) -> String {
    match value {
        value if value.is_nan() => "–".into(),
        value if value < 0.001 => "< 0.001".into(),
        value => format!("{value:.3}"),
    }
}

/// A dot with its interval between two ends, and a line at what guessing gives.
fn plot(interval: &Interval, low: f64, high: f64, middle: Option<f64>) -> Markup {
    if interval.estimate.is_nan() {
        return html! {};
    }
    let x = |value: f64| 4.0 + 152.0 * ((value - low) / (high - low)).clamp(0.0, 1.0);
    let guessing = middle.map_or_else(String::new, |middle| {
        format!(
            r##"<line x1="{0:.1}" x2="{0:.1}" y1="0" y2="14" stroke="#98a2b3" stroke-dasharray="2 2"/>"##,
            x(middle)
        )
    });
    PreEscaped(format!(
        concat!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 14" width="120" height="14" role="img" "##,
            r##"aria-label="{:.2}, from {:.2} to {:.2}"><line x1="4" x2="156" y1="7" y2="7" stroke="#e4e7ec"/>{}"##,
            r##"<line x1="{:.1}" x2="{:.1}" y1="7" y2="7" stroke="#2f6f8f" stroke-width="4"/>"##,
            r##"<circle cx="{:.1}" cy="7" r="4" fill="#2f6f8f"/></svg>"##
        ),
        interval.estimate,
        interval.low,
        interval.high,
        guessing,
        x(interval.low),
        x(interval.high),
        x(interval.estimate)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use composer_evaluation::listening::{
        abx, bradley_terry, discrimination, mushra, quality, ratings, read_trials_jsonl, win_rates,
    };

    const ANSWERS: &str = r#"
{"kind":"pair","listener":"<b>","piece":"1","system":"bach & sons","system_b":"rnn","answer":"a","trial":1}
{"kind":"pair","listener":"p2","piece":"2","system":"rnn","system_b":"bach & sons","answer":"a","trial":1,"catch":"b"}
{"kind":"origin","listener":"p2","piece":"2","system":"human","answer":"machine","trial":2,"confidence":3}
{"kind":"rating","listener":"p2","piece":"2","system":"rnn","answer":{"overall":3},"trial":3}
{"kind":"abx","listener":"p2","piece":"2","system":"bach & sons","system_b":"rnn","answer":"a","x":"a","trial":4}
{"kind":"mushra","listener":"p2","piece":"2","system":"bach & sons","answer":{"bach & sons":80,"rnn":10},"trial":5}
"#;

    #[test]
    fn the_page_has_every_table_and_names_are_text() {
        let trials = read_trials_jsonl(ANSWERS).unwrap();
        let judgements: Vec<_> = trials.iter().flat_map(|trial| trial.judgements.clone()).collect();
        let (rates, strengths) = (win_rates(&judgements, 1), bradley_terry(&judgements));
        let page = listening_page(&ListeningResults {
            judgements: judgements.len(),
            left_out: [("catch trials", 1), ("repeated trials", 0), ("a", 0), ("b", 0)],
            win_rates: &rates,
            strengths: Some(&strengths),
            origin: discrimination(&judgements, 1).as_ref(),
            ratings: &ratings(&judgements, 1),
            abx: &abx(&judgements, 1),
            mushra: mushra(&judgements, 1).as_ref(),
            quality: quality(&trials).as_ref(),
            detectable: Some(0.7),
            needed: vec![(0.55, Some(786)), (0.5001, None)],
        });
        for words in [
            "bach &amp; sons against rnn",
            "Strengths",
            "Human or machine",
            "By confidence",
            "ABX",
            "Ratings of overall",
            "MUSHRA",
            "left out",
            "&lt;b&gt;",
            "inattentive",
            "786",
            "more than 100000",
            "not counted: catch trials",
        ] {
            assert!(page.contains(words), "{words} is missing in {page}");
        }
        assert!(!page.contains("<b>") && !page.contains("repeated trials</d") && !page.contains("NaN"));
    }
}
