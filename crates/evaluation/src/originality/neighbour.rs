//! The training piece with the most notes in common.

use std::collections::{HashMap, HashSet};

use crate::grid::Grid;

/// Place in the bar, pitch, length.
type NoteInBar = (u32, u8, u32);

/// Which pieces have which notes.
pub(super) struct Neighbours {
    pieces_with: HashMap<NoteInBar, Vec<usize>>,
    sizes: Vec<usize>,
}

impl Neighbours {
    pub(super) fn new(grids: &[Grid]) -> Self {
        let mut pieces_with: HashMap<NoteInBar, Vec<usize>> = HashMap::new();
        let mut sizes = Vec::new();
        for (piece, grid) in grids.iter().enumerate() {
            let notes = notes(grid);
            sizes.push(notes.len());
            notes.into_iter().for_each(|note| pieces_with.entry(note).or_default().push(piece));
        }
        Self { pieces_with, sizes }
    }

    /// The piece whose set of notes has the largest Jaccard similarity, the first of equals; `None` without notes.
    pub(super) fn nearest(&self, grid: &Grid) -> Option<(usize, f64)> {
        let notes = notes(grid);
        let mut shared = vec![0usize; self.sizes.len()];
        for piece in notes.iter().filter_map(|note| self.pieces_with.get(note)).flatten() {
            shared[*piece] += 1;
        }
        let similarity = |piece: usize| {
            crate::statistics::ratio(
                shared[piece] as f64,
                (notes.len() + self.sizes[piece] - shared[piece]) as f64,
            )
        };
        let all = (0..self.sizes.len()).map(|piece| (piece, similarity(piece)));
        all.filter(|(_, similarity)| similarity.is_finite())
            .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
    }
}

fn notes(grid: &Grid) -> HashSet<NoteInBar> {
    grid.notes.iter().map(|note| (grid.position(note), note.pitch, note.duration)).collect()
}
