//! The run folder: everything that one training writes, each file whole or not at all.

use crate::error::wrong_input;
use anyhow::Context;
use composer_music::atomic_file::write_atomically;
use composer_music::input::is_standard;
use serde::Serialize;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

/// A folder to write into.
pub struct OutputFolder {
    path: PathBuf,
    /// Held while this program writes; the system lets go of it however the program ends.
    lock: Option<File>,
}

impl OutputFolder {
    /// Opens or makes a folder and finds out at once whether it can be written to.
    pub fn create(path: &Path) -> anyhow::Result<Self> {
        let cannot = || format!("cannot write to the folder {}", path.display());
        if is_standard(path) {
            return Err(wrong_input("results are written to a folder, and - is none: name a folder"));
        }
        fs::create_dir_all(path).with_context(cannot)?;
        // A name of its own: of two programs that look at once, neither removes what the other looks for.
        let probe = path.join(format!(".composer-probe-{}", std::process::id()));
        File::create(&probe).with_context(cannot)?;
        fs::remove_file(&probe).with_context(cannot)?;
        Ok(Self { path: path.to_owned(), lock: None })
    }

    /// Makes the first of `parent/001`, `parent/002` … that does not exist yet.
    pub fn create_numbered(parent: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(parent)
            .with_context(|| format!("cannot write to the folder {}", parent.display()))?;
        for number in 1.. {
            let path = parent.join(format!("{number:03}"));
            match fs::create_dir(&path) {
                Ok(()) => return Self::create(&path),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => {
                    return Err(error).with_context(|| format!("cannot make the folder {}", path.display()));
                }
            }
        }
        unreachable!("the numbers do not end")
    }

    /// Keeps other trainings out of the folder until the end of this program.
    pub fn lock(&mut self) -> anyhow::Result<()> {
        let path = self.path(".lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .with_context(|| format!("cannot write {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => self.lock = Some(file),
            Err(TryLockError::WouldBlock) => {
                return Err(wrong_input(format!(
                    "another training is at work in {}: wait for it, or choose another folder",
                    self.path.display()
                )));
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", path.display()));
            }
        }
        Ok(())
    }

    /// Keeps other programs from writing results here at the same time, until the guard is dropped: waits for them. The folder itself is
    /// locked, so that nothing is left in it; where folders cannot be locked, nobody waits.
    pub fn turn(&self) -> Turn {
        let folder = File::open(&self.path).ok();
        Turn(folder.filter(|folder| folder.lock().is_ok()))
    }

    /// Whether there is anything whose name begins so.
    pub fn holds(&self, prefix: &str) -> anyhow::Result<bool> {
        let cannot = || format!("cannot read the folder {}", self.path.display());
        for entry in fs::read_dir(&self.path).with_context(cannot)? {
            if entry.with_context(cannot)?.file_name().to_string_lossy().starts_with(prefix) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Removes the files whose names begin so.
    pub fn remove_all(&self, prefix: &str) -> anyhow::Result<()> {
        let cannot = || format!("cannot read the folder {}", self.path.display());
        for entry in fs::read_dir(&self.path).with_context(cannot)? {
            let name = entry.with_context(cannot)?.file_name();
            if name.to_string_lossy().starts_with(prefix) {
                self.remove(Path::new(&name))?;
            }
        }
        Ok(())
    }

    /// Removes a file if it is there.
    pub fn remove(&self, name: &Path) -> anyhow::Result<()> {
        let path = self.path.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", path.display()))
            }
            _ => Ok(()),
        }
    }

    /// Where a file of this name goes.
    pub fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The folder itself.
    pub fn folder(&self) -> &Path {
        &self.path
    }

    /// Writes a whole file.
    pub fn write(&self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let path = self.path(name);
        write_atomically(&path, bytes).with_context(|| format!("cannot write {}", path.display()))
    }
}

/// Held while a program writes results that belong together; see [`OutputFolder::turn`].
pub struct Turn(#[allow(dead_code, reason = "dropped at the end, which unlocks it")] Option<File>);

/// `metrics.jsonl`: one JSON object per line, handed to the system as it is written.
pub struct MetricsFile {
    file: File,
    text: String,
}

impl MetricsFile {
    /// Begins the file with the lines that there are already; what an interrupted run wrote after them is gone.
    pub fn create(path: &Path, text: &str) -> anyhow::Result<Self> {
        let cannot = || format!("cannot write {}", path.display());
        write_atomically(path, text.as_bytes()).with_context(cannot)?;
        let file = OpenOptions::new().append(true).open(path).with_context(cannot)?;
        Ok(Self { file, text: text.to_owned() })
    }

    /// Adds a line.
    pub fn push(&mut self, record: &impl Serialize) -> std::io::Result<()> {
        let line = serde_json::to_string(record)? + "\n";
        self.text.push_str(&line);
        self.file.write_all(line.as_bytes())
    }

    /// All lines so far.
    pub fn text(&self) -> &str {
        &self.text
    }
}
