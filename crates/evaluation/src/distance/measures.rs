//! Distances between two samples of one number, and between two histograms.

use ndarray::ArrayView1;

use crate::arrays::{ShapeMismatch, check_equal, contiguous};

/// Points of the grid that densities are compared on.
const GRID: usize = 1_000;
/// Kernels that are added in one pass over the grid.
const TOGETHER: usize = 4;
/// How far beyond the samples the grid reaches, in bandwidths.
const REACH: f64 = 5.0;

/// Wasserstein distance of two samples (the earth mover's): the area between their cumulative distributions, in the
/// unit of the samples. NaN if either is empty.
pub fn wasserstein<'a>(a: impl Into<ArrayView1<'a, f64>>, b: impl Into<ArrayView1<'a, f64>>) -> f64 {
    let (a, b) = (a.into(), b.into());
    if a.is_empty() || b.is_empty() {
        return f64::NAN;
    }
    let (a, b) = (sorted(&a), sorted(&b));
    let mut all: Vec<f64> = a.iter().chain(&b).copied().collect();
    all.sort_by(f64::total_cmp);
    let share =
        |sample: &[f64], x: f64| sample.partition_point(|&value| value <= x) as f64 / sample.len() as f64;
    all.windows(2).map(|pair| (share(&a, pair[0]) - share(&b, pair[0])).abs() * (pair[1] - pair[0])).sum()
}

/// [`wasserstein`] of a group of a sorted sample and the others; `in_group` says of each value which it is.
pub(super) fn wasserstein_of_split(sorted: &[f64], in_group: &[bool]) -> f64 {
    let size = in_group.iter().filter(|&&inside| inside).count();
    let (group, others) = (size as f64, (sorted.len() - size) as f64);
    let (mut below, mut distance) = (0usize, 0.0);
    for (i, pair) in sorted.windows(2).enumerate() {
        below += usize::from(in_group[i]);
        let shares = below as f64 / group - (i + 1 - below) as f64 / others;
        distance += shares.abs() * (pair[1] - pair[0]);
    }
    distance
}

/// Jensen–Shannon divergence of two histograms (any weights), in bits: 0 for equal shares, 1 for nothing in common. NaN
/// if either is empty or has no weight.
///
/// # Errors
/// If the histograms do not have equally many classes.
pub fn jensen_shannon<'a>(
    a: impl Into<ArrayView1<'a, f64>>,
    b: impl Into<ArrayView1<'a, f64>>,
) -> Result<f64, ShapeMismatch> {
    let (a, b) = (a.into(), b.into());
    check_equal("histograms", a.shape(), b.shape())?;
    Ok(divergence(&contiguous(a), &contiguous(b)))
}

/// [`jensen_shannon`] of histograms over the same classes.
pub(super) fn divergence(a: &[f64], b: &[f64]) -> f64 {
    let (total_a, total_b) = (a.iter().sum::<f64>(), b.iter().sum::<f64>());
    if total_a.is_nan() || total_b.is_nan() || total_a <= 0.0 || total_b <= 0.0 {
        return f64::NAN;
    }
    let term = |p: f64, mean: f64| if p > 0.0 { p * (p / mean).log2() } else { 0.0 };
    let pairs = a.iter().zip(b).map(|(a, b)| (a / total_a, b / total_b));
    let sum: f64 = pairs.map(|(p, q)| term(p, 0.5 * (p + q)) + term(q, 0.5 * (p + q))).sum();
    (0.5 * sum).clamp(0.0, 1.0)
}

/// Overlapped area of the densities of two samples, `∫ min(f, g)`, 0–1 (Yang and Lerch 2020).
///
/// Gaussian kernels with Scott's bandwidth `n^(−1/5) · s`. A sample without spread has no bandwidth of its own: it gets
/// that of the other, and two such samples overlap wholly or not at all. NaN if either is empty.
pub fn overlapped_area<'a>(a: impl Into<ArrayView1<'a, f64>>, b: impl Into<ArrayView1<'a, f64>>) -> f64 {
    shared_grid(a, b, 1.0, 0.0, Densities::overlap)
}

/// Jensen–Shannon divergence of the densities of two samples (those of [`overlapped_area`]), in bits: 0 for equal
/// densities, 1 for densities that share nothing. NaN if either is empty.
pub fn density_divergence<'a>(a: impl Into<ArrayView1<'a, f64>>, b: impl Into<ArrayView1<'a, f64>>) -> f64 {
    shared_grid(a, b, 0.0, 1.0, Densities::divergence)
}

