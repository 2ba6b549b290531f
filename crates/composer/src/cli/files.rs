//! Files that a command writes.

use anyhow::Context;
use composer_music::atomic_file::write_atomically;
use std::path::Path;

/// Writes texts into a folder, which is made; where the last of them is.
pub fn write_all(folder: &Path, files: &[(&str, String)]) -> anyhow::Result<String> {
    let cannot = |path: &Path| format!("cannot write {}", path.display());
    std::fs::create_dir_all(folder).with_context(|| cannot(folder))?;
    let mut last = folder.to_owned();
    for (name, text) in files {
        last = folder.join(name);
        write_atomically(&last, text.as_bytes()).with_context(|| cannot(&last))?;
    }
    Ok(last.display().to_string())
}
