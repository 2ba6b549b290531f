//! Statistics of one piece, in our own definitions: the table [`STATISTICS`], one function each.
//!
//! Where a metric has the name of one of [`super::muspy`]'s, it means what that name says: the polyphony rate counts
//! two pitches as polyphony, a note fills the beats that it sounds in and not the one that it ends before, there is no
//! empty bar after the last one, drums neither sound nor lengthen what is about pitches, bars follow the time signatures,
//! and nothing depends on the resolution of the file.

use composer_music::Score;

use super::averages::{mean, ratio};
use super::key::{self, Key};
use super::sounding::{Segment, segments};
use super::{harmony, structureness};
use crate::failure::{drift, repetition};
use crate::grid::{Grid, STEPS_PER_QUARTER};

/// A piece with what the statistics need, computed once.
pub struct Piece<'a> {
    /// The score itself.
    pub score: &'a Score,
    /// Its notes with pitches, quantised to twelfths of a quarter.
    pub grid: Grid,
    segments: Vec<Segment>,
}

/// A named statistic.
#[derive(Clone, Copy)]
pub struct Statistic {
    /// Name, as in tables and JSON.
    pub name: &'static str,
    /// What it measures, with its unit or range.
    pub meaning: &'static str,
    /// The figure of a piece; NaN where the piece has too little music for it.
    pub of: fn(&Piece) -> f64,
}

/// All statistics that have one figure per piece. Each is linear in the number of notes but for sorting, except
/// `structureness` (bounded) and `grooving_similarity` (quadratic in the number of bars).
pub const STATISTICS: [Statistic; 27] = [
    statistic("pitch_range", "highest minus lowest pitch, semitones", pitch_range),
    statistic("pitches_used", "different pitches", pitches_used),
    statistic("pitch_classes_used", "different pitch classes", pitch_classes_used),
    statistic("pitch_entropy", "entropy of the pitches of the notes, bits", pitch_entropy),
    statistic("pitch_class_entropy", "entropy of their pitch classes, bits", pitch_class_entropy),
    statistic("pitch_class_entropy_1_bar", "the same inside one bar, mean, bits", |p| windowed_entropy(p, 1)),
    statistic("pitch_class_entropy_4_bars", "the same inside four bars, mean, bits", |p| {
        windowed_entropy(p, 4)
    }),
    statistic("pitch_interval", "mean step of the highest line, semitones", pitch_interval),
    statistic("polyphony", "pitches at once while any sounds", polyphony),
    statistic("polyphony_rate", "share of the time with at least two pitches", polyphony_rate),
    statistic("note_density", "notes per quarter", note_density),
    statistic("note_length", "mean length of a note, quarters", note_length),
    statistic("inter_onset_interval", "mean time between onsets, quarters", inter_onset_interval),
    statistic("empty_beat_rate", "share of the beats in which no pitch sounds", empty_beat_rate),
    statistic("empty_bar_rate", "share of the bars in which no pitch sounds", empty_bar_rate),
    statistic("groove_consistency", "how alike the onsets of neighbouring bars are, 0–1", groove_consistency),
    statistic("grooving_similarity", "how alike the onsets of any two bars are, 0–1", grooving_similarity),
    statistic("rhythmic_stability", "share of onsets that the bar before has too, 0–1", rhythmic_stability),
    statistic("repetition_rate", "share of sequences of four chords that came before", |p| {
        repetition::repeated_four_grams(&p.grid)
    }),
    statistic("scale_consistency", "share of the notes in the best scale", scale_consistency),
    statistic("key_clarity", "correlation with the best key, −1–1", key_clarity),
    statistic("key_clarity_2_bars", "the same inside two bars, mean", key_clarity_over_time),
    statistic("key_changes", "share of two-bar windows more than a fifth from home", |p| {
        drift::foreign_share(&p.grid, &drift::windows(&p.grid))
    }),
    statistic("tonal_distance", "mean distance between beats in the Tonnetz", |p| {
        harmony::tonal_distance(&p.grid)
    }),
    statistic("chord_irregularity", "different chord trigrams ÷ trigrams, 0–1", |p| {
        harmony::chord_progression_irregularity(&p.grid)
    }),
    statistic("structureness", "how well a part of 1/8 to 1/2 of the piece repeats, 0–1", |p| {
        structureness::structureness(&p.grid)
    }),
    statistic("drum_pattern_consistency", "share of drum notes on quarters or thirds of beats", |p| {
        super::muspy::drum_pattern_consistency(p.score)
    }),
];

