//! Where results go: beside what they are made of, under names that do not clash; and no command replaces what it reads.

use crate::error::{Result, wrong_input};
use anyhow::Context;
use composer_music::atomic_file::{AtomicFile, write_atomically};
use composer_music::corpus::midi_files;
use composer_music::input::{is_standard, shown};
use composer_music::notation::file_of;
use std::fs::Metadata;
use std::path::{Path, PathBuf};

/// Refuses outputs that are inputs, be it by another path, a link or a hard link, or music in a folder that is read; and outputs that are
/// each other. `-` is neither: it is the standard input there and the standard output here. A tune of a tune book is the book.
///
/// # Errors
/// The first output that would replace an input.
pub fn check(
    inputs: impl IntoIterator<Item: AsRef<Path>>,
    outputs: impl IntoIterator<Item: AsRef<Path>>,
) -> Result<()> {
    let (inputs, outputs) = (files(inputs), files(outputs));
    for (number, output) in outputs.iter().enumerate() {
        if outputs[..number].iter().any(|other| is_same_place(other, output)) {
            let output = shown(output);
            return Err(wrong_input(format!(
                "two results would be written to {output}: give them different names"
            ))
            .into());
        }
        for input in &inputs {
            if let Some(read) = read_from(file_of(input), output) {
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
pub fn check_folder(inputs: impl IntoIterator<Item: AsRef<Path>>, folder: &Path) -> Result<()> {
    let inputs = files(inputs);
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    for entry in entries.flatten() {
        let path = entry.path();
        if !path.is_file() {
            continue;
        }
        for input in &inputs {
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

/// Writes texts into a folder, which is made; where the last of them is, for people.
///
/// # Errors
/// The folder, or a file in it, cannot be written.
pub fn write_all(folder: &Path, files: &[(&str, String)]) -> Result<String> {
    let cannot = |path: &Path| format!("cannot write {}", path.display());
    std::fs::create_dir_all(folder).with_context(|| cannot(folder))?;
    let mut last = folder.to_owned();
    for (name, text) in files {
        last = folder.join(name);
        write_atomically(&last, text.as_bytes()).with_context(|| cannot(&last))?;
    }
    Ok(shown(&last))
}

/// Where the result of a file goes: where it was asked for; else beside the file, whose name gets another ending. That of the standard
/// input goes to the standard output.
///
/// ```
/// use composer_application::outputs::place;
/// use std::path::Path;
///
/// assert_eq!(place(None, Path::new("folder/tune.mid"), "varied.mid"), Path::new("folder/tune.varied.mid"));
/// ```
pub fn place(asked: Option<&Path>, file: &Path, ending: &str) -> PathBuf {
    match asked {
        Some(path) => path.to_owned(),
        None if is_standard(file) => file.to_owned(),
        None => file_of(file).with_extension(ending),
    }
}

/// The places of `count` results, of which a single one goes to `path`: several get numbers, `tune.mid` becomes `tune-1.mid`, `tune-2.mid` …
///
/// # Errors
/// The standard output takes one result.
pub fn places(path: &Path, count: usize) -> Result<Vec<PathBuf>> {
    if count <= 1 {
        return Ok(vec![path.to_owned(); count]);
    }
    if is_standard(path) {
        let text = "the standard output takes one result: name a file for several with --output";
        return Err(wrong_input(text).into());
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let ending = path.extension().map_or(String::new(), |ending| format!(".{}", ending.to_string_lossy()));
    Ok((1..=count).map(|number| path.with_file_name(format!("{stem}-{number}{ending}"))).collect())
}

/// Paths that are not the standard input or output.
fn files(paths: impl IntoIterator<Item: AsRef<Path>>) -> Vec<PathBuf> {
    let paths = paths.into_iter().map(|path| path.as_ref().to_owned());
    paths.filter(|path| !is_standard(path)).collect()
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
