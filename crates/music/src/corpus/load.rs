//! Folders and files to a [`Corpus`].

use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;

use super::examine::examine_file;
use super::{ContentKey, Corpus, Criteria, Dropped, Error, Piece, ReasonCounts, Verdict};
use crate::input;

/// Loads a folder of music (MIDI, MusicXML, ABC), with the folders in it, or a single file; see [`load_with`].
///
/// # Errors
/// When there is no such folder, no MIDI file in it, or none that can be used.
pub fn load(path: impl AsRef<Path>) -> Result<Corpus, Error> {
    load_with(&[path], &Criteria::default())
}

/// Loads folders and files, keeping the pieces that meet the criteria.
///
/// A bad file never ends the run: its report says what is wrong with it. For more music than fits into memory, walk
/// over [`super::midi_files`] and [`super::examine()`] one file at a time.
///
/// # Errors
/// When there is no such folder, no MIDI file in it, or none that can be used.
pub fn load_with<P: AsRef<Path>>(paths: &[P], criteria: &Criteria) -> Result<Corpus, Error> {
    let files = criteria.files(paths)?;
    let examined = files.par_iter().flat_map_iter(|file| examine_file(file, criteria)).collect();
    let corpus = without_duplicates(examined, criteria);
    if corpus.pieces.is_empty() {
        let path = paths.iter().map(|path| input::shown(path.as_ref())).collect::<Vec<_>>().join(", ");
        return Err(Error::NothingUsable {
            path,
            files: corpus.verdicts.len(),
            reasons: reasons(&corpus.verdicts),
            verdicts: corpus.verdicts,
        });
    }
    Ok(corpus)
}

/// Reasons for dropping files with their number, the most frequent first; without the options of `ingest` that would keep them.
pub fn reasons(verdicts: &[Verdict]) -> Vec<String> {
    let mut counts = ReasonCounts::default();
    verdicts.iter().filter_map(|verdict| verdict.dropped.as_ref()).for_each(|dropped| counts.add(dropped));
    counts.in_words(false)
}

/// What was examined as a corpus, without pieces whose content an earlier one has, unless the criteria keep them.
pub(super) fn without_duplicates(examined: Vec<(Verdict, Option<Piece>)>, criteria: &Criteria) -> Corpus {
    let mut first_with: BTreeMap<ContentKey, String> = BTreeMap::new();
    let mut corpus = Corpus::default();
    for (mut verdict, piece) in examined {
        if let Some(piece) = piece {
            let key = criteria.duplicate_key(&piece.score);
            match first_with.get(&key) {
                Some(first) if !criteria.keep_duplicates => verdict.dropped = Some(Dropped::duplicate(first)),
                _ => {
                    first_with.insert(key, piece.name.clone());
                    corpus.pieces.push(piece);
                }
            }
        }
        corpus.verdicts.push(verdict);
    }
    corpus
}
