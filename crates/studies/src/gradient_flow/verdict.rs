//! Vanishes, preserves, explodes: one word, and the number that it rests on.

use std::fmt;

use serde::Serialize;

use super::Quartiles;

/// What becomes of a gradient on its way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Less than a thousandth is left after four bars.
    Vanishes,
    /// Between a thousandth and a thousandfold is left.
    Preserves,
    /// More than a thousandfold.
    Explodes,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Vanishes => "vanishes",
            Verdict::Preserves => "preserves",
            Verdict::Explodes => "explodes",
        })
    }
}

/// How a norm changes with distance.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Decay {
    /// Steps over which it was measured: from one step back to this many more.
    pub steps: usize,
    /// The median norm there, as a share of that one step back.
    pub left: f64,
    /// The factor per step: the `steps`-th root of `left`.
    pub rate: f64,
    /// The word for it.
    pub verdict: Verdict,
}

/// Bars over which the verdict is found.
pub const VERDICT_BARS: usize = 4;

/// The decay of medians over four bars (or as much as there is). `None` if there is no gradient at all.
pub fn decay(norms: &[Quartiles], bar: usize) -> Option<Decay> {
    let steps = (VERDICT_BARS * bar).min(norms.len().checked_sub(2)?);
    let (first, last) = (norms[1].median, norms[1 + steps].median);
    if steps == 0 || first.is_nan() || first <= 0.0 || last.is_nan() {
        return None;
    }
    let left = last / first;
    // The same thousandth after four bars, whatever distance there was to measure.
    let rate = left.powf(1.0 / steps as f64);
    let verdict = match rate.powf((VERDICT_BARS * bar) as f64) {
        left if left < 1e-3 => Verdict::Vanishes,
        left if left > 1e3 => Verdict::Explodes,
        _ => Verdict::Preserves,
    };
    Some(Decay { steps, left, rate, verdict })
}

/// Share of the largest input gradient below which a note no longer matters.
pub const MATTERS: f64 = 0.01;

/// The longest distance, in steps, at which the median input gradient is at least a hundredth of its largest one.
pub fn horizon(input: &[Quartiles]) -> usize {
    let largest = input.iter().map(|q| q.median).fold(0.0, f64::max);
    input.iter().rposition(|q| q.median >= MATTERS * largest && largest > 0.0).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn geometric(rate: f64, length: i32) -> Vec<Quartiles> {
        (0..length).map(|t| Quartiles { lower: 0.0, median: 7.0 * rate.powi(t), upper: 0.0 }).collect()
    }

    #[test]
    fn a_geometric_decay_gives_its_own_rate_and_the_right_word() {
        for (rate, verdict) in [
            (0.5, Verdict::Vanishes),
            (0.88, Verdict::Vanishes),
            (0.91, Verdict::Preserves),
            (1.0, Verdict::Preserves),
            (1.1, Verdict::Preserves),
            (1.2, Verdict::Explodes),
        ] {
            for length in [20, 128] {
                let decay = decay(&geometric(rate, length), 16).unwrap();
                assert!((decay.rate - rate).abs() < 1e-12, "{decay:?}");
                assert_eq!(decay.verdict, verdict, "{rate} over {length} steps");
            }
        }
        assert_eq!(decay(&geometric(0.0, 1), 16), None);
        assert_eq!(decay(&vec![Quartiles::default(); 30], 16), None, "no gradient, no verdict");
    }

    #[test]
    fn the_horizon_is_the_last_place_above_a_hundredth() {
        assert_eq!(horizon(&geometric(0.1, 30)), 2);
        assert_eq!(horizon(&geometric(1.0, 30)), 29);
        assert_eq!(horizon(&[Quartiles::default(); 5]), 0);
    }
}
