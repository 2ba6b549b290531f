//! Learning rate as a function of the update, and of the validation where it stops falling.

use crate::error::Error;
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// Shape of the learning rate over a training run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScheduleKind {
    /// The same all the time, after the warm-up.
    Constant,
    /// After the warm-up, half a cosine down to `floor` at the last update.
    #[default]
    WarmupCosine,
    /// Rises along half a cosine for the share `rise` of the run, then falls along another (Smith & Topin 2018; PyTorch's
    /// `OneCycleLR`). Without warm-up: it is one.
    OneCycle,
    /// After the warm-up, multiplied by `factor` whenever validation has not got better for more than `patience` epochs
    /// (PyTorch's `ReduceLROnPlateau`).
    Plateau,
}

/// What happens to the learning rate over a training run. Constants that a kind does not have are ignored.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Schedule {
    /// Its shape.
    pub kind: ScheduleKind,
    /// Updates over which the rate rises linearly from nothing.
    pub warmup: u64,
    /// Where the cosine ends, as a share of the full rate.
    pub floor: f64,
    /// Share of the run that one-cycle rises for.
    pub rise: f64,
    /// One-cycle begins at the full rate divided by this.
    pub start_divisor: f64,
    /// One-cycle ends at its beginning divided by this.
    pub end_divisor: f64,
    /// What a plateau multiplies the rate by.
    pub factor: f64,
    /// Epochs without a better validation that a plateau bears.
    pub patience: u64,
    /// Share by which validation must fall to count as better.
    pub threshold: f64,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            kind: ScheduleKind::WarmupCosine,
            warmup: 20,
            floor: 0.01,
            rise: 0.3,
            start_divisor: 25.0,
            end_divisor: 1e4,
            factor: 0.5,
            patience: 2,
            threshold: 1e-4,
        }
    }
}

impl Schedule {
    /// The same rate from the first update to the last.
    pub const CONSTANT: Schedule = Schedule {
        kind: ScheduleKind::Constant,
        warmup: 0,
        floor: 1.0,
        rise: 0.3,
        start_divisor: 25.0,
        end_divisor: 1e4,
        factor: 0.5,
        patience: 2,
        threshold: 1e-4,
    };

    /// Refuses constants out of range, by name.
    ///
    /// # Errors
    /// [`Error::Setting`].
    pub fn check(&self) -> Result<(), Error> {
        for (name, value) in [
            ("training.schedule.floor", self.floor),
            ("training.schedule.rise", self.rise),
            ("training.schedule.factor", self.factor),
            ("training.schedule.threshold", self.threshold),
        ] {
            if !(0.0..=1.0).contains(&value) {
                return Err(Error::setting(name, value, "from 0 to 1"));
            }
        }
        for (name, value) in [
            ("training.schedule.start_divisor", self.start_divisor),
            ("training.schedule.end_divisor", self.end_divisor),
        ] {
            if !(value >= 1.0 && value.is_finite()) {
                return Err(Error::setting(name, value, "at least 1"));
            }
        }
        Ok(())
    }

    /// What to multiply the learning rate by at `update` (from 0) of `total`: how far the run has come, by whichever of its limits
    /// is nearest (see [`crate::TrainingConfig`]). The warm-up counts updates under any of them.
    pub fn factor(&self, update: u64, total: u64, plateau: &Plateau) -> f64 {
        match self.kind {
            ScheduleKind::OneCycle => self.one_cycle(update, total),
            _ if update < self.warmup => (update + 1) as f64 / self.warmup as f64,
            ScheduleKind::Constant => 1.0,
            ScheduleKind::WarmupCosine => {
                let span = total.saturating_sub(self.warmup).max(1) as f64;
                cosine(1.0, self.floor, (update - self.warmup) as f64 / span)
            }
            ScheduleKind::Plateau => plateau.factor,
        }
    }

    fn one_cycle(&self, update: u64, total: u64) -> f64 {
        let start = 1.0 / self.start_divisor;
        let top = (self.rise * total as f64 - 1.0).max(0.0);
        let last = (total as f64 - 1.0).max(top);
        let update = update as f64;
        if update <= top && top > 0.0 {
            cosine(start, 1.0, update / top)
        } else {
            cosine(1.0, start / self.end_divisor, (update - top) / (last - top).max(1.0))
        }
    }

    /// Takes in the validation loss after an epoch.
    pub fn validated(&self, valid_nll: f64, plateau: &mut Plateau) {
        if plateau.best.is_none_or(|best| valid_nll < best * (1.0 - self.threshold)) {
            plateau.best = Some(valid_nll);
            plateau.bad_epochs = 0;
            return;
        }
        plateau.bad_epochs = plateau.bad_epochs.saturating_add(1);
        if plateau.bad_epochs > self.patience {
            plateau.factor *= self.factor;
            plateau.bad_epochs = 0;
        }
    }
}

/// Half a cosine from one value to another; `progress` goes from 0 to 1 and stays there.
fn cosine(from: f64, to: f64, progress: f64) -> f64 {
    to + (from - to) * 0.5 * (1.0 + (PI * progress.min(1.0)).cos())
}

/// What [`ScheduleKind::Plateau`] remembers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plateau {
    best: Option<f64>,
    bad_epochs: u64,
    factor: f64,
}

impl Default for Plateau {
    fn default() -> Self {
        Self { best: None, bad_epochs: 0, factor: 1.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::{abs_diff_eq, assert_abs_diff_eq};

    #[test]
    fn warmup_rises_to_the_full_rate_and_the_cosine_falls_to_the_floor() {
        let schedule = Schedule { warmup: 10, ..Schedule::default() };
        let factor = |update| schedule.factor(update, 110, &Plateau::default());
        assert_eq!([factor(0), factor(9), factor(10)], [0.1, 1.0, 1.0]);
        assert_abs_diff_eq!(factor(60), 0.01 + 0.99 * 0.5, epsilon = 1e-12);
        assert!(
            abs_diff_eq!(factor(110), 0.01, epsilon = 1e-12)
                && abs_diff_eq!(factor(200), 0.01, epsilon = 1e-12)
        );
        assert_eq!(Schedule::CONSTANT.factor(0, 10, &Plateau::default()), 1.0);
    }

    #[test]
    fn one_cycle_of_one_update_is_a_number() {
        let schedule = Schedule { kind: ScheduleKind::OneCycle, ..Schedule::default() };
        for (update, total) in [(0, 0), (0, 1), (5, 3), (1, 2)] {
            assert!((0.0..=1.0).contains(&schedule.factor(update, total, &Plateau::default())));
        }
    }
}
