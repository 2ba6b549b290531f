//! What goes into a recurrent stack besides its weights: inputs, states, padding, and the mode.

use std::borrow::Cow;

use composer_tensor::Scalar;
use ndarray::{ArrayView2, ArrayView3, ArrayViewMut3};
use rand_chacha::ChaCha8Rng;

use crate::arrays::{as_slice_or_copy, check_shape, view, view_mut};
use crate::error::check_len;
use crate::{Error, RecurrentConfig};

/// The input of all steps, time-major: row `t·B + b`.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a, S> {
    /// `[T, B, F]`, any numbers, in any memory layout; all but the standard one are copied once.
    Dense(ArrayView3<'a, S>),
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
    /// `T`: the steps that `batch` rows have in it.
    pub(crate) fn steps(&self, batch: usize) -> usize {
        match self {
            Input::Dense(values) => values.len_of(ndarray::Axis(0)),
            Input::MultiHot { offsets, .. } => {
                offsets.len().saturating_sub(1).checked_div(batch).unwrap_or_default()
            }
        }
    }

    /// Checks shapes and indices for `steps` steps of `batch` rows of `features`.
    pub(crate) fn check(&self, steps: usize, batch: usize, features: usize) -> Result<(), Error> {
        let rows = steps * batch;
        match *self {
            Input::Dense(values) => {
                check_shape("the input", values.shape(), &[("T", steps), ("B", batch), ("F", features)])
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

    /// The input in row-major order, copied if it does not lie in memory like that.
    pub(crate) fn in_order(&self) -> OrderedInput<'a, S> {
        match *self {
            Input::Dense(values) => OrderedInput::Dense(as_slice_or_copy(values)),
            Input::MultiHot { indices, offsets } => OrderedInput::MultiHot { indices, offsets },
        }
    }
}

/// An [`Input`] in row-major order.
pub(crate) enum OrderedInput<'a, S: Clone> {
    Dense(Cow<'a, [S]>),
    MultiHot { indices: &'a [u32], offsets: &'a [usize] },
}

impl<S: Scalar> OrderedInput<'_, S> {
    pub(crate) fn slices(&self) -> InputSlices<'_, S> {
        match self {
            OrderedInput::Dense(values) => InputSlices::Dense(values),
            OrderedInput::MultiHot { indices, offsets } => InputSlices::MultiHot { indices, offsets },
        }
    }
}

/// An [`Input`] as kernels read it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum InputSlices<'a, S> {
    /// `[T·B, F]`
    Dense(&'a [S]),
    /// As [`Input::MultiHot`].
    MultiHot { indices: &'a [u32], offsets: &'a [usize] },
}

impl<'a, S: Scalar> InputSlices<'a, S> {
    /// The rows `from..to`. (The offsets of a multi-hot part do not start at 0.)
    pub(crate) fn rows(&self, from: usize, to: usize, features: usize) -> InputSlices<'a, S> {
        match *self {
            InputSlices::Dense(values) => InputSlices::Dense(&values[from * features..to * features]),
            InputSlices::MultiHot { indices, offsets } => {
                InputSlices::MultiHot { indices, offsets: &offsets[from..=to] }
            }
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

    /// Gives it the sizes of a state of `batch` rows, in the memory that it has where that is enough. What it holds is unspecified.
    pub fn fit(&mut self, config: &RecurrentConfig, batch: usize) {
        let size = config.layers * config.directions() * batch * config.hidden;
        self.h.resize(size, S::zero());
        self.c.resize(if config.cell.has_c() { size } else { 0 }, S::zero());
        (self.batch, self.hidden) = (batch, config.hidden);
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

    /// A state with copies of these arrays, `[L·D, B, H]` each; `c` is `None` for a cell without.
    ///
    /// # Errors
    /// A shape does not fit.
    pub fn from_arrays(
        config: &RecurrentConfig,
        h: ArrayView3<'_, S>,
        c: Option<ArrayView3<'_, S>>,
    ) -> Result<Self, Error> {
        let (_, batch, hidden) = h.dim();
        let layers = config.layers * config.directions();
        let expected = [("L·D", layers), ("B", batch), ("H", config.hidden)];
        check_shape("the state h", h.shape(), &expected)?;
        let c = match (c, config.cell.has_c()) {
            (Some(c), true) => {
                check_shape("the state c", c.shape(), &expected)?;
                as_slice_or_copy(c).into_owned()
            }
            (None, false) => Vec::new(),
            (Some(c), false) => {
                check_shape("the state c", c.shape(), &[("L·D", 0), expected[1], expected[2]])?;
                Vec::new()
            }
            (None, true) => return Err(Error::Unsupported("the cell has a state c, which is missing")),
        };
        Ok(State { h: as_slice_or_copy(h).into_owned(), c, batch, hidden })
    }

    /// `h` of all layers and directions, `[L·D, B, H]`.
    ///
    /// # Panics
    /// If the length of `h` was changed.
    pub fn h_array(&self) -> ArrayView3<'_, S> {
        view(self.shape(self.h.len()), &self.h)
    }

    /// `h` of all layers and directions, `[L·D, B, H]`, to change.
    ///
    /// # Panics
    /// If the length of `h` was changed.
    pub fn h_array_mut(&mut self) -> ArrayViewMut3<'_, S> {
        view_mut(self.shape(self.h.len()), &mut self.h)
    }

