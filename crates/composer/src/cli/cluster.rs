//! A command on several processes, of which the first speaks for all.

use super::failure::{complain, exit_code, report};
use super::terminal::Terminal;
use composer::cluster::Cluster;
use composer::{Error, ErrorKind};
use composer_training::distributed::Communicator;
use std::time::Duration;

/// How long another process waits before it reports an error: the first one often has the same, and ends all.
const PATIENCE: Duration = Duration::from_secs(3);

/// Runs a command on all processes that were started for it; one that fails ends the others, and one sentence is printed.
pub fn run(
    terminal: &mut Terminal,
    command: impl FnOnce(&dyn Communicator, &mut Terminal) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let cluster = Cluster::join()?;
    if !cluster.has_others() {
        return command(cluster.ranks(), terminal);
    }
    let mut silent = Terminal::silent();
    let terminal = if cluster.is_first() { terminal } else { &mut silent };
    let error = match command(cluster.ranks(), terminal) {
        Ok(()) => return Ok(()),
        Err(error) => Error::from(error),
    };
    // What was stopped is saved, and all processes know it.
    if error.kind() == ErrorKind::Stopped {
        return if cluster.is_first() { Err(error.into()) } else { Ok(()) };
    }
    let code = exit_code(&error);
    if cluster.is_first() {
        report(error.into(), terminal.is_verbose());
    } else {
        std::thread::sleep(PATIENCE);
        complain(&format!("composer: process {}: {error}", cluster.ranks().rank()));
    }
    cluster.abort(code.into());
    Ok(())
}
