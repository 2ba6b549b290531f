//! The passages that a piece of frames shares with training pieces, at any transposition and at any constant tempo.

use std::cmp::Reverse;
use std::ops::Range;

use composer_music::representation::frames::Frame;
use serde::Serialize;

use crate::originality::index::{Index, Match};

/// A passage that a piece shares with a training piece.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Passage {
    /// First frame in the piece, from 0.
    pub start: usize,
    /// Frames in the piece.
    pub frames: usize,
    /// Chords in it: runs of equal frames.
    pub chords: usize,
    /// Notes that begin in these frames.
    pub notes: usize,
    /// The training piece, from 0.
    pub source: usize,
    /// First frame there, from 0.
    pub source_start: usize,
    /// Frames there.
    pub source_frames: usize,
    /// Semitones that the piece is above the training piece.
    pub transposition: i16,
    /// How many times longer a chord lasts in the piece than in the training piece.
    pub stretch: f64,
}

/// The passages of one kind that a piece shares.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Shared {
    /// The passage with the most chords, of these the one with the most frames, of these the first; `None` if not one frame
    /// occurs in training.
    pub longest: Option<Passage>,
    /// Frames in passages that are long enough to count.
    pub frames: usize,
}

/// Part of a piece as it is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Symbol {
    /// What sounds.
    Sounding(u128),
    /// The lengths of a chord and of the next one, reduced.
    Lengths(usize, usize),
    /// What no piece holds: a chord that was transposed beyond the pitches.
    Outside,
}

/// A run of equal frames.
#[derive(Clone, Copy, Debug)]
struct Chord {
    start: usize,
    frames: usize,
    sounding: u128,
}

/// Training pieces to look passages up in.
pub(super) struct Search {
    as_written: Index<Symbol>,
    at_any_tempo: Index<Symbol>,
    chords: Vec<Vec<Chord>>,
    lowest_to_highest: Option<(i16, i16)>,
}

impl Search {
    /// Sorts all suffixes of the pieces, twice. `O(n log n)` in the number of frames.
    pub(super) fn new(train: &[Vec<Frame>]) -> Self {
        let chords: Vec<Vec<Chord>> = train.iter().map(|piece| chords(piece)).collect();
        let written: Vec<Vec<Symbol>> = train.iter().map(|piece| as_written(piece)).collect();
        let in_lengths: Vec<Vec<Symbol>> = chords.iter().map(|piece| with_lengths(piece)).collect();
        Self {
            as_written: Index::new(&written),
            at_any_tempo: Index::new(&in_lengths),
            lowest_to_highest: range(train.iter().flatten()),
            chords,
        }
    }

    /// What a piece shares: frame by frame, and then also at other tempos. Passages of at least `min_frames` frames, in the piece or
    /// in the training piece, and of at least half as many chords count.
    pub(super) fn search(&self, piece: &[Frame], min_frames: usize) -> (Shared, Shared) {
        let chords = chords(piece);
        let mut covered = vec![false; piece.len()];
        let mut gather = |passages: Vec<Passage>| {
            for found in &passages {
                if found.frames.max(found.source_frames) >= min_frames
                    && found.chords >= min_frames.div_ceil(2)
                {
                    covered[found.start..found.start + found.frames].fill(true);
                }
            }
            let longest = passages.into_iter().max_by_key(|p| (p.chords, p.frames, Reverse(p.start)));
            Shared { longest, frames: covered.iter().filter(|&&covered| covered).count() }
        };
        let as_written = gather(self.passages_as_written(piece, &chords));
        let mut any_tempo = gather(self.passages_at_any_tempo(piece, &chords));
        let size = |shared: &Shared| shared.longest.as_ref().map(|p| (p.chords, p.frames));
        if size(&as_written) > size(&any_tempo) {
            any_tempo.longest.clone_from(&as_written.longest);
        }
        (as_written, any_tempo)
    }

    /// For every frame, the longest passage that begins there.
    fn passages_as_written(&self, piece: &[Frame], chords: &[Chord]) -> Vec<Passage> {
        let found = self.longest(&self.as_written, &as_written(piece), piece);
        let chord_at = |frame: usize| chords.partition_point(|chord| chord.start <= frame);
        let passage = |(start, (found, transposition)): (usize, (Match, i16))| Passage {
            start,
            frames: found.length,
            chords: chord_at(start + found.length - 1) - chord_at(start) + 1,
            notes: notes(piece, start..start + found.length),
            source: found.piece,
            source_start: found.start,
            source_frames: found.length,
            transposition,
            stretch: 1.0,
        };
        found.into_iter().enumerate().filter(|(_, (found, _))| found.length > 0).map(passage).collect()
    }

    /// For every chord, the longest passage that begins with all of it.
    fn passages_at_any_tempo(&self, piece: &[Frame], chords: &[Chord]) -> Vec<Passage> {
        let found = self.longest(&self.at_any_tempo, &with_lengths(chords), piece);
        let passage = |(symbol, (found, transposition)): (usize, (Match, i16))| {
            let count = found.length.div_ceil(2);
            let here = &chords[symbol / 2..symbol / 2 + count];
            let there = &self.chords[found.piece][found.start / 2..found.start / 2 + count];
            // One chord alone has no tempo.
            let (long, short) = if count == 1 { (1, 1) } else { (here[0].frames, there[0].frames) };
            let (frames, source_frames) = lengths(here, there, long, short);
            Passage {
                start: here[0].start,
                frames,
                chords: count,
                notes: notes(piece, here[0].start..here[0].start + frames),
                source: found.piece,
                source_start: there[0].start,
                source_frames,
                transposition,
                stretch: long as f64 / short as f64,
            }
        };
        // Every other symbol is a chord.
        let begins = |&(symbol, (found, _)): &(usize, (Match, i16))| symbol % 2 == 0 && found.length > 0;
        found.into_iter().enumerate().filter(begins).map(passage).collect()
    }

