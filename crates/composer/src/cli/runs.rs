//! `composer runs`.

use super::terminal::Terminal;
use clap::Args;
use composer::runs::list;
use composer::settings;
use composer::text::runs::table;
use std::path::PathBuf;

/// `composer runs`.
#[derive(Clone, Debug, Args)]
pub struct RunsArgs {
    /// Folder that contains run folders, or a model file, to print the settings of its training
    #[arg(default_value = "runs")]
    pub folder: PathBuf,
}

/// Runs the command.
pub fn run(args: &RunsArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    if args.folder.is_file() {
        let text = settings::read(&args.folder)?;
        let record = text.parse::<toml::Table>()?;
        return terminal.result(|| record, || text);
    }
    let runs = list(&args.folder)?;
    terminal.result(|| &runs, || table(&args.folder, &runs))
}
