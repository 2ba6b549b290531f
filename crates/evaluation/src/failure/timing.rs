//! Timing artefacts: notes in odd places, of odd lengths, with odd gaps.
//!
//! The reference model is a small model of how the reference corpus places its notes. It gives the information of every
//! note, in bits, from its position in the beat and its length; see [`TimingModel`].

use std::hash::Hash;

use super::voices::predecessors;
use crate::grid::{Grid, STEPS_PER_QUARTER};
use crate::hashing::Map;

/// Lengths and gaps from here on count as one: two whole notes.
const LONGEST: u32 = 8 * STEPS_PER_QUARTER;

/// Before any count: every length equally likely, at every position.
const ANY_LENGTH: f64 = 1.0 / LONGEST as f64;

/// Counts that a prediction from a context must have before it weighs as much as the coarser one.
const BACKOFF: f64 = 4.0;

/// How a corpus places its notes in time.
///
/// - position in the beat and length: `p(position, length)`, detector K
/// - length after what came before: `p(length | position, previous length)`, detector M
/// - gap to the note before in the same voice: `p(gap | previous length, end in the beat)`
///
/// Contexts that were seen rarely lean on coarser ones: `p(x | c) = (n(x, c) + α p(x)) / (n(c) + α)`.
#[derive(Clone, Debug, Default)]
pub struct TimingModel {
    position_length: Counts<(u32, u32)>,
    length: Counts<u32>,
    length_at: Map<u32, Counts<u32>>,
    length_after: Map<(u32, u32), Counts<u32>>,
    gap: Counts<u32>,
    gap_after: Map<(u32, u32), Counts<u32>>,
}

/// What a note costs under a [`TimingModel`], in bits.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NoteTiming {
    /// For its position in the beat and its length.
    pub position_length: f64,
    /// For its length, given its position and the length of the note before it.
    pub length: f64,
    /// For the gap between it and the note before it, given that note; 0 for the first note of a voice.
    pub gap: f64,
}

/// What a note is to the model.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    position: u32,
    length: u32,
    /// Length of the note before, and where in the beat it ended.
    previous: Option<(u32, u32)>,
    gap: u32,
}

impl TimingModel {
    /// Counts the notes of a corpus.
    pub fn fit<'a>(corpus: impl IntoIterator<Item = &'a Grid>) -> Self {
        Self::fit_facts(corpus.into_iter().flat_map(facts))
    }

    /// [`Self::fit`] to the [facts] of its notes.
    pub(super) fn fit_facts(notes: impl IntoIterator<Item = Facts>) -> Self {
        let mut model = Self::default();
        for note in notes {
            model.position_length.add((note.position, note.length));
            model.length.add(note.length);
            model.length_at.entry(note.position).or_default().add(note.length);
            let previous_length = note.previous.map_or(0, |(length, _)| length);
            model.length_after.entry((note.position, previous_length)).or_default().add(note.length);
            if let Some(previous) = note.previous {
                model.gap.add(note.gap);
                model.gap_after.entry(previous).or_default().add(note.gap);
            }
        }
        model
    }

    /// The cost of every note of a piece, in the order of [`Grid::notes`].
    pub fn costs(&self, grid: &Grid) -> Vec<NoteTiming> {
        facts(grid).map(|note| self.cost(&note)).collect()
    }

    /// Mean bits of the notes of a piece for length and gap, given what came before; NaN without notes.
    pub(super) fn length_and_gap(&self, notes: &[Facts]) -> f64 {
        let costs = notes.iter().map(|note| self.length(note) + self.gap(note));
        crate::statistics::ratio(costs.sum(), notes.len() as f64)
    }

    fn cost(&self, note: &Facts) -> NoteTiming {
        let any_place = ANY_LENGTH / f64::from(STEPS_PER_QUARTER);
        let position_length = self.position_length.probability(&(note.position, note.length), any_place);
        NoteTiming {
            position_length: -position_length.log2(),
            length: self.length(note),
            gap: self.gap(note),
        }
    }

    fn length(&self, note: &Facts) -> f64 {
        let length = self.length.probability(&note.length, ANY_LENGTH);
        let length = refine(self.length_at.get(&note.position), &note.length, length);
        let previous_length = note.previous.map_or(0, |(length, _)| length);
        let length = refine(self.length_after.get(&(note.position, previous_length)), &note.length, length);
        -length.log2()
    }

    fn gap(&self, note: &Facts) -> f64 {
        let gap = note.previous.map_or(1.0, |previous| {
            let gap = self.gap.probability(&note.gap, ANY_LENGTH);
            refine(self.gap_after.get(&previous), &note.gap, gap)
        });
        -gap.log2()
    }
}

