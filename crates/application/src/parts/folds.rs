//! Pairs of parts dealt into folds, so that each can be held out once.

use super::fine_tuning::known_style;
use super::pairs::pairs;
use crate::error::wrong_input;
use composer_models::seq2seq::{Pair, Task};
use composer_music::corpus::{self, content_key, deal};
use std::path::Path;

/// Folds that the pieces of each folder are dealt into: one to test, one to validate, the others to train on.
pub const FOLDS: usize = 6;

/// All pairs of some folders, with what is known of them.
pub struct Folds {
    folds: [Vec<Pair>; FOLDS],
    /// Names of the styles.
    pub styles: Vec<String>,
    /// Names of the folders, or of the styles that they were given as.
    pub corpus: String,
}

impl Folds {
    /// Reads folders, each after its style and `=` if the task has styles; these are among the `known` ones if a model to start from says such.
    ///
    /// # Errors
    /// A folder cannot be read or has no style or an unknown one, or too few pieces have both parts.
    pub fn read(task: Task, folders: &[String], known: Option<&[String]>) -> anyhow::Result<Self> {
        let (mut folds, mut styles, mut names) = ([const { Vec::new() }; FOLDS], Vec::new(), Vec::new());
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
            let pieces = corpus::load(Path::new(path))?.pieces;
            let both = |piece: &corpus::Piece| (content_key(&piece.score), pairs(task, &piece.score, style));
            let (keys, pairs): (Vec<_>, Vec<_>) =
                pieces.iter().map(both).filter(|(_, pairs)| !pairs.is_empty()).unzip();
            for (fold, pairs) in deal(&keys, FOLDS).into_iter().zip(pairs) {
                folds[fold].extend(pairs);
            }
        }
        if folds.iter().any(Vec::is_empty) {
            return Err(wrong_input(format!(
                "too few different pieces have both parts, with at least 16 notes in each: there must be {FOLDS}, or more"
            )));
        }
        let styles = known.map_or(styles, <[String]>::to_vec);
        Ok(Self { folds, styles, corpus: names.join(", ") })
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
