//! `composer runs`.

use super::terminal::Terminal;
use clap::Args;
use composer::runs::{RunState, list};
use composer::settings;
use composer_music::input::shown;
use composer_music::text::printable;
use std::io::Write;
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
        return match terminal.is_json() {
            true => terminal.print_json(&text.parse::<toml::Table>()?),
            false => Ok(write!(terminal, "{text}")?),
        };
    }
    let runs = list(&args.folder)?;
    if terminal.is_json() {
        return terminal.print_json(&runs);
    }
    if runs.is_empty() {
        writeln!(terminal, "No runs in {}; composer train starts one.", shown(&args.folder))?;
        return Ok(());
    }
    writeln!(
        terminal,
        "{:<20} {:<14} {:<8} {:>9} {:>10} {:>8}  {:<13} {:>9} {:>6}  music",
        "run", "network", "symbols", "epochs", "validation", "likeness", "state", "size", "age"
    )?;
    for run in runs {
        let valid = run.valid_nll.map_or_else(|| "–".to_owned(), |nll| format!("{nll:.3}"));
        let likeness = run.likeness.map_or_else(|| "–".to_owned(), |score| format!("{score:.0}"));
        let state = match run.state {
            RunState::Finished => "finished",
            RunState::Stopped => "stopped",
            RunState::WithoutCheckpoint => "no checkpoint",
            RunState::Started => "started",
            RunState::Damaged => "damaged",
        };
        writeln!(
            terminal,
            "{:<20} {:<14} {:<8} {:>9} {valid:>10} {likeness:>8}  {state:<13} {:>6.1} MB {:>6}  {}",
            printable(&run.name),
            format!("{} {}×{}", run.cell, run.layers, run.hidden),
            printable(&run.representation),
            format!("{}/{}", run.epochs, run.most_epochs),
            run.bytes as f64 / 1e6,
            age(run.age_seconds),
            printable(&run.music)
        )?;
    }
    Ok(())
}

/// Seconds, minutes, hours or days.
fn age(seconds: u64) -> String {
    match seconds {
        0..=59 => format!("{seconds} s"),
        60..=3599 => format!("{} min", seconds / 60),
        3600..=86_399 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}
