//! The training methods that are compared: teacher forcing, scheduled sampling, and controls.

use std::fmt;
use std::str::FromStr;

use composer_training::Sampling;
use composer_training::sampling::{Curve, Source};
use serde::{Deserialize, Serialize};

use crate::Error;

/// Which input symbols are replaced during training, and by what. With the three schedules and the noise, the same share of the input
/// symbols is true on average over the run: `(1 + floor) / 2`, a half at a floor of 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arm {
    /// Teacher forcing: no symbol is replaced.
    TeacherForcing,
    /// Scheduled sampling (Bengio et al. 2015); the probability of the true symbol falls linearly from 1 to the floor.
    Linear,
    /// Scheduled sampling; the probability of the true symbol falls exponentially from 1, at a floor of 0 to 0.2.
    Exponential,
    /// Scheduled sampling; the probability of the true symbol falls along an inverse sigmoid; at a floor of 0, to a half in the
    /// middle of the run.
    InverseSigmoid,
    /// Control: every input symbol is sampled from the model.
    Always,
    /// Control: as `Linear`, with symbols from random positions of the training music instead of the model's samples.
    Noise,
    /// Control: teacher forcing with dropout of 0.25 before the output layer.
    Dropout,
}

impl Arm {
    /// All methods.
    pub const ALL: [Arm; 7] = [
        Arm::TeacherForcing,
        Arm::Linear,
        Arm::Exponential,
        Arm::InverseSigmoid,
        Arm::Always,
        Arm::Noise,
        Arm::Dropout,
    ];

    /// The methods that are compared by default.
    pub const USUAL: [Arm; 4] = [Arm::TeacherForcing, Arm::Linear, Arm::Always, Arm::Noise];

    /// Its name in tables and charts.
    pub fn title(self) -> &'static str {
        match self {
            Arm::TeacherForcing => "teacher forcing",
            Arm::Linear => "scheduled sampling",
            Arm::Exponential => "scheduled sampling, exponential",
            Arm::InverseSigmoid => "scheduled sampling, inverse sigmoid",
            Arm::Always => "always sampling",
            Arm::Noise => "random noise",
            Arm::Dropout => "dropout",
        }
    }

    /// The schedule of a run of `updates` updates. `floor` is the final probability of the true symbol with the linear schedule and the
    /// noise; the other schedules leave as large a share of the symbols true over the whole run as these.
    pub fn sampling(self, updates: u64, floor: f64) -> Sampling {
        let n = updates.max(1) as f64;
        let none = Sampling::default();
        let linear = Sampling { curve: Curve::Linear, k: 1.0, slope: (1.0 - floor) / n, floor, ..none };
        match self {
            Arm::TeacherForcing | Arm::Dropout => none,
            Arm::Linear => linear,
            Arm::Noise => Sampling { source: Source::Noise, ..linear },
            Arm::Exponential => {
                Sampling { curve: Curve::Exponential, k: exponential_constant(n, floor), ..none }
            }
            Arm::InverseSigmoid => {
                Sampling { curve: Curve::InverseSigmoid, k: sigmoid_constant(n, floor), ..none }
            }
            Arm::Always => Sampling { curve: Curve::Constant, k: 0.0, ..none },
        }
    }

    /// Dropout probability before the output layer.
    pub fn output_dropout(self) -> f64 {
        if self == Arm::Dropout { 0.25 } else { 0.0 }
    }
}

/// The `k` for which the mean of `kⁱ` over a run of `n` updates is `(1 + floor) / 2`; at a floor of 0 the rounder 0.2 at the end.
fn exponential_constant(n: f64, floor: f64) -> f64 {
    if floor == 0.0 {
        return 0.2f64.powf(1.0 / n);
    }
    // With kⁿ = e, the mean is (e − 1) / ln e, which rises with e.
    let last = bisect(0.2, 1.0, |last| (last - 1.0) / last.ln() < 0.5 * (1.0 + floor));
    last.powf(1.0 / n)
}

/// The `k` for which the mean of `k / (k + exp(i / k))` over a run of `n` updates is `(1 + floor) / 2`; at a floor of 0 that for which
/// it is a half at `i = n / 2`: `k ln k = n / 2`.
fn sigmoid_constant(n: f64, floor: f64) -> f64 {
    if floor == 0.0 {
        return bisect(1.0, n + 3.0, |k| k * k.ln() < 0.5 * n);
    }
    // ∫ k / (k + exp(x / k)) dx from 0 to n is n + k ln(k + 1) − k ln(k + exp(n / k)). It rises with k.
    let mean = |k: f64| 1.0 + k / n * ((k + 1.0).ln() - (n / k) - (k * (-n / k).exp()).ln_1p());
    bisect(1.0, 1e3 * n, |k| mean(k) < 0.5 * (1.0 + floor))
}

/// Where `is_below` becomes false between two numbers, to nine digits.
fn bisect(mut low: f64, mut high: f64, is_below: impl Fn(f64) -> bool) -> f64 {
    while high - low > 1e-9 * high {
        let middle = 0.5 * (low + high);
        if is_below(middle) { low = middle } else { high = middle }
    }
    low
}

impl fmt::Display for Arm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Arm::TeacherForcing => "teacher-forcing",
            Arm::Linear => "linear",
            Arm::Exponential => "exponential",
            Arm::InverseSigmoid => "inverse-sigmoid",
            Arm::Always => "always",
            Arm::Noise => "noise",
            Arm::Dropout => "dropout",
        })
    }
}

impl FromStr for Arm {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Arm::ALL.into_iter().find(|arm| arm.to_string() == name).ok_or_else(|| Error::UnknownName {
            kind: "arm",
            name: name.into(),
            known: "teacher-forcing, linear, exponential, inverse-sigmoid, always, noise or dropout",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::abs_diff_eq;

    #[test]
    fn schedules_of_any_length_replace_the_stated_share() {
        for updates in [50, 400, 10_000] {
            let mean = |arm: Arm| {
                let sampling = arm.sampling(updates, 0.0);
                sampling.check().unwrap();
                (0..updates).map(|update| sampling.truth_probability(update, updates)).sum::<f64>()
                    / updates as f64
            };
            assert_eq!((mean(Arm::TeacherForcing), mean(Arm::Dropout), mean(Arm::Always)), (1.0, 1.0, 0.0));
            for arm in [Arm::Linear, Arm::Exponential, Arm::InverseSigmoid, Arm::Noise] {
                assert!(abs_diff_eq!(mean(arm), 0.5, epsilon = 0.05), "{arm}: {}", mean(arm));
            }
            for arm in [Arm::Linear, Arm::Exponential, Arm::InverseSigmoid, Arm::Noise] {
                let gentle = arm.sampling(updates, 0.75);
                gentle.check().unwrap();
                let sum: f64 = (0..updates).map(|update| gentle.truth_probability(update, updates)).sum();
                assert!(abs_diff_eq!(sum / updates as f64, 0.875, epsilon = 0.005), "{arm}: {sum}");
            }
            let gentle = Arm::Linear.sampling(updates, 0.75);
            assert!(
                abs_diff_eq!(gentle.truth_probability(updates, updates), 0.75, epsilon = 1e-9)
                    && gentle.truth_probability(0, updates) == 1.0
            );
        }
    }

    #[test]
    fn names_survive_a_round_trip() {
        for arm in Arm::ALL {
            assert_eq!(arm.to_string().parse::<Arm>().unwrap(), arm);
        }
        assert!("student".parse::<Arm>().unwrap_err().to_string().contains("no arm \"student\""));
    }
}
