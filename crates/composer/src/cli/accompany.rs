//! `composer accompany`.

use super::part_args::{MelodyArgs, PartArgs};
use super::terminal::Terminal;
use clap::Args;
use composer::accompany;
use std::path::Path;

/// `composer accompany`.
#[derive(Clone, Debug, Args)]
pub struct AccompanyArgs {
    /// Options of all parts
    #[command(flatten)]
    pub part: PartArgs,

    /// Where the melody is
    #[command(flatten)]
    pub melody: MelodyArgs,
}

impl AccompanyArgs {
    /// The same with its result in a folder.
    pub fn into_folder(self, folder: &Path) -> Self {
        Self { part: self.part.into_folder(folder, "accompanied"), ..self }
    }
}

/// Runs the command.
pub fn run(args: &AccompanyArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    let part = accompany(&args.part.read()?, &args.part.options(), &args.melody.options())?;
    args.part.save(&part, "accompanied", terminal)
}
