//! Exponential moving average of the weights: what is validated and kept, while the raw weights go on learning.

use super::blocks::BLOCK;
use composer_tensor::parallel::{ReadRows, SliceRows, share_rows};
use composer_tensor::split_rows_by_field;

/// A moving average `a ← d a + (1 − d) θ` with `d = min(decay, (1 + n) / (10 + n))` at update `n`, so that the average
/// forgets the initial weights quickly (as TensorFlow's `ExponentialMovingAverage` with `num_updates`).
#[derive(Clone, Debug)]
pub struct MovingAverage {
    decay: f64,
    values: Vec<f32>,
}

impl MovingAverage {
    /// An average that begins with `values`.
    pub fn new(decay: f64, values: &[f32]) -> Self {
        Self { decay, values: values.to_vec() }
    }

    /// Takes in the weights after update `update` (from 1).
    pub fn update(&mut self, values: &[f32], update: u64) {
        let young = (1.0 + update as f64) / (10.0 + update as f64);
        let take = (1.0 - self.decay.min(young)) as f32;
        let (data, rows) = (&mut self.values[..], values.len());
        let work = Averages {
            averages: SliceRows { data, first: 0, width: 1 },
            values: ReadRows { data: values, width: 1 },
        };
        share_rows(work, rows, BLOCK, &|Averages { averages, values }| {
            averages
                .data
                .iter_mut()
                .zip(values.data)
                .for_each(|(average, value)| *average += take * (value - *average));
        });
    }

    /// The averages.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The averages, to exchange with the weights.
    pub fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }
}

/// Some averages, and the weights that they follow.
struct Averages<'a, S> {
    averages: SliceRows<'a, S>,
    values: ReadRows<'a, S>,
}

split_rows_by_field!(Averages { averages, values });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_the_definition_and_comes_to_rest_at_constant_weights() {
        let mut average = MovingAverage::new(0.5, &[0.0]);
        average.update(&[1.0], 1);
        assert!((average.values()[0] - 9.0 / 11.0).abs() < 1e-6, "2/11 of 0 and 9/11 of 1");
        for update in 100..130 {
            average.update(&[3.0], update);
        }
        assert!((average.values()[0] - 3.0).abs() < 1e-6);
        let before = average.values()[0];
        average.update(&[5.0], 130);
        assert!((average.values()[0] - (before + 5.0) / 2.0).abs() < 1e-6, "the full decay is one half");
    }
}
