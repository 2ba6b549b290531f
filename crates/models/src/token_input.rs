//! [`TokenInput`]: the features of tokens as vectors, and back.

use crate::keep::Keep;
use crate::token_network::TokenNetwork;
use crate::{Encoding, Error};
use composer_bptt::arrays::view;
use composer_bptt::{Embedding, Input, ParamId, Parameters, init};
use composer_tensor::parallel::{SliceRows, share_rows};
use composer_tensor::{Buffer, Scalar};
use rand::Rng;

/// Prefix of the vectors in a model file: `embedding.weight` `[V, E]` are those of the tokens, `embedding.others.weight` `[F − V, E]`
/// those of all other features.
pub(crate) const EMBEDDING_PREFIX: &str = "embedding";

/// Bound of the first values (Merity et al. 2018).
const BOUND: f64 = 0.1;
/// Rows that a thread takes at least.
const LEAST: usize = 64;

/// A vector for each feature. A row of the input is the sum of those that are on:
///
/// ```text
/// x_r = Σ_f keep[b, f] weight_f        over the features f that are on in row r = t·B + b; keep is 1 for all but tokens
/// d_weight_f = Σ_r keep[b, f] d_x_r    over the rows r in which f is on
/// ```
///
/// While training with dropout, `keep[b, v]` is 0 or `1 / (1 − p)`, the same at all steps of a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TokenInput {
    tokens: Embedding,
    others: Embedding,
}

/// The rows of a batch as features, and the tokens that are kept `[B, V]`.
#[derive(Clone, Copy)]
pub(crate) struct FeatureBag<'a> {
    pub indices: &'a [u32],
    pub offsets: &'a [usize],
    pub keep: &'a Keep,
    /// `B`.
    pub batch: usize,
}

/// What the stack reads `[T·B, E]`.
#[derive(Clone, Debug, Default)]
pub(crate) struct TokenVectors<S> {
    values: Buffer<S>,
    batch: usize,
    width: usize,
}

impl<S: Scalar> TokenVectors<S> {
    /// `[T, B, E]`
    pub fn input(&self) -> Input<'_, S> {
        let steps = self.values.len() / (self.batch * self.width).max(1);
        Input::Dense(view((steps, self.batch, self.width), &self.values))
    }
}

impl TokenInput {
    /// Adds the vectors of all `features` of a row, zeros; `None` where the stack reads the features themselves.
    pub fn new(
        network: &TokenNetwork,
        encoding: &Encoding,
        features: usize,
        params: &mut Parameters<f32>,
    ) -> Result<Option<Self>, Error> {
        if network.embedding == 0 {
            return Ok(None);
        }
        let (tokens, width) = (encoding.outputs(), network.embedding);
        let others = format!("{EMBEDDING_PREFIX}.others");
        Ok(Some(Self {
            tokens: Embedding::new(tokens, width, EMBEDDING_PREFIX, params)?,
            others: Embedding::new(features - tokens, width, &others, params)?,
        }))
    }

    /// The vectors of the tokens `[V, E]`.
    pub fn tokens(&self) -> ParamId {
        self.tokens.weight()
    }

    pub fn init<S: Scalar, R: Rng>(&self, params: &mut Parameters<S>, rng: &mut R) {
        for table in [&self.tokens, &self.others] {
            init::uniform(params.value_mut(table.weight()), BOUND, rng);
        }
    }

    /// The table, the row of it and the factor of a feature that is on in row `row`.
    fn vector(&self, bag: FeatureBag<'_>, row: usize, feature: u32) -> (&Embedding, usize, f64) {
        let (feature, tokens) = (feature as usize, self.tokens.tokens());
        match feature.checked_sub(tokens) {
            Some(other) => (&self.others, other, 1.0),
            None => (&self.tokens, feature, bag.keep.factor(row % bag.batch * tokens + feature)),
        }
    }

    /// Overwrites `x` by the sums of vectors.
    pub fn forward<S: Scalar>(
        &self,
        params: &Parameters<S>,
        bag: FeatureBag<'_>,
        x: &mut TokenVectors<S>,
    ) -> Result<(), Error> {
        let (rows, width) = (bag.offsets.len() - 1, self.tokens.features());
        let features = self.tokens.tokens() + self.others.tokens();
        if bag.indices.iter().any(|&feature| feature as usize >= features) {
            return Err(Error::Unsupported("a feature of the input is outside those of the model"));
        }
        (x.batch, x.width) = (bag.batch, width);
        x.values.fit(rows * width);
        let to = SliceRows { data: &mut x.values[..], first: 0, width };
        share_rows(to, rows, LEAST, &|part| {
            for (row, x) in part.data.chunks_exact_mut(width).enumerate() {
                let row = part.first + row;
                x.fill(S::zero());
                for &feature in &bag.indices[bag.offsets[row]..bag.offsets[row + 1]] {
                    let (table, at, factor) = self.vector(bag, row, feature);
                    let (weight, factor) = (params.value(table.weight()), S::of(factor));
                    let vector = &weight[at * width..][..width];
                    x.iter_mut().zip(vector).for_each(|(x, &weight)| *x += factor * weight);
                }
            }
        });
        Ok(())
    }

    /// Adds to the gradients of the vectors; `d_x` `[T·B, E]`. One thread: rows share vectors.
    pub fn backward<S: Scalar>(&self, params: &mut Parameters<S>, bag: FeatureBag<'_>, d_x: &[S]) {
        let width = self.tokens.features();
        for (row, d_x) in d_x.chunks_exact(width).enumerate() {
            for &feature in &bag.indices[bag.offsets[row]..bag.offsets[row + 1]] {
                let (table, at, factor) = self.vector(bag, row, feature);
                let factor = S::of(factor);
                let d_vector = &mut params.grad_mut(table.weight())[at * width..][..width];
                d_vector.iter_mut().zip(d_x).for_each(|(sum, &d)| *sum += factor * d);
            }
        }
    }
}
