//! The results of a listening test as text; [`crate::listening`] has the page.

use crate::listening::ListeningResults;
use composer_evaluation::listening::{Discrimination, EQUIVALENCE_MARGIN, Quality, Ratings};
use composer_music::text::{counted, printable};
use std::fmt::{Display, Formatter, Result};

/// Everything that a listening test says, and how many judgements a test needs.
pub struct ListeningText<'a>(pub &'a ListeningResults<'a>);

impl Display for ListeningText<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self(results) = self;
        if results.judgements > 0 {
            writeln!(f, "{}. In brackets: 95 % intervals.", counted(results.judgements, "judgement"))?;
        }
        if let Some(found) = results.quality {
            quality(f, results, found)?;
        }
        pairs(f, results)?;
        if let Some(origin) = results.origin {
            writeln!(f, "\nHuman or machine?")?;
            discrimination(f, origin)?;
            for row in results.quality.iter().flat_map(|quality| &quality.confidence) {
                writeln!(f, "  confidence {}: {} of {} correct", row.confidence, row.correct, row.answers)?;
            }
        }
        for pair in results.abx {
            writeln!(f, "\nABX: {} and {}", printable(&pair.first), printable(&pair.second))?;
            discrimination(f, &pair.found)?;
        }
        for found in results.ratings {
            writeln!(f, "\nRatings of {}, 1–5", printable(&found.scale))?;
            ratings(f, found)?;
        }
        mushra(f, results)?;
        if let Some(share) = results.detectable {
            writeln!(f, "\nThese judgements find a true share of {share:.2} or more with 80 % power.")?;
        }
        needed(f, results)
    }
}

fn discrimination(f: &mut Formatter<'_>, found: &Discrimination) -> Result {
    writeln!(f, "  correct {} of {} times: {:.3} (exact)", found.correct, found.answers, found.share)?;
    writeln!(f, "  over listeners and pieces: {:.3}", found.clustered)?;
    writeln!(f, "  {}", conclusion(found.p_value, found.p_equivalent))
}

/// What does not count, who failed catch trials, and whether listeners agree with themselves.
fn quality(f: &mut Formatter<'_>, results: &ListeningResults<'_>, quality: &Quality) -> Result {
    let [(_, catches), (_, repeats), (_, inattentive), (_, known)] = results.left_out;
    writeln!(
        f,
        "{}. Not counted: {}, {}, {inattentive} by inattentive listeners, {known} about known pieces.",
        counted(quality.listeners.len(), "listener"),
        counted(catches, "catch trial"),
        counted(repeats, "repeated trial"),
    )?;
    for listener in quality.listeners.iter().filter(|listener| listener.failed > 0) {
        writeln!(
            f,
            "  {} failed {} of {}{}",
            printable(&listener.listener),
            listener.failed,
            counted(listener.catches as usize, "catch trial"),
            if listener.is_inattentive { " (inattentive)" } else { "" }
        )?;
    }
    if let Some(repeats) = &quality.repeats {
        writeln!(
            f,
            "Repeated trials agree with the first time {} of {} times: {:.3} (exact)",
            repeats.count, repeats.of, repeats.share
        )?;
    }
    if let Some(first) = &quality.first_chosen {
        writeln!(
            f,
            "The first of two was chosen {} of {} times: {:.3} (p {})",
            first.count,
            first.of,
            first.share,
            p(first.p_value)
        )?;
    }
    Ok(())
}

fn ratings(f: &mut Formatter<'_>, ratings: &Ratings) -> Result {
    for (system, mean) in &ratings.means {
        let system = printable(system);
        writeln!(f, "  {system:<20}{mean:.2}")?;
    }
    writeln!(f, "  any difference (Friedman): p {}", p(ratings.p_any_difference))?;
    for pair in &ratings.comparisons {
        writeln!(
            f,
            "  {} and {} (Wilcoxon, Holm): p {}",
            printable(&pair.first),
            printable(&pair.second),
            p(pair.p_value)
        )?;
    }
    Ok(())
}

fn mushra(f: &mut Formatter<'_>, results: &ListeningResults<'_>) -> Result {
    let Some(mushra) = results.mushra else { return Ok(()) };
    writeln!(f, "\nMUSHRA, 0–100; hidden reference: {}", printable(&mushra.reference))?;
    ratings(f, &mushra.grades)?;
    for who in mushra.screening.iter().filter(|who| who.left_out) {
        writeln!(
            f,
            "  left out: {}, who graded the hidden reference below 90 in {} of {}",
            printable(&who.listener),
            who.below,
            counted(who.trials as usize, "trial")
        )?;
    }
    Ok(())
}

fn needed(f: &mut Formatter<'_>, results: &ListeningResults<'_>) -> Result {
    writeln!(
        f,
        "\nJudgements needed to detect a true win rate with 80 % power, two-sided exact test at 5 %:"
    )?;
    for (share, judgements) in &results.needed {
        let judgements = judgements.map_or("more than 100000".into(), |needed| needed.to_string());
        writeln!(f, "  {share:.2}  {judgements}")?;
    }
    Ok(())
}

fn pairs(f: &mut Formatter<'_>, results: &ListeningResults<'_>) -> Result {
    if results.win_rates.is_empty() {
        return Ok(());
    }
    writeln!(f, "\nPairs")?;
    for rate in results.win_rates {
        writeln!(
            f,
            "  {} against {}: {} won, {} lost, {} equal",
            printable(&rate.system),
            printable(&rate.against),
            rate.wins,
            rate.losses,
            rate.ties
        )?;
        writeln!(f, "    win rate {:.3} (exact)", rate.share)?;
        writeln!(f, "    over listeners and pieces, ties half: {:.3}", rate.clustered)?;
        writeln!(f, "    {}", conclusion(rate.p_value, rate.p_equivalent))?;
    }
    if let Some(strengths) = results.strengths {
        writeln!(
            f,
            "\nStrengths (Bradley–Terry with ties, logarithms, mean 0; tie parameter {:.3})",
            strengths.tie
        )?;
        let mut ranked: Vec<_> = strengths.log_strengths.iter().collect();
        ranked.sort_by(|a, b| b.1.total_cmp(a.1));
        for (system, strength) in ranked {
            let system = printable(system);
            writeln!(f, "  {system:<20}{strength:>7.3}")?;
        }
    }
    Ok(())
}

/// What the two tests say together; neither alone can say "equal".
fn conclusion(p_different: f64, p_equivalent: f64) -> String {
    let conclusion = match (p_different < 0.05, p_equivalent < 0.05) {
        (true, false) => "a difference",
        (false, true) => "indistinguishable",
        (true, true) => "a difference, but a small one",
        (false, false) => "undecided: more judgements are needed",
    };
    format!(
        "{conclusion} (differs from one half: p {}; within {EQUIVALENCE_MARGIN} of it: p {})",
        p(p_different),
        p(p_equivalent)
    )
}

fn p(value: f64) -> String {
    if value.is_nan() {
        "–".into()
    } else if value < 0.001 {
        "< 0.001".into()
    } else {
        format!("{value:.3}")
    }
}
