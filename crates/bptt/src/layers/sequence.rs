//! What goes into a recurrent stack besides its weights: inputs, states, padding, and the mode.

use composer_tensor::Scalar;
use rand_chacha::ChaCha8Rng;

use crate::error::check_len;
use crate::{Error, RecurrentConfig};

/// The input of all steps, time-major: row `t·B + b`.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a, S> {
    /// `[T, B, F]`, any numbers.
    Dense(&'a [S]),
    /// Rows of ones and zeros, of which only the ones are listed: row `r` is one at `indices[offsets[r]..offsets[r + 1]]`.
    /// Weights are gathered instead of multiplied. A token is a row with one index.
    MultiHot {
        /// The features that are one, row after row; each below `F`, none twice in a row.
        indices: &'a [u32],
        /// `T·B + 1` positions in `indices`, ascending from 0.
        offsets: &'a [usize],
    },
}

impl<'a, S: Scalar> Input<'a, S> {
    /// Checks sizes and indices for `rows` rows of `features`.
    pub(crate) fn check(&self, rows: usize, features: usize) -> Result<(), Error> {
        match *self {
            Input::Dense(values) => {
                check_len("the input", values.len(), &[("steps × batch", rows), ("features", features)])
            }
            Input::MultiHot { indices, offsets } => {
                check_len("the offsets of the input", offsets.len(), &[("steps × batch + 1", rows + 1)])?;
                let ascending = offsets.windows(2).all(|pair| pair[0] <= pair[1]);
                if offsets[0] != 0 || !ascending || offsets[rows] != indices.len() {
                    return Err(Error::Unsupported(
                        "the offsets of a multi-hot input must ascend from 0 to the number of its indices",
                    ));
                }
                match indices.iter().position(|&index| index as usize >= features) {
                    None => Ok(()),
                    Some(position) => Err(Error::Index {
                        what: "input feature",
                        index: indices[position] as usize,
                        position,
                        limit: features,
                    }),
                }
            }
        }
    }

    /// The rows `from..to`. (The offsets of a multi-hot part do not start at 0.)
    pub(crate) fn rows(&self, from: usize, to: usize, features: usize) -> Input<'a, S> {
        match *self {
            Input::Dense(values) => Input::Dense(&values[from * features..to * features]),
            Input::MultiHot { indices, offsets } => Input::MultiHot { indices, offsets: &offsets[from..=to] },
        }
    }
}

/// The state between two steps, of all layers and directions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State<S> {
    /// `[L·D, B, H]`
    pub h: Vec<S>,
    /// `[L·D, B, H]` for a cell that has `c`, empty otherwise.
    pub c: Vec<S>,
    batch: usize,
    hidden: usize,
}

impl<S: Scalar> State<S> {
    /// Zeros for `batch` rows.
    pub fn zeros(config: &RecurrentConfig, batch: usize) -> Self {
        let size = config.layers * config.directions() * batch * config.hidden;
        let c = if config.cell.has_c() { vec![S::zero(); size] } else { Vec::new() };
        State { h: vec![S::zero(); size], c, batch, hidden: config.hidden }
    }

    /// A state with these values, `[L·D, B, H]` each; `c` is empty unless the cell has one.
    ///
    /// # Errors
    /// A length does not fit.
    pub fn from_values(config: &RecurrentConfig, batch: usize, h: Vec<S>, c: Vec<S>) -> Result<Self, Error> {
        let state = State { h, c, batch, hidden: config.hidden };
        state.check(config, batch)?;
        Ok(state)
    }

    /// `B`, the rows.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// Sets some rows of the batch to zero in every layer: new pieces begin there.
    ///
    /// # Panics
    /// If a row is not below the batch.
    pub fn reset_rows(&mut self, rows: &[usize]) {
        let (batch, hidden) = (self.batch, self.hidden);
        for values in [&mut self.h, &mut self.c] {
            for layer in values.chunks_exact_mut((batch * hidden).max(1)) {
                for &row in rows {
                    layer[row * hidden..][..hidden].fill(S::zero());
                }
            }
        }
    }

    /// Sets everything to zero.
    pub fn reset(&mut self) {
        self.h.fill(S::zero());
        self.c.fill(S::zero());
    }

    /// A new state whose row `i` is row `rows[i]` of this one, for beam search.
    ///
    /// # Panics
    /// If a row is not below the batch.
    pub fn gather_rows(&self, rows: &[usize]) -> Self {
        let (batch, hidden) = (self.batch, self.hidden);
        let gather = |values: &[S]| {
            let layers = values.chunks_exact((batch * hidden).max(1));
            layers
                .flat_map(|layer| {
                    rows.iter().flat_map(|&row| layer[row * hidden..][..hidden].iter().copied())
                })
                .collect()
        };
        State { h: gather(&self.h), c: gather(&self.c), batch: rows.len(), hidden }
    }

    /// Checks the sizes.
    pub(crate) fn check(&self, config: &RecurrentConfig, batch: usize) -> Result<(), Error> {
        let shape = [
            ("layers × directions", config.layers * config.directions()),
            ("batch", batch),
            ("hidden", config.hidden),
        ];
        check_len("the state h", self.h.len(), &shape)?;
        let c_layers = if config.cell.has_c() { shape[0].1 } else { 0 };
        check_len("the state c", self.c.len(), &[("layers × directions", c_layers), shape[1], shape[2]])
    }
}

/// Which steps of which rows are music and not padding, `[T, B]`.
///
/// At a padded step the state is carried on unchanged, the output is zero, and no gradient arises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask {
    valid: Vec<bool>,
}

impl Mask {
    /// From one flag for each step and row, time-major `[T, B]`; `true` is music.
    ///
    /// # Errors
    /// The length is not `steps · batch`.
    pub fn new(valid: Vec<bool>, steps: usize, batch: usize) -> Result<Self, Error> {
        check_len("the mask", valid.len(), &[("steps", steps), ("batch", batch)])?;
        Ok(Mask { valid })
    }

    /// Row `b` is music for its first `lengths[b]` steps of `steps`.
    pub fn from_lengths(lengths: &[usize], steps: usize) -> Self {
        Mask { valid: (0..steps).flat_map(|t| lengths.iter().map(move |&length| t < length)).collect() }
    }

    /// The steps `from..to` of `batch` rows.
    pub(crate) fn steps(&self, from: usize, to: usize, batch: usize) -> Mask {
        Mask { valid: self.valid[from * batch..to * batch].to_vec() }
    }

    /// The flags, time-major `[T, B]`.
    pub fn valid(&self) -> &[bool] {
        &self.valid
    }

    /// How many steps of rows are music.
    pub fn count(&self) -> usize {
        self.valid.iter().filter(|&&valid| valid).count()
    }
}

/// Whether a forward pass draws dropout and zoneout masks.
#[derive(Debug)]
pub enum Mode<'a> {
    /// No dropout; zoneout by its expectation.
    Eval,
    /// Masks from this generator, in a fixed order.
    Train {
        /// The generator, a stream of its own.
        rng: &'a mut ChaCha8Rng,
    },
}
