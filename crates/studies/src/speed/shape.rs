//! The size of what is timed.

use composer_bptt::{Cell, RecurrentConfig};

use crate::Error;
use crate::size::stack_parameters;

/// A stack with a linear layer on it, and the batch that it is trained with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The cell.
    pub cell: Cell,
    /// Features of input and output.
    pub features: usize,
    /// Hidden units.
    pub hidden: usize,
    /// Layers.
    pub layers: usize,
    /// Rows.
    pub batch: usize,
    /// Time steps.
    pub steps: usize,
}

/// As in the tables of figures: cell, then features, hidden units, layers, batch and steps.
impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Shape { cell, features, hidden, layers, batch, steps } = self;
        write!(f, "{cell} {features}/{hidden}/{layers}/{batch}/{steps}")
    }
}

/// Activations that anyone's machine holds.
const MAX_BYTES: f64 = 32e9;
/// Operations of a step that anyone waits for: some minutes.
const MAX_FLOPS: f64 = 1e14;

impl Shape {
    /// The stack.
    pub fn config(&self) -> RecurrentConfig {
        let Shape { cell, features: input, hidden, layers, .. } = *self;
        RecurrentConfig { cell, input, hidden, layers, ..RecurrentConfig::default() }
    }

    /// Refuses sizes of zero, and what no machine holds or nobody waits for.
    ///
    /// # Errors
    /// [`Error::Setting`] by the name of the size, [`Error::TooLarge`] for all of them together.
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
        let kept = 4.0 * rows * (6.0 * (hidden * layers) as f64 + 2.0 * features as f64);
        if kept + 16.0 * widest > MAX_BYTES || 6.0 * rows * widest > MAX_FLOPS {
            return Err(Error::TooLarge(self.to_string()));
        }
        Ok(())
    }

    /// Floating-point operations of one training step: three products for each weight, two operations each. The gradient of the
    /// input, which nobody asks for, is counted as the convention has it.
    pub fn flops(&self) -> f64 {
        let weights = stack_parameters(&RecurrentConfig { bias: false, ..self.config() });
        (3 * 2 * self.steps * self.batch) as f64 * (weights + self.hidden * self.features) as f64
    }

    /// Bytes of activations that backpropagation through time must keep in `f32`: the gates and the states of every step of every
    /// layer. (An LSTM: four gates, `c` and `h`; a GRU: three gates, the part of `n` that `r` multiplies, and `h`; the vanilla
    /// RNN: `h`.)
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
    fn operations_and_activations_are_counted_as_published() {
        // 3 · 2 · T · B · (G·H·(F + H) + G·H·(H + H) + F·H), as in the comparison with PyTorch.
        let weights: u64 = 2048 * (88 + 512) + 2048 * 1024 + 512 * 88;
        assert_eq!(SHAPE.flops(), (6 * 128 * 32 * weights) as f64);
        assert_eq!(SHAPE.activation_bytes(), 4 * 6 * 512 * 2 * 32 * 128);
        assert_eq!(SHAPE.to_string(), "lstm 88/512/2/32/128");
    }

    #[test]
    fn sizes_that_make_no_sense_are_named() {
        assert!(SHAPE.check().is_ok());
        let complaint = |shape: Shape| shape.check().unwrap_err().to_string();
        assert!(complaint(Shape { hidden: 0, ..SHAPE }).starts_with("hidden is 0"));
        assert!(complaint(Shape { batch: usize::MAX, ..SHAPE }).starts_with("batch is 18"));
        assert!(complaint(Shape { steps: 10_000_000, ..SHAPE }).contains("lstm 88/512/2/32/10000000"));
        assert!(complaint(Shape { hidden: 1_000_000, ..SHAPE }).contains("smaller"));
    }
}
