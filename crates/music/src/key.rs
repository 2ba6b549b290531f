//! The key of music: correlation of its pitch classes with the profiles of Krumhansl and Kessler (1982).

use serde::Serialize;

/// How well each pitch class fits C major, in the ears of listeners.
const MAJOR: [f64; 12] = [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88];
/// The same for C minor.
const MINOR: [f64; 12] = [6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17];

const NAMES: [&str; 12] = ["C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B"];

/// One of the 24 major and minor keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Key {
    /// Pitch class of the tonic, 0 (C) to 11 (B).
    pub tonic: u8,
    /// Whether the key is minor.
    pub minor: bool,
}

impl Key {
    /// All keys: C major, C minor, C♯ major…
    pub fn all() -> impl Iterator<Item = Key> {
        (0..12).flat_map(|tonic| [false, true].map(|minor| Key { tonic, minor }))
    }

    /// Steps around the circle of fifths, 0–6, between two keys; a key and its relative are 0 apart.
    pub fn fifths_to(self, other: Key) -> u8 {
        // Number of fifths of the key signature, modulo 12; a minor key has that of the major key on its third.
        let signature = |key: Key| {
            let major = if key.minor { key.tonic + 3 } else { key.tonic };
            u32::from(major) * 7 % 12
        };
        let apart = (signature(self) + 12 - signature(other)) % 12;
        apart.min(12 - apart) as u8
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mode = if self.minor { "minor" } else { "major" };
        write!(f, "{} {mode}", NAMES[usize::from(self.tonic % 12)])
    }
}

/// The best key of a histogram, and how clear it is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct KeyEstimate {
    /// The key with the highest correlation.
    pub key: Key,
    /// Its Pearson correlation, −1…1.
    pub correlation: f64,
    /// How far the second-best key lies behind: near 0, the key is ambiguous.
    pub margin: f64,
}

/// Pearson correlation of a pitch-class histogram (any weights, C first) with each key, in the order of [`Key::all`];
/// `None` for a flat or empty histogram, which has no key.
pub fn correlations(histogram: &[f64; 12]) -> Option<[f64; 24]> {
    let centred = centre(histogram);
    let norm = centred.iter().map(|x| x * x).sum::<f64>().sqrt();
    let scale = histogram.iter().fold(0f64, |largest, x| largest.max(x.abs()));
    if norm.is_nan() || norm <= 1e-12 * scale {
        return None;
    }
    let mut all = [0.0; 24];
    for (correlation, key) in all.iter_mut().zip(Key::all()) {
        let profile = centre(if key.minor { &MINOR } else { &MAJOR });
        let profile_norm = profile.iter().map(|x| x * x).sum::<f64>().sqrt();
        let dot: f64 =
            (0..12).map(|class| centred[class] * profile[(class + 12 - usize::from(key.tonic)) % 12]).sum();
        *correlation = dot / (norm * profile_norm);
    }
    Some(all)
}

/// The best key of a pitch-class histogram; `None` if it has none.
pub fn estimate(histogram: &[f64; 12]) -> Option<KeyEstimate> {
    let all = correlations(histogram)?;
    let (mut best, mut second) = (0, f64::NEG_INFINITY);
    for (i, &correlation) in all.iter().enumerate().skip(1) {
        if correlation > all[best] {
            second = all[best];
            best = i;
        } else {
            second = second.max(correlation);
        }
    }
    let key = Key { tonic: (best / 2) as u8, minor: best % 2 == 1 };
    Some(KeyEstimate { key, correlation: all[best], margin: all[best] - second })
}

fn centre(values: &[f64; 12]) -> [f64; 12] {
    let mean = values.iter().sum::<f64>() / 12.0;
    values.map(|value| value - mean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_have_their_key_and_flat_music_has_none() {
        let mut g_major = [0.0; 12];
        for (class, weight) in [(7, 3.0), (9, 1.0), (11, 2.0), (0, 1.0), (2, 2.0), (4, 1.0), (6, 1.0)] {
            g_major[class] = weight;
        }
        let found = estimate(&g_major).unwrap();
        assert_eq!(found.key, Key { tonic: 7, minor: false });
        assert_eq!(found.key.to_string(), "G major");
        assert!(found.margin > 0.0 && found.correlation > 0.8);
        assert_eq!(estimate(&[0.0; 12]), None);
        assert_eq!(estimate(&[3.0; 12]), None);
        assert_eq!(estimate(&[f64::NAN; 12]), None);
    }

    #[test]
    fn keys_are_fifths_apart() {
        let key = |tonic, minor| Key { tonic, minor };
        let c = key(0, false);
        let expected = [(c, 0), (key(9, true), 0), (key(7, false), 1), (key(2, true), 1), (key(2, false), 2)];
        for (other, fifths) in expected.into_iter().chain([(key(6, false), 6), (key(0, true), 3)]) {
            assert_eq!(c.fifths_to(other), fifths, "{other}");
            assert_eq!(other.fifths_to(c), fifths, "{other}");
        }
    }
}
