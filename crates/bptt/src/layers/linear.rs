//! The linear layer `y = x weightᵀ + bias`.

use composer_tensor::Scalar;
use composer_tensor::matmul::{Left, Packed, Store, add_outer_products, multiply};
use composer_tensor::parallel::{SliceRows, share_rows};
use composer_tensor::simd::{self, Path};
use rand::Rng;

use crate::error::check_len;
use crate::fused::sum_rows;
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
    forward_of: Option<(u64, Path)>,
    backward_of: Option<(u64, Path)>,
}

impl<S: Scalar> LinearWorkspace<S> {
    /// Empty; the first pass sizes it.
    pub fn new() -> Self {
        LinearWorkspace::default()
    }
}

/// Rows whose outer products are summed in one go.
const CHUNK_ROWS: usize = 256;

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

    /// Overwrites `y` `[rows, O]` by `x weightᵀ + bias`, where `x` is `[rows, F]`.
    ///
    /// # Errors
    /// A slice has the wrong length.
    pub fn forward<S: Scalar>(
        &self,
        params: &Parameters<S>,
        x: &[S],
        rows: usize,
        y: &mut [S],
        ws: &mut LinearWorkspace<S>,
    ) -> Result<(), Error> {
        check_len("the input of a linear layer", x.len(), &[("rows", rows), ("features", self.features)])?;
        check_len("the output of a linear layer", y.len(), &[("rows", rows), ("outputs", self.outputs)])?;
        let now = Some((params.version(), simd::path()));
        if ws.forward_of != now {
            ws.forward.pack_transposed(params.value(self.weight), self.outputs, self.features);
            ws.forward_of = now;
        }
        let store = self.bias.map_or(Store::Set, |bias| Store::SetPlusRow(params.value(bias)));
        share_rows(SliceRows { data: y, first: 0, width: self.outputs }, rows, 32, &|part| {
            let count = part.data.len() / self.outputs;
            let x = &x[part.first * self.features..][..count * self.features];
            multiply(Left::rows(x, count, self.features), &ws.forward, part.data, self.outputs, store);
        });
        Ok(())
    }

    /// Adds to the gradients of weight and bias; overwrites `d_x` `[rows, F]`, if given. `x` is that of the forward pass,
    /// `d_y` `[rows, O]` the gradient of its output.
    ///
    /// # Errors
    /// A slice has the wrong length.
    pub fn backward<S: Scalar>(
        &self,
        params: &mut Parameters<S>,
        x: &[S],
        rows: usize,
        d_y: &[S],
        d_x: Option<&mut [S]>,
        ws: &mut LinearWorkspace<S>,
    ) -> Result<(), Error> {
        let (features, outputs) = (self.features, self.outputs);
        check_len("the input of a linear layer", x.len(), &[("rows", rows), ("features", features)])?;
        check_len(
            "the gradient of a linear layer's output",
            d_y.len(),
            &[("rows", rows), ("outputs", outputs)],
        )?;
        if let Some(bias) = self.bias {
            sum_rows(d_y, params.grad_mut(bias));
        }
        for (x, d_y) in x.chunks(CHUNK_ROWS * features).zip(d_y.chunks(CHUNK_ROWS * outputs)) {
            ws.x.pack_plain(x, x.len() / features, features, features);
            let d_weight = SliceRows { data: params.grad_mut(self.weight), first: 0, width: features };
            share_rows(d_weight, outputs, 24, &|part| {
                add_outer_products(d_y, outputs, part.first, &ws.x, part.data)
            });
        }
        let Some(d_x) = d_x else { return Ok(()) };
        check_len(
            "the gradient of a linear layer's input",
            d_x.len(),
            &[("rows", rows), ("features", features)],
        )?;
        let now = Some((params.version(), simd::path()));
        if ws.backward_of != now {
            ws.backward.pack_plain(params.value(self.weight), outputs, features, features);
            ws.backward_of = now;
        }
        share_rows(SliceRows { data: d_x, first: 0, width: features }, rows, 32, &|part| {
            let count = part.data.len() / features;
            let d_y = &d_y[part.first * outputs..][..count * outputs];
            multiply(Left::rows(d_y, count, outputs), &ws.backward, part.data, features, Store::Set);
        });
        Ok(())
    }
}
