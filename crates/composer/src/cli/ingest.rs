//! `composer ingest`.

use super::terminal::Terminal;
use clap::Args;
use composer::ingest::{IngestOptions, ingest, text};
use composer_music::corpus::Criteria;
use composer_music::notation;
use std::path::PathBuf;

/// `composer ingest`.
#[derive(Clone, Debug, Args)]
pub struct IngestArgs {
    /// Folders (searched with their subfolders) and files: MIDI, MusicXML, ABC; - is the standard input
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,

    /// Representation: frames, events, metrical-events, drum-events, remi, multitrack-remi, voices, chords or
    /// bars
    #[arg(long, default_value_t = IngestOptions::default().representation)]
    pub representation: String,

    /// Where to write the corpus and the report on every file
    #[arg(long, value_name = "FOLDER", default_value = "ingested")]
    pub output_dir: PathBuf,

    /// Skip pieces with fewer notes
    #[arg(long, default_value_t = Criteria::default().min_notes, value_name = "N")]
    pub min_notes: usize,

    /// Skip pieces that are longer, in quarter notes
    #[arg(long, default_value_t = Criteria::default().max_quarters, value_name = "N")]
    pub max_quarters: u64,

    /// Skip damaged files instead of using what can be recovered
    #[arg(long)]
    pub no_damaged: bool,

    /// Keep the written order of MusicXML and ABC instead of playing the repeats
    #[arg(long)]
    pub no_repeats: bool,

    /// Keep pieces with the same notes as another piece
    #[arg(long)]
    pub keep_duplicates: bool,

    /// Treat transpositions of a piece as duplicates
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
            keep_composed: false,
            min_notes: args.min_notes,
            max_quarters: args.max_quarters,
            keep_damaged: !args.no_damaged,
            keep_duplicates: args.keep_duplicates,
            transpositions_are_duplicates: args.transpositions_are_duplicates,
            notation: notation::Options { repeats: !args.no_repeats, ..Default::default() },
        },
    };
    let summary = ingest(&options, terminal)?;
    terminal.result(|| &summary, || text(&summary, &options))
}
