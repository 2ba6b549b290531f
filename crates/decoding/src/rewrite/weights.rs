//! Weights of candidates: normalised, resampled, and how many of them count.

use rand::{Rng, RngExt};

/// Weights that sum to 1 from their logarithms; `None` if all are −∞ or one is no number.
pub fn normalised(ln_weights: &[f64]) -> Option<Vec<f64>> {
    let largest = ln_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !largest.is_finite() || ln_weights.iter().any(|weight| weight.is_nan()) {
        return None;
    }
    let weights: Vec<f64> = ln_weights.iter().map(|weight| (weight - largest).exp()).collect();
    let total: f64 = weights.iter().sum();
    Some(weights.into_iter().map(|weight| weight / total).collect())
}

/// `(Σ w)² / Σ w²`: of how many equal candidates the weights are worth, between 1 and their number (Kong, Liu and Wong 1994).
///
/// ```
/// use composer_decoding::rewrite::effective_sample_size;
///
/// assert_eq!(effective_sample_size(&[0.25; 4]), 4.0);
/// assert_eq!(effective_sample_size(&[1.0, 0.0, 0.0]), 1.0);
/// ```
pub fn effective_sample_size(weights: &[f64]) -> f64 {
    let (sum, squares) = weights.iter().fold((0.0, 0.0), |(sum, squares), w| (sum + w, squares + w * w));
    if squares > 0.0 { sum * sum / squares } else { 0.0 }
}

/// Systematic resampling: as many places as there are weights, which sum to 1, each on average as often as its weight says, by one random
/// number (Kitagawa 1996).
pub fn systematic<R: Rng>(weights: &[f64], rng: &mut R) -> Vec<usize> {
    let (count, first) = (weights.len(), rng.random::<f64>());
    let mut places = Vec::with_capacity(count);
    let (mut place, mut sum) = (0, weights.first().copied().unwrap_or(0.0));
    for k in 0..count {
        let at = (k as f64 + first) / count as f64;
        while sum < at && place + 1 < count {
            place += 1;
            sum += weights[place];
        }
        places.push(place);
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn resampling_gives_each_candidate_its_share() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let weights = normalised(&[0.0, f64::NEG_INFINITY, 3f64.ln(), 4f64.ln()]).expect("weights");
        let mut counts = [0usize; 4];
        for _ in 0..2000 {
            let places = systematic(&weights, &mut rng);
            assert!(places.is_sorted());
            places.into_iter().for_each(|place| counts[place] += 1);
        }
        assert_eq!((counts[1], counts[3]), (0, 4000), "half of four, always");
        assert!((900..1100).contains(&counts[0]) && (2900..3100).contains(&counts[2]), "{counts:?}");
        assert_eq!(normalised(&[f64::NEG_INFINITY; 2]), None);
        assert_eq!(normalised(&[0.0, f64::NAN]), None);
    }
}
