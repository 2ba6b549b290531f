//! `composer sweep`.

use super::cluster;
use super::interrupt;
use super::terminal::Terminal;
use clap::Args;
use composer::sweep::{Grid, check, sweep};
use composer::text::sweep::{csv, table};
use std::path::PathBuf;

/// `composer sweep`.
#[derive(Clone, Debug, Args)]
pub struct SweepArgs {
    /// TOML file: preset = NAME, [settings] of all trainings, [grid] with a list of values for each setting
    #[arg(value_name = "GRID")]
    pub grid: PathBuf,

    /// Folder for the run folders; what is finished there is not trained again
    #[arg(long, value_name = "FOLDER", default_value = "sweep")]
    pub output_dir: PathBuf,

    /// Trainings at a time
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub jobs: usize,

    /// Print the table as CSV
    #[arg(long)]
    pub csv: bool,
}

/// Runs the command, on all processes that were started for it.
pub fn run(args: &SweepArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    cluster::run(terminal, |ranks, terminal| {
        let grid = Grid::read(&args.grid)?;
        interrupt::watch()?;
        let results = sweep(&grid, &args.output_dir, args.jobs, ranks, terminal)?;
        if ranks.rank() > 0 {
            return Ok(());
        }
        terminal.result(|| &results, || if args.csv { csv(&results) } else { table(&results) })?;
        Ok(check(&results)?)
    })
}
