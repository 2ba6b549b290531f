//! From folders of MIDI files to an encoded corpus and an account of every file.

use crate::error::{Result, wrong_input};
use crate::outputs;
use crate::progress::Progress;
use crate::run_folder::OutputFolder;
use composer_music::corpus::Criteria;
use composer_music::ingest::{self, Options, Summary};
use composer_music::input::shown;
use composer_music::inspect::loss_in_words;
use composer_music::representation::AnyRepresentation;
use composer_music::text::plural;
use composer_report::text::thousands;
use std::fmt::Write;
use std::path::PathBuf;

/// What to read, and where to write.
#[derive(Clone, Debug)]
pub struct IngestOptions {
    /// Folders (searched with their subfolders) and MIDI files.
    pub paths: Vec<PathBuf>,
    /// The representation, by name.
    pub representation: String,
    /// Where to write `corpus.cache`, `ingest-report.jsonl` and `ingest-summary.txt`.
    pub output_dir: PathBuf,
    /// Which files are kept.
    pub criteria: Criteria,
}

impl Default for IngestOptions {
    fn default() -> Self {
        Self {
            paths: Vec::new(),
            representation: "frames".into(),
            output_dir: "ingested".into(),
            criteria: Criteria::default(),
        }
    }
}

/// The files that it writes.
const RESULTS: [&str; 3] = ["corpus.cache", "ingest-report.jsonl", "ingest-summary.txt"];

/// Reads every file, writes the encoded corpus, and returns the totals.
///
/// # Errors
/// There are no files that can be used, the representation is not known, or the folder cannot be written.
pub fn ingest(options: &IngestOptions, progress: &mut dyn Progress) -> Result<Summary> {
    let representation = AnyRepresentation::by_name(&options.representation).map_err(wrong_input)?;
    let results = RESULTS.map(|name| options.output_dir.join(name));
    outputs::check(&options.paths, &results)?;
    let folder = OutputFolder::create(&options.output_dir)?;
    let _turn = folder.turn();
    let to_do = Options {
        criteria: options.criteria.clone(),
        representation: Some(representation),
        cache: Some(folder.path(RESULTS[0])),
        report: Some(folder.path(RESULTS[1])),
    };
    let ingested = ingest::ingest(&options.paths, &to_do, |now| {
        progress.advance(now.done as u64, now.files as u64, &format!("{} kept", now.kept));
    });
    progress.finished();
    let summary = ingested.map_err(|error| match error {
        ingest::Error::Corpus(error) => error.into(),
        error => anyhow::Error::from(error),
    })?;
    folder.write(RESULTS[2], summary_text(&summary, &options.representation).as_bytes())?;
    Ok(summary)
}

/// Hours, or of less than one minutes.
fn length_of(seconds: f64) -> String {
    if seconds < 3600.0 {
        format!("{:.1} minutes", seconds / 60.0)
    } else {
        format!("{:.1} hours", seconds / 3600.0)
    }
}

/// The totals in words, and where the corpus and the report are.
pub fn text(summary: &Summary, options: &IngestOptions) -> String {
    let path = |name: &str| shown(&options.output_dir.join(name));
    format!(
        "{}\nReport on every file: {}\nEncoded corpus:       {}\n",
        summary_text(summary, &options.representation),
        path(RESULTS[1]),
        path(RESULTS[0])
    )
}

/// The totals in words.
pub fn summary_text(summary: &Summary, representation: &str) -> String {
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
    let _ = writeln!(
        text,
        "{} {} in {} of music",
        number(summary.notes),
        plural(summary.notes, "note"),
        length_of(summary.seconds)
    );
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
        let _ = writeln!(text, "Ignored events in the files: {}", kinds.join(", "));
    }
    text
}
