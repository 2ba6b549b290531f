//! `composer ingest`: from folders of MIDI files to an encoded corpus and an account of every file.

use crate::failure::wrong_input;
use crate::progress::thousands;
use crate::run::OutputFolder;
use clap::Args;
use composer_music::corpus::Criteria;
use composer_music::ingest::{self, Options, Summary};
use composer_music::inspect::loss_in_words;
use composer_music::representation::AnyRepresentation;
use indicatif::{ProgressBar, ProgressStyle};
use std::fmt::Write;
use std::path::PathBuf;

/// `composer ingest`.
#[derive(Clone, Debug, Args)]
pub struct IngestArgs {
    /// Folders (searched with their subfolders) and MIDI files
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,

    /// How to encode the music: frames, events, metrical-events, drum-events, remi, multitrack-remi, voices, chords or
    /// bars
    #[arg(long, default_value = "frames")]
    pub representation: String,

    /// Where to write the corpus and the account of every file
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

/// Reads every file, and says what became of it.
pub fn run(args: &IngestArgs) -> anyhow::Result<()> {
    let representation = AnyRepresentation::by_name(&args.representation).map_err(wrong_input)?;
    let folder = OutputFolder::create(&args.output_dir)?;
    let options = Options {
        criteria: Criteria {
            min_notes: args.min_notes,
            max_quarters: args.max_quarters,
            keep_damaged: !args.no_damaged,
            keep_duplicates: args.keep_duplicates,
            transpositions_are_duplicates: args.transpositions_are_duplicates,
        },
        representation: Some(representation),
        cache: Some(folder.path("corpus.cache")),
        report: Some(folder.path("ingest-report.jsonl")),
    };
    let bar = ProgressBar::new(0);
    if let Ok(style) =
        ProgressStyle::with_template("{bar:28.cyan/blue} {pos}/{len} files  {msg}  {eta_precise} left")
    {
        bar.set_style(style.progress_chars("━╸ "));
    }
    let ingested = ingest::ingest(&args.paths, &options, |progress| {
        bar.set_length(progress.files as u64);
        bar.set_position(progress.done as u64);
        bar.set_message(format!("{} kept", progress.kept));
    });
    bar.finish_and_clear();
    let summary = ingested.map_err(|error| match error {
        ingest::Error::Corpus(error) => error.into(),
        error => anyhow::Error::from(error),
    })?;
    let text = in_words(&summary, &args.representation);
    folder.write("ingest-summary.txt", text.as_bytes())?;
    print!("{text}");
    println!("\nEvery file with its verdict: {}", folder.path("ingest-report.jsonl").display());
    println!("The encoded corpus:          {}", folder.path("corpus.cache").display());
    Ok(())
}

fn in_words(summary: &Summary, representation: &str) -> String {
    let mut text = String::new();
    let [train, valid, test] = summary.sets;
    let number = |number: usize| thousands(number as u64);
    let _ = writeln!(
        text,
        "{} of {} files kept, {} damaged among them",
        number(summary.kept),
        number(summary.files),
        summary.damaged
    );
    for reason in &summary.reasons {
        let _ = writeln!(text, "  dropped: {reason}");
    }
    let _ =
        writeln!(text, "{} notes in {:.1} hours of music", number(summary.notes), summary.seconds / 3600.0);
    let _ = writeln!(text, "Split by content: {train} train, {valid} validation, {test} test");
    let _ = writeln!(
        text,
        "As {representation}: {} symbols, {:.1} per second of music, vocabulary {}",
        number(summary.symbols),
        summary.symbols as f64 / summary.seconds.max(1e-9),
        summary.vocabulary.unwrap_or(0)
    );
    let _ = writeln!(text, "  lost: {}", loss_in_words(&summary.loss));
    let kinds: Vec<String> =
        summary.not_kept.iter().map(|(kind, count)| format!("{} × {kind}", number(*count))).collect();
    if !kinds.is_empty() {
        let _ = writeln!(text, "Passed over in the files: {}", kinds.join(", "));
    }
    text
}
