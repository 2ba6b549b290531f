//! `composer course`: the course and the guides as pages.

use super::terminal::Terminal;
use anyhow::Context;
use clap::Args;
use composer_music::input::shown;
use serde_json::json;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// `composer course`.
#[derive(Clone, Debug, Args)]
pub struct CourseArgs {
    /// Folder to write the pages into
    #[arg(long, value_name = "FOLDER", default_value = "composer-course")]
    pub output_dir: PathBuf,

    /// Show the first page in a browser
    #[arg(long)]
    pub open: bool,
}

/// Writes the pages and prints the path of the first one.
pub fn run(args: &CourseArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    let page = composer_course::write(&args.output_dir)?;
    if terminal.is_json() {
        terminal.print_json(&json!({ "page": shown(&page) }))?;
    } else {
        writeln!(terminal, "{}", shown(&page))?;
    }
    if args.open { open(&page) } else { Ok(()) }
}

/// Shows a page by the program that the system has for it.
fn open(page: &Path) -> anyhow::Result<()> {
    let (program, first): (&str, &[&str]) = match std::env::consts::OS {
        "macos" => ("open", &[]),
        "windows" => ("cmd", &["/C", "start", ""]),
        _ => ("xdg-open", &[]),
    };
    let page = page.canonicalize().with_context(|| format!("cannot read {}", shown(page)))?;
    let mut command = Command::new(program);
    command.args(first).arg(&page).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let status = command
        .status()
        .with_context(|| format!("cannot run {program}: open {} in a browser", shown(&page)))?;
    anyhow::ensure!(status.success(), "{program} failed: open {} in a browser", shown(&page));
    Ok(())
}
