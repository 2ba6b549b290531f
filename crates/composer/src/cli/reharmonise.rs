//! `composer reharmonise`.

use super::part_args::{MelodyArgs, PartArgs};
use super::terminal::Terminal;
use clap::Args;
use composer::reharmonise;
use std::path::Path;

/// `composer reharmonise`.
#[derive(Clone, Debug, Args)]
pub struct ReharmoniseArgs {
    /// Options of all parts
    #[command(flatten)]
    pub part: PartArgs,

    /// The new style, one of those that the model knows
    #[arg(long)]
    pub style: String,

    /// Where the melody is
    #[command(flatten)]
    pub melody: MelodyArgs,
}

impl ReharmoniseArgs {
    /// The same with its result in a folder.
    pub fn into_folder(self, folder: &Path) -> Self {
        Self { part: self.part.into_folder(folder, &self.style), ..self }
    }
}

/// Runs the command.
pub fn run(args: &ReharmoniseArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    let file = args.part.read()?;
    let part = reharmonise(&file, &args.style, &args.part.options(), &args.melody.options())?;
    args.part.save(&part, &args.style, terminal)
}
