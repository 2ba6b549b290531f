//! The journal: a line of JSON for everything that happened, added at the end and brought onto the disk before anybody is told.
//!
//! A program that dies while it writes leaves half a line at the end; it was never acknowledged, and is cut off when the journal is opened.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Largest journal that is read, in bytes.
const MAX_JOURNAL: u64 = 256 << 20;

/// An open journal; no other program can open it meanwhile.
pub struct Journal {
    file: File,
    /// Bytes of whole lines.
    length: u64,
    closed: bool,
}

impl Journal {
    /// Opens or makes a journal, and reads its records.
    ///
    /// # Errors
    /// It cannot be read or written, another program has it open, or a line of it is none of these records.
    pub fn open<R: DeserializeOwned>(path: &Path) -> io::Result<(Self, Vec<R>)> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let text = "another studio has this project open: use its page, or choose another folder";
                return Err(io::Error::new(io::ErrorKind::ResourceBusy, text));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
        if file.metadata()?.len() > MAX_JOURNAL {
            return Err(io::Error::other("the journal is too large: is it one of the studio?"));
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let length = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1);
        let mut records = Vec::new();
        for (number, line) in bytes[..length].split(|&byte| byte == b'\n').enumerate() {
            if !line.is_empty() {
                let record = serde_json::from_slice(line);
                records
                    .push(record.map_err(|error| io::Error::other(format!("line {}: {error}", number + 1)))?);
            }
        }
        file.set_len(length as u64)?;
        Ok((Self { file, length: length as u64, closed: false }, records))
    }

    /// Lets others open it; nothing can be added any more.
    pub fn close(&mut self) {
        self.closed = true;
        // Where it cannot be unlocked, the end of the program does it.
        let _ = self.file.unlock();
    }

    /// Adds a record; it is on the disk when this returns.
    ///
    /// # Errors
    /// The disk is full or gone. The journal is then as it was before.
    pub fn push(&mut self, record: &impl Serialize) -> io::Result<()> {
        self.push_all(std::slice::from_ref(record))
    }

    /// Adds several records, all of them or none, with one wait for the disk.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub fn push_all(&mut self, records: &[impl Serialize]) -> io::Result<()> {
        if self.closed {
            return Err(io::Error::other("the project is closed"));
        }
        let mut lines = Vec::new();
        for record in records {
            serde_json::to_writer(&mut lines, record)?;
            lines.push(b'\n');
        }
        self.file.seek(SeekFrom::Start(self.length))?;
        let written = self.file.write_all(&lines).and_then(|()| self.file.sync_data());
        match written {
            Ok(()) => self.length += lines.len() as u64,
            // Half a line must not stand before the next one.
            Err(_) => self.file.set_len(self.length)?,
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::tempdir;

    #[test]
    fn whole_lines_stay_and_half_a_line_goes() {
        let here = tempdir().unwrap();
        let path = here.path().join("journal.jsonl");
        let (mut journal, records) = Journal::open::<u32>(&path).unwrap();
        assert!(records.is_empty());
        for record in [1, 22, 333] {
            journal.push(&record).unwrap();
        }
        assert!(Journal::open::<u32>(&path).is_err(), "one program at a time");
        journal.close();
        assert!(journal.push(&4444).is_err() && Journal::open::<u32>(&path).is_ok());
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"44").unwrap();
        drop(file);
        let (mut journal, records) = Journal::open::<u32>(&path).unwrap();
        assert_eq!(records, [1, 22, 333]);
        journal.push(&5).unwrap();
        drop(journal);
        assert_eq!(Journal::open::<u32>(&path).unwrap().1, [1, 22, 333, 5]);
        std::fs::write(&path, "no json\n").unwrap();
        assert!(Journal::open::<u32>(&path).err().unwrap().to_string().contains("line 1"));
    }
}
