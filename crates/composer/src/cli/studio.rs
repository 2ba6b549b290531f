//! `composer studio`.

use super::serving::{announce, browser};
use super::terminal::Terminal;
use clap::Args;
use composer::{Error, Progress};
use composer_studio::{DEFAULT_PORT, Studio, StudioOptions};
use serde_json::json;
use std::path::PathBuf;

/// `composer studio`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "docs/studio.md shows the page. It is reached from this computer only; Ctrl-C ends it."
)]
pub struct StudioArgs {
    /// Folder of the project, in which everything that is made is kept; it is made if it is not there
    #[arg(default_value = "studio")]
    pub folder: PathBuf,

    /// Port of the page; 0: any that is free
    #[arg(long, value_name = "N", default_value_t = DEFAULT_PORT)]
    pub port: u16,

    /// A folder of music that may be trained on, beside those in the folder of the project; may be given several times
    #[arg(long, value_name = "FOLDER")]
    pub music: Vec<PathBuf>,

    /// Only print the address of the page, and open no browser
    #[arg(long)]
    pub no_browser: bool,
}

/// Runs the command.
pub fn run(args: &StudioArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    let options = StudioOptions { folder: args.folder.clone(), port: args.port, music: args.music.clone() };
    let studio = Studio::bind(&options).map_err(Error::from)?;
    let url = studio.url();
    let note = "Everything that you make is kept in the folder of the project. Ctrl-C ends the studio.";
    announce(studio.stop(), json!({ "url": url, "folder": args.folder }), &url, note, terminal)?;
    if !args.no_browser && browser(&url).spawn().is_err() {
        terminal.note("No browser could be opened: open the address yourself.");
    }
    Ok(studio.run().map_err(Error::from)?)
}
