//! `composer ingest`.

use super::terminal::Terminal;
use clap::Args;
use composer::ingest::{IngestOptions, ingest, summary_text};
use composer_music::corpus::Criteria;
use std::io::Write;
use std::path::PathBuf;

/// `composer ingest`.
#[derive(Clone, Debug, Args)]
pub struct IngestArgs {
    /// Folders (searched with their subfolders) and MIDI files
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,

    /// Representation: frames, events, metrical-events, drum-events, remi, multitrack-remi, voices, chords or
    /// bars
    #[arg(long, default_value_t = IngestOptions::default().representation)]
    pub representation: String,

    /// Where to write the corpus and the report on every file
    #[arg(long, value_name = "FOLDER", default_value = "ingested")]
    pub output_dir: PathBuf,

    /// Drop pieces with fewer notes
    #[arg(long, default_value_t = Criteria::default().min_notes, value_name = "N")]
    pub min_notes: usize,

    /// Drop pieces that last longer, in quarter notes
    #[arg(long, default_value_t = Criteria::default().max_quarters, value_name = "N")]
    pub max_quarters: u64,

    /// Drop damaged files; otherwise what is left of them is used
    #[arg(long)]
    pub no_damaged: bool,

    /// Keep pieces that have the same notes as another
    #[arg(long)]
    pub keep_duplicates: bool,

    /// Count a piece in another key as the same
    #[arg(long)]
    pub transpositions_are_duplicates: bool,
}

/// Runs the command.
pub fn run(args: &IngestArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    let options = IngestOptions {
        paths: args.paths.clone(),
        representation: args.representation.clone(),
        output_dir: args.output_dir.clone(),
        criteria: Criteria {
            min_notes: args.min_notes,
            max_quarters: args.max_quarters,
            keep_damaged: !args.no_damaged,
            keep_duplicates: args.keep_duplicates,
            transpositions_are_duplicates: args.transpositions_are_duplicates,
        },
    };
    let summary = ingest(&options, terminal)?;
    if terminal.is_json() {
        return terminal.print_json(&summary);
    }
    write!(terminal, "{}", summary_text(&summary, &args.representation))?;
    let path = |name: &str| args.output_dir.join(name).display().to_string();
    writeln!(terminal, "\nEvery file with its verdict: {}", path("ingest-report.jsonl"))?;
    writeln!(terminal, "The encoded corpus:          {}", path("corpus.cache"))?;
    Ok(())
}
