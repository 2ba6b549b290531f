//! `composer listening`.

use super::files::save;
use super::terminal::Terminal;
use clap::Args;
use composer::listening::{AnalysisOptions, ListeningSummary, Needed, analyse, read_trials};
use composer::outputs;
use composer_evaluation::listening::{Discrimination, EQUIVALENCE_MARGIN, Quality, Ratings, trials_csv};
use composer_music::text::{counted, printable};
use composer_report::listening::listening_page;
use std::io::Write;
use std::path::{Path, PathBuf};

/// `composer listening`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "A judgement is a line of CSV with a header, or of JSON, with these fields:\n  \
    kind      pair, origin, rating, abx or mushra\n  \
    listener  an anonymous name\n  \
    piece     the piece, or what both pieces of a pair have in common\n  \
    system    who made it (for an origin: human or machine)\n  \
    system_b  for a pair: who made the second\n  \
    scale     for a rating, for example harmony\n  \
    answer    for a pair: a, b or tie; for an origin: human or machine; for a rating: 1 to 5;\n  \
              for abx: a or b, as x is; for mushra: 0 to 100\n  \
    x         for abx: which of the two X was\n  \
    trial, catch, repeat_of, known, confidence: as composer listen serve writes them\n\
    Catch trials and repeated trials do not count, nor does who failed half of the catch trials, nor a known piece.")]
pub struct ListeningArgs {
    /// The judgements, one per line, as .csv or JSON lines, or the folder of a study; - is the standard input [default: none; only the
    /// sample sizes are printed]
    pub file: Option<PathBuf>,

    /// Also write a page with the results
    #[arg(long, value_name = "FILE", requires = "file")]
    pub html: Option<PathBuf>,

    /// Also write the judgements as CSV, one a line
    #[arg(long, value_name = "FILE", requires = "file")]
    pub csv: Option<PathBuf>,

    /// Count listeners who failed half of the catch trials or more
    #[arg(long)]
    pub keep_inattentive: bool,

    /// Count answers about pieces that the listener knows
    #[arg(long)]
    pub keep_known: bool,

    /// Seed of the bootstrap
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Runs the command.
pub fn run(args: &ListeningArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    let outputs: Vec<&Path> = args.html.iter().chain(&args.csv).map(PathBuf::as_path).collect();
    outputs::check(&args.file.iter().map(PathBuf::as_path).collect::<Vec<_>>(), &outputs)?;
    let trials = match &args.file {
        Some(file) => read_trials(file)?,
        None => Vec::new(),
    };
    let options = AnalysisOptions {
        seed: args.seed,
        keep_inattentive: args.keep_inattentive,
        keep_known: args.keep_known,
    };
    let summary = analyse(&trials, &options);
    for (file, text, what) in [
        (&args.html, listening_page(&summary.view()), "The page is in"),
        (&args.csv, trials_csv(&trials), "The judgements are in"),
    ] {
        if let Some(file) = file
            && save(file, text.as_bytes(), what, terminal)?
        {
            return Ok(());
        }
    }
    if terminal.is_json() { terminal.print_json(&summary) } else { print(&summary, terminal) }
}

fn print(summary: &ListeningSummary, terminal: &mut Terminal) -> anyhow::Result<()> {
    if summary.judgements > 0 {
        writeln!(terminal, "{}. In brackets: 95 % intervals.", counted(summary.judgements, "judgement"))?;
    }
    if let Some(quality) = &summary.quality {
        print_quality(summary, quality, terminal)?;
    }
    print_pairs(summary, terminal)?;
    if let Some(origin) = &summary.origin {
        writeln!(terminal, "\nHuman or machine?")?;
        print_discrimination(origin, terminal)?;
        for row in summary.quality.iter().flat_map(|quality| &quality.confidence) {
            writeln!(
                terminal,
                "  confidence {}: {} of {} correct",
                row.confidence, row.correct, row.answers
            )?;
        }
    }
    for pair in &summary.abx {
        writeln!(terminal, "\nABX: {} and {}", printable(&pair.first), printable(&pair.second))?;
        print_discrimination(&pair.found, terminal)?;
    }
    for ratings in &summary.ratings {
        writeln!(terminal, "\nRatings of {}, 1–5", printable(&ratings.scale))?;
        print_ratings(ratings, terminal)?;
    }
    if let Some(mushra) = &summary.mushra {
        writeln!(terminal, "\nMUSHRA, 0–100; hidden reference: {}", printable(&mushra.reference))?;
        print_ratings(&mushra.grades, terminal)?;
        for who in mushra.screening.iter().filter(|who| who.left_out) {
            writeln!(
                terminal,
                "  left out: {}, who graded the hidden reference below 90 in {} of {}",
                printable(&who.listener),
                who.below,
                counted(who.trials as usize, "trial")
            )?;
        }
    }
    if let Some(share) = summary.detectable {
        writeln!(terminal, "\nThese judgements find a true share of {share:.2} or more with 80 % power.")?;
    }
    print_needed(summary, terminal)
}

fn print_discrimination(found: &Discrimination, terminal: &mut Terminal) -> anyhow::Result<()> {
    writeln!(terminal, "  correct {} of {} times: {:.3} (exact)", found.correct, found.answers, found.share)?;
    writeln!(terminal, "  over listeners and pieces: {:.3}", found.clustered)?;
    Ok(writeln!(terminal, "  {}", conclusion(found.p_value, found.p_equivalent))?)
}

/// What does not count, who failed catch trials, and whether listeners agree with themselves.
fn print_quality(
    summary: &ListeningSummary,
    quality: &Quality,
    terminal: &mut Terminal,
) -> anyhow::Result<()> {
    let out = &summary.left_out;
    writeln!(
        terminal,
        "{}. Not counted: {}, {}, {} by inattentive listeners, {} about known pieces.",
        counted(quality.listeners.len(), "listener"),
        counted(out.catches, "catch trial"),
        counted(out.repeats, "repeated trial"),
        out.inattentive,
        out.known
    )?;
    for listener in quality.listeners.iter().filter(|listener| listener.failed > 0) {
        writeln!(
            terminal,
            "  {} failed {} of {}{}",
            printable(&listener.listener),
            listener.failed,
            counted(listener.catches as usize, "catch trial"),
            if listener.is_inattentive { " (inattentive)" } else { "" }
        )?;
    }
    if let Some(repeats) = &quality.repeats {
        writeln!(
            terminal,
            "Repeated trials agree with the first time {} of {} times: {:.3} (exact)",
            repeats.count, repeats.of, repeats.share
        )?;
    }
    if let Some(first) = &quality.first_chosen {
        writeln!(
            terminal,
            "The first of two was chosen {} of {} times: {:.3} (p {})",
            first.count,
            first.of,
            first.share,
            p(first.p_value)
        )?;
    }
    Ok(())
}

fn print_ratings(ratings: &Ratings, terminal: &mut Terminal) -> anyhow::Result<()> {
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
    Ok(())
}

fn print_needed(summary: &ListeningSummary, terminal: &mut Terminal) -> anyhow::Result<()> {
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
