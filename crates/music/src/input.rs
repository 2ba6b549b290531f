//! Reads whole files that nobody vouches for: never more than a limit, and nothing that is no file by mistake.

use std::fs::{self, File, FileType, Metadata};
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

/// The path that means the standard input, and among outputs the standard output.
pub const STANDARD: &str = "-";

/// Most bytes of a MIDI file.
pub const MAX_MIDI: u64 = 256 << 20;
/// Most bytes of settings, or of a list of figures.
pub const MAX_TEXT: u64 = 256 << 20;

/// How long a named pipe may be without a writer. Programs that are started together take less.
const WRITER_WAIT: Duration = Duration::from_secs(10);

/// Whether a path is [`STANDARD`].
pub fn is_standard(path: &Path) -> bool {
    path.as_os_str() == STANDARD
}

/// A path for people: that of the standard input by its name, others without control characters.
pub fn shown(path: &Path) -> String {
    if is_standard(path) { "the standard input".to_owned() } else { crate::text::printable_path(path) }
}

/// Reads what a user named: a file, a pipe such as `<(command)`, or with [`STANDARD`] the standard input.
///
/// # Errors
/// It cannot be read, is a device, a socket, a folder or a named pipe that nobody writes to, or holds more than `limit` bytes.
pub fn read_named(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    if is_standard(path) {
        if io::stdin().is_terminal() {
            return Err(refused("it is a terminal: redirect a file to it".to_owned()));
        }
        return read_up_to(io::stdin().lock(), 0, limit);
    }
    let found = fs::metadata(path)?;
    if is_pipe(found.file_type()) {
        return read_up_to(open_pipe(path, WRITER_WAIT)?, 0, limit);
    }
    if found.is_file() || is_null(&found, path) {
        return read_up_to(File::open(path)?, found.len(), limit);
    }
    Err(not_a_file(found.file_type()))
}

/// Reads a file and nothing else: of what is found in a folder, or must be a file, a pipe would wait for ever.
///
/// # Errors
/// It cannot be read, is no regular file, or holds more than `limit` bytes.
pub fn read_regular(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let found = fs::metadata(path)?;
    if !found.is_file() {
        return Err(not_a_file(found.file_type()));
    }
    read_up_to(File::open(path)?, found.len(), limit)
}

/// Reads a text that a user named, as [`read_named`].
///
/// # Errors
/// As [`read_named`]'s, and when it is not UTF-8.
pub fn read_text(path: &Path, limit: u64) -> io::Result<String> {
    String::from_utf8(read_named(path, limit)?).map_err(|_| not_text())
}

/// Reads a text that must be a file, as [`read_regular`].
///
/// # Errors
/// As [`read_regular`]'s, and when it is not UTF-8.
pub fn read_regular_text(path: &Path, limit: u64) -> io::Result<String> {
    String::from_utf8(read_regular(path, limit)?).map_err(|_| not_text())
}

/// Why something is not read here, if it is no regular file.
///
/// # Errors
/// It cannot be looked at, or is none; the text says what it is.
pub fn check_regular(path: &Path) -> io::Result<()> {
    let found = fs::metadata(path)?;
    if found.is_file() { Ok(()) } else { Err(not_a_file(found.file_type())) }
}

/// Opens a named pipe, which waits until something opens it for writing; refuses one where that takes too long.
fn open_pipe(path: &Path, wait: Duration) -> io::Result<File> {
    let (sender, opened) = mpsc::channel();
    let pipe: PathBuf = path.to_owned();
    // Whoever has stopped listening needs no file.
    let thread = std::thread::spawn(move || drop(sender.send(File::open(pipe))));
    match opened.recv_timeout(wait) {
        Ok(file) => file,
        Err(_) => {
            // With a writer the thread comes to its end. It reads still, or has just begun to: this does not wait.
            if File::options().write(true).open(path).is_ok() {
                drop(thread.join());
            }
            let seconds = wait.as_secs();
            Err(refused(format!(
                "it is a named pipe, and no program has opened it for writing for {seconds} seconds"
            )))
        }
    }
}

