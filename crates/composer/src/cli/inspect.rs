//! `composer inspect`.

use super::files::save;
use super::terminal::Terminal;
use clap::Args;
use composer::inspect::{inspect_with, role_by_hand};
use composer::outputs;
use composer::text::inspected::{Extent, record, text};
use composer_music::notation;
use composer_music::roles::Role;
use std::path::PathBuf;

/// `composer inspect`.
#[derive(Clone, Debug, Args)]
pub struct InspectArgs {
    /// The file: MIDI, MusicXML or ABC (of a tune book, one tune: FILE.abc#NUMBER); - is the standard input
    pub file: PathBuf,

    /// Also draw the piano roll to this SVG file; - draws it to the standard output instead of printing
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,

    /// Width of the piano roll in characters
    #[arg(long, default_value_t = 128, value_name = "N")]
    pub columns: usize,

    /// Show the whole piece in the terminal instead of its beginning in sixteenths
    #[arg(long)]
    pub whole: bool,

    /// Keep the written order of MusicXML and ABC instead of playing the repeats
    #[arg(long)]
    pub no_repeats: bool,

    /// Role of a track: 2=bass (melody, accompaniment, bass, drums); may be repeated
    #[arg(long = "role", value_name = "TRACK=ROLE", value_parser = role_by_hand)]
    pub roles: Vec<(usize, Role)>,

    /// Number of symbols of each representation to show
    #[arg(long, default_value_t = 24, value_name = "N")]
    pub symbols: usize,
}

/// Runs the command.
pub fn run(args: &InspectArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    outputs::check([&args.file], &args.svg)?;
    let notation = notation::Options { repeats: !args.no_repeats, ..Default::default() };
    let inspected = inspect_with(&args.file, &args.roles.iter().copied().collect(), &notation)?;
    if let Some(path) = &args.svg
        && save(path, inspected.to_svg(&args.file).as_bytes(), "The piano roll is in", terminal)?
    {
        return Ok(());
    }
    let InspectArgs { columns, whole, symbols, .. } = *args;
    let extent = Extent { columns, whole, symbols };
    terminal.result(|| record(&args.file, &inspected), || text(&args.file, &inspected, extent))
}
