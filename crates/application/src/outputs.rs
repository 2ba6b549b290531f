//! No command replaces what it reads.

use crate::error::{Result, wrong_input};
use composer_music::atomic_file::AtomicFile;
use composer_music::corpus::midi_files;
use composer_music::input::{is_standard, shown};
use std::fs::Metadata;
use std::path::{Path, PathBuf};

/// Refuses outputs that are inputs, be it by another path, a link or a hard link, or music in a folder that is read; and outputs that are
/// each other. `-` is neither: it is the standard input there and the standard output here.
///
/// # Errors
/// The first output that would replace an input.
pub fn check(inputs: &[&Path], outputs: &[&Path]) -> Result<()> {
    let files = || outputs.iter().filter(|path| !is_standard(path));
    for (number, output) in files().enumerate() {
        if files().take(number).any(|other| is_same_place(other, output)) {
            let output = shown(output);
            return Err(wrong_input(format!(
                "two results would be written to {output}: give them different names"
            ))
            .into());
        }
        for input in inputs.iter().filter(|path| !is_standard(path)) {
            if let Some(read) = read_from(input, output) {
                let (output, read) = (shown(output), shown(&read));
                let also = if read == output { String::new() } else { format!(" as {read}") };
                return Err(wrong_input(format!(
                    "the result would replace {output}, which is read{also}: write to another file"
                ))
                .into());
            }
        }
    }
    Ok(())
}

/// Refuses a folder for results that holds a file which is read: results have names of their own there, and replace what has them.
///
/// # Errors
/// The first input that the folder holds.
pub fn check_folder(inputs: &[&Path], folder: &Path) -> Result<()> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    for entry in entries.flatten() {
        let path = entry.path();
        if !path.is_file() {
            continue;
        }
        for input in inputs.iter().filter(|path| !is_standard(path)) {
            if read_from(input, &path).is_some() {
                return Err(wrong_input(format!(
                    "the folder {} holds {}, which is read: choose another folder for the results",
                    shown(folder),
                    shown(Path::new(&entry.file_name()))
                ))
                .into());
            }
        }
    }
    Ok(())
}

/// Opens an output before the minutes of work that it is for; it is there once it is committed.
///
/// # Errors
/// It cannot be written.
pub fn create(path: Option<&Path>) -> Result<Option<AtomicFile>> {
    let cannot = |path: &Path, error| wrong_input(format!("cannot write {}: {error}", shown(path)));
    Ok(path.map(|path| AtomicFile::create(path).map_err(|error| cannot(path, error))).transpose()?)
}

/// The file of an input, or in a folder that is one, that is the same as an output.
fn read_from(input: &Path, output: &Path) -> Option<PathBuf> {
    let output = std::fs::metadata(output).ok().filter(Metadata::is_file)?;
    let is_output = |path: &Path| {
        std::fs::metadata(path).is_ok_and(|found| found.is_file() && is_same(&found, path, &output))
    };
    if !input.is_dir() {
        return is_output(input).then(|| input.to_owned());
    }
    midi_files(&[input]).ok()?.into_iter().map(|file| file.path).find(|path| is_output(path))
}

#[cfg(unix)]
fn is_same(a: &Metadata, _: &Path, b: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

/// Without numbers of files, by what two names of one file have in common.
#[cfg(not(unix))]
fn is_same(a: &Metadata, _: &Path, b: &Metadata) -> bool {
    a.len() == b.len() && a.modified().ok() == b.modified().ok() && a.created().ok() == b.created().ok()
}

/// Whether two paths, of files that are perhaps still to be made, name one place.
fn is_same_place(a: &Path, b: &Path) -> bool {
    let place = |path: &Path| {
        std::fs::canonicalize(path).ok().or_else(|| {
            let folder = composer_music::atomic_file::folder_of(path);
            Some(std::fs::canonicalize(folder).ok()?.join(path.file_name()?))
        })
    };
    a == b || place(a).is_some_and(|a| place(b) == Some(a))
}
