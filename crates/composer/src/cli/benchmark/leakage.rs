//! `composer benchmark leakage`.

use crate::cli::terminal::Terminal;
use clap::Args;
use composer::benchmark::{LeakageOptions, leakage};
use composer_evaluation::leakage::Options;
use composer_music::input::shown;
use composer_report::leakage::table;
use std::path::PathBuf;

/// `composer benchmark leakage`.
#[derive(Clone, Debug, Args)]
pub struct LeakageArgs {
    /// The dataset as JSON: {"train", "valid", "test"}, pieces as lists of frames of MIDI pitches
    pub file: PathBuf,

    /// Fewest frames of a shared passage that counts; it must have half as many chords
    #[arg(long, default_value_t = Options::default().min_frames, value_name = "N")]
    pub min_frames: usize,

    /// Also score this model of frames without an onset plane (benchmark frames --output)
    #[arg(long, value_name = "FILE")]
    pub model: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &LeakageArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    let shared = Options { min_frames: args.min_frames, ..Options::default() };
    let audit = leakage(&LeakageOptions { file: args.file.clone(), shared, model: args.model.clone() })?;
    terminal.result(|| &audit, || table(&shown(&audit.file), &audit.leakage, &audit.predictors))
}
