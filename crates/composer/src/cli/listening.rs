//! `composer listening`.

use super::terminal::Terminal;
use clap::Args;
use composer::listening::{ListeningSummary, Needed, read, summarise};
use composer_evaluation::listening::EQUIVALENCE_MARGIN;
use composer_music::text::{counted, printable};
use std::io::Write;
use std::path::PathBuf;

/// `composer listening`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "A judgement is a line of CSV with a header, or of JSON, with these fields:\n  \
    kind      pair, origin or rating\n  \
    listener  an anonymous name\n  \
    piece     the piece, or what both pieces of a pair have in common\n  \
    system    who made it (for an origin: human or machine)\n  \
    system_b  for a pair: who made the second\n  \
    scale     for a rating, for example harmony\n  \
    answer    for a pair: a, b or tie; for an origin: human or machine; for a rating: 1 to 5")]
pub struct ListeningArgs {
    /// The judgements, one per line, as .csv or JSON lines; - is the standard input [default: none; only the sample sizes are printed]
    pub file: Option<PathBuf>,

    /// Seed of the bootstrap
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Runs the command.
pub fn run(args: &ListeningArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    let judgements = match &args.file {
        Some(file) => read(file)?,
        None => Vec::new(),
    };
    let summary = summarise(&judgements, args.seed);
    if terminal.is_json() { terminal.print_json(&summary) } else { print(&summary, terminal) }
}

fn print(summary: &ListeningSummary, terminal: &mut Terminal) -> anyhow::Result<()> {
    if summary.judgements > 0 {
        writeln!(terminal, "{}. In brackets: 95 % intervals.", counted(summary.judgements, "judgement"))?;
    }
    print_pairs(summary, terminal)?;
    if let Some(origin) = &summary.origin {
        writeln!(terminal, "\nHuman or machine?")?;
        writeln!(
            terminal,
            "  correct {} of {} times: {:.3} (exact)",
            origin.correct, origin.answers, origin.share
        )?;
        writeln!(terminal, "  over listeners and pieces: {:.3}", origin.clustered)?;
        writeln!(terminal, "  {}", conclusion(origin.p_value, origin.p_equivalent))?;
    }
    for ratings in &summary.ratings {
        writeln!(terminal, "\nRatings of {}, 1–5", printable(&ratings.scale))?;
        for (system, mean) in &ratings.means {
            let system = printable(system);
            writeln!(terminal, "  {system:<20}{mean:.2}")?;
        }
        writeln!(terminal, "  any difference (Friedman): p {}", p(ratings.p_any_difference))?;
        for pair in &ratings.comparisons {
            writeln!(
                terminal,
                "  {} and {} (Wilcoxon, Holm): p {}",
                printable(&pair.first),
                printable(&pair.second),
                p(pair.p_value)
            )?;
        }
    }
    writeln!(
        terminal,
        "\nJudgements needed to detect a true win rate with 80 % power, two-sided exact test at 5 %:"
    )?;
    for Needed { share, judgements } in &summary.judgements_needed {
        writeln!(
            terminal,
            "  {share:.2}  {}",
            judgements.map_or("more than 100000".into(), |needed| needed.to_string())
        )?;
    }
    Ok(())
}

fn print_pairs(summary: &ListeningSummary, terminal: &mut Terminal) -> anyhow::Result<()> {
    if summary.win_rates.is_empty() {
        return Ok(());
    }
    writeln!(terminal, "\nPairs")?;
    for rate in &summary.win_rates {
        writeln!(
            terminal,
            "  {} against {}: {} won, {} lost, {} equal",
            printable(&rate.system),
            printable(&rate.against),
            rate.wins,
            rate.losses,
            rate.ties
        )?;
        writeln!(terminal, "    win rate {:.3} (exact)", rate.share)?;
        writeln!(terminal, "    over listeners and pieces, ties half: {:.3}", rate.clustered)?;
        writeln!(terminal, "    {}", conclusion(rate.p_value, rate.p_equivalent))?;
    }
    if let Some(strengths) = &summary.strengths {
        writeln!(
            terminal,
            "\nStrengths (Bradley–Terry with ties, logarithms, mean 0; tie parameter {:.3})",
            strengths.tie
        )?;
        let mut ranked: Vec<_> = strengths.log_strengths.iter().collect();
        ranked.sort_by(|a, b| b.1.total_cmp(a.1));
        for (system, strength) in ranked {
            let system = printable(system);
            writeln!(terminal, "  {system:<20}{strength:>7.3}")?;
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
