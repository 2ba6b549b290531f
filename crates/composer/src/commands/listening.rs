//! `composer listening`: what the judgements of a listening test say, and how sure that is.

use crate::failure::wrong_input;
use clap::Args;
use composer_evaluation::listening::{
    Discrimination, EQUIVALENCE_MARGIN, Judgement, Ratings, Strengths, WinRate, bradley_terry,
    discrimination, ratings, read_csv, read_jsonl, win_rates,
};
use composer_evaluation::significance::hypothesis::judgements_needed;
use serde::Serialize;
use std::path::PathBuf;

/// Shares of wins that the table of needed judgements is about.
const TRUE_SHARES: [f64; 5] = [0.55, 0.60, 0.65, 0.70, 0.75];
/// Chance of finding a difference that is there.
const POWER: f64 = 0.8;

/// `composer listening`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "A judgement is a line of CSV with a header, or of JSON, with these fields:\n  \
    kind      pair, origin or rating\n  \
    listener  an anonymous name\n  \
    piece     the piece, or what the two of a pair have in common\n  \
    system    who made it (of an origin: human or machine)\n  \
    system_b  of a pair: who made the second\n  \
    scale     of a rating, for example harmony\n  \
    answer    of a pair: a, b or tie; of an origin: human or machine; of a rating: 1 to 5")]
pub struct ListeningArgs {
    /// The judgements, one a line: .csv, or JSON lines; without it, only how many judgements are needed
    pub file: Option<PathBuf>,

    /// Print JSON instead of tables
    #[arg(long)]
    pub json: bool,

    /// Seed of the resampling behind the intervals
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Record {
    judgements: usize,
    win_rates: Vec<WinRate>,
    strengths: Option<Strengths>,
    origin: Option<Discrimination>,
    ratings: Vec<Ratings>,
    /// For a true share of wins, the judgements for 80 % power at 5 %, two-sided.
    judgements_needed: Vec<(f64, Option<u64>)>,
}

/// Runs the command.
pub fn run(args: &ListeningArgs) -> anyhow::Result<()> {
    let judgements = args.file.as_ref().map_or(Ok(Vec::new()), read)?;
    let win_rates = win_rates(&judgements, args.seed);
    let record = Record {
        judgements: judgements.len(),
        strengths: (!win_rates.is_empty()).then(|| bradley_terry(&judgements)),
        win_rates,
        origin: discrimination(&judgements, args.seed),
        ratings: ratings(&judgements, args.seed),
        judgements_needed: TRUE_SHARES.map(|share| (share, judgements_needed(share, POWER))).to_vec(),
    };
    if args.json {
        println!("{}", serde_json::to_string_pretty(&record)?);
    } else {
        print(&record);
    }
    Ok(())
}

fn read(path: &PathBuf) -> anyhow::Result<Vec<Judgement>> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| wrong_input(format!("cannot read {shown}: {error}")))?;
    let csv = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    let judgements = if csv { read_csv(&text) } else { read_jsonl(&text) };
    let judgements = judgements.map_err(|error| wrong_input(format!("{shown}: {error}")))?;
    if judgements.is_empty() {
        return Err(wrong_input(format!(
            "{shown} holds no judgements; see composer listening --help for the fields"
        )));
    }
    Ok(judgements)
}

fn print(record: &Record) {
    if record.judgements > 0 {
        println!("{} judgements. In brackets: 95 % intervals.", record.judgements);
    }
    print_pairs(record);
    if let Some(origin) = &record.origin {
        println!("\nHuman or machine?");
        println!("  right {} of {} times: {:.3} (exact)", origin.correct, origin.answers, origin.share);
        println!("  over listeners and pieces: {:.3}", origin.clustered);
        println!("  {}", verdict(origin.p_value, origin.p_equivalent));
    }
    for ratings in &record.ratings {
        println!("\nRatings of {}, 1–5", ratings.scale);
        for (system, mean) in &ratings.means {
            println!("  {system:<20}{mean:.2}");
        }
        println!("  any difference (Friedman): p {}", p(ratings.p_any_difference));
        for pair in &ratings.comparisons {
            println!("  {} and {} (Wilcoxon, Holm): p {}", pair.first, pair.second, p(pair.p_value));
        }
    }
    println!(
        "\nJudgements needed to find a true share of wins with 80 % power, two-sided exact test at 5 %:"
    );
    for (share, needed) in &record.judgements_needed {
        println!("  {share:.2}  {}", needed.map_or("more than 100000".into(), |needed| needed.to_string()));
    }
}

fn print_pairs(record: &Record) {
    if record.win_rates.is_empty() {
        return;
    }
    println!("\nPairs");
    for rate in &record.win_rates {
        println!(
            "  {} against {}: {} won, {} lost, {} equal",
            rate.system, rate.against, rate.wins, rate.losses, rate.ties
        );
        println!("    share of wins {:.3} (exact)", rate.share);
        println!("    over listeners and pieces, ties half: {:.3}", rate.clustered);
        println!("    {}", verdict(rate.p_value, rate.p_equivalent));
    }
    if let Some(strengths) = &record.strengths {
        println!(
            "\nStrengths (Bradley–Terry with ties, logarithms, mean 0; readiness to tie {:.3})",
            strengths.tie
        );
        let mut ranked: Vec<_> = strengths.log_strengths.iter().collect();
        ranked.sort_by(|a, b| b.1.total_cmp(a.1));
        for (system, strength) in ranked {
            println!("  {system:<20}{strength:>7.3}");
        }
    }
}

/// What the two tests say together; neither alone can say "equal".
fn verdict(p_different: f64, p_equivalent: f64) -> String {
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
