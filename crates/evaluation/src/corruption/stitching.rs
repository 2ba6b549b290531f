//! Lost structure: music stitched together from other pieces, or in the wrong order.

use rand::{Rng, RngExt};

use super::edit::{excerpt, with_notes};
use crate::failure::drift::pitch_classes;
use crate::grid::{Grid, GridNote, STEPS_PER_QUARTER};
use crate::hashing::Map;
use crate::statistics::key::{self, Key};

/// The chord at a place where music can be cut: its pitch classes above the tonic, its bass, the mode of the key, and
/// the step in the bar, and the length of the bar: a jump never changes the metre.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Joint {
    chord: u16,
    bass: u8,
    minor: bool,
    position: u32,
    bar: u32,
}

/// Other pieces to take music from, with an index of the places at which they can be joined.
#[derive(Default)]
pub struct Pool {
    pieces: Vec<Source>,
    joints: Map<Joint, Vec<(usize, u32)>>,
}

/// A piece to take music from.
struct Source {
    grid: Grid,
    key: Key,
    usual_bar: u32,
    joints: Vec<(u32, Joint)>,
}

impl Source {
    fn new(grid: &Grid) -> Option<Self> {
        let key = key::estimate(&pitch_classes(grid))?.key;
        Some(Self { grid: grid.clone(), key, usual_bar: grid.usual_bar(), joints: joints(grid, key) })
    }
}

impl Pool {
    /// Indexes pieces; those without a key are left out.
    pub fn new<'a>(pieces: impl IntoIterator<Item = &'a Grid>) -> Self {
        let mut pool = Self::default();
        for grid in pieces {
            let Some(source) = Source::new(grid) else { continue };
            for &(step, joint) in &source.joints {
                pool.joints.entry(joint).or_default().push((pool.pieces.len(), step));
            }
            pool.pieces.push(source);
        }
        pool
    }
}

/// Beats at which a chord begins and no note is carried over.
fn joints(grid: &Grid, home: Key) -> Vec<(u32, Joint)> {
    let mut found = Vec::new();
    let mut sounding_until = 0;
    let bar = grid.usual_bar();
    for chord in grid.notes.chunk_by(|a, b| a.onset == b.onset) {
        let onset = chord[0].onset;
        let index = grid.bar_of(onset);
        let position = onset - grid.bar_lines[index];
        if sounding_until <= onset && position.is_multiple_of(STEPS_PER_QUARTER) {
            let class = |note: &GridNote| (note.pitch + 12 - home.tonic) % 12;
            let set = chord.iter().fold(0u16, |set, note| set | 1 << class(note));
            let joint = Joint { chord: set, bass: class(&chord[0]), minor: home.minor, position, bar };
            found.push((onset, joint));
        }
        sounding_until = chord.iter().map(GridNote::end).max().unwrap_or(0).max(sounding_until);
    }
    found
}

/// Semitones from one tonic to another, by the shorter way.
fn interval(from: Key, to: Key) -> i8 {
    let up = ((to.tonic + 12 - from.tonic) % 12) as i8;
    if up > 6 { up - 12 } else { up }
}

pub(super) fn jump_walk(piece: &Grid, pool: &Pool, probability: f64, rng: &mut impl Rng) -> Grid {
    let Some(itself) = Source::new(piece) else { return piece.clone() };
    let (home, length) = (itself.key, piece.len());
    let mut notes = Vec::new();
    // Where the walk is: in `source` at `from`, writing at `at`.
    let (mut source, mut from, mut at) = (&itself, 0, 0);
    while at < length {
        let left = length - at;
        // The next joint at which chance says to leave.
        let leave = source
            .joints
            .iter()
            .find(|(step, _)| *step > from && rng.random_bool(probability.clamp(0.0, 1.0)));
        let (to, joint) = match leave {
            Some(&(step, joint)) => (step, Some(joint)),
            None => (source.grid.len(), None),
        };
        let to = to.min(from + left);
        notes.extend(excerpt(&source.grid.notes, from, to, at, interval(source.key, home)));
        at += to - from;
        // At the end of a source the walk goes on from any joint of its mode.
        let landing = match joint.and_then(|joint| pool.joints.get(&joint)) {
            Some(places) => Some(places[rng.random_range(0..places.len())]),
            None => any_beginning(pool, home, itself.usual_bar, rng),
        };
        let Some((index, step)) = landing else { return piece.clone() };
        let next = &pool.pieces[index];
        if step >= next.grid.len() || to == from && joint.is_none() {
            return piece.clone();
        }
        (source, from) = (next, step);
    }
    with_notes(piece, notes)
}

/// The first step of a random piece in the same mode and metre; `None` if there is none.
fn any_beginning(pool: &Pool, home: Key, bar: u32, rng: &mut impl Rng) -> Option<(usize, u32)> {
    let fits = |source: &Source| {
        source.key.minor == home.minor && source.usual_bar == bar && !source.grid.is_empty()
    };
    let same: Vec<usize> = (0..pool.pieces.len()).filter(|&i| fits(&pool.pieces[i])).collect();
    let index = *same.get(rng.random_range(0..same.len().max(1)))?;
    Some((index, pool.pieces[index].grid.notes[0].onset))
}

pub(super) fn patchwork(piece: &Grid, pool: &Pool, bars: usize, rng: &mut impl Rng) -> Grid {
    let Some(home) = key::estimate(&pitch_classes(piece)).map(|estimate| estimate.key) else {
        return piece.clone();
    };
    let bar = piece.usual_bar();
    let fits = |source: &&Source| {
        source.key.minor == home.minor && source.usual_bar == bar && source.grid.num_bars() >= bars
    };
    let sources: Vec<&Source> = pool.pieces.iter().filter(fits).collect();
    if sources.is_empty() {
        return piece.clone();
    }
    let mut notes = Vec::new();
    let mut at = 0;
    while at < piece.len() {
        let Source { grid, key, .. } = sources[rng.random_range(0..sources.len())];
        let first = rng.random_range(0..=grid.num_bars() - bars);
        let from = grid.bar_lines[first];
        let length = (bars as u32 * bar).min(piece.len() - at);
        notes.extend(excerpt(&grid.notes, from, from + length, at, interval(*key, home)));
        at += length;
    }
    with_notes(piece, notes)
}

pub(super) fn bar_shuffle(piece: &Grid, rng: &mut impl Rng) -> Grid {
    let bars = piece.num_bars();
    let mut order: Vec<usize> = (0..bars).collect();
    for i in (1..bars).rev() {
        order.swap(i, rng.random_range(0..=i));
    }
    let mut notes = Vec::new();
    let mut at = 0;
    for bar in order {
        let (from, to) = (piece.bar_lines[bar], piece.bar_lines[bar + 1]);
        notes.extend(excerpt(&piece.notes, from, to, at, 0));
        at += to - from;
    }
    with_notes(piece, notes)
}