    /// `c` of all layers and directions, `[L·D, B, H]`; `[0, B, H]` for a cell without.
    ///
    /// # Panics
    /// If the length of `c` was changed.
    pub fn c_array(&self) -> ArrayView3<'_, S> {
        view(self.shape(self.c.len()), &self.c)
    }

    /// `c` of all layers and directions, `[L·D, B, H]`, to change; `[0, B, H]` for a cell without.
    ///
    /// # Panics
    /// If the length of `c` was changed.
    pub fn c_array_mut(&mut self) -> ArrayViewMut3<'_, S> {
        view_mut(self.shape(self.c.len()), &mut self.c)
    }

    /// `[L·D, B, H]` of so many numbers.
    fn shape(&self, len: usize) -> (usize, usize, usize) {
        (len / (self.batch * self.hidden).max(1), self.batch, self.hidden)
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
        if self.batch != batch || self.hidden != config.hidden {
            let (layers, rows, hidden) = self.shape(self.h.len());
            let expected = [("L·D", config.layers * config.directions()), ("B", batch), ("H", config.hidden)];
            return check_shape("the state h", &[layers, rows, hidden], &expected);
        }
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
    batch: usize,
}

impl Mask {
    /// From one flag for each step and row, time-major `[T, B]`; `true` is music.
    ///
    /// # Errors
    /// The length is not `steps · batch`.
    pub fn new(valid: Vec<bool>, steps: usize, batch: usize) -> Result<Self, Error> {
        check_len("the mask", valid.len(), &[("steps", steps), ("batch", batch)])?;
        Ok(Mask { valid, batch })
    }

    /// From one flag for each step and row, `[T, B]`; `true` is music.
    pub fn from_array(valid: ArrayView2<'_, bool>) -> Self {
        Mask { valid: as_slice_or_copy(valid).into_owned(), batch: valid.ncols() }
    }

    /// Row `b` is music for its first `lengths[b]` steps of `steps`.
    pub fn from_lengths(lengths: &[usize], steps: usize) -> Self {
        let valid = (0..steps).flat_map(|t| lengths.iter().map(move |&length| t < length)).collect();
        Mask { valid, batch: lengths.len() }
    }

    /// The steps `from..to` of `batch` rows.
    pub(crate) fn steps(&self, from: usize, to: usize, batch: usize) -> Mask {
        Mask { valid: self.valid[from * batch..to * batch].to_vec(), batch }
    }

    /// The flags, time-major `[T, B]`.
    pub fn valid(&self) -> &[bool] {
        &self.valid
    }

    /// The flags, `[T, B]`.
    pub fn array(&self) -> ArrayView2<'_, bool> {
        let steps = self.valid.len().checked_div(self.batch).unwrap_or_default();
        view((steps, self.batch), &self.valid)
    }

    /// Checks the shape.
    pub(crate) fn check(&self, what: &'static str, steps: usize, batch: usize) -> Result<(), Error> {
        check_shape(what, self.array().shape(), &[("T", steps), ("B", batch)])
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
