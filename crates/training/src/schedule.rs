//! Learning rate as a function of the update.

use serde::{Deserialize, Serialize};

/// What happens to the learning rate over a training run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// The same all the time.
    Constant,
    /// Rises linearly over `warmup` updates, then falls along half a cosine to a hundredth at the last update.
    WarmupCosine {
        /// Updates until the full rate.
        warmup: u64,
    },
}

/// Where [`Schedule::WarmupCosine`] ends, as a share of the full rate.
const COSINE_FLOOR: f64 = 0.01;

impl Schedule {
    /// What to multiply the learning rate by at `update` (from 0) of `total`.
    pub fn factor(&self, update: u64, total: u64) -> f64 {
        match *self {
            Schedule::Constant => 1.0,
            Schedule::WarmupCosine { warmup } if update < warmup => (update + 1) as f64 / warmup as f64,
            Schedule::WarmupCosine { warmup } => {
                let span = total.saturating_sub(warmup).max(1) as f64;
                let progress = ((update - warmup) as f64 / span).min(1.0);
                COSINE_FLOOR + (1.0 - COSINE_FLOOR) * 0.5 * (1.0 + (std::f64::consts::PI * progress).cos())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warmup_rises_to_the_full_rate_and_the_cosine_falls_to_the_floor() {
        let schedule = Schedule::WarmupCosine { warmup: 10 };
        assert_eq!(schedule.factor(0, 110), 0.1);
        assert_eq!(schedule.factor(9, 110), 1.0);
        assert_eq!(schedule.factor(10, 110), 1.0);
        assert!((schedule.factor(60, 110) - (COSINE_FLOOR + (1.0 - COSINE_FLOOR) * 0.5)).abs() < 1e-12);
        assert!((schedule.factor(110, 110) - COSINE_FLOOR).abs() < 1e-12);
        assert_eq!(Schedule::Constant.factor(5, 10), 1.0);
    }
}
