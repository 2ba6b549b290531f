//! Pairs of parts dealt into heaps, so that each can be held out once.

use super::pairs::pair;
use crate::error::wrong_input;
use composer_models::seq2seq::{Pair, Task};
use composer_music::corpus::{self, content_key, deal};
use std::path::Path;

/// Heaps that the pieces of each folder are dealt into: one to test, one to validate, the others to learn from.
pub const HEAPS: usize = 6;

/// All pairs of some folders, with what is known of them.
pub struct Heaps {
    heaps: [Vec<Pair>; HEAPS],
    /// Names of the styles.
    pub styles: Vec<String>,
    /// Names of the folders, or of the styles that they were given as.
    pub corpus: String,
}

impl Heaps {
    /// Reads folders, each after its style and `=` if the task has styles.
    ///
    /// # Errors
    /// A folder cannot be read or has no style, or too few pieces have both parts.
    pub fn read(task: Task, folders: &[String]) -> anyhow::Result<Self> {
        let (mut heaps, mut styles, mut names) = ([const { Vec::new() }; HEAPS], Vec::new(), Vec::new());
        for folder in folders {
            let (style, path) = match (task, folder.split_once('=')) {
                (Task::Reharmonise, Some((name, path))) => {
                    styles.push(name.to_owned());
                    (Some(styles.len() as u32 - 1), path)
                }
                (Task::Reharmonise, None) => {
                    return Err(wrong_input(format!(
                        "which style is {folder}? Write STYLE=FOLDER, such as rag={folder}"
                    )));
                }
                _ => (None, folder.as_str()),
            };
            names.push(path.trim_end_matches('/').to_owned());
            let pieces = corpus::load(Path::new(path))?.pieces;
            let both =
                |piece: &corpus::Piece| Some((content_key(&piece.score), pair(task, &piece.score, style)?));
            let (keys, pairs): (Vec<_>, Vec<_>) = pieces.iter().filter_map(both).unzip();
            for (heap, pair) in deal(&keys, HEAPS).into_iter().zip(pairs) {
                heaps[heap].push(pair);
            }
        }
        if heaps.iter().any(Vec::is_empty) {
            return Err(wrong_input(format!(
                "too few different pieces have both parts, with at least 16 notes in each: there must be {HEAPS}, or more"
            )));
        }
        Ok(Self { heaps, styles, corpus: names.join(", ") })
    }

    /// What is held out.
    pub fn test(&self, fold: usize) -> &[Pair] {
        &self.heaps[fold % HEAPS]
    }

    /// What tells when to stop.
    pub fn valid(&self, fold: usize) -> &[Pair] {
        &self.heaps[(fold + 1) % HEAPS]
    }

    /// What is learnt from.
    pub fn train(&self, fold: usize) -> Vec<Pair> {
        (2..HEAPS).flat_map(|further| self.heaps[(fold + further) % HEAPS].iter().cloned()).collect()
    }
}
