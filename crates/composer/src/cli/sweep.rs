//! `composer sweep`.

use super::cluster;
use super::interrupt;
use super::terminal::Terminal;
use clap::Args;
use composer::sweep::{CellResult, Grid, sweep};
use composer_music::text::printable;
use std::fmt::Write as _;
use std::io::Write;
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
        match (terminal.is_json(), args.csv) {
            (true, _) => terminal.print_json(&results)?,
            (_, true) => write!(terminal, "{}", csv(&results))?,
            _ => write!(terminal, "{}", text(&results))?,
        }
        match results.iter().filter(|result| result.error.is_some()).count() {
            0 => Ok(()),
            failed => anyhow::bail!("{failed} of {} trainings failed; the table says why", results.len()),
        }
    })
}

fn figure(nll: Option<f64>) -> String {
    nll.map_or_else(|| "–".to_owned(), |nll| format!("{nll:.4}"))
}

fn text(results: &[CellResult]) -> String {
    let width = results.iter().map(|result| result.name.chars().count()).max().unwrap_or(0).max(8);
    let mut text = format!("{:<width$} {:>10} {:>8} {:>8}\n", "training", "validation", "test", "seconds");
    for result in results {
        let (valid, test) = (figure(result.valid_nll), figure(result.test_nll));
        let error =
            result.error.as_deref().map(|error| format!("  {}", printable(error))).unwrap_or_default();
        let name = printable(&result.name);
        let _ = writeln!(text, "{name:<width$} {valid:>10} {test:>8} {:>8.1}{error}", result.seconds);
    }
    text
}

fn csv(results: &[CellResult]) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let mut lines = String::from("training,valid_nll,test_nll,seconds,error\n");
    for result in results {
        let number = |nll: Option<f64>| nll.map(|nll| nll.to_string()).unwrap_or_default();
        let (valid, test) = (number(result.valid_nll), number(result.test_nll));
        let (name, error) = (quoted(&result.name), quoted(result.error.as_deref().unwrap_or_default()));
        let _ = writeln!(lines, "{name},{valid},{test},{},{error}", result.seconds);
    }
    lines
}
