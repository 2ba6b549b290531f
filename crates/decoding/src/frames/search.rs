//! The most likely frame of a model that writes note by note.

use super::note_wise::{Limits, NoteChoice};
use crate::Error;
use composer_models::{NextNote, NotePosition};

/// Frames that the search for the most likely one keeps after each note.
const BEAM: usize = 8;

impl NoteChoice<'_> {
    /// The most likely notes within the limits that a beam finds, where each note costs `cost` nats more.
    pub(super) fn most_likely(
        &self,
        model: &mut dyn NextNote,
        begin: &NotePosition,
        limits: &Limits,
        cost: f64,
    ) -> Result<Vec<usize>, Error> {
        let mut open = vec![(0.0, Vec::new(), begin.clone())];
        let mut best: Option<(f64, Vec<usize>)> = None;
        let mut weights = Vec::new();
        while !open.is_empty() {
            let mut next: Vec<(f64, usize, usize)> = Vec::new();
            for (parent, (nll, notes, position)) in open.iter().enumerate() {
                self.allowed(position, limits, notes.len(), &mut weights);
                let stop = weights.len() - 1;
                for (class, &weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
                    let nll = nll - weight.ln();
                    if class == stop {
                        if best.as_ref().is_none_or(|(least, _)| nll < *least) {
                            best = Some((nll, notes.clone()));
                        }
                    } else {
                        next.push((nll + cost, parent, class));
                    }
                }
            }
            // With costs below 0 a longer frame may still become likelier.
            let bound = best.as_ref().map_or(f64::INFINITY, |(least, _)| *least);
            next.retain(|(nll, ..)| cost < 0.0 || *nll < bound);
            next.sort_by(|a, b| a.0.total_cmp(&b.0));
            next.truncate(BEAM);
            let mut longer = Vec::with_capacity(next.len());
            for (nll, parent, class) in next {
                let (_, notes, position) = &open[parent];
                let mut position = position.clone();
                model.push(class, &mut position)?;
                longer.push((nll, notes.iter().copied().chain([class]).collect(), position));
            }
            open = longer;
        }
        Ok(best.map_or_else(Vec::new, |(_, notes)| notes))
    }
}
