//! No long-term structure: nothing comes back, and nothing closes.

use super::repetition::{chord_ids, compressibility_of, repeated_four_grams_of};
use crate::grid::{Grid, GridNote, STEPS_PER_QUARTER};
use crate::hashing::Map;
use crate::statistics::key::{self, Key};
use crate::statistics::ratio;

/// Bars that are at least so far apart count as a return rather than as a repetition.
const FAR: usize = 2;

/// What is measured of a piece's structure; the order of [`Features::NAMES`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Features(pub [f64; Features::COUNT]);

impl Features {
    /// Number of features.
    pub const COUNT: usize = 19;

    /// A name for each feature.
    pub const NAMES: [&'static str; Self::COUNT] = [
        "bars that return",
        "melody that returns",
        "compressibility",
        "repeated chords",
        "rhythm after 1 bar",
        "rhythm after 2 bars",
        "rhythm after 4 bars",
        "rhythm after 8 bars",
        "phrases of even length",
        "register of the melody",
        "register of the bass",
        "evenness of density",
        "different rhythms of bars",
        "distance from beginning to end",
        "begins on the tonic chord",
        "ends on the tonic in the bass",
        "ends on a triad over its root",
        "melody ends by step or repeats",
        "ends on a long note",
    ];

    /// What a musician hears when a feature is lower than usual.
    pub(super) const WHEN_LOW: [Option<&'static str>; Self::COUNT] = [
        Some("hardly a bar comes back"),
        Some("the melody hardly ever takes up an idea again"),
        None,
        Some("no succession of chords comes twice"),
        None,
        Some("the rhythm does not go in pairs of bars"),
        Some("the rhythm does not go in phrases of four bars"),
        Some("the rhythm does not go in phrases of eight bars"),
        Some("the phrases end at uneven distances"),
        None,
        None,
        None,
        None,
        None,
        Some("it does not begin on its home chord"),
        Some("the bass does not end on the home note"),
        Some("it does not end on a plain triad"),
        Some("the melody leaps into its last note"),
        Some("it stops without a long last note"),
    ];

    /// What a musician hears when a feature is higher than usual.
    pub(super) const WHEN_HIGH: [Option<&'static str>; Self::COUNT] = {
        let mut phrases = [None; Self::COUNT];
        phrases[9] = Some("the melody keeps changing its register");
        phrases[10] = Some("the bass keeps changing its register");
        phrases[11] = Some("full bars and thin bars alternate");
        phrases[12] = Some("hardly two bars share a rhythm");
        phrases[13] = Some("the end is far from the beginning");
        phrases
    };

    /// How many of the features, from the first, need neither a beginning nor an end: what an excerpt can be judged by.
    pub const OPEN: usize = 13;

    /// The features of an excerpt: those that need a beginning or an end are set to 0.
    pub fn open(mut self) -> Self {
        self.0[Self::OPEN..].fill(0.0);
        self
    }

    /// Measures a piece; features that the piece is too short for are 0.
    pub fn of(grid: &Grid) -> Self {
        let home = key::estimate(&super::drift::pitch_classes(grid)).map(|estimate| estimate.key);
        let rhythms = rhythms(grid);
        let lags = lag_similarities(&rhythms);
        let chords = chord_ids(grid);
        let values = [
            returning_bars(grid),
            returning_melody(grid),
            compressibility_of(&chords),
            repeated_four_grams_of(&chords),
            lags[0],
            lags[1],
            lags[3],
            lags[7],
            even_phrases(grid),
            spread(&registers(grid, true)),
            spread(&registers(grid, false)),
            uneven_density(grid),
            different_rhythms(&rhythms),
            start_end_distance(grid),
            chord_share_of_tonic(grid, home, grid.notes.first().map_or(0, |note| note.onset)),
            ends_on_tonic_bass(grid, home),
            ends_on_root_position(grid),
            melody_ends_by_step(grid),
            last_note_length(grid),
        ];
        Self(values.map(|value| if value.is_finite() { value } else { 0.0 }))
    }
}

/// Onset in the bar, pitch and duration of a note, and its bar.
type Placed = (u32, u8, u32, usize);

/// For every bar, the bar at least two away that shares most notes with it (onset in the bar, pitch and duration), and
/// the Jaccard similarity of the two, 0–1. Empty bars have no partner. `O(bars²)` at worst; bars that share nothing
/// are never compared.
pub fn best_returns(grid: &Grid) -> Vec<Option<(usize, f64)>> {
    let bars = grid.notes_by_bar();
    let mut placed: Vec<Placed> = (bars.iter().zip(&grid.bar_lines).enumerate())
        .flat_map(|(bar, (notes, start))| {
            notes.iter().map(move |note| (note.onset - start, note.pitch, note.duration, bar))
        })
        .collect();
    placed.sort_unstable();
    placed.dedup();
    // For every bar, the notes that it shares with others: each as the bars that have it.
    let mut bars_with: Vec<Vec<&[Placed]>> = vec![Vec::new(); bars.len()];
    let mut sizes = vec![0usize; bars.len()];
    for same in placed.chunk_by(|a, b| (a.0, a.1, a.2) == (b.0, b.1, b.2)) {
        for &(.., bar) in same {
            bars_with[bar].push(same);
            sizes[bar] += 1;
        }
    }
    let mut shared = vec![0usize; bars.len()];
    let best = bars_with.iter().enumerate().map(|(i, notes)| {
        if notes.is_empty() {
            return None;
        }
        shared.fill(0);
        for same in notes {
            same.iter().for_each(|&(.., j)| shared[j] += 1);
        }
        let far = (0..bars.len()).filter(|&j| i.abs_diff(j) >= FAR);
        let jaccard = |j: usize| ratio(shared[j] as f64, (sizes[i] + sizes[j] - shared[j]) as f64);
        far.map(|j| (j, jaccard(j))).max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
    });
    best.collect()
}

