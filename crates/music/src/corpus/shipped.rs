//! The built-in corpus, which is part of the binary, so that the first run needs no download and no path.
//!
//! The files are in the crate [`composer_datasets`], with the provenance and licence of each.

use super::load::without_duplicates;
use super::{Corpus, Criteria, examine};

/// The whole built-in corpus: [`piano`] and [`games`].
pub fn shipped() -> Corpus {
    let Corpus { mut pieces, mut verdicts } = piano();
    let games = games();
    pieces.extend(games.pieces);
    verdicts.extend(games.verdicts);
    Corpus { pieces, verdicts }
}

/// Ten piano pieces in the public domain: eight rags by Joplin, Debussy's first Arabesque, Satie's first Gymnopédie.
pub fn piano() -> Corpus {
    embedded(composer_datasets::mutopia_pd())
}

/// Sixty-six pieces of game music for several instruments, most with drums (BSD-3-Clause).
pub fn games() -> Corpus {
    embedded(composer_datasets::freedoom())
}

/// Where the music comes from and on what terms: pairs of file name and text.
pub fn terms() -> Vec<(&'static str, &'static str)> {
    composer_datasets::terms()
}

/// The bytes of every embedded MIDI file with its name, sorted by name within each set.
pub fn files() -> impl Iterator<Item = (String, &'static [u8])> {
    let all = composer_datasets::mutopia_pd().into_iter().chain(composer_datasets::freedoom());
    all.map(|(name, bytes)| (name.to_owned(), bytes))
}

fn embedded(files: Vec<(&'static str, &'static [u8])>) -> Corpus {
    let criteria = Criteria::default();
    let examined = files.iter().map(|(name, bytes)| examine(name, bytes, &criteria)).collect();
    without_duplicates(examined, &criteria)
}
