//! The embedding: a learnt vector for each token.

use composer_tensor::Scalar;
use ndarray::{ArrayView, ArrayViewMut, Dimension};
use rand::Rng;

use crate::arrays::{as_slice_or_copy, check_rows, with_slice_mut};
use crate::init;
use crate::{Error, ParamId, Parameters};

/// A table of `V` vectors of `F` features; PyTorch's name, `weight [V, F]`.
#[derive(Clone, Copy, Debug)]
pub struct Embedding {
    tokens: usize,
    features: usize,
    weight: ParamId,
}

impl Embedding {
    /// Adds `prefix.weight`, zeros.
    ///
    /// # Errors
    /// A size is zero.
    pub fn new<S: Scalar>(
        tokens: usize,
        features: usize,
        prefix: &str,
        params: &mut Parameters<S>,
    ) -> Result<Self, Error> {
        for (name, size) in [("tokens", tokens), ("features", features)] {
            if size == 0 {
                return Err(Error::Config { name, value: "0".into(), expected: "it must be at least 1" });
            }
        }
        let dot = if prefix.is_empty() { "" } else { "." };
        Ok(Embedding {
            tokens,
            features,
            weight: params.add(format!("{prefix}{dot}weight"), &[tokens, features]),
        })
    }

    /// `V`
    pub fn tokens(&self) -> usize {
        self.tokens
    }

    /// `F`
    pub fn features(&self) -> usize {
        self.features
    }

    /// The place of the table.
    pub fn weight(&self) -> ParamId {
        self.weight
    }

    /// Fills the table uniformly, with variance 1, as wide as PyTorch's normal distribution.
    pub fn init<S: Scalar, R: Rng>(&self, params: &mut Parameters<S>, rng: &mut R) {
        init::uniform(params.value_mut(self.weight), 3.0f64.sqrt(), rng);
    }

    /// Overwrites `y` by the vectors of `tokens`: `[rows, F]` for `[rows]`, `[T, B, F]` for `[T, B]`.
    ///
    /// # Errors
    /// A token is not below `V`, or `y` has the wrong shape.
    pub fn forward<S: Scalar, D: Dimension>(
        &self,
        params: &Parameters<S>,
        tokens: ArrayView<'_, u32, D>,
        y: ArrayViewMut<'_, S, D::Larger>,
    ) -> Result<(), Error> {
        check_rows("the vectors of an embedding", y.shape(), tokens.shape(), ("F", self.features))?;
        let tokens = as_slice_or_copy(tokens);
        self.check(&tokens)?;
        let weight = params.value(self.weight);
        with_slice_mut(y, |y| {
            for (&token, y) in tokens.iter().zip(y.chunks_exact_mut(self.features)) {
                y.copy_from_slice(&weight[token as usize * self.features..][..self.features]);
            }
        });
        Ok(())
    }

    /// Adds `d_y` `[rows, F]` or `[T, B, F]` to the gradients of the vectors of `tokens`.
    ///
    /// # Errors
    /// As for [`Embedding::forward`].
    pub fn backward<S: Scalar, D: Dimension>(
        &self,
        params: &mut Parameters<S>,
        tokens: ArrayView<'_, u32, D>,
        d_y: ArrayView<'_, S, D::Larger>,
    ) -> Result<(), Error> {
        let what = "the gradient of an embedding's vectors";
        check_rows(what, d_y.shape(), tokens.shape(), ("F", self.features))?;
        let (tokens, d_y) = (as_slice_or_copy(tokens), as_slice_or_copy(d_y));
        self.check(&tokens)?;
        let d_weight = params.grad_mut(self.weight);
        for (&token, d_y) in tokens.iter().zip(d_y.chunks_exact(self.features)) {
            let row = &mut d_weight[token as usize * self.features..][..self.features];
            row.iter_mut().zip(d_y).for_each(|(sum, &d)| *sum += d);
        }
        Ok(())
    }

    fn check(&self, tokens: &[u32]) -> Result<(), Error> {
        match tokens.iter().position(|&token| token as usize >= self.tokens) {
            Some(position) => Err(Error::Index {
                what: "token",
                index: tokens[position] as usize,
                position,
                limit: self.tokens,
            }),
            None => Ok(()),
        }
    }
}
