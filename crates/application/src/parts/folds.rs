//! Pairs of parts dealt into folds, so that each can be held out once.

use super::fine_tuning::{GivenPart, known_style};
use super::pairs::pairs;
use crate::error::wrong_input;
use crate::humanise::Kind;
use composer_models::seq2seq::{Pair, Task};
use composer_music::corpus::{self, Piece, content_key, deal};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Folds that the pieces of each folder are dealt into: one to test, one to validate, the others to train on.
pub const FOLDS: usize = 6;

/// All pairs of some folders, with what is known of them.
pub struct Folds {
    folds: [Vec<Pair>; FOLDS],
    /// What most pieces are made of, which is what a model that humanises performs.
    pub kind: Kind,
    /// Names of the styles.
    pub styles: Vec<String>,
    /// Names of the folders, or of the styles that they were given as.
    pub corpus: String,
}

impl Folds {
    /// Reads folders, each after its style and `=` if the task has styles; these are among those of the model to start from, if there is one.
    ///
    /// To humanise, a folder that has folders `train`, `validation` and `test` is divided as they say.
    ///
    /// # Errors
    /// A folder cannot be read or has no style or an unknown one, or too few pieces have both parts.
    pub fn read(task: Task, folders: &[String], given: Option<&GivenPart>) -> anyhow::Result<Self> {
        let known = given.map(GivenPart::styles);
        let (mut folds, mut styles, mut names) = ([const { Vec::new() }; FOLDS], Vec::new(), Vec::new());
        let mut kind = given.map(GivenPart::kind);
        for folder in folders {
            let (style, path) = match (task, folder.split_once('=')) {
                (Task::Reharmonise, Some((name, path))) => match known {
                    Some(known) => (Some(known_style(known, name)?), path),
                    None => {
                        styles.push(name.to_owned());
                        (Some(styles.len() as u32 - 1), path)
                    }
                },
                (Task::Reharmonise, None) => {
                    return Err(wrong_input(format!(
                        "which style is {folder}? Write STYLE=FOLDER, such as rag={folder}"
                    )));
                }
                _ => (None, folder.as_str()),
            };
            names.push(path.trim_end_matches('/').to_owned());
            for (pieces, into) in sets(task, Path::new(path))? {
                let kind = *kind.get_or_insert_with(|| Kind::of(pieces.iter().map(|piece| &piece.score)));
                let both =
                    |piece: &Piece| (content_key(&piece.score), pairs(task, &piece.score, style, kind));
                let (keys, pairs): (Vec<_>, Vec<_>) =
                    pieces.iter().map(both).filter(|(_, pairs)| !pairs.is_empty()).unzip();
                for (fold, pairs) in deal(&keys, into.len()).into_iter().zip(pairs) {
                    folds[into.start + fold].extend(pairs);
                }
            }
        }
        if folds.iter().any(Vec::is_empty) {
            if task == Task::Humanise {
                return Err(wrong_input(format!(
                    "too few different pieces have been performed, with at least 16 notes and with velocities and onsets that differ: there must be {FOLDS}, or more"
                )));
            }
            return Err(wrong_input(format!(
                "too few different pieces have both parts, with at least 16 notes in each: there must be {FOLDS}, or more"
            )));
        }
        let styles = known.map_or(styles, <[String]>::to_vec);
        let kind = kind.unwrap_or(Kind::Pitched);
        Ok(Self { folds, kind, styles, corpus: names.join(", ") })
    }

    /// The test set when this fold is held out.
    pub fn test(&self, fold: usize) -> &[Pair] {
        &self.folds[fold % FOLDS]
    }

    /// The validation set.
    pub fn valid(&self, fold: usize) -> &[Pair] {
        &self.folds[(fold + 1) % FOLDS]
    }

    /// The training set.
    pub fn train(&self, fold: usize) -> Vec<Pair> {
        (2..FOLDS).flat_map(|further| self.folds[(fold + further) % FOLDS].iter().cloned()).collect()
    }
}

/// The pieces of a folder, and the folds that they are dealt into.
fn sets(task: Task, folder: &Path) -> anyhow::Result<Vec<(Vec<Piece>, Range<usize>)>> {
    let sets: [(PathBuf, Range<usize>); 3] = [("train", 2..FOLDS), ("validation", 1..2), ("test", 0..1)]
        .map(|(name, folds)| (folder.join(name), folds));
    if task != Task::Humanise || !sets.iter().all(|(folder, _)| folder.is_dir()) {
        return Ok(vec![(corpus::load(folder)?.pieces, 0..FOLDS)]);
    }
    sets.into_iter().map(|(folder, folds)| Ok((corpus::load(&folder)?.pieces, folds))).collect()
}
