//! The run folder: everything that one training writes, each file whole or not at all.

use anyhow::Context;
use composer_models::file::write_atomically;
use serde::Serialize;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// A folder to write into.
pub struct OutputFolder {
    path: PathBuf,
}

impl OutputFolder {
    /// Opens or makes a folder and finds out at once whether it can be written to.
    pub fn create(path: &Path) -> anyhow::Result<Self> {
        let cannot = || format!("cannot write to the folder {}", path.display());
        fs::create_dir_all(path).with_context(cannot)?;
        let probe = path.join(".composer-probe");
        File::create(&probe).with_context(cannot)?;
        fs::remove_file(&probe).with_context(cannot)?;
        Ok(Self { path: path.to_owned() })
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

/// `metrics.jsonl`: one JSON object per line, flushed as it is written.
pub struct MetricsFile {
    file: File,
}

impl MetricsFile {
    /// Begins the file anew.
    pub fn create(path: &Path) -> anyhow::Result<Self> {
        let file = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(true)
            .open(path)
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { file })
    }

    /// Adds a line.
    pub fn push(&mut self, record: &impl Serialize) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        self.file.write_all(&line)
    }
}
