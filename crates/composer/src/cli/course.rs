//! `composer course`: the course and the guides as pages.

use super::serving::browser;
use super::terminal::Terminal;
use anyhow::{Context, ensure};
use clap::Args;
use composer_music::input::shown;
use serde_json::json;
use std::path::PathBuf;

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
    let at = shown(&page);
    terminal.result(|| json!({ "page": at }), || format!("{at}\n"))?;
    if !args.open {
        return Ok(());
    }
    let mut browser = browser(page.canonicalize().with_context(|| format!("cannot read {at}"))?);
    let (status, program) = (browser.status(), browser.get_program().display());
    let status = status.with_context(|| format!("cannot run {program}: open {at} in a browser"))?;
    ensure!(status.success(), "{program} failed: open {at} in a browser");
    Ok(())
}
