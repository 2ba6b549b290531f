//! Longest common substrings with a set of sequences, by suffix array.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::hash::Hash;

use crate::grid::{Grid, GridNote};

/// How an onset follows the one before: the interval between their highest pitches, the steps between them, and the
/// shape of the new chord (semitones below its highest pitch, as a bit set).
pub(super) type Symbol = (i16, u32, u128);

/// A piece as the steps from onset to onset: one symbol fewer than onsets. The same at any transposition.
pub(super) fn symbols(grid: &Grid) -> Vec<Symbol> {
    let chords: Vec<&[GridNote]> = grid.notes.chunk_by(|a, b| a.onset == b.onset).collect();
    let top = |chord: &[GridNote]| chord[chord.len() - 1].pitch;
    let step = |pair: &[&[GridNote]]| {
        let (before, now) = (pair[0], pair[1]);
        let shape = now.iter().fold(0u128, |shape, note| shape | 1 << (top(now) - note.pitch));
        (i16::from(top(now)) - i16::from(top(before)), now[0].onset - before[0].onset, shape)
    };
    chords.windows(2).map(step).collect()
}

/// Bytes of a symbol in the indexed text.
const WIDTH: usize = 4;
/// The number of symbols that never occurred, which the text does not have.
const UNKNOWN: u32 = u32::MAX;

/// A longest match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Match {
    /// Symbols in common.
    pub(crate) length: usize,
    /// The sequence that it was found in.
    pub(crate) piece: usize,
    /// Where it begins there.
    pub(crate) start: usize,
}

/// Sequences of symbols, sorted by all their suffixes.
pub(crate) struct Index<S> {
    numbers: HashMap<S, u32>,
    /// All sequences, each symbol as a number and each sequence closed by a number that no symbol has.
    text: Vec<u32>,
    /// First position of every sequence in `text`.
    starts: Vec<usize>,
    /// Positions in `text`, in the order of the suffixes that begin there.
    suffixes: Vec<usize>,
}

impl<S: Copy + Eq + Hash> Index<S> {
    pub(crate) fn new(sequences: &[Vec<S>]) -> Self {
        // Sequence i ends with the number i, so that no two sequences end alike; symbols are numbered from there.
        let mut numbers = HashMap::new();
        let (mut text, mut starts) = (Vec::new(), Vec::new());
        for (i, sequence) in sequences.iter().enumerate() {
            starts.push(text.len());
            for symbol in sequence {
                let next = (sequences.len() + numbers.len()) as u32;
                text.push(*numbers.entry(*symbol).or_insert(next));
            }
            text.push(i as u32);
        }
        let bytes: Vec<u8> = text.iter().flat_map(|number| number.to_be_bytes()).collect();
        let mut order = vec![0i32; bytes.len()];
        divsufsort::sort_in_place(&bytes, &mut order);
        // Of the suffixes of bytes, those that begin with a symbol; big-endian numbers sort like their bytes.
        let aligned = order.iter().map(|&at| at as usize).filter(|at| at % WIDTH == 0);
        Self { numbers, suffixes: aligned.map(|at| at / WIDTH).collect(), text, starts }
    }

    /// For every position of a sequence, the longest match that begins there. `O(log n)` comparisons each.
    pub(crate) fn longest_matches(&self, sequence: &[S]) -> Vec<Match> {
        let query: Vec<u32> =
            sequence.iter().map(|symbol| self.numbers.get(symbol).copied().unwrap_or(UNKNOWN)).collect();
        (0..query.len()).map(|at| self.longest_match(&query[at..])).collect()
    }

    fn longest_match(&self, query: &[u32]) -> Match {
        if query.first() == Some(&UNKNOWN) {
            return Match::default();
        }
        // The suffix with the longest common beginning is a neighbour of where the query would be sorted in.
        let place = self.suffixes.partition_point(|&at| self.text[at..].cmp(query) == Ordering::Less);
        let neighbours = [place.checked_sub(1), Some(place)].into_iter().flatten();
        let candidates = neighbours.filter_map(|i| self.suffixes.get(i));
        let common = |at: usize| self.text[at..].iter().zip(query).take_while(|(a, b)| a == b).count();
        let best = candidates.map(|&at| (common(at), at)).max();
        let Some((length, at)) = best else { return Match::default() };
        let piece = self.starts.partition_point(|&start| start <= at).saturating_sub(1);
        Match { length, piece, start: at - self.starts.get(piece).copied().unwrap_or(0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// The naive algorithm, to test the other.
    fn naive(sequences: &[Vec<Symbol>], query: &[Symbol]) -> usize {
        let starts = sequences.iter().flat_map(|sequence| (0..sequence.len()).map(move |at| &sequence[at..]));
        starts.map(|suffix| suffix.iter().zip(query).take_while(|(a, b)| a == b).count()).max().unwrap_or(0)
    }

    #[test]
    fn finds_what_the_naive_search_finds() {
        let mut rng = ChaCha8Rng::seed_from_u64(6);
        let mut sequence = |length: usize, alphabet: i16| -> Vec<Symbol> {
            (0..length).map(|_| (rng.random_range(0..alphabet), 1, 1)).collect()
        };
        for alphabet in [1, 2, 3, 300] {
            let sequences: Vec<_> = [40, 0, 1, 60].iter().map(|&length| sequence(length, alphabet)).collect();
            let index = Index::new(&sequences);
            let query = sequence(50, alphabet + 1);
            for (at, found) in index.longest_matches(&query).into_iter().enumerate() {
                assert_eq!(
                    found.length,
                    naive(&sequences, &query[at..]),
                    "alphabet {alphabet}, position {at}"
                );
                let source = &sequences[found.piece][found.start..found.start + found.length];
                assert_eq!(source, &query[at..at + found.length]);
            }
        }
        assert_eq!(Index::<Symbol>::new(&[]).longest_matches(&[(0, 1, 1)]), [Match::default()]);
    }
}
