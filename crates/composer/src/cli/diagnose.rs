//! `composer diagnose`.

use super::terminal::Terminal;
use clap::Args;
use composer::{DiagnoseOptions, diagnose};
use composer_evaluation::failure::Diagnosis;
use serde_json::json;
use std::io::Write;
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
    if terminal.is_json() {
        let rows = pieces.iter().map(|piece| json!({ "name": piece.name, "diagnosis": piece.diagnosis }));
        return terminal.print_json(&rows.collect::<Vec<_>>());
    }
    pieces.iter().try_for_each(|piece| print(&piece.name, &piece.diagnosis, terminal))
}

/// A diagnosis in words.
pub fn print(name: &str, diagnosis: &Diagnosis, terminal: &mut Terminal) -> anyhow::Result<()> {
    if let Some(words) = diagnosis.nothing_found() {
        writeln!(terminal, "{name}: {words}.")?;
    }
    for finding in &diagnosis.findings {
        let also = if finding.secondary { " (possibly a consequence of the above)" } else { "" };
        writeln!(terminal, "{name}: {}{also}", finding.mode.name())?;
        writeln!(terminal, "    {}", finding.sentence)?;
        writeln!(
            terminal,
            "    worse than {:.0} % of real music; likely cause: {}",
            100.0 * finding.percentile,
            finding.cause
        )?;
        writeln!(terminal, "    {}", finding.remedy)?;
    }
    if let Some(likeness) = &diagnosis.likeness {
        writeln!(terminal, "    like the reference: {likeness}")?;
    }
    Ok(())
}
