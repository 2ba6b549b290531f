//! The linear layer `y = x weightᵀ + bias`.

use composer_tensor::matmul::{
    Left, Packed, PackedRows, Store, add_outer_products, multiply, multiply_shared,
};
use composer_tensor::parallel::{ReadRows, SliceRows, share_rows};
use composer_tensor::simd::{self, Path};
use composer_tensor::{Buffer, Scalar, split_rows_by_field};
use ndarray::{ArrayView, ArrayViewMut, Dimension};
use rand::Rng;

use crate::arrays::{as_slice_or_copy, check_rows, rows_of, with_slice_mut};
use crate::fused::{fit, sum_rows};
use crate::init::{self, Init, Scheme};
use crate::{Error, ParamId, Parameters};

/// A linear layer from `F` features to `O` outputs; PyTorch's names, `weight [O, F]` and `bias [O]`.
#[derive(Clone, Copy, Debug)]
pub struct Linear {
    features: usize,
    outputs: usize,
    weight: ParamId,
    bias: Option<ParamId>,
}

/// Packed weights and scratch of a linear layer.
#[derive(Clone, Debug, Default)]
pub struct LinearWorkspace<S> {
    forward: Packed<S>,
    backward: Packed<S>,
    x: Packed<S>,
    d_bias: Buffer<S>,
    forward_of: Option<(u64, Path)>,
    backward_of: Option<(u64, Path)>,
}

impl<S: Scalar> LinearWorkspace<S> {
    /// Empty; the first pass sizes it.
    pub fn new() -> Self {
        LinearWorkspace::default()
    }
}

/// Rows between two meetings of the threads in a backward pass.
const CHUNK_ROWS: usize = 1024;
/// Rows and outputs that shares are multiples of: tiles are full, and cache lines belong to one thread.
const LEAST_ROWS: usize = 16;
const LEAST_OUTPUTS: usize = 16;

impl Linear {
    /// Adds `prefix.weight` and, if wanted, `prefix.bias`, zeros.
    ///
    /// # Errors
    /// A size is zero.
    pub fn new<S: Scalar>(
        features: usize,
        outputs: usize,
        bias: bool,
        prefix: &str,
        params: &mut Parameters<S>,
    ) -> Result<Self, Error> {
        for (name, size) in [("features", features), ("outputs", outputs)] {
            if size == 0 {
                return Err(Error::Config { name, value: "0".into(), expected: "it must be at least 1" });
            }
        }
        let dot = if prefix.is_empty() { "" } else { "." };
        let weight = params.add(format!("{prefix}{dot}weight"), &[outputs, features]);
        let bias = bias.then(|| params.add(format!("{prefix}{dot}bias"), &[outputs]));
        Ok(Linear { features, outputs, weight, bias })
    }

    /// A layer whose weight `[O, F]` is a parameter that there is already, such as the table of an embedding ("Using the output
    /// embedding to improve language models", Press and Wolf 2017). Adds `prefix.bias`, if wanted, zeros. Gradients of both uses add up.
    ///
    /// # Errors
    /// The parameter is no matrix.
    pub fn tied<S: Scalar>(
        weight: ParamId,
        bias: bool,
        prefix: &str,
        params: &mut Parameters<S>,
    ) -> Result<Self, Error> {
        let [outputs, features] = params.entry(weight).shape[..] else {
            return Err(Error::Unsupported("the weight of a linear layer is a matrix"));
        };
        let dot = if prefix.is_empty() { "" } else { "." };
        let bias = bias.then(|| params.add(format!("{prefix}{dot}bias"), &[outputs]));
        Ok(Linear { features, outputs, weight, bias })
    }

    /// `F`
    pub fn features(&self) -> usize {
        self.features
    }

    /// `O`
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// The place of the weight.
    pub fn weight(&self) -> ParamId {
        self.weight
    }

    /// The place of the bias.
    pub fn bias(&self) -> Option<ParamId> {
        self.bias
    }

