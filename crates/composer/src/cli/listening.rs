//! `composer listening`.

use super::files::save;
use super::terminal::Terminal;
use clap::Args;
use composer::listening::{AnalysisOptions, analyse, read_trials};
use composer::outputs;
use composer_evaluation::listening::trials_csv;
use composer_report::listening::listening_page;
use composer_report::text::listening::ListeningText;
use std::path::PathBuf;

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
    outputs::check(&args.file, args.html.iter().chain(&args.csv))?;
    let trials = match &args.file {
        Some(file) => read_trials(file)?,
        None => Vec::new(),
    };
    let ListeningArgs { seed, keep_inattentive, keep_known, .. } = *args;
    let summary = analyse(&trials, &AnalysisOptions { seed, keep_inattentive, keep_known });
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
    terminal.result(|| &summary, || ListeningText(&summary.view()).to_string())
}