    /// For every symbol, the longest match that begins there at any transposition (the smallest of several), and how many
    /// semitones the piece is above it.
    fn longest(&self, index: &Index<Symbol>, symbols: &[Symbol], piece: &[Frame]) -> Vec<(Match, i16)> {
        let mut longest = vec![(Match::default(), 0); symbols.len()];
        for shift in self.shifts(piece) {
            let shifted: Vec<Symbol> = symbols.iter().map(|&symbol| shifted(symbol, shift)).collect();
            for (best, found) in longest.iter_mut().zip(index.longest_matches(&shifted)) {
                if found.length > best.0.length {
                    *best = (found, -shift);
                }
            }
        }
        longest
    }

    /// Semitones that the piece may be moved by so that one of its pitches is a pitch of training; small ones first.
    fn shifts(&self, piece: &[Frame]) -> Vec<i16> {
        let mut shifts: Vec<i16> = match (self.lowest_to_highest, range(piece)) {
            (Some((low, high)), Some((lowest, highest))) => (low - highest..=high - lowest).collect(),
            _ => Vec::new(),
        };
        // Silence is the same at any pitch.
        shifts.push(0);
        shifts.sort_by_key(|shift| (shift.abs(), *shift < 0));
        shifts.dedup();
        shifts
    }
}

/// Frames of the chords that two pieces share, in each of them. A chord lasts `long : short` times longer in the first, the last
/// one as long as it lasts in both.
fn lengths(here: &[Chord], there: &[Chord], long: usize, short: usize) -> (usize, usize) {
    let before = |chords: &[Chord]| chords.iter().rev().skip(1).map(|chord| chord.frames).sum::<usize>();
    let last = |chords: &[Chord]| chords.last().map_or(0, |chord| chord.frames);
    let shared = last(here).min((last(there) * long / short).max(1));
    let source = last(there).min((last(here) * short / long).max(1));
    (before(here) + shared, before(there) + source)
}

fn as_written(piece: &[Frame]) -> Vec<Symbol> {
    piece.iter().map(|frame| Symbol::Sounding(frame.sounding)).collect()
}

/// Chords, with the proportion of their lengths between each two.
fn with_lengths(chords: &[Chord]) -> Vec<Symbol> {
    let mut symbols = Vec::new();
    for (i, chord) in chords.iter().enumerate() {
        symbols.push(Symbol::Sounding(chord.sounding));
        if let Some(next) = chords.get(i + 1) {
            let divisor = common_divisor(chord.frames, next.frames);
            symbols.push(Symbol::Lengths(chord.frames / divisor, next.frames / divisor));
        }
    }
    symbols
}

fn chords(piece: &[Frame]) -> Vec<Chord> {
    let mut start = 0;
    let runs = piece.chunk_by(|a, b| a.sounding == b.sounding);
    runs.map(|run| {
        let chord = Chord { start, frames: run.len(), sounding: run[0].sounding };
        start += run.len();
        chord
    })
    .collect()
}

/// A piece in a form that is the same at any transposition and tempo: two pieces are copies if theirs are equal.
pub(super) fn normal_form(piece: &[Frame]) -> Vec<(u128, usize)> {
    let chords = chords(piece);
    let lowest = range(piece).map_or(0, |range| range.0);
    let unit = chords.iter().fold(0, |unit, chord| common_divisor(unit, chord.frames)).max(1);
    chords.iter().map(|chord| (chord.sounding >> lowest, chord.frames / unit)).collect()
}

fn shifted(symbol: Symbol, shift: i16) -> Symbol {
    let Symbol::Sounding(sounding) = symbol else { return symbol };
    let by = u32::from(shift.unsigned_abs());
    let moved = if shift >= 0 { sounding.checked_shl(by) } else { sounding.checked_shr(by) }.unwrap_or(0);
    match moved.count_ones() == sounding.count_ones() {
        true => Symbol::Sounding(moved),
        false => Symbol::Outside,
    }
}

/// The lowest and the highest pitch; `None` for silence.
fn range<'a>(frames: impl IntoIterator<Item = &'a Frame>) -> Option<(i16, i16)> {
    let all = frames.into_iter().fold(0, |all, frame| all | frame.sounding);
    (all != 0).then(|| (all.trailing_zeros() as i16, all.ilog2() as i16))
}

fn notes(piece: &[Frame], frames: Range<usize>) -> usize {
    let mut before = frames.start.checked_sub(1).map_or(0, |before| piece[before].sounding);
    let mut notes = 0;
    for frame in &piece[frames] {
        notes += (frame.sounding & !before).count_ones() as usize;
        before = frame.sounding;
    }
    notes
}

fn common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { common_divisor(b, a % b) }
}
