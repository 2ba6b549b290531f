//! What servers of pages have in common, until Ctrl-C ends them; and the browser that shows a page.

use super::failure::complain;
use super::terminal::Terminal;
use composer::Progress;
use composer_studio::Stop;
use serde::Serialize;
use std::ffi::OsStr;
use std::io::Write;
use std::process::{Command, Stdio};

/// Says where a server is that listens, as JSON or in lines, and `note`; from now on Ctrl-C asks for its end.
pub fn announce(
    stop: Stop,
    json: impl Serialize,
    lines: &str,
    note: &str,
    terminal: &mut Terminal,
) -> anyhow::Result<()> {
    ctrlc::set_handler(move || {
        // The second time, what does not end by itself is ended: what was acknowledged is on disk.
        if stop.is_requested() {
            std::process::exit(130);
        }
        stop.now();
        complain("");
    })?;
    terminal.result(|| json, || format!("{lines}\n"))?;
    terminal.flush()?;
    terminal.note(note);
    Ok(())
}

/// The system's program that shows a page, a file or an address, in the user's browser.
pub fn browser(page: impl AsRef<OsStr>) -> Command {
    let (program, first): (&str, &[&str]) = match std::env::consts::OS {
        "macos" => ("open", &[]),
        "windows" => ("cmd", &["/C", "start", ""]),
        _ => ("xdg-open", &[]),
    };
    let mut command = Command::new(program);
    command.args(first).arg(page).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}
