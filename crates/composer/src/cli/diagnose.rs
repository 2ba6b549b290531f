//! `composer diagnose`.

use super::terminal::Terminal;
use clap::Args;
use composer::text::evaluation::{diagnoses, diagnosis_records};
use composer::{DiagnoseOptions, diagnose};
use std::path::PathBuf;

/// `composer diagnose`.
#[derive(Clone, Debug, Args)]
pub struct DiagnoseArgs {
    /// Files of music (MIDI, MusicXML, ABC), or folders of them; - is the standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// Folder of real music in the intended style [default: the built-in corpus]
    #[arg(long, value_name = "FOLDER")]
    pub reference: Option<PathBuf>,

    /// The files are whole pieces: also assess beginnings and endings
    #[arg(long)]
    pub whole: bool,
}

/// Runs the command.
pub fn run(args: &DiagnoseArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    let options =
        DiagnoseOptions { files: args.files.clone(), reference: args.reference.clone(), whole: args.whole };
    let pieces = diagnose(&options, terminal)?;
    terminal.result(|| diagnosis_records(&pieces), || diagnoses(&pieces))
}
