//! Harmony from beat to beat: the Tonnetz, and which chords follow which.

use std::f64::consts::PI;
use std::sync::LazyLock;

use super::averages::{mean, ratio};
use crate::grid::{Grid, STEPS_PER_QUARTER};
use crate::hashing::Set;

/// Turns and radius of the circles of fifths, minor thirds and major thirds.
const CIRCLES: [(f64, f64); 3] = [(7.0 / 6.0, 1.0), (3.0 / 2.0, 1.0), (2.0 / 3.0, 0.5)];

/// Sine and cosine of the angle of each pitch class on each circle.
static ANGLES: LazyLock<[[(f64, f64); 3]; 12]> = LazyLock::new(|| {
    std::array::from_fn(|class| CIRCLES.map(|(turns, _)| (turns * PI * class as f64).sin_cos()))
});

/// Where a pitch-class histogram lies in the Tonnetz (Harte, Sandler and Gasser 2006): six coordinates, on the circles
/// of fifths, minor thirds and major thirds. The histogram is divided by its sum; an empty one lies in the middle.
pub fn tonnetz(histogram: &[f64; 12]) -> [f64; 6] {
    let total: f64 = histogram.iter().map(|weight| weight.abs()).sum();
    let mut at = [0.0; 6];
    if total == 0.0 {
        return at;
    }
    let angles = &*ANGLES;
    for (class, weight) in histogram.iter().enumerate() {
        let share = weight / total;
        for (circle, (sine, cosine)) in angles[class].into_iter().enumerate() {
            let radius = CIRCLES[circle].1;
            at[2 * circle] += share * radius * sine;
            at[2 * circle + 1] += share * radius * cosine;
        }
    }
    at
}

/// Euclidean distance of two histograms in the [`tonnetz`].
pub fn tonnetz_distance(a: &[f64; 12], b: &[f64; 12]) -> f64 {
    let (a, b) = (tonnetz(a), tonnetz(b));
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

/// Mean [`tonnetz_distance`] of neighbouring beats that both have notes; NaN if there are none.
pub fn tonal_distance(grid: &Grid) -> f64 {
    let beats = pitch_classes_every(grid, STEPS_PER_QUARTER);
    let sounds = |beat: &[f64; 12]| beat.iter().any(|&steps| steps > 0.0);
    let pairs = beats.windows(2).filter(|pair| sounds(&pair[0]) && sounds(&pair[1]));
    mean(pairs.map(|pair| tonnetz_distance(&pair[0], &pair[1])))
}

/// Chord of a pitch-class histogram: the major or minor triad (by root and mode) that holds most of it, the first of
/// equals; `None` for silence.
fn chord(histogram: &[f64; 12]) -> Option<(usize, bool)> {
    let weight = |root: usize, minor: bool| {
        let third = if minor { 3 } else { 4 };
        // The root counts a little more, so that a triad wins over those that share two notes with it.
        1.1 * histogram[root] + histogram[(root + third) % 12] + histogram[(root + 7) % 12]
    };
    let all = (0..12).flat_map(|root| [(root, false), (root, true)]);
    let mut best = None;
    for (root, minor) in all {
        let weight = weight(root, minor);
        if weight > best.map_or(0.0, |(_, best)| best) {
            best = Some(((root, minor), weight));
        }
    }
    best.map(|(chord, _)| chord)
}

/// Different trigrams ÷ trigrams of the chord progression (Wu and Yang 2020), with a chord every half note and repeated
/// chords counted once; NaN with fewer than three chords.
pub fn chord_progression_irregularity(grid: &Grid) -> f64 {
    let mut chords: Vec<_> =
        pitch_classes_every(grid, 2 * STEPS_PER_QUARTER).iter().filter_map(chord).collect();
    chords.dedup();
    let different: Set<_> = chords.windows(3).collect();
    ratio(different.len() as f64, chords.windows(3).len() as f64)
}

/// Steps during which each pitch class sounds, for every stretch of so many steps.
pub(super) fn pitch_classes_every(grid: &Grid, steps: u32) -> Vec<[f64; 12]> {
    let mut stretches = vec![[0.0; 12]; grid.len().div_ceil(steps) as usize];
    for note in &grid.notes {
        let mut start = note.onset;
        while start < note.end() {
            let end = ((start / steps + 1) * steps).min(note.end());
            stretches[(start / steps) as usize][usize::from(note.pitch % 12)] += f64::from(end - start);
            start = end;
        }
    }
    stretches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::GridNote;

    fn histogram(classes: &[usize]) -> [f64; 12] {
        let mut histogram = [0.0; 12];
        classes.iter().for_each(|&class| histogram[class] = 1.0);
        histogram
    }

    #[test]
    fn related_chords_are_near_in_the_tonnetz() {
        let (c, g, f_sharp) = (histogram(&[0, 4, 7]), histogram(&[7, 11, 2]), histogram(&[6, 10, 1]));
        assert_eq!(tonnetz_distance(&c, &c), 0.0);
        assert!(tonnetz_distance(&c, &g) < tonnetz_distance(&c, &f_sharp));
        assert_eq!(tonnetz(&[0.0; 12]), [0.0; 6]);
        // One note: on the rim of every circle.
        assert_eq!(tonnetz(&histogram(&[0])), [0.0, 1.0, 0.0, 1.0, 0.0, 0.5]);
    }

    #[test]
    fn a_loop_of_chords_is_regular() {
        let progression = |roots: &[u8]| {
            let chord = |(i, root): (usize, &u8)| {
                [0u8, 4, 7].map(|above| GridNote {
                    onset: 24 * i as u32,
                    pitch: 48 + root + above,
                    duration: 24,
                })
            };
            Grid::with_bars_of(roots.iter().enumerate().flat_map(chord).collect(), 48)
        };
        let looped = progression(&[0, 5, 7, 0, 5, 7, 0, 5, 7, 0, 5, 7]);
        assert_eq!(chord_progression_irregularity(&looped), 3.0 / 10.0);
        assert_eq!(chord_progression_irregularity(&progression(&[0, 5, 7, 2, 9])), 1.0);
        assert!(chord_progression_irregularity(&progression(&[0, 5])).is_nan());
        assert!(tonal_distance(&looped) > 0.0);
    }
}
