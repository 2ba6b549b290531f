//! `composer studio`.

use super::failure::{complain, wrong_input};
use super::terminal::Terminal;
use clap::Args;
use composer::Progress;
use composer_music::input::shown;
use composer_studio::{DEFAULT_PORT, Error, Studio, StudioOptions};
use serde_json::json;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

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
    if let Some(missing) = args.music.iter().find(|folder| !folder.is_dir()) {
        return Err(wrong_input(format!("--music names {}, which is no folder", shown(missing))));
    }
    let options = StudioOptions { folder: args.folder.clone(), port: args.port, music: args.music.clone() };
    let studio = Studio::bind(&options).map_err(for_people)?;
    let asked = studio.stop();
    ctrlc::set_handler(move || {
        // The second time, what does not end by itself is ended: what is kept is on disk.
        if asked.is_requested() {
            std::process::exit(130);
        }
        asked.now();
        complain("");
    })?;
    let url = studio.url();
    if terminal.is_json() {
        terminal.print_json(&json!({ "url": url, "folder": args.folder }))?;
    } else {
        writeln!(terminal, "{url}")?;
    }
    terminal.flush()?;
    terminal.note("Everything that you make is kept in the folder of the project. Ctrl-C ends the studio.");
    if !args.no_browser && !open(&url) {
        terminal.note("No browser could be opened: open the address yourself.");
    }
    studio.run().map_err(for_people)
}

/// Wrong input has an exit code of its own.
fn for_people(error: Error) -> anyhow::Error {
    if error.is_wrong_input() { wrong_input(error) } else { error.into() }
}

/// Opens a page in the user's browser; whether there is a program that does it.
fn open(url: &str) -> bool {
    let (program, arguments): (&str, &[&str]) = match std::env::consts::OS {
        "macos" => ("open", &[]),
        "windows" => ("cmd", &["/C", "start", ""]),
        _ => ("xdg-open", &[]),
    };
    let mut command = Command::new(program);
    command.args(arguments).arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().is_ok()
}
