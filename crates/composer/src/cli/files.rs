//! Files that a command writes.

use super::failure::wrong_input;
use super::terminal::Terminal;
use anyhow::Context;
use composer::Progress;
use composer_music::atomic_file::write_atomically;
use composer_music::input::{is_standard, shown};
use std::path::Path;

/// Writes a result where it was asked for, and notes `what` it is and where. `-` is the standard output, which then holds nothing else;
/// whether it was that.
pub fn save(path: &Path, bytes: &[u8], what: &str, terminal: &mut Terminal) -> anyhow::Result<bool> {
    if is_standard(path) {
        if terminal.is_json() {
            return Err(wrong_input("--json and - both ask for the standard output: choose one of them"));
        }
        terminal.write_file(bytes)?;
        return Ok(true);
    }
    write_atomically(path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    if !what.is_empty() {
        terminal.note(&format!("{what} {}.", shown(path)));
    }
    Ok(false)
}
