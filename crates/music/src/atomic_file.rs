//! Files that are replaced whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Beginning of the names of temporary files; one that is left was being written when the machine died.
pub const TEMPORARY: &str = ".composer-";

/// A file that is written beside its place and put there by [`commit`](Self::commit): readers see the old file or the
/// new one, and one that is dropped leaves nothing behind.
///
/// A link is followed. A place that is no file, like `/dev/null` or a pipe, is written to as it stands: renaming over it
/// would put a file where the system expects a device.
#[derive(Debug)]
pub struct AtomicFile(Place);

#[derive(Debug)]
enum Place {
    Beside(NamedTempFile, PathBuf),
    Device(File),
}

impl AtomicFile {
    /// Begins a file that will stand at `path`.
    ///
    /// # Errors
    /// When its folder is missing or cannot be written.
    pub fn create(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if fs::metadata(&place).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
            return Ok(Self(Place::Device(File::options().write(true).open(place)?)));
        }
        let mut builder = tempfile::Builder::new();
        // Temporary files are private; this one will be an ordinary file of the user's.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
        let file = builder.prefix(TEMPORARY).tempfile_in(folder_of(&place))?;
        Ok(Self(Place::Beside(file, place)))
    }

    /// Brings everything written so far onto the disk.
    ///
    /// # Errors
    /// When the disk is full or gone.
    pub fn sync(&self) -> io::Result<()> {
        match &self.0 {
            Place::Beside(file, _) => file.as_file().sync_all(),
            // A device has nothing to flush, and says so with an error.
            Place::Device(_) => Ok(()),
        }
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// When it cannot be flushed or renamed; an older file then stays as it was.
    pub fn commit(self) -> io::Result<()> {
        self.sync()?;
        match self.0 {
            Place::Beside(file, place) => file.persist(place).map(drop).map_err(|error| error.error),
            Place::Device(_) => Ok(()),
        }
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Place::Beside(file, _) => file.write(bytes),
            Place::Device(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Place::Beside(file, _) => file.flush(),
            Place::Device(file) => file.flush(),
        }
    }
}

/// The folder that a file is in; of a bare name the current one.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Replaces the file at `path` by one of these bytes.
///
/// # Errors
/// As [`AtomicFile`]'s; an older file then stays as it was.
pub fn write_atomically(path: impl AsRef<Path>, bytes: &[u8]) -> io::Result<()> {
    let mut file = AtomicFile::create(path)?;
    file.write_all(bytes)?;
    file.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("song.mid");
        write_atomically(&path, b"old").unwrap();
        let mut begun = AtomicFile::create(&path).unwrap();
        begun.write_all(b"half of the ne").unwrap();
        drop(begun);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        write_atomically(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left behind");
        assert!(write_atomically(folder.path().join("no/such/folder"), b"").is_err());
        assert!(write_atomically(folder.path(), b"").is_err(), "a folder is not replaced");
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_and_devices_stay_devices() {
        use std::os::unix::fs::{FileTypeExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("song.mid"), folder.path().join("link.mid"));
        fs::write(&path, b"old").unwrap();
        symlink(&path, &link).unwrap();
        write_atomically(&link, b"new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&path).unwrap(), b"new");
        // Through a link of our own: should this ever fail, the machine keeps its device.
        let null = folder.path().join("null");
        symlink("/dev/null", &null).unwrap();
        write_atomically(&null, b"gone").unwrap();
        assert!(fs::metadata(&null).unwrap().file_type().is_char_device());
        assert!(fs::symlink_metadata(&null).unwrap().is_symlink());
    }
}
