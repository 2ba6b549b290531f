//! What a recurrent stack looks like.

use serde::{Deserialize, Serialize};

use crate::{Cell, Error};

/// A stack of recurrent layers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecurrentConfig {
    /// The cell of every layer.
    pub cell: Cell,
    /// `F`, features of an input row.
    pub input: usize,
    /// `H`, hidden units of a layer (of each direction).
    pub hidden: usize,
    /// `L`, layers on top of each other.
    pub layers: usize,
    /// Whether the products have biases.
    pub bias: bool,
    /// Whether every layer also runs from the last step to the first; its output is `2·H` wide.
    pub bidirectional: bool,
    /// Probability that an output of a layer is dropped on its way to the next one, while training.
    pub dropout: f64,
    /// Whether `dropout` draws one mask per sequence instead of one per step (Gal and Ghahramani 2016).
    pub variational_dropout: bool,
    /// Probability that a unit of `h_prev` is dropped on its way into `weight_hh`, one mask per sequence, while training.
    pub recurrent_dropout: f64,
    /// Probability that a unit of `h` keeps its previous value (Krueger et al. 2017); its expectation when not training.
    pub zoneout: f64,
    /// The same for `c`, if the cell has one.
    pub zoneout_cell: f64,
    /// Whether both products are normalised over all gates before they are added (Ba et al. 2016).
    pub layer_norm: bool,
}

/// Most features, and most hidden units of a layer.
pub const MAX_WIDTH: usize = 1 << 24;
/// Most layers.
pub const MAX_LAYERS: usize = 1024;

impl Default for RecurrentConfig {
    fn default() -> Self {
        RecurrentConfig {
            cell: Cell::Lstm,
            input: 88,
            hidden: 128,
            layers: 1,
            bias: true,
            bidirectional: false,
            dropout: 0.0,
            variational_dropout: false,
            recurrent_dropout: 0.0,
            zoneout: 0.0,
            zoneout_cell: 0.0,
            layer_norm: false,
        }
    }
}

impl RecurrentConfig {
    /// 2 if bidirectional, 1 otherwise.
    pub fn directions(&self) -> usize {
        if self.bidirectional { 2 } else { 1 }
    }

    /// Features of an output row, `H·D`.
    pub fn output(&self) -> usize {
        self.hidden * self.directions()
    }

    /// Features of the input of layer `layer`.
    pub fn layer_input(&self, layer: usize) -> usize {
        if layer == 0 { self.input } else { self.output() }
    }

    /// Rows of `weight_ih`, `G·H`.
    pub fn gate_rows(&self) -> usize {
        self.cell.gates().len() * self.hidden
    }

    /// Whether a pass that trains draws masks.
    pub fn draws(&self) -> bool {
        [self.dropout, self.recurrent_dropout, self.zoneout, self.zoneout_cell].iter().any(|&p| p > 0.0)
    }

    /// Whether the sizes are positive and the probabilities are some.
    ///
    /// # Errors
    /// The first setting that is out of its range.
    pub fn validate(&self) -> Result<(), Error> {
        for (name, size) in [("input", self.input), ("hidden", self.hidden), ("layers", self.layers)] {
            if size == 0 {
                return Err(Error::Config { name, value: "0".into(), expected: "it must be at least 1" });
            }
        }
        // So that no product of two sizes overflows, and no list of layers fills the memory.
        let most = [
            ("input", self.input, MAX_WIDTH, "it must be at most 16777216"),
            ("hidden", self.hidden, MAX_WIDTH, "it must be at most 16777216"),
            ("layers", self.layers, MAX_LAYERS, "it must be at most 1024"),
        ];
        for (name, size, limit, expected) in most {
            if size > limit {
                return Err(Error::Config { name, value: size.to_string(), expected });
            }
        }
        let probabilities = [
            ("dropout", self.dropout),
            ("recurrent_dropout", self.recurrent_dropout),
            ("zoneout", self.zoneout),
            ("zoneout_cell", self.zoneout_cell),
        ];
        for (name, p) in probabilities {
            if !(0.0..1.0).contains(&p) {
                return Err(Error::Config {
                    name,
                    value: p.to_string(),
                    expected: "it must be at least 0 and below 1",
                });
            }
        }
        Ok(())
    }
}