    /// First values: the weight by `init.input`; the bias uniform in `±1/√F` with it, zero otherwise.
    pub fn init<S: Scalar, R: Rng>(&self, params: &mut Parameters<S>, init: &Init, rng: &mut R) {
        let bound = 1.0 / (self.features as f64).sqrt();
        init::fill(init.input, params.value_mut(self.weight), self.outputs, self.features, bound, rng);
        if let Some(bias) = self.bias {
            match init.input {
                Scheme::Uniform => init::uniform(params.value_mut(bias), bound, rng),
                _ => params.value_mut(bias).fill(S::zero()),
            }
        }
    }

    /// Overwrites `y` `[rows, O]` or `[T, B, O]` by `x weightᵀ + bias`, where `x` is `[rows, F]` or `[T, B, F]`.
    ///
    /// # Errors
    /// An array has the wrong shape.
    pub fn forward<S: Scalar, D: Dimension>(
        &self,
        params: &Parameters<S>,
        x: ArrayView<'_, S, D>,
        y: ArrayViewMut<'_, S, D>,
        ws: &mut LinearWorkspace<S>,
    ) -> Result<(), Error> {
        let rows = rows_of(x.shape());
        check_rows("the input of a linear layer", x.shape(), rows, ("F", self.features))?;
        check_rows("the output of a linear layer", y.shape(), rows, ("O", self.outputs))?;
        let x = as_slice_or_copy(x);
        with_slice_mut(y, |y| self.forward_rows(params, &x, y, ws));
        Ok(())
    }

    fn forward_rows<S: Scalar>(
        &self,
        params: &Parameters<S>,
        x: &[S],
        y: &mut [S],
        ws: &mut LinearWorkspace<S>,
    ) {
        let rows = x.len() / self.features;
        let now = Some((params.version(), simd::path()));
        if ws.forward_of != now {
            ws.forward.pack_transposed(params.value(self.weight), self.outputs, self.features);
            ws.forward_of = now;
        }
        let store = self.bias.map_or(Store::Set, |bias| Store::SetPlusRow(params.value(bias)));
        if rows < 2 * LEAST_ROWS {
            let x = Left::rows(x, rows, self.features);
            multiply_shared(x, &ws.forward, y, self.outputs, store);
            return;
        }
        share_rows(SliceRows { data: y, first: 0, width: self.outputs }, rows, LEAST_ROWS, &|part| {
            let count = part.data.len() / self.outputs;
            let x = &x[part.first * self.features..][..count * self.features];
            multiply(Left::rows(x, count, self.features), &ws.forward, part.data, self.outputs, store);
        });
    }

    /// Adds to the gradients of weight and bias; overwrites `d_x`, if given. `x` is that of the forward pass, whose shape `d_x`
    /// has, and `d_y` `[rows, O]` or `[T, B, O]` the gradient of its output.
    ///
    /// # Errors
    /// An array has the wrong shape.
    pub fn backward<S: Scalar, D: Dimension>(
        &self,
        params: &mut Parameters<S>,
        x: ArrayView<'_, S, D>,
        d_y: ArrayView<'_, S, D>,
        d_x: Option<ArrayViewMut<'_, S, D>>,
        ws: &mut LinearWorkspace<S>,
    ) -> Result<(), Error> {
        let rows = rows_of(x.shape());
        check_rows("the input of a linear layer", x.shape(), rows, ("F", self.features))?;
        check_rows("the gradient of a linear layer's output", d_y.shape(), rows, ("O", self.outputs))?;
        if let Some(d_x) = &d_x {
            let what = "the gradient of a linear layer's input";
            check_rows(what, d_x.shape(), rows, ("F", self.features))?;
        }
        let (x, d_y) = (as_slice_or_copy(x), as_slice_or_copy(d_y));
        match d_x {
            Some(d_x) => with_slice_mut(d_x, |d_x| self.backward_rows(params, &x, &d_y, Some(d_x), ws)),
            None => self.backward_rows(params, &x, &d_y, None, ws),
        }
        Ok(())
    }