const fn statistic(name: &'static str, meaning: &'static str, of: fn(&Piece) -> f64) -> Statistic {
    Statistic { name, meaning, of }
}

impl<'a> Piece<'a> {
    /// Prepares a score.
    pub fn new(score: &'a Score) -> Self {
        Self { score, grid: Grid::new(score), segments: segments(score) }
    }

    /// Prepares an excerpt: the notes as a score, and as a grid in bars of their own.
    pub(crate) fn excerpt(score: &'a Score, grid: Grid) -> Self {
        Self { score, grid, segments: segments(score) }
    }

    /// All of [`STATISTICS`], in their order.
    pub fn measure(&self) -> Vec<f64> {
        STATISTICS.iter().map(|statistic| (statistic.of)(self)).collect()
    }
}

/// All of [`STATISTICS`] of a score, in their order.
pub fn measure(score: &Score) -> Vec<f64> {
    Piece::new(score).measure()
}

fn pitches(piece: &Piece) -> [f64; 128] {
    let mut counts = [0.0; 128];
    piece.grid.notes.iter().for_each(|note| counts[usize::from(note.pitch)] += 1.0);
    counts
}

fn classes<'n>(notes: impl IntoIterator<Item = &'n crate::grid::GridNote>) -> [f64; 12] {
    let mut counts = [0.0; 12];
    notes.into_iter().for_each(|note| counts[usize::from(note.pitch % 12)] += 1.0);
    counts
}

fn pitch_range(piece: &Piece) -> f64 {
    let range = piece.grid.notes.iter().map(|note| note.pitch);
    match (range.clone().min(), range.max()) {
        (Some(low), Some(high)) => f64::from(high - low),
        _ => f64::NAN,
    }
}

fn pitches_used(piece: &Piece) -> f64 {
    pitches(piece).iter().filter(|&&count| count > 0.0).count() as f64
}

fn pitch_classes_used(piece: &Piece) -> f64 {
    classes(&piece.grid.notes).iter().filter(|&&count| count > 0.0).count() as f64
}

fn pitch_entropy(piece: &Piece) -> f64 {
    entropy(&pitches(piece))
}

fn pitch_class_entropy(piece: &Piece) -> f64 {
    entropy(&classes(&piece.grid.notes))
}

/// Mean entropy of the pitch classes of the notes that begin in every window of so many bars (Wu and Yang 2020).
fn windowed_entropy(piece: &Piece, bars: usize) -> f64 {
    let by_bar = piece.grid.notes_by_bar();
    let windows = by_bar.windows(bars).map(|window| entropy(&classes(window.iter().copied().flatten())));
    mean(windows.filter(|entropy| entropy.is_finite()))
}

fn pitch_interval(piece: &Piece) -> f64 {
    let line = piece.grid.top_line();
    mean(line.windows(2).map(|pair| f64::from(pair[0].pitch.abs_diff(pair[1].pitch))))
}

fn polyphony(piece: &Piece) -> f64 {
    let sounding = piece.segments.iter().filter(|segment| segment.pitches != 0);
    let (mut time, mut pitches) = (0.0, 0.0);
    for segment in sounding {
        time += segment.ticks() as f64;
        pitches += segment.ticks() as f64 * f64::from(segment.pitches.count_ones());
    }
    ratio(pitches, time)
}

fn polyphony_rate(piece: &Piece) -> f64 {
    let polyphonic = piece.segments.iter().filter(|segment| segment.pitches.count_ones() >= 2);
    let end = piece.segments.last().map_or(0, |segment| segment.end);
    ratio(polyphonic.map(|segment| segment.ticks()).sum::<u64>() as f64, end as f64)
}

fn note_density(piece: &Piece) -> f64 {
    ratio(piece.grid.notes.len() as f64 * f64::from(STEPS_PER_QUARTER), f64::from(piece.grid.len()))
}

fn note_length(piece: &Piece) -> f64 {
    mean(piece.grid.notes.iter().map(|note| f64::from(note.duration) / f64::from(STEPS_PER_QUARTER)))
}

