#![doc = include_str!("../README.md")]

use include_dir::{Dir, include_dir};

static MUTOPIA_PD: Dir = include_dir!("$CARGO_MANIFEST_DIR/mutopia-pd");
static FREEDOOM: Dir = include_dir!("$CARGO_MANIFEST_DIR/freedoom");

/// Name and bytes of the ten piano pieces in `mutopia-pd` (public domain), sorted by name.
pub fn mutopia_pd() -> Vec<(&'static str, &'static [u8])> {
    midi_files(&MUTOPIA_PD)
}

/// Name and bytes of the 66 pieces in `freedoom` (BSD-3-Clause), sorted by name.
pub fn freedoom() -> Vec<(&'static str, &'static [u8])> {
    midi_files(&FREEDOOM)
}

/// Where the music comes from and on what terms: pairs of file name and text.
pub fn terms() -> Vec<(&'static str, &'static str)> {
    let text = |dir: &'static Dir, name: &'static str| {
        dir.get_file(name).and_then(|file| file.contents_utf8()).map(|text| (name, text))
    };
    [text(&MUTOPIA_PD, "PROVENANCE.json"), text(&FREEDOOM, "COPYRIGHT")].into_iter().flatten().collect()
}

fn midi_files(dir: &'static Dir) -> Vec<(&'static str, &'static [u8])> {
    let midi =
        |file: &&include_dir::File| file.path().extension().is_some_and(|extension| extension == "mid");
    let named = |file: &'static include_dir::File| Some((file.path().to_str()?, file.contents()));
    let mut files: Vec<_> = dir.files().filter(midi).filter_map(named).collect();
    files.sort_unstable();
    files
}
