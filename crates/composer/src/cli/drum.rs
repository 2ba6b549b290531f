//! `composer drum`.

use super::part_args::PartArgs;
use super::terminal::Terminal;
use clap::Args;
use composer::drum;
use std::path::Path;

/// `composer drum`.
#[derive(Clone, Debug, Args)]
pub struct DrumArgs {
    /// Options of all parts
    #[command(flatten)]
    pub part: PartArgs,

    /// Track of the bass, counted from 0
    #[arg(long, value_name = "N")]
    pub bass_track: Option<usize>,
}

impl DrumArgs {
    /// The same with its result in a folder.
    pub fn into_folder(self, folder: &Path) -> Self {
        Self { part: self.part.into_folder(folder, "drums"), ..self }
    }
}

/// Runs the command.
pub fn run(args: &DrumArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    let part = drum(&args.part.read()?, &args.part.options(), args.bass_track)?;
    args.part.save(&part, "drums", terminal)
}
