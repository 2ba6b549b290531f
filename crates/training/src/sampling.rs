//! Scheduled sampling (Bengio et al. 2015): the network reads now and then what it would have written itself.
//!
//! Teacher forcing shows a network only true pasts; when it composes, the past is its own. So with probability `1 − ε`,
//! drawn for each symbol, an input is replaced by a sample from the network's own output of the step before. Targets stay true,
//! and no gradient goes through a sample. A [`composer_models::SequenceModel`] runs step by step, so that each sample is given the
//! inputs as they were decided; a [`composer_models::Seq2Seq`] samples a whole window from one pass over the true inputs
//! (Mihaylova and Martins 2019).
//!
//! It is no proper objective (Huszár 2015): expect a worse likelihood, and measure what it is for.
//!
//! Two controls tell what the samples themselves do: [`Source::Noise`] replaces as many inputs by symbols that have
//! nothing to do with the model, and [`Curve::Constant`] with `k = 0` always samples.

use crate::error::Error;
use serde::{Deserialize, Serialize};

/// How the probability `ε` of the true symbol depends on the update `i`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Curve {
    /// Always the truth: teacher forcing.
    #[default]
    TeacherForcing,
    /// `k`, all the time; 0 always samples.
    Constant,
    /// `max(floor, k − slope · i)`
    Linear,
    /// `kⁱ`
    Exponential,
    /// `k / (k + exp(i / k))`
    InverseSigmoid,
    /// `k − (k − floor) · i / n`, where the run has `n` updates: from `k` at the beginning to `floor` at the end.
    LinearToEnd,
}

/// What replaces a true symbol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// A sample from the model.
    #[default]
    Model,
    /// The symbol at a random place of a random training piece: a control.
    Noise,
}

/// When inputs are replaced, and by what.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sampling {
    /// Shape of the schedule.
    pub curve: Curve,
    /// Its constant.
    pub k: f64,
    /// How much the linear schedule falls with every update.
    pub slope: f64,
    /// Where the linear schedules end.
    pub floor: f64,
    /// What replaces a true symbol.
    pub source: Source,
    /// Temperature of the samples.
    pub temperature: f64,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            curve: Curve::TeacherForcing,
            k: 1.0,
            slope: 1e-3,
            floor: 0.0,
            source: Source::Model,
            temperature: 1.0,
        }
    }
}

impl Sampling {
    /// Refuses constants out of range, by name.
    ///
    /// # Errors
    /// [`Error::Setting`].
    pub fn check(&self) -> Result<(), Error> {
        let k_must = match self.curve {
            Curve::TeacherForcing => None,
            Curve::Constant | Curve::Linear | Curve::Exponential | Curve::LinearToEnd => {
                (!(0.0..=1.0).contains(&self.k)).then_some("from 0 to 1 for this curve")
            }
            Curve::InverseSigmoid => {
                (!(self.k >= 1.0 && self.k.is_finite())).then_some("at least 1 for inverse-sigmoid")
            }
        };
        if let Some(must) = k_must {
            return Err(Error::setting("training.sampling.k", self.k, must));
        }
        for (name, value) in
            [("training.sampling.slope", self.slope), ("training.sampling.floor", self.floor)]
        {
            if !(0.0..=1.0).contains(&value) {
                return Err(Error::setting(name, value, "from 0 to 1"));
            }
        }
        if !(self.temperature > 0.0 && self.temperature <= 10.0) {
            return Err(Error::setting(
                "training.sampling.temperature",
                self.temperature,
                "above 0 and at most 10",
            ));
        }
        Ok(())
    }

    // ANCHOR: schedule
    /// `ε`, the probability that an input is the true symbol, at `update` (from 0) of `total`.
    pub fn truth_probability(&self, update: u64, total: u64) -> f64 {
        let i = update as f64;
        match self.curve {
            Curve::TeacherForcing => 1.0,
            Curve::Constant => self.k,
            Curve::Linear => (self.k - self.slope * i).max(self.floor),
            Curve::Exponential => self.k.powf(i),
            Curve::InverseSigmoid => self.k / (self.k + (i / self.k).exp()),
            Curve::LinearToEnd => self.k - (self.k - self.floor) * (i / total.max(1) as f64).min(1.0),
        }
    }
    // ANCHOR_END: schedule
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::{abs_diff_eq, assert_abs_diff_eq};

    fn at(sampling: Sampling, update: u64) -> f64 {
        sampling.truth_probability(update, 200)
    }

    #[test]
    fn schedules_follow_their_formulas_and_never_leave_0_to_1() {
        let linear =
            Sampling { curve: Curve::Linear, k: 0.9, slope: 0.01, floor: 0.25, ..Sampling::default() };
        assert!(
            abs_diff_eq!(at(linear, 0), 0.9, epsilon = 1e-12)
                && abs_diff_eq!(at(linear, 10), 0.8, epsilon = 1e-12)
        );
        assert_eq!(at(linear, 1000), 0.25);
        let exponential = Sampling { curve: Curve::Exponential, k: 0.99, ..Sampling::default() };
        assert_abs_diff_eq!(at(exponential, 100), 0.99f64.powi(100), epsilon = 1e-12);
        let sigmoid = Sampling { curve: Curve::InverseSigmoid, k: 50.0, ..Sampling::default() };
        assert_abs_diff_eq!(at(sigmoid, 0), 50.0 / 51.0, epsilon = 1e-12);
        assert_abs_diff_eq!(at(sigmoid, 200), 50.0 / (50.0 + 4f64.exp()), epsilon = 1e-12);
        assert_eq!(at(sigmoid, u64::MAX), 0.0);
        assert_eq!(at(Sampling::default(), 12), 1.0);
        let to_end = Sampling { curve: Curve::LinearToEnd, k: 1.0, floor: 0.5, ..Sampling::default() };
        assert_eq!([0, 100, 200, 300].map(|update| at(to_end, update)), [1.0, 0.75, 0.5, 0.5]);
    }
}
