//! Finds the MIDI files in folders.

use std::path::Path;

use super::{Error, MidiPath};

/// Endings of MIDI files, compared without regard to case.
pub const MIDI_EXTENSIONS: [&str; 4] = ["mid", "midi", "kar", "rmi"];

/// The MIDI files in folders and the folders below, and single files whatever their ending, sorted by name.
///
/// Linked folders are not entered, so that a link to a folder above cannot trap us. With several paths, names begin
/// with the path as it was given.
///
/// # Errors
/// When a path does not exist or cannot be read, or when a folder has no MIDI file.
pub fn midi_files<P: AsRef<Path>>(paths: &[P]) -> Result<Vec<MidiPath>, Error> {
    let mut files = Vec::new();
    for path in paths.iter().map(AsRef::as_ref) {
        let shown = path.display().to_string();
        let prefix =
            if paths.len() > 1 { format!("{}/", shown.trim_end_matches('/')) } else { String::new() };
        if path.is_dir() {
            let mut others = 0;
            let before = files.len();
            walk(path, &prefix, &mut files, &mut others)?;
            match (files.len() - before, others) {
                (0, 0) => return Err(Error::EmptyFolder(shown)),
                (0, others) => return Err(Error::NoMidi { folder: shown, files: others }),
                _ => {}
            }
        } else if path.exists() {
            let name = path.file_name().map_or(shown.clone(), |name| name.to_string_lossy().into_owned());
            let name = if paths.len() > 1 { shown } else { name };
            files.push(MidiPath { path: path.to_path_buf(), name });
        } else {
            return Err(Error::NotFound(shown));
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

fn walk(folder: &Path, prefix: &str, files: &mut Vec<MidiPath>, others: &mut usize) -> Result<(), Error> {
    let fault = |source| Error::Io { path: folder.display().to_string(), source };
    for entry in std::fs::read_dir(folder).map_err(fault)? {
        let entry = entry.map_err(fault)?;
        let path = entry.path();
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type().map_err(fault)?.is_dir() {
            walk(&path, &format!("{name}/"), files, others)?;
        } else if is_midi(&path) && !path.is_dir() {
            files.push(MidiPath { path, name });
        } else {
            *others += 1;
        }
    }
    Ok(())
}

fn is_midi(path: &Path) -> bool {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    extension.is_some_and(|extension| MIDI_EXTENSIONS.contains(&extension.as_str()))
}
