//! The command without a command: a quick start inside a clone of the project, and how to begin anywhere else.

use composer_music::input::{MAX_TEXT, read_regular_text};
use std::path::Path;

/// What to read when there is nothing to do yet.
pub const WELCOME: &str = "\
composer trains recurrent networks on polyphonic music and composes with them.

  composer compose              four pieces by the built-in model, as MIDI and WAV, in the folder compositions
  composer train                the quick start: trains on the built-in corpus for about two minutes, then composes, and writes a
                                report with piano rolls and players (about 85 MB in a new folder in runs)
  composer train FOLDER         the same with your own MIDI files
  composer models               the built-in models
  composer inspect FILE.mid     what is in a MIDI file
  composer --help               all commands

Nothing was written. Inside a clone of the project, composer alone is the quick start.
";

/// Whether a folder is a clone of the project, or in one: decided by the files of the workspace.
pub fn is_in_clone(folder: &Path) -> bool {
    let holds = |path: &Path, text: &str| {
        read_regular_text(path, MAX_TEXT).is_ok_and(|found| found.lines().any(|line| line.trim_end() == text))
    };
    folder.ancestors().any(|folder| {
        holds(&folder.join("Cargo.toml"), "[workspace]")
            && holds(&folder.join("crates/composer/Cargo.toml"), "name = \"composer\"")
    })
}
