//! Finds the files of music in folders: MIDI, MusicXML and ABC.

use std::io;
use std::path::{Path, PathBuf};

use super::Error;
use crate::input::{self, MAX_MIDI};
use crate::notation::{self, Format};
use crate::text::{printable, printable_path};

/// Endings of files of music, compared without regard to case: MIDI, MusicXML, ABC. `.xml` is music only if it begins like it.
pub const MUSIC_EXTENSIONS: [&str; 8] = ["mid", "midi", "kar", "rmi", "musicxml", "mxl", "xml", "abc"];

/// A MIDI file to be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MidiPath {
    /// Where it is.
    pub path: PathBuf,
    /// Its path below the corpus folder, with `/` between folders and control characters escaped.
    pub name: String,
    /// Whether it was named itself, and not found in a folder: then it may be a pipe or the standard input.
    pub named: bool,
    /// Whether it is a folder that this program wrote, listed in place of its files; see [`music_files`].
    pub composed: bool,
}

impl MidiPath {
    /// The bytes of the file.
    ///
    /// # Errors
    /// It cannot be read, is no file, or is larger than any MIDI file.
    pub fn read(&self) -> io::Result<Vec<u8>> {
        if self.named {
            return input::read_named(notation::file_of(&self.path), MAX_MIDI);
        }
        if self.path.is_dir() {
            // A folder is listed only because it could not be entered; the reason comes again.
            std::fs::read_dir(&self.path)?;
        }
        input::read_regular(&self.path, MAX_MIDI)
    }
}

/// The files of music in folders and the folders below, and single files whatever their ending, sorted by name; also what is called like one
/// and cannot be read, such as a named pipe or a folder that may not be entered, for the report. `-` is the standard input.
///
/// Linked folders are not entered, so that a link to a folder above cannot trap us. With several paths, names begin
/// with the path as it was given.
///
/// # Errors
/// When a path does not exist or cannot be read, or when a folder has no MIDI file.
pub fn midi_files<P: AsRef<Path>>(paths: &[P]) -> Result<Vec<MidiPath>, Error> {
    files(paths, false)
}

/// The same without the compositions of this program: of a run, and of any other folder of compositions, only the folder is listed. A
/// network that is trained in the folder of its music would learn from what it composed before. Folders that are named themselves are
/// read whatever is in them.
///
/// # Errors
/// As [`midi_files`].
pub fn music_files<P: AsRef<Path>>(paths: &[P]) -> Result<Vec<MidiPath>, Error> {
    files(paths, true)
}

fn files<P: AsRef<Path>>(paths: &[P], but_composed: bool) -> Result<Vec<MidiPath>, Error> {
    let mut files = Vec::new();
    for path in paths.iter().map(AsRef::as_ref) {
        let shown = input::shown(path);
        let prefix =
            if paths.len() > 1 { format!("{}/", shown.trim_end_matches('/')) } else { String::new() };
        if path.is_dir() && !input::is_standard(path) {
            let mut found = Walk { but_composed, ..Walk::default() };
            found.walk(path, &prefix).map_err(|source| Error::Io { path: shown.clone(), source })?;
            let others = found.others;
            let number = found.files.len();
            files.extend(found.files);
            match (number, others) {
                (0, 0) => return Err(Error::EmptyFolder(shown)),
                (0, others) => return Err(Error::NoMidi { folder: shown, files: others }),
                _ => {}
            }
            continue;
        }
        match std::fs::metadata(notation::file_of(path)) {
            Err(error) if input::is_standard(path) => drop(error),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Error::NotFound(shown)),
            Err(source) => return Err(Error::Io { path: shown, source }),
            Ok(_) => {}
        }
        let name = match path.file_name() {
            Some(name) if paths.len() == 1 && !input::is_standard(path) => printable_path(Path::new(name)),
            _ => shown,
        };
        files.push(MidiPath { path: path.to_path_buf(), name, named: true, composed: false });
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

/// What is found below a folder.
#[derive(Default)]
struct Walk {
    but_composed: bool,
    files: Vec<MidiPath>,
    /// Files that are no MIDI files.
    others: usize,
}

impl Walk {
    /// Adds the files below a folder. A folder below that cannot be read is listed like a file; this one is an error.
    fn walk(&mut self, folder: &Path, prefix: &str) -> io::Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let path = entry.path();
            let name = format!("{prefix}{}", printable(&entry.file_name().to_string_lossy()));
            let listed = |name, composed| MidiPath { path: path.clone(), name, named: false, composed };
            if entry.file_type()?.is_dir() {
                let below = format!("{name}/");
                if self.but_composed && is_composed(&path) {
                    self.files.push(listed(below, true));
                } else if self.walk(&path, &below).is_err() {
                    self.files.push(listed(below, false));
                }
            } else if is_music(&path) && !path.is_dir() {
                self.files.push(listed(name, false));
            } else {
                self.others += 1;
            }
        }
        Ok(())
    }
}

/// Whether this program wrote a folder: it has the settings and the figures of a training, or the first composition with its sound.
fn is_composed(folder: &Path) -> bool {
    let has = |names: [&str; 2]| names.iter().all(|name| folder.join(name).is_file());
    let composition = |format: Format| folder.join(format!("composition-1.{}", format.extension())).is_file();
    has(["config.toml", "metrics.jsonl"])
        || folder.join("composition-1.wav").is_file() && Format::ALL.into_iter().any(composition)
}

/// Whether a file is music by its ending. `.xml` may be anything, so its beginning is looked at.
fn is_music(path: &Path) -> bool {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    match extension.as_deref() {
        Some("xml") => begins_as_musicxml(path),
        Some(extension) => MUSIC_EXTENSIONS.contains(&extension),
        None => false,
    }
}

/// Whether the first bytes of a file name an element of MusicXML that holds a score.
fn begins_as_musicxml(path: &Path) -> bool {
    const LOOKED_AT: u64 = 4096;
    let mut bytes = Vec::new();
    let file = std::fs::metadata(path)
        .ok()
        .filter(std::fs::Metadata::is_file)
        .and_then(|_| std::fs::File::open(path).ok());
    let read = file
        .map(|file| io::Read::take(file, LOOKED_AT))
        .map(|mut file| io::Read::read_to_end(&mut file, &mut bytes));
    // UTF-16 has a zero between the letters.
    bytes.retain(|&byte| byte != 0);
    read.is_some() && bytes.windows(7).any(|window| window == b"<score-" || window == b" score-")
}
