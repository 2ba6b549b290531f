//! What people read when something goes wrong, and the exit code.

use composer::{Error, ErrorKind};
use std::process::ExitCode;

/// An error of wrong input.
pub fn wrong_input(text: impl std::fmt::Display) -> anyhow::Error {
    Error::wrong_input(text).into()
}

/// Prints the error as one sentence; with its causes if `verbose`. The exit code is 2 for wrong input, 1 for a failure, and 130,
/// as in shells, for what was interrupted.
pub fn report(error: anyhow::Error, verbose: bool) -> ExitCode {
    let error = Error::from(error);
    eprintln!("composer: {}", sentence(&error));
    if verbose {
        eprintln!("{error:?}");
    }
    ExitCode::from(match error.kind() {
        ErrorKind::WrongInput => 2,
        ErrorKind::Failure => 1,
        ErrorKind::Stopped => 130,
    })
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
