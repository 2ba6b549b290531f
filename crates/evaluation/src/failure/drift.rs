//! Harmonic drift: the music leaves its key.

use crate::grid::Grid;
use crate::significance::quantile::quantile;
use crate::statistics::key::{self, Key};

/// Bars in a window.
const WINDOW_BARS: usize = 2;

/// Pitch classes of a window of two bars.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// First bar, from 0.
    pub first_bar: usize,
    /// First bar after the window.
    pub end_bar: usize,
    /// Steps during which each pitch class sounds, C first.
    pub histogram: [f64; 12],
}

/// The piece in windows of two bars. Windows in which nothing sounds are left out.
pub fn windows(grid: &Grid) -> Vec<Window> {
    let count = grid.num_bars().div_ceil(WINDOW_BARS);
    let mut histograms = vec![[0.0; 12]; count];
    for note in &grid.notes {
        let mut start = note.onset;
        let mut window = grid.bar_of(start) / WINDOW_BARS;
        while start < note.end() && window < count {
            let end_bar = ((window + 1) * WINDOW_BARS).min(grid.num_bars());
            let end = grid.bar_lines[end_bar].min(note.end());
            histograms[window][usize::from(note.pitch % 12)] += f64::from(end - start);
            start = end;
            window += 1;
        }
    }
    let window = |(i, histogram): (usize, [f64; 12])| Window {
        first_bar: i * WINDOW_BARS,
        end_bar: ((i + 1) * WINDOW_BARS).min(grid.num_bars()),
        histogram,
    };
    let all = histograms.into_iter().enumerate().map(window);
    all.filter(|window| window.histogram.iter().any(|&steps| steps > 0.0)).collect()
}

/// Pitch classes of the whole piece, weighted by duration.
pub fn pitch_classes(grid: &Grid) -> [f64; 12] {
    let mut histogram = [0.0; 12];
    for note in &grid.notes {
        histogram[usize::from(note.pitch % 12)] += f64::from(note.duration);
    }
    histogram
}

/// Detector H: Jensen–Shannon divergence between the pitch classes of all windows, in bits: the entropy of their mean
/// minus the mean of their entropies. Higher is worse. NaN with fewer than two windows.
pub fn divergence(windows: &[Window]) -> f64 {
    if windows.len() < 2 {
        return f64::NAN;
    }
    let shares: Vec<[f64; 12]> = windows.iter().map(|window| normalised(&window.histogram)).collect();
    let mean_of = |class: usize| shares.iter().map(|share| share[class]).sum::<f64>() / shares.len() as f64;
    let mean: [f64; 12] = std::array::from_fn(mean_of);
    let mean_entropy = shares.iter().map(entropy).sum::<f64>() / shares.len() as f64;
    (entropy(&mean) - mean_entropy).max(0.0)
}

/// Detector I: share of the notes outside the best of the 24 scales, 1 − MusPy's scale consistency. Every note counts once:
/// by time, a few long notes in the scale would outweigh many short ones outside. Higher is worse. NaN without notes.
pub fn out_of_scale(grid: &Grid) -> f64 {
    const MAJOR_SCALE: [usize; 7] = [0, 2, 4, 5, 7, 9, 11];
    let mut counts = [0.0; 12];
    grid.notes.iter().for_each(|note| counts[usize::from(note.pitch % 12)] += 1.0);
    // A natural minor scale has the notes of its relative major, so the twelve major scales are all there are.
    let inside = |tonic: usize| MAJOR_SCALE.iter().map(|step| counts[(tonic + step) % 12]).sum::<f64>();
    let best = (0..12).map(inside).fold(0.0, f64::max);
    1.0 - crate::statistics::ratio(best, counts.iter().sum())
}

/// How far real music goes in the two measures of drift, to put them on one scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usual {
    /// Of ten real pieces, nine have a smaller [`divergence`].
    pub divergence: f64,
    /// Of ten real pieces, nine have a smaller share [`out_of_scale`].
    pub out_of_scale: f64,
}

