//! What people read when something goes wrong, and the exit code.

use composer::{Error, ErrorKind};
use composer_music::text::{is_control, printable, printable_lines};
use std::io::{self, Write};
use std::process::ExitCode;

/// An error of wrong input.
pub fn wrong_input(text: impl std::fmt::Display) -> anyhow::Error {
    Error::wrong_input(text).into()
}

/// Prints a line for people. A standard error that is closed or full is no reason to stop: nobody could be told.
pub fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Prints the error as one sentence; with its causes if `verbose`. The exit code is 2 for wrong input, 1 for a failure, and 130,
/// as in shells, for what was interrupted.
pub fn report(error: anyhow::Error, verbose: bool) -> ExitCode {
    let error = Error::from(error);
    complain(&format!("composer: {}", printable(&sentence(&error))));
    if verbose {
        complain(&printable_lines(&format!("{error:?}")));
    }
    ExitCode::from(exit_code(&error))
}

/// The exit code that tells of an error.
pub fn exit_code(error: &Error) -> u8 {
    match error.kind() {
        ErrorKind::WrongInput => 2,
        ErrorKind::Failure => 1,
        ErrorKind::Stopped => 130,
    }
}

/// Prints help or version, or what is wrong with the arguments.
pub fn usage(error: &clap::Error) -> ExitCode {
    let is_odd = |argument: std::ffi::OsString| argument.to_string_lossy().contains(is_control);
    if error.use_stderr() && std::env::args_os().any(is_odd) {
        // The arguments are quoted in the text, whose colours are escapes of its own.
        complain(printable_lines(&error.render().to_string()).trim_end());
        return ExitCode::from(2);
    }
    let printed = error.print().and_then(|()| io::stdout().flush());
    match printed {
        Err(failed) if !error.use_stderr() && failed.kind() != io::ErrorKind::BrokenPipe => {
            report(anyhow::Error::new(failed).context("cannot write the output"), false)
        }
        _ => ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2)),
    }
}

/// Options by the names that they have on the command line.
fn sentence(error: &Error) -> String {
    let text = error.to_string();
    match error.option() {
        Some((option, problem)) => text.replacen(
            &format!("{option} {problem}"),
            &format!("--{} {problem}", option.replace('_', "-")),
            1,
        ),
        None => text,
    }
}