/// [`overlapped_area`] and [`density_divergence`] of the same samples, whose densities are computed once.
pub(super) fn overlap_and_divergence(a: &[f64], b: &[f64]) -> (f64, f64) {
    match Densities::new(a, b) {
        Some(densities) => (densities.overlap(), densities.divergence()),
        None => (overlapped_area(a, b), density_divergence(a, b)),
    }
}

/// Kullback–Leibler divergence of the densities of two samples, in nats, both evaluated on one grid. Where the second
/// density underflows it counts as the smallest positive number, so that the result stays finite. NaN if either is
/// empty.
pub fn kullback_leibler<'a>(a: impl Into<ArrayView1<'a, f64>>, b: impl Into<ArrayView1<'a, f64>>) -> f64 {
    let divergence = |densities: &Densities| {
        let term = |p: f64, q: f64| if p > 0.0 { p * (p / q.max(f64::MIN_POSITIVE)).ln() } else { 0.0 };
        densities.integrate(term).max(0.0)
    };
    shared_grid(a, b, 0.0, f64::INFINITY, divergence)
}

/// A measure of two densities; `same` or `different` where neither sample has any spread, NaN if either is empty.
fn shared_grid<'a>(
    a: impl Into<ArrayView1<'a, f64>>,
    b: impl Into<ArrayView1<'a, f64>>,
    same: f64,
    different: f64,
    measure: impl Fn(&Densities) -> f64,
) -> f64 {
    let (a, b) = (contiguous(a.into()), contiguous(b.into()));
    match Densities::new(&a, &b) {
        Some(densities) => measure(&densities),
        None if a.is_empty() || b.is_empty() => f64::NAN,
        None if a[0] == b[0] => same,
        None => different,
    }
}

/// Two kernel densities on one grid.
struct Densities {
    step: f64,
    a: Vec<f64>,
    b: Vec<f64>,
}

impl Densities {
    /// `None` if a sample is empty, or if neither has any spread.
    fn new(a: &[f64], b: &[f64]) -> Option<Self> {
        if a.is_empty() || b.is_empty() {
            return None;
        }
        let (own_a, own_b) = (scott(a), scott(b));
        let wider = own_a.max(own_b);
        if wider.is_nan() || wider <= 0.0 {
            return None;
        }
        let or_wider = |own: f64| if own > 0.0 { own } else { wider };
        let all = || a.iter().chain(b).copied();
        let low = all().fold(f64::INFINITY, f64::min) - REACH * wider;
        let high = all().fold(f64::NEG_INFINITY, f64::max) + REACH * wider;
        let step = (high - low) / (GRID - 1) as f64;
        let on_grid = |sample: &[f64], bandwidth: f64| density(sample, bandwidth, low, step);
        Some(Self { step, a: on_grid(a, or_wider(own_a)), b: on_grid(b, or_wider(own_b)) })
    }

    fn overlap(&self) -> f64 {
        self.integrate(f64::min)
    }

    fn divergence(&self) -> f64 {
        let term = |p: f64, mean: f64| if p > 0.0 { 0.5 * p * (p / mean).log2() } else { 0.0 };
        let both = |p: f64, q: f64| term(p, 0.5 * (p + q)) + term(q, 0.5 * (p + q));
        self.integrate(both).clamp(0.0, 1.0)
    }

    /// Trapezoidal rule.
    fn integrate(&self, f: impl Fn(f64, f64) -> f64) -> f64 {
        let values: Vec<f64> = self.a.iter().zip(&self.b).map(|(&a, &b)| f(a, b)).collect();
        values.windows(2).map(|pair| 0.5 * (pair[0] + pair[1]) * self.step).sum()
    }
}