impl Usual {
    /// Learns from real music.
    pub fn fit<'a>(corpus: impl IntoIterator<Item = &'a Grid>) -> Self {
        Self::fit_measured(corpus.into_iter().map(|grid| (divergence(&windows(grid)), out_of_scale(grid))))
    }

    /// [`Self::fit`] to the two measures of each piece.
    pub(super) fn fit_measured(measures: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let (mut divergences, mut outside): (Vec<f64>, Vec<f64>) = measures.into_iter().unzip();
        divergences.retain(|value| value.is_finite());
        outside.retain(|value| value.is_finite());
        // A corpus in which nothing ever leaves its scale would make every wrong note infinitely wrong.
        let nine_of_ten = |values: &[f64], least: f64| quantile(values, 0.9).max(least);
        Self { divergence: nine_of_ten(&divergences, 0.05), out_of_scale: nine_of_ten(&outside, 0.02) }
    }

    /// The larger of the two measures, each as a multiple of what is usual: wandering from key to key shows in the first,
    /// wrong notes throughout in the second. Higher is worse. NaN without notes.
    pub fn score(&self, grid: &Grid) -> f64 {
        self.score_measured((divergence(&windows(grid)), out_of_scale(grid)))
    }

    /// [`Self::score`] of the two measures of a piece.
    pub(super) fn score_measured(&self, (divergence, out_of_scale): (f64, f64)) -> f64 {
        (divergence / self.divergence).max(out_of_scale / self.out_of_scale)
    }

    /// Whether it is notes outside the scale alone, not changes of key, that are unusual.
    pub(super) fn only_wrong_notes(&self, grid: &Grid) -> bool {
        divergence(&windows(grid)) < self.divergence
    }
}

/// The windows whose own best key lies more than a fifth from the key of the whole piece, with that key.
pub fn foreign_windows<'a>(grid: &Grid, windows: &'a [Window]) -> Vec<(&'a Window, Key)> {
    let Some(home) = key::estimate(&pitch_classes(grid)) else { return Vec::new() };
    let foreign = windows.iter().filter_map(|window| {
        let own = key::estimate(&window.histogram)?.key;
        (own.fifths_to(home.key) > 1).then_some((window, own))
    });
    foreign.collect()
}

/// Detector J: share of the windows in a foreign key. Higher is worse. NaN without notes.
pub fn foreign_share(grid: &Grid, windows: &[Window]) -> f64 {
    crate::statistics::ratio(foreign_windows(grid, windows).len() as f64, windows.len() as f64)
}

/// Kullback–Leibler divergence in bits of each window from the mean of all, to point at the odd ones.
pub fn surprise_of_windows(windows: &[Window]) -> Vec<f64> {
    let shares: Vec<[f64; 12]> = windows.iter().map(|window| normalised(&window.histogram)).collect();
    let mean: [f64; 12] = std::array::from_fn(|class| {
        shares.iter().map(|share| share[class]).sum::<f64>() / shares.len().max(1) as f64
    });
    let divergence = |share: &[f64; 12]| {
        (0..12).filter(|&c| share[c] > 0.0).map(|c| share[c] * (share[c] / mean[c]).log2()).sum()
    };
    shares.iter().map(divergence).collect()
}

fn normalised(histogram: &[f64; 12]) -> [f64; 12] {
    let total: f64 = histogram.iter().sum();
    histogram.map(|steps| steps / total)
}

/// Entropy in bits.
fn entropy(shares: &[f64; 12]) -> f64 {
    shares.iter().filter(|&&share| share > 0.0).map(|share| -share * share.log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::GridNote;

    /// Sixteen bars of C major chords, moved by `steps` semitones every two bars.
    fn chords(steps: u32) -> Grid {
        let chord = |bar: u32| {
            let up = (bar / 2 * steps) as u8;
            [60, 64, 67, 71].map(|pitch| GridNote { onset: 48 * bar, pitch: pitch + up, duration: 48 })
        };
        Grid::with_bars_of((0..16).flat_map(chord).collect(), 48)
    }

    #[test]
    fn music_that_stays_has_no_divergence_and_music_that_climbs_has() {
        let (home, away) = (chords(0), chords(1));
        assert_eq!(windows(&home).len(), 8);
        assert!(divergence(&windows(&home)) < 1e-12);
        assert!(divergence(&windows(&away)) > 1.0);
        assert_eq!(foreign_share(&home, &windows(&home)), 0.0);
        assert!(foreign_share(&away, &windows(&away)) > 0.5);
        assert_eq!(out_of_scale(&home), 0.0);
        assert!(out_of_scale(&away) > 0.2);
    }

    #[test]
    fn long_notes_count_in_every_window_that_they_sound_in() {
        let grid = Grid::with_bars_of(vec![GridNote { onset: 24, pitch: 60, duration: 200 }], 48);
        let windows = windows(&grid);
        let steps: Vec<f64> = windows.iter().map(|window| window.histogram[0]).collect();
        assert_eq!(steps, [72.0, 96.0, 32.0]);
    }

    #[test]
    fn empty_music_is_undefined_rather_than_perfect() {
        let grid = Grid::with_bars_of(vec![], 48);
        let windows = windows(&grid);
        assert!(divergence(&windows).is_nan() && out_of_scale(&grid).is_nan());
        assert!(foreign_share(&grid, &windows).is_nan());
    }
}