    fn backward_rows<S: Scalar>(
        &self,
        params: &mut Parameters<S>,
        x: &[S],
        d_y: &[S],
        d_x: Option<&mut [S]>,
        ws: &mut LinearWorkspace<S>,
    ) {
        let (features, outputs) = (self.features, self.outputs);
        if d_x.is_some() {
            let now = Some((params.version(), simd::path()));
            if ws.backward_of != now {
                ws.backward.pack_plain(params.value(self.weight), outputs, features, features);
                ws.backward_of = now;
            }
        }
        fit(&mut ws.d_bias, outputs);
        ws.d_bias.fill(S::zero());
        let mut d_x = d_x.map(|d_x| d_x.chunks_mut(CHUNK_ROWS * features));
        for (x, d_y) in x.chunks(CHUNK_ROWS * features).zip(d_y.chunks(CHUNK_ROWS * outputs)) {
            self.rows_of_chunk(x, d_y, d_x.as_mut().and_then(Iterator::next), ws);
            self.sum_chunk(params.grad_mut(self.weight), d_y, ws);
        }
        if let Some(bias) = self.bias {
            params.grad_mut(bias).iter_mut().zip(&*ws.d_bias).for_each(|(to, &d)| *to += d);
        }
    }

    /// What each thread does for its rows of a chunk: it packs those of `x`, and overwrites those of `d_x`.
    fn rows_of_chunk<S: Scalar>(
        &self,
        x: &[S],
        d_y: &[S],
        d_x: Option<&mut [S]>,
        ws: &mut LinearWorkspace<S>,
    ) {
        let (features, outputs) = (self.features, self.outputs);
        let rows = x.len() / features;
        let LinearWorkspace { x: packed, backward, .. } = ws;
        let work = ChunkRows {
            x: ReadRows { data: x, width: features },
            d_y: ReadRows { data: d_y, width: outputs },
            packed: packed.rows_mut(1, rows, features),
            d_x: d_x.map(|data| SliceRows { data, first: 0, width: features }),
        };
        share_rows(work, rows, LEAST_ROWS, &|ChunkRows { x, d_y, mut packed, d_x }| {
            packed.write(0, x.data);
            if let Some(d_x) = d_x {
                let d_y = Left::rows(d_y.data, d_y.data.len() / outputs, outputs);
                multiply(d_y, backward, d_x.data, features, Store::Set);
            }
        });
    }

    /// Adds what the packed rows of a chunk give to the gradients; threads share the outputs.
    fn sum_chunk<S: Scalar>(&self, d_weight: &mut [S], d_y: &[S], ws: &mut LinearWorkspace<S>) {
        let (features, outputs) = (self.features, self.outputs);
        let LinearWorkspace { x, d_bias, .. } = ws;
        let work = SumRows {
            weight: SliceRows { data: d_weight, first: 0, width: features },
            bias: SliceRows { data: d_bias, first: 0, width: 1 },
        };
        share_rows(work, outputs, LEAST_OUTPUTS, &|SumRows { weight, bias }| {
            let d = Left::strided(&d_y[weight.first..], x.k(), bias.data.len(), outputs);
            add_outer_products(d, x, weight.data);
            sum_rows(d_y, outputs, bias.first, bias.data);
        });
    }
}

/// Some rows of a chunk.
struct ChunkRows<'a, S> {
    x: ReadRows<'a, S>,
    d_y: ReadRows<'a, S>,
    packed: PackedRows<'a, S>,
    d_x: Option<SliceRows<'a, S>>,
}

split_rows_by_field!(ChunkRows { x, d_y, packed, d_x });

/// Some outputs.
struct SumRows<'a, S> {
    weight: SliceRows<'a, S>,
    bias: SliceRows<'a, S>,
}

split_rows_by_field!(SumRows { weight, bias });
