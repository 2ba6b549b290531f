//! Whether a gradient vanishes, is preserved or explodes, and how far back an input matters.

use std::fmt;

use serde::Serialize;

use super::Quartiles;

/// How a gradient changes as it is propagated back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Assessment {
    /// Less than 1/1000 remains after four bars.
    Vanishes,
    /// Between 1/1000 and 1000 times remains.
    Preserves,
    /// More than 1000 times remains.
    Explodes,
}

impl fmt::Display for Assessment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Assessment::Vanishes => "vanishes",
            Assessment::Preserves => "preserves",
            Assessment::Explodes => "explodes",
        })
    }
}

/// How the norm of a gradient changes with distance.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Decay {
    /// Steps over which the change is measured, starting one step back.
    pub steps: usize,
    /// The share of the median norm that remains after those steps.
    pub left: f64,
    /// The factor per step: the `steps`-th root of `left`.
    pub rate: f64,
    /// The category of the rate.
    pub assessment: Assessment,
}

/// Bars over which the decay is assessed.
pub const ASSESSMENT_BARS: usize = 4;

/// The decay of the median norms over four bars, or over the whole distance if that is shorter. `None` without any gradient.
pub fn decay(norms: &[Quartiles], bar: usize) -> Option<Decay> {
    let steps = (ASSESSMENT_BARS * bar).min(norms.len().checked_sub(2)?);
    let (first, last) = (norms[1].median, norms[1 + steps].median);
    if steps == 0 || first.is_nan() || first <= 0.0 || last.is_nan() {
        return None;
    }
    let left = last / first;
    // Extrapolated to four bars, so that the limits do not depend on the measured distance.
    let rate = left.powf(1.0 / steps as f64);
    let assessment = match rate.powf((ASSESSMENT_BARS * bar) as f64) {
        left if left < 1e-3 => Assessment::Vanishes,
        left if left > 1e3 => Assessment::Explodes,
        _ => Assessment::Preserves,
    };
    Some(Decay { steps, left, rate, assessment })
}

/// A note matters if its gradient is at least this share of the largest one.
pub const HORIZON_SHARE: f64 = 0.01;

/// The longest distance in steps at which the median input gradient is at least [`HORIZON_SHARE`] of its largest value.
pub fn horizon(input: &[Quartiles]) -> usize {
    let largest = input.iter().map(|q| q.median).fold(0.0, f64::max);
    input.iter().rposition(|q| q.median >= HORIZON_SHARE * largest && largest > 0.0).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::abs_diff_eq;

    fn geometric(rate: f64, length: i32) -> Vec<Quartiles> {
        (0..length).map(|t| Quartiles { lower: 0.0, median: 7.0 * rate.powi(t), upper: 0.0 }).collect()
    }

    #[test]
    fn a_geometric_decay_has_its_own_rate_and_category() {
        for (rate, assessment) in [
            (0.5, Assessment::Vanishes),
            (0.88, Assessment::Vanishes),
            (0.91, Assessment::Preserves),
            (1.0, Assessment::Preserves),
            (1.1, Assessment::Preserves),
            (1.2, Assessment::Explodes),
        ] {
            for length in [20, 128] {
                let decay = decay(&geometric(rate, length), 16).unwrap();
                assert!(abs_diff_eq!(decay.rate, rate, epsilon = 1e-12), "{decay:?}");
                assert_eq!(decay.assessment, assessment, "{rate} over {length} steps");
            }
        }
        assert_eq!(decay(&geometric(0.0, 1), 16), None);
        assert_eq!(decay(&vec![Quartiles::default(); 30], 16), None, "no gradient, no assessment");
    }

    #[test]
    fn the_horizon_is_the_last_distance_above_a_hundredth() {
        assert_eq!(horizon(&geometric(0.1, 30)), 2);
        assert_eq!(horizon(&geometric(1.0, 30)), 29);
        assert_eq!(horizon(&[Quartiles::default(); 5]), 0);
    }
}