/// Reads at most `limit` bytes. What the system says of the size is a first guess, never trusted.
fn read_up_to(source: impl Read, size: u64, limit: u64) -> io::Result<Vec<u8>> {
    let too_large = || refused(format!("it is larger than {} MB", limit >> 20));
    if size > limit {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(size as usize).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
    source.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit { Err(too_large()) } else { Ok(bytes) }
}

fn refused(reason: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, reason)
}

fn not_text() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "it is no text in UTF-8")
}

fn not_a_file(found: FileType) -> io::Error {
    refused(format!("it is {}, not a file", kind(found)))
}

#[cfg(unix)]
fn kind(found: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    match () {
        () if found.is_dir() => "a folder",
        () if found.is_fifo() => "a named pipe",
        () if found.is_socket() => "a socket",
        () => "a device",
    }
}

#[cfg(not(unix))]
fn kind(found: FileType) -> &'static str {
    if found.is_dir() { "a folder" } else { "a device" }
}

#[cfg(unix)]
fn is_pipe(found: FileType) -> bool {
    std::os::unix::fs::FileTypeExt::is_fifo(&found)
}

#[cfg(not(unix))]
fn is_pipe(_: FileType) -> bool {
    false
}

/// Whether this is the empty device, which ends at once; found by its numbers, because its path may be a link.
#[cfg(unix)]
fn is_null(found: &Metadata, _: &Path) -> bool {
    use std::os::unix::fs::{FileTypeExt, MetadataExt};
    let null = fs::metadata("/dev/null").map(|null| null.rdev());
    found.file_type().is_char_device() && null.is_ok_and(|null| null == found.rdev())
}

#[cfg(not(unix))]
fn is_null(_: &Metadata, _: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_up_to_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.txt");
        fs::write(&path, [b'a'; 100]).unwrap();
        assert_eq!(read_regular(&path, 100).unwrap().len(), 100);
        assert!(read_regular(&path, 99).unwrap_err().to_string().contains("larger than"));
        assert_eq!(read_text(&path, 1000).unwrap().len(), 100);
        assert!(read_named(folder.path(), 100).unwrap_err().to_string().contains("a folder"));
        fs::write(&path, [0xff]).unwrap();
        assert!(read_text(&path, 1000).unwrap_err().to_string().contains("UTF-8"));
    }

    #[cfg(unix)]
    #[test]
    fn named_pipes_are_read_if_something_writes_to_them_and_refused_if_nothing_does() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe.mid");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        let refused = open_pipe(&pipe, Duration::from_millis(20)).unwrap_err().to_string();
        assert!(refused.contains("named pipe") && refused.contains("writing"), "{refused}");
        let writer = std::thread::spawn({
            let pipe = pipe.clone();
            move || fs::write(pipe, b"music")
        });
        assert_eq!(read_named(&pipe, 100).unwrap(), b"music");
        writer.join().unwrap().unwrap();
        assert!(read_regular(&pipe, 100).unwrap_err().to_string().contains("a named pipe"));
    }

    #[cfg(unix)]
    #[test]
    fn devices_and_sockets_are_refused_by_name_and_never_opened() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket.mid");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let link = folder.path().join("zero.mid");
        std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
        let looping = folder.path().join("loop.mid");
        std::os::unix::fs::symlink(&looping, &looping).unwrap();
        for (path, word) in [(&socket, "a socket"), (&link, "a device"), (&looping, "links")] {
            for error in [read_named(path, 100), read_regular(path, 100)] {
                let error = error.unwrap_err().to_string();
                assert!(error.contains(word), "{error}");
            }
        }
        assert!(read_named(Path::new("/dev/null"), 100).unwrap().is_empty());
    }
}