fn refine(counts: Option<&Counts<u32>>, value: &u32, coarse: f64) -> f64 {
    counts.map_or(coarse, |counts| counts.probability(value, coarse))
}

/// Detectors of a piece; higher is worse, NaN without notes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimingScores {
    /// K: mean bits for position and length.
    pub position_length: f64,
    /// M: mean bits for the length after what came before.
    pub length: f64,
    /// Mean bits for length and gap, given what came before.
    pub length_and_gap: f64,
    /// N: share of onsets off the grid of eighths.
    pub off_eighths: f64,
}

/// All timing detectors of a piece.
pub fn scores(model: &TimingModel, grid: &Grid) -> TimingScores {
    let costs = model.costs(grid);
    let mean = |cost: fn(&NoteTiming) -> f64| {
        crate::statistics::ratio(costs.iter().map(cost).sum(), costs.len() as f64)
    };
    TimingScores {
        position_length: mean(|cost| cost.position_length),
        length: mean(|cost| cost.length),
        length_and_gap: mean(|cost| cost.length + cost.gap),
        off_eighths: off_eighths(grid),
    }
}

/// Detector N: share of the onsets that lie on no eighth of their bar. NaN without notes.
pub fn off_eighths(grid: &Grid) -> f64 {
    let off =
        grid.notes.iter().filter(|note| !grid.position(note).is_multiple_of(STEPS_PER_QUARTER / 2)).count();
    crate::statistics::ratio(off as f64, grid.notes.len() as f64)
}

/// Every note of a piece, in the order of [`Grid::notes`].
pub(super) fn facts(grid: &Grid) -> impl Iterator<Item = Facts> {
    let predecessors = predecessors(grid);
    grid.notes.iter().zip(predecessors).map(|(note, previous)| {
        let before = previous.map(|index| &grid.notes[index]);
        Facts {
            position: grid.position(note) % STEPS_PER_QUARTER,
            length: note.duration.min(LONGEST),
            previous: before.map(|before| {
                let end = before.end() - grid.bar_lines[grid.bar_of(before.onset)];
                (before.duration.min(LONGEST), end % STEPS_PER_QUARTER)
            }),
            gap: before.map_or(0, |before| (note.onset - before.end()).min(LONGEST)),
        }
    })
}

/// How often each value occurred.
#[derive(Clone, Debug)]
struct Counts<T> {
    each: Map<T, u32>,
    total: u32,
}

impl<T> Default for Counts<T> {
    fn default() -> Self {
        Self { each: Map::default(), total: 0 }
    }
}

impl<T: Eq + Hash> Counts<T> {
    fn add(&mut self, value: T) {
        *self.each.entry(value).or_default() += 1;
        self.total += 1;
    }

    /// Share of a value, leaning on a coarser estimate.
    fn probability(&self, value: &T, coarse: f64) -> f64 {
        let count = self.each.get(value).copied().unwrap_or(0);
        (f64::from(count) + BACKOFF * coarse) / (f64::from(self.total) + BACKOFF)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::GridNote;
    use approx::abs_diff_eq;

    fn quarters() -> Grid {
        let notes = (0..64).map(|i| GridNote { onset: 12 * i, pitch: 60 + (i % 5) as u8, duration: 12 });
        Grid::with_bars_of(notes.collect(), 48)
    }

    #[test]
    fn what_the_corpus_does_costs_nearly_nothing_and_what_it_never_does_costs_much() {
        let model = TimingModel::fit([&quarters()]);
        let usual = scores(&model, &quarters());
        assert!(usual.position_length < 0.2 && usual.length_and_gap < 0.2, "{usual:?}");
        let mut odd = quarters();
        odd.notes.iter_mut().for_each(|note| note.duration = 5);
        let odd = scores(&model, &odd);
        assert!(odd.length > 3.0 && odd.length_and_gap > odd.length + 3.0, "{odd:?}");
        let mut late = quarters();
        late.notes.iter_mut().for_each(|note| note.onset += 3);
        assert!(scores(&model, &late).position_length > 3.0);
        assert_eq!((scores(&model, &late).off_eighths, usual.off_eighths), (1.0, 0.0));
    }

    /// The probabilities of all lengths in a context sum to 1.
    #[test]
    fn lengths_form_a_distribution() {
        let model = TimingModel::fit([&quarters()]);
        let fact = |length| Facts { position: 0, length, previous: Some((12, 0)), gap: 0 };
        let total: f64 = (1..=LONGEST).map(|length| (-model.cost(&fact(length)).length).exp2()).sum();
        assert!(abs_diff_eq!(total, 1.0, epsilon = 1e-9), "{total}");
    }

    #[test]
    fn no_notes_have_no_timing() {
        assert!(scores(&TimingModel::default(), &Grid::with_bars_of(vec![], 48)).length.is_nan());
    }
}
