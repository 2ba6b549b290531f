//! Quantiles of a sample, interpolated linearly between order statistics.

use ndarray::ArrayView1;

/// The value below which a share of the scores lies, interpolated linearly between order statistics (the default of
/// numpy and R). NaN without scores.
pub fn quantile<'a>(scores: impl Into<ArrayView1<'a, f64>>, share: f64) -> f64 {
    let mut sorted = scores.into().to_vec();
    sorted.sort_by(f64::total_cmp);
    quantile_of_sorted(&sorted, share)
}

pub(crate) fn quantile_of_sorted(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let at = share.clamp(0.0, 1.0) * last as f64;
    let (below, above) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    below + (above - below) * at.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate() {
        assert_eq!(quantile(&[4.0, 1.0, 3.0, 2.0], 0.5), 2.5);
        assert_eq!(quantile(&[4.0, 1.0, 3.0, 2.0], 1.0), 4.0);
        assert!(quantile(&[], 0.5).is_nan());
    }
}