fn inter_onset_interval(piece: &Piece) -> f64 {
    let onsets = onsets(&piece.grid);
    mean(onsets.windows(2).map(|pair| f64::from(pair[1] - pair[0]) / f64::from(STEPS_PER_QUARTER)))
}

fn empty_beat_rate(piece: &Piece) -> f64 {
    let beats: Vec<u32> =
        (0..=piece.grid.len().div_ceil(STEPS_PER_QUARTER)).map(|beat| beat * STEPS_PER_QUARTER).collect();
    empty_rate(&piece.grid, &beats)
}

fn empty_bar_rate(piece: &Piece) -> f64 {
    empty_rate(&piece.grid, &piece.grid.bar_lines)
}

/// Share of the stretches between lines in which nothing sounds. A note sounds from its onset to before its end.
fn empty_rate(grid: &Grid, lines: &[u32]) -> f64 {
    let mut filled = vec![false; lines.len().saturating_sub(1)];
    for note in &grid.notes {
        let first = lines.partition_point(|&line| line <= note.onset) - 1;
        let end = lines.partition_point(|&line| line < note.end());
        let end = end.min(filled.len());
        filled[first.min(end)..end].fill(true);
    }
    ratio(filled.iter().filter(|&&filled| !filled).count() as f64, filled.len() as f64)
}

/// Onsets of each bar as a bit per step; bars longer than 128 steps are cut there.
fn grooves(grid: &Grid) -> Vec<(u128, u32)> {
    let bars = grid.notes_by_bar();
    let groove = |(notes, lines): (&&[crate::grid::GridNote], &[u32])| {
        let onsets = notes.iter().map(|note| note.onset - lines[0]).filter(|&step| step < 128);
        (onsets.fold(0u128, |set, step| set | 1 << step), (lines[1] - lines[0]).min(128))
    };
    bars.iter().zip(grid.bar_lines.windows(2)).map(groove).collect()
}

/// One minus the share of steps at which the onsets of two bars differ; bars of different lengths cannot be compared.
fn groove_similarity(a: (u128, u32), b: (u128, u32)) -> Option<f64> {
    (a.1 == b.1).then(|| 1.0 - f64::from((a.0 ^ b.0).count_ones()) / f64::from(a.1))
}

fn groove_consistency(piece: &Piece) -> f64 {
    let grooves = grooves(&piece.grid);
    mean(grooves.windows(2).filter_map(|pair| groove_similarity(pair[0], pair[1])))
}

/// Over all pairs of bars (Wu and Yang 2020).
fn grooving_similarity(piece: &Piece) -> f64 {
    let grooves = grooves(&piece.grid);
    mean((1..grooves.len()).flat_map(|i| {
        let grooves = &grooves;
        (0..i).filter_map(move |j| groove_similarity(grooves[i], grooves[j]))
    }))
}

fn rhythmic_stability(piece: &Piece) -> f64 {
    let grooves = grooves(&piece.grid);
    let pairs = grooves.windows(2).filter(|pair| pair[1].0 != 0);
    let (mut kept, mut all) = (0.0, 0.0);
    for pair in pairs {
        kept += f64::from((pair[0].0 & pair[1].0).count_ones());
        all += f64::from(pair[1].0.count_ones());
    }
    ratio(kept, all)
}

fn scale_consistency(piece: &Piece) -> f64 {
    const MAJOR: [usize; 7] = [0, 2, 4, 5, 7, 9, 11];
    let counts = classes(&piece.grid.notes);
    let inside = |tonic: usize| MAJOR.iter().map(|step| counts[(tonic + step) % 12]).sum::<f64>();
    // The natural minor scales have the notes of the major ones.
    ratio((0..12).map(inside).fold(0.0, f64::max), counts.iter().sum())
}

/// The key of a piece by the durations of its notes; `None` for music without one.
pub fn key_of(grid: &Grid) -> Option<Key> {
    key::estimate(&drift::pitch_classes(grid)).map(|estimate| estimate.key)
}

fn key_clarity(piece: &Piece) -> f64 {
    key::estimate(&drift::pitch_classes(&piece.grid)).map_or(f64::NAN, |estimate| estimate.correlation)
}

fn key_clarity_over_time(piece: &Piece) -> f64 {
    let windows = drift::windows(&piece.grid);
    mean(windows.iter().filter_map(|window| Some(key::estimate(&window.histogram)?.correlation)))
}

