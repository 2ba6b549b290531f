//! Cell and sizes of the network that is timed.

use composer_bptt::{Cell, RecurrentConfig};

use crate::Error;
use crate::size::stack_parameters;

/// A recurrent stack with a linear output layer, and the batch that it is trained on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The cell.
    pub cell: Cell,
    /// `F`: features of input and output.
    pub features: usize,
    /// `H`: hidden units.
    pub hidden: usize,
    /// `L`: layers.
    pub layers: usize,
    /// `B`: rows of the batch.
    pub batch: usize,
    /// `T`: time steps.
    pub steps: usize,
}

/// Cell, then features/hidden/layers/batch/steps.
impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Shape { cell, features, hidden, layers, batch, steps } = self;
        write!(f, "{cell} {features}/{hidden}/{layers}/{batch}/{steps}")
    }
}

/// Limit of the memory of a training step.
const MAX_BYTES: f64 = 32e9;
/// Limit of the operations of a training step, which then takes some minutes.
const MAX_FLOPS: f64 = 1e14;

impl Shape {
    /// The configuration of the stack.
    pub fn config(&self) -> RecurrentConfig {
        let Shape { cell, features: input, hidden, layers, .. } = *self;
        RecurrentConfig { cell, input, hidden, layers, ..RecurrentConfig::default() }
    }

    /// Rejects sizes of zero and shapes above the limits of memory and time.
    ///
    /// # Errors
    /// [`Error::Setting`] with the name of the size; [`Error::TooLarge`] for the shape as a whole.
    pub fn check(&self) -> Result<(), Error> {
        let Shape { features, hidden, layers, batch, steps, .. } = *self;
        for (name, value) in [
            ("features", features),
            ("hidden", hidden),
            ("layers", layers),
            ("batch", batch),
            ("steps", steps),
        ] {
            if !(1..=10_000_000).contains(&value) {
                let must = "between 1 and 10000000";
                return Err(Error::Setting { name, value: value.to_string(), must });
            }
        }
        let widest = (features + hidden) as f64 * hidden as f64 * 4.0 * layers as f64;
        let rows = (batch * steps) as f64;
        let saved = 4.0 * rows * (6.0 * (hidden * layers) as f64 + 2.0 * features as f64);
        if saved + 16.0 * widest > MAX_BYTES || 6.0 * rows * widest > MAX_FLOPS {
            return Err(Error::TooLarge(self.to_string()));
        }
        Ok(())
    }

    /// Floating-point operations of one training step: three matrix products per weight matrix, two operations per multiply-add.
    /// By convention this counts the gradient of the input, although it is not computed.
    pub fn flops(&self) -> f64 {
        let weights = stack_parameters(&RecurrentConfig { bias: false, ..self.config() });
        (3 * 2 * self.steps * self.batch) as f64 * (weights + self.hidden * self.features) as f64
    }

    /// Bytes of saved activations that backpropagation through time needs in `f32`: gates and states of every step and layer. (LSTM:
    /// four gates, `c` and `h`. GRU: three gates, `W_hn h + b_hn`, and `h`. Vanilla RNN: `h`.)
    pub fn activation_bytes(&self) -> u64 {
        let each = self.cell.spec().saved_per_unit();
        4 * (each * self.hidden * self.layers * self.batch * self.steps) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape =
        Shape { cell: Cell::Lstm, features: 88, hidden: 512, layers: 2, batch: 32, steps: 128 };

    #[test]
    fn operations_and_activations_match_the_published_formulas() {
        // 3 · 2 · T · B · (G·H·(F + H) + G·H·(H + H) + F·H), as in `scripts/compare_pytorch.py`.
        let weights: u64 = 2048 * (88 + 512) + 2048 * 1024 + 512 * 88;
        assert_eq!(SHAPE.flops(), (6 * 128 * 32 * weights) as f64);
        assert_eq!(SHAPE.activation_bytes(), 4 * 6 * 512 * 2 * 32 * 128);
        assert_eq!(SHAPE.to_string(), "lstm 88/512/2/32/128");
    }

    #[test]
    fn sizes_out_of_range_are_named_in_the_error() {
        assert!(SHAPE.check().is_ok());
        let complaint = |shape: Shape| shape.check().unwrap_err().to_string();
        assert!(complaint(Shape { hidden: 0, ..SHAPE }).starts_with("hidden is 0"));
        assert!(complaint(Shape { batch: usize::MAX, ..SHAPE }).starts_with("batch is 18"));
        assert!(complaint(Shape { steps: 10_000_000, ..SHAPE }).contains("lstm 88/512/2/32/10000000"));
        assert!(complaint(Shape { hidden: 1_000_000, ..SHAPE }).contains("smaller"));
    }
}