/// Mean over the bars that have notes of how much of the bar returns elsewhere, 0–1. Detector A is minus this figure.
/// NaN for fewer than three bars.
pub fn returning_bars(grid: &Grid) -> f64 {
    let best: Vec<f64> = best_returns(grid).into_iter().flatten().map(|(_, similarity)| similarity).collect();
    ratio(best.iter().sum(), best.len() as f64)
}

/// Notes of a melody that count as a motif.
const MOTIF: usize = 5;

/// Share of the motifs of the top line (five notes: intervals and lengths) that occur again at least two bars away, at
/// any pitch, 0–1. Detector B is minus this figure. NaN for fewer than five notes.
pub fn returning_melody(grid: &Grid) -> f64 {
    let line = grid.top_line();
    type Motif = [(i16, u32); MOTIF - 1];
    let motif = |notes: &[GridNote]| -> Motif {
        std::array::from_fn(|i| {
            let [before, now] = [&notes[i], &notes[i + 1]];
            (i16::from(now.pitch) - i16::from(before.pitch), now.onset - before.onset)
        })
    };
    let far = FAR as u32 * grid.usual_bar();
    let mut span: Map<Motif, (u32, u32)> = Map::default();
    let motifs: Vec<(u32, Motif)> = line.windows(MOTIF).map(|notes| (notes[0].onset, motif(notes))).collect();
    for &(onset, motif) in &motifs {
        let (first, last) = span.entry(motif).or_insert((onset, onset));
        *first = (*first).min(onset);
        *last = (*last).max(onset);
    }
    let returns = |(onset, motif): &&(u32, Motif)| {
        let (first, last) = span[motif];
        onset - first >= far || last - onset >= far
    };
    ratio(motifs.iter().filter(returns).count() as f64, motifs.len() as f64)
}