/// Gaussian kernel density of a sample on [`GRID`] points from `low`.
///
/// Every value is shared out between the two points beside it, so that the kernel is computed once per distance: for
/// steps much smaller than the bandwidth that changes nothing that matters. `O(GRID² + n)`.
fn density(sample: &[f64], bandwidth: f64, low: f64, step: f64) -> Vec<f64> {
    let mut weights = vec![0.0; GRID];
    for value in sample {
        let at = ((value - low) / step).clamp(0.0, (GRID - 1) as f64);
        let left = (at as usize).min(GRID - 2);
        weights[left] += 1.0 - (at - left as f64);
        weights[left + 1] += at - left as f64;
    }
    let kernel: Vec<f64> =
        (0..GRID).map(|distance| (-0.5 * (distance as f64 * step / bandwidth).powi(2)).exp()).collect();
    // Scaled by its own sum: a kernel that is narrower than a step keeps its weight.
    let total = step * sample.len() as f64 * (2.0 * kernel.iter().sum::<f64>() - kernel[0]);
    // The kernel to both sides of its middle, to be added as one stretch wherever the middle lies.
    let both: Vec<f64> = kernel[1..].iter().rev().chain(&kernel).copied().collect();
    let points: Vec<(usize, f64)> = (weights.into_iter().enumerate())
        .filter(|(_, weight)| *weight > 0.0)
        .map(|(point, weight)| (point, weight / total))
        .collect();
    let mut density = vec![0.0; GRID];
    for points in points.chunks(TOGETHER) {
        let added = |i: usize| {
            let (point, scale) = points.get(i).copied().unwrap_or((0, 0.0));
            (scale, &both[GRID - 1 - point..2 * GRID - 1 - point])
        };
        let [(a, kernel_a), (b, kernel_b), (c, kernel_c), (d, kernel_d)] = std::array::from_fn(added);
        let kernels = kernel_a.iter().zip(kernel_b).zip(kernel_c).zip(kernel_d);
        for (sum, (((in_a, in_b), in_c), in_d)) in density.iter_mut().zip(kernels) {
            *sum = (((*sum + a * in_a) + b * in_b) + c * in_c) + d * in_d;
        }
    }
    density
}

/// Scott's bandwidth in the unit of the sample; 0 for one value or no spread.
pub fn bandwidth<'a>(sample: impl Into<ArrayView1<'a, f64>>) -> f64 {
    scott(&contiguous(sample.into()))
}

fn scott(sample: &[f64]) -> f64 {
    let n = sample.len() as f64;
    if sample.len() < 2 {
        return 0.0;
    }
    let mean = sample.iter().sum::<f64>() / n;
    let variance = sample.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
    // Rounding alone is no spread.
    let rounding = (1e-12 * mean).powi(2);
    if variance <= rounding { 0.0 } else { variance.sqrt() * n.powf(-0.2) }
}

fn sorted(sample: &ArrayView1<f64>) -> Vec<f64> {
    let mut sorted = sample.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_without_spread_are_guarded() {
        assert_eq!(overlapped_area(&[1.0, 1.0], &[1.0, 1.0, 1.0]), 1.0);
        assert_eq!(overlapped_area(&[1.0, 1.0], &[2.0]), 0.0);
        assert!(overlapped_area(&[1.0, 1.0], &[0.0, 1.0, 2.0]) > 0.5);
        assert!(overlapped_area(&[], &[1.0]).is_nan() && wasserstein(&[1.0], &[]).is_nan());
        assert!(jensen_shannon(&[0.0, 0.0], &[1.0, 0.0]).unwrap().is_nan());
        assert_eq!(
            (jensen_shannon(&[1.0, 0.0], &[0.0, 5.0]), jensen_shannon(&[2.0, 2.0], &[1.0, 1.0])),
            (Ok(1.0), Ok(0.0))
        );
        let error = jensen_shannon(&[1.0], &[1.0, 1.0]).unwrap_err();
        assert_eq!(error.to_string(), "histograms: shapes [1] and [2] do not match");
    }

    /// N(0, 1) and N(5, 1): the divergence of the normals is 12.5; evaluated on two different grids it comes out at 0.08.
    #[test]
    fn divergence_uses_one_grid() {
        let quantile = |i: usize| {
            use statrs::distribution::{ContinuousCDF, Normal};
            Normal::standard().inverse_cdf((i as f64 + 0.5) / 2_000.0)
        };
        let a: Vec<f64> = (0..2_000).map(quantile).collect();
        let b: Vec<f64> = a.iter().map(|x| x + 5.0).collect();
        // Kernels have thinner tails than the normals that they stand for, so the estimate is larger than 12.5.
        let divergence = kullback_leibler(&a, &b);
        assert!((12.5..100.0).contains(&divergence), "{divergence}");
        assert!(overlapped_area(&a, &b) < 0.03);
    }
}