/// Onsets, each once.
fn onsets(grid: &Grid) -> Vec<u32> {
    grid.notes.chunk_by(|a, b| a.onset == b.onset).map(|chord| chord[0].onset).collect()
}

/// Entropy of counts, in bits; NaN if all are zero, and never −0.
fn entropy(counts: &[f64]) -> f64 {
    let total: f64 = counts.iter().sum();
    if total == 0.0 {
        return f64::NAN;
    }
    let shares = counts.iter().filter(|&&count| count > 0.0).map(|count| count / total);
    shares.map(|share| share * (1.0 / share).log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::abs_diff_eq;
    use composer_music::score::DRUM_CHANNEL;
    use composer_music::{Note, TimeSignature, Track};

    fn note(onset: u64, duration: u64, pitch: u8) -> Note {
        Note { onset, duration, pitch, velocity: 64, channel: 0, program: 0 }
    }

    fn score(notes: Vec<Note>) -> Score {
        let mut score = Score::new(12);
        score.tracks.push(Track { name: None, notes });
        score
    }

    fn figure(score: &Score, name: &str) -> f64 {
        let statistic = STATISTICS.iter().find(|statistic| statistic.name == name).unwrap();
        (statistic.of)(&Piece::new(score))
    }

    #[test]
    fn our_definitions_mean_what_they_say() {
        // Two bars of a dyad, then an empty bar, then one note.
        let score = score(vec![note(0, 96, 60), note(0, 96, 64), note(144, 48, 60)]);
        for (name, expected) in [
            ("pitch_range", 4.0),
            ("pitches_used", 2.0),
            ("polyphony", 240.0 / 144.0),
            ("polyphony_rate", 0.5),
            ("empty_beat_rate", 0.25),
            ("empty_bar_rate", 0.25),
            ("note_density", 3.0 / 16.0),
            ("note_length", 20.0 / 3.0),
            ("inter_onset_interval", 12.0),
            ("pitch_interval", 4.0),
            ("groove_consistency", 1.0 - 2.0 / (3.0 * 48.0)),
            ("scale_consistency", 1.0),
        ] {
            assert!(
                abs_diff_eq!(figure(&score, name), expected, epsilon = 1e-12),
                "{name}: {}",
                figure(&score, name)
            );
        }
    }

    #[test]
    fn figures_do_not_depend_on_the_resolution_of_the_file() {
        let coarse =
            score(vec![note(0, 6, 60), note(6, 6, 62), note(12, 24, 64), note(36, 12, 67), note(48, 48, 60)]);
        let mut fine = coarse.clone();
        fine.ticks_per_quarter = 480;
        for note in &mut fine.tracks[0].notes {
            (note.onset, note.duration) = (note.onset * 40, note.duration * 40);
        }
        for (statistic, (a, b)) in STATISTICS.iter().zip(measure(&coarse).into_iter().zip(measure(&fine))) {
            assert!(a == b || a.is_nan() && b.is_nan(), "{}: {a} against {b}", statistic.name);
        }
    }

    #[test]
    fn odd_music_has_a_defined_answer_everywhere() {
        let drum = Note { channel: DRUM_CHANNEL, ..note(0, 4, 36) };
        let mut no_bars = score(vec![note(0, 1, 60)]);
        no_bars.time_signatures.push(TimeSignature { tick: 0, numerator: 1, denominator: 64 });
        for (music, score) in [
            ("nothing", Score::new(480)),
            ("drums only", score(vec![drum])),
            ("one note", score(vec![note(0, 4, 60)])),
            ("one pitch", score((0..50).map(|i| note(12 * i, 12, 60)).collect())),
            ("a late note", score(vec![note(100_000, 12, 60)])),
            ("tiny bars", no_bars),
        ] {
            for (statistic, value) in STATISTICS.iter().zip(measure(&score)) {
                assert!(!value.is_infinite(), "{music}: {}: {value}", statistic.name);
                assert!(!(value == 0.0 && value.is_sign_negative()), "{music}: {} is −0", statistic.name);
            }
        }
        assert!(figure(&Score::new(480), "polyphony").is_nan());
        assert_eq!(figure(&score(vec![drum]), "drum_pattern_consistency"), 1.0);
        assert_eq!(figure(&score(vec![note(0, 4, 60)]), "pitch_entropy"), 0.0);
    }
}