/// One minus the cosine between the pitch classes of the first two bars and the last two.
fn start_end_distance(grid: &Grid) -> f64 {
    let windows = super::drift::windows(grid);
    let (Some(first), Some(last)) = (windows.first(), windows.last()) else { return f64::NAN };
    let dot = |a: &[f64; 12], b: &[f64; 12]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let (a, b) = (&first.histogram, &last.histogram);
    1.0 - dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// Onsets of every bar, as steps within it, each once.
fn rhythms(grid: &Grid) -> Vec<Vec<u32>> {
    let bars = grid.notes_by_bar();
    let rhythm = |(notes, start): (&&[GridNote], &u32)| {
        let mut steps: Vec<u32> = notes.iter().map(|note| note.onset - start).collect();
        steps.dedup();
        steps
    };
    bars.iter().zip(&grid.bar_lines).map(rhythm).collect()
}

/// Bars that rhythms are compared at, at most.
const LAGS: usize = 12;

/// For lags of 1 to [`LAGS`] bars: mean Jaccard similarity of bars a lag apart, less that of all these lags.
fn lag_similarities(rhythms: &[Vec<u32>]) -> [f64; LAGS] {
    let jaccard = |a: &[u32], b: &[u32]| {
        let shared = shared(a, b);
        ratio(shared as f64, (a.len() + b.len() - shared) as f64)
    };
    let means: [f64; LAGS] = std::array::from_fn(|i| {
        let pairs = (i + 1..rhythms.len()).map(|bar| jaccard(&rhythms[bar], &rhythms[bar - i - 1]));
        let similar: Vec<f64> = pairs.filter(|similarity| similarity.is_finite()).collect();
        ratio(similar.iter().sum(), similar.len() as f64)
    });
    let all: Vec<f64> = means.into_iter().filter(|similarity| similarity.is_finite()).collect();
    let usual = ratio(all.iter().sum(), all.len() as f64);
    means.map(|mean| mean - usual)
}

/// How many steps two rhythms share; both in order.
fn shared(a: &[u32], b: &[u32]) -> usize {
    let (mut i, mut j, mut shared) = (0, 0, 0);
    while i < a.len() && j < b.len() {
        shared += usize::from(a[i] == b[j]);
        let (next_a, next_b) = (a[i] <= b[j], b[j] <= a[i]);
        i += usize::from(next_a);
        j += usize::from(next_b);
    }
    shared
}

fn ends_on_tonic_bass(grid: &Grid, home: Option<Key>) -> f64 {
    let end = grid.len();
    let last = grid.notes.iter().filter(|note| note.end() == end).min_by_key(|note| note.pitch);
    match (last, home) {
        (Some(bass), Some(home)) => f64::from(u8::from(bass.pitch % 12 == home.tonic)),
        _ => f64::NAN,
    }
}

/// Share of the pitches sounding at a step that belong to the tonic triad (with either third).
fn chord_share_of_tonic(grid: &Grid, home: Option<Key>, step: u32) -> f64 {
    let Some(home) = home else { return f64::NAN };
    let sounding = grid.notes.iter().filter(|note| note.onset <= step && step < note.end());
    let in_triad = |note: &&GridNote| matches!((note.pitch + 12 - home.tonic) % 12, 0 | 3 | 4 | 7);
    let (mut inside, mut all) = (0.0, 0.0);
    for note in sounding {
        inside += f64::from(u8::from(in_triad(&note)));
        all += 1.0;
    }
    ratio(inside, all)
}

/// Length of the last note in the units of the mean note, at most 4.
fn last_note_length(grid: &Grid) -> f64 {
    let mean = ratio(grid.notes.iter().map(|note| f64::from(note.duration)).sum(), grid.notes.len() as f64);
    let end = grid.len();
    let last =
        grid.notes.iter().filter(|note| note.end() == end).map(|note| note.duration).max().unwrap_or(0);
    (f64::from(last) / mean).min(4.0)
}

/// How evenly spaced the long notes of the melody are: the share of the ends of phrases (notes at least twice as long
/// as the median) that lie a whole number of usual bars after the one before.
fn even_phrases(grid: &Grid) -> f64 {
    let line = grid.top_line();
    let mut lengths: Vec<u32> = line.iter().map(|note| note.duration).collect();
    lengths.sort_unstable();
    let Some(&median) = lengths.get(lengths.len() / 2) else { return f64::NAN };
    let ends: Vec<u32> = line
        .iter()
        .filter(|note| note.duration >= (2 * median).max(STEPS_PER_QUARTER))
        .map(|note| note.onset)
        .collect();
    let bar = grid.usual_bar();
    let even = ends.windows(2).filter(|pair| (pair[1] - pair[0]).is_multiple_of(bar)).count();
    ratio(even as f64, ends.windows(2).count() as f64)
}

/// Mean pitch of the highest, or lowest, notes of the onsets of every bar that has notes.
fn registers(grid: &Grid, highest: bool) -> Vec<f64> {
    let outer = |chord: &[GridNote]| f64::from(chord[if highest { chord.len() - 1 } else { 0 }].pitch);
    let mean = |bar: &&[GridNote]| {
        let pitches: Vec<f64> = bar.chunk_by(|a, b| a.onset == b.onset).map(outer).collect();
        ratio(pitches.iter().sum(), pitches.len() as f64)
    };
    grid.notes_by_bar().iter().map(mean).filter(|pitch| pitch.is_finite()).collect()
}

/// Standard deviation. NaN without values.
fn spread(values: &[f64]) -> f64 {
    let mean = ratio(values.iter().sum(), values.len() as f64);
    ratio(values.iter().map(|value| (value - mean).powi(2)).sum(), values.len() as f64).sqrt()
}

/// Standard deviation of the number of notes in a bar, in units of its mean.
fn uneven_density(grid: &Grid) -> f64 {
    let counts: Vec<f64> = grid.notes_by_bar().iter().map(|bar| bar.len() as f64).collect();
    ratio(spread(&counts), ratio(counts.iter().sum(), counts.len() as f64))
}

/// Different rhythms of bars per bar, 0–1.
fn different_rhythms(rhythms: &[Vec<u32>]) -> f64 {
    let mut sorted: Vec<&[u32]> = rhythms.iter().map(Vec::as_slice).collect();
    sorted.sort_unstable();
    sorted.dedup();
    ratio(sorted.len() as f64, rhythms.len() as f64)
}

/// Pitches that sound at the end, from low to high.
fn last_chord(grid: &Grid) -> Vec<u8> {
    let end = grid.len();
    let mut chord: Vec<u8> =
        grid.notes.iter().filter(|note| note.end() == end).map(|note| note.pitch).collect();
    chord.sort_unstable();
    chord
}

/// Whether the last chord has nothing but a root in the bass, its fifth and a third.
fn ends_on_root_position(grid: &Grid) -> f64 {
    let chord = last_chord(grid);
    let Some(&bass) = chord.first() else { return f64::NAN };
    let above = |pitch: &u8| (pitch - bass) % 12;
    let triad = chord.iter().all(|pitch| matches!(above(pitch), 0 | 3 | 4 | 7));
    f64::from(u8::from(triad && chord.iter().any(|pitch| matches!(above(pitch), 3 | 4))))
}

/// Whether the melody reaches its last note by a step or from the same note.
fn melody_ends_by_step(grid: &Grid) -> f64 {
    let line = grid.top_line();
    let [.., before, last] = line.as_slice() else { return f64::NAN };
    f64::from(u8::from(last.pitch.abs_diff(before.pitch) <= 2))
}
