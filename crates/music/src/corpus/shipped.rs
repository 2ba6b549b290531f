//! The music that ships inside the binary, so that the first run needs no download and no path.
//!
//! Provenance and licence of every file are in the project's `datasets/` folder, and embedded with the music.

use include_dir::{Dir, include_dir};

use super::{Corpus, Criteria, examine, without_duplicates};

static PIANO: Dir = include_dir!("$CARGO_MANIFEST_DIR/../../datasets/mutopia-pd");
static GAMES: Dir = include_dir!("$CARGO_MANIFEST_DIR/../../datasets/freedoom");

/// All music that ships: [`piano`] and [`games`].
pub fn shipped() -> Corpus {
    let Corpus { mut pieces, mut verdicts } = piano();
    let games = games();
    pieces.extend(games.pieces);
    verdicts.extend(games.verdicts);
    Corpus { pieces, verdicts }
}

/// Ten piano pieces in the public domain: eight rags by Joplin, Debussy's first Arabesque, Satie's first Gymnopédie.
pub fn piano() -> Corpus {
    embedded(&PIANO)
}

/// Sixty-six pieces of game music for several instruments, most with drums (BSD-3-Clause).
pub fn games() -> Corpus {
    embedded(&GAMES)
}

/// Where the music comes from and on what terms: pairs of file name and text.
pub fn terms() -> Vec<(&'static str, &'static str)> {
    let text = |dir: &'static Dir, name: &'static str| {
        dir.get_file(name).and_then(|file| file.contents_utf8()).map(|text| (name, text))
    };
    [text(&PIANO, "PROVENANCE.json"), text(&GAMES, "COPYRIGHT")].into_iter().flatten().collect()
}

/// The bytes of every embedded MIDI file with its name, sorted by name.
pub fn files() -> impl Iterator<Item = (String, &'static [u8])> {
    [&PIANO, &GAMES].into_iter().flat_map(midi_files)
}

fn midi_files(dir: &'static Dir) -> Vec<(String, &'static [u8])> {
    let mut files: Vec<_> = dir
        .files()
        .filter(|file| file.path().extension().is_some_and(|extension| extension == "mid"))
        .map(|file| (file.path().display().to_string(), file.contents()))
        .collect();
    files.sort();
    files
}

fn embedded(dir: &'static Dir) -> Corpus {
    let criteria = Criteria::default();
    let examined = midi_files(dir).iter().map(|(name, bytes)| examine(name, bytes, &criteria)).collect();
    without_duplicates(examined, &criteria)
}
