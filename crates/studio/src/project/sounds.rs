//! [`Sounds`]: the SoundFonts of a project, files in its folder [`SOUNDS`]. Those that the user puts there himself are among them.

use crate::server::reply::{Refusal, Reply};
use composer_application::prelude::{RenderOptions, render};
use composer_music::Score;
use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// The folder of the SoundFonts in a project.
pub const SOUNDS: &str = "sounds";

/// Most bytes of a SoundFont that the page sends; larger ones are put into the folder by hand.
pub const MAX_SOUND: u64 = 256 << 20;

/// Most SoundFonts that the page adds.
const MAX_SOUNDS: usize = 16;

/// Beginning of the names of files that are still coming.
const ARRIVING: &str = ".arriving-";

/// Bytes at the beginning that say what a file is: "RIFF", a length, "sfbk".
pub const HEAD: usize = 12;

/// The SoundFonts of a project.
pub struct Sounds {
    folder: PathBuf,
}

impl Sounds {
    /// Those of the project in a folder. Files that did not arrive whole, because the program was killed, go.
    pub fn open(project: &Path) -> Self {
        let folder = project.join(SOUNDS);
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(ARRIVING) {
                // One that cannot be removed is not listed either.
                let _ = fs::remove_file(entry.path());
            }
        }
        Self { folder }
    }

    /// Their names, in alphabetical order.
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut names: Vec<String> =
            entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.retain(|name| is_name(name) && self.inside(name).is_some());
        names.sort();
        names
    }

    /// Where one is; links that lead out of the folder are not followed.
    ///
    /// # Errors
    /// There is none of this name.
    pub fn path(&self, name: &str) -> Reply<PathBuf> {
        let found = is_name(name).then(|| self.inside(name)).flatten();
        found.ok_or_else(|| Refusal::missing(format!("there is no SoundFont {name} in the project")))
    }

    fn inside(&self, name: &str) -> Option<PathBuf> {
        let (folder, path) = (self.folder.canonicalize().ok()?, self.folder.join(name).canonicalize().ok()?);
        (path.starts_with(folder) && path.is_file()).then_some(path)
    }

    /// Begins to receive one.
    ///
    /// # Errors
    /// The name is that of no SoundFont, there are too many, or the folder cannot be written.
    pub fn receive(&self, name: &str) -> Reply<Arriving> {
        static LAST: AtomicU64 = AtomicU64::new(0);
        if !is_name(name) {
            return Err(Refusal::wrong("a SoundFont is a file whose name ends with .sf2"));
        }
        let names = self.names();
        if names.len() >= MAX_SOUNDS && !names.iter().any(|known| known == name) {
            let text =
                format!("the project has {MAX_SOUNDS} SoundFonts: remove one from its folder sounds first");
            return Err(Refusal::wrong(text));
        }
        fs::create_dir_all(&self.folder)?;
        let path = self.folder.join(format!("{ARRIVING}{}", LAST.fetch_add(1, Ordering::Relaxed)));
        let file = File::options().read(true).write(true).create(true).truncate(true).open(&path)?;
        Ok(Arriving { name: name.to_owned(), place: self.folder.join(name), path, file })
    }
}

/// Whether a name is that of a SoundFont, and of no path.
fn is_name(name: &str) -> bool {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    ending.as_deref() == Some("sf2")
        && !name.starts_with('.')
        && name.len() <= 120
        && !name.contains(['/', '\\', '"'])
        && !name.chars().any(char::is_control)
}

/// A SoundFont that is coming; dropped before [`Self::finish`], it leaves nothing.
pub struct Arriving {
    name: String,
    place: PathBuf,
    path: PathBuf,
    file: File,
}

impl Arriving {
    /// Adds bytes.
    ///
    /// # Errors
    /// The disk is full or gone.
    pub fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    /// Puts the file in its place, if it is a SoundFont that can be played.
    ///
    /// # Errors
    /// It is none; or the disk is full or gone.
    pub fn finish(mut self) -> Reply<String> {
        let none = |reason: &str| {
            Refusal::wrong(format!("{} is no SoundFont that can be played: {reason}", self.name))
        };
        let mut head = Vec::new();
        self.file.rewind()?;
        (&self.file).take(HEAD as u64).read_to_end(&mut head)?;
        if !is_head(&head) {
            return Err(none("choose a file that begins as a SoundFont 2 does"));
        }
        let told = u64::from(u32::from_le_bytes([head[4], head[5], head[6], head[7]]));
        if told + 8 > self.file.metadata()?.len() {
            return Err(none("it is cut off"));
        }
        let options = RenderOptions { soundfont: Some(self.path.clone()), ..RenderOptions::default() };
        // A damaged file must not end more than its own request, whatever its reader does.
        match catch_unwind(|| render(&Score::new(480), &options)) {
            Ok(Ok(_)) => {}
            Ok(Err(_)) | Err(_) => return Err(none("it is damaged, or of another version")),
        }
        self.file.sync_all()?;
        fs::rename(&self.path, &self.place)?;
        Ok(std::mem::take(&mut self.name))
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        // After it was put in its place there is nothing here.
        let _ = fs::remove_file(&self.path);
    }
}

/// Whether bytes are the beginning of a SoundFont.
pub fn is_head(bytes: &[u8]) -> bool {
    bytes.len() >= HEAD && bytes.starts_with(b"RIFF") && &bytes[8..HEAD] == b"sfbk"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_of_soundfonts_and_lead_nowhere() {
        assert!(["piano.sf2", "My piano (2).SF2"].iter().all(|name| is_name(name)));
        for wrong in
            ["piano", "piano.wav", "../a.sf2", ".sf2", ".a.sf2", "a\\b.sf2", "a\n.sf2", "", "a/b.sf2"]
        {
            assert!(!is_name(wrong), "{wrong}");
        }
    }
}
