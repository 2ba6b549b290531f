//! [`StackInput`]: what the recurrent stack of a model reads of a batch.

use crate::Error;
use crate::batch::SequenceBatch;
use crate::biaxial::FeatureRows;
use crate::head::Head;
use crate::token_input::{TokenInput, TokenVectors};
use composer_bptt::arrays::as_slice_or_copy;
use composer_bptt::{Input, Parameters};
use composer_tensor::Scalar;
use ndarray::ArrayView3;

/// What is before the recurrent stack.
#[derive(Clone, Copy)]
pub(crate) struct StackInput<'m> {
    pub embedding: &'m Option<TokenInput>,
    pub head: &'m Head,
}

impl StackInput<'_> {
    /// Writes what the recurrent stack reads of a batch, where that is not the batch's own input.
    pub fn write<S: Scalar>(
        self,
        params: &Parameters<S>,
        batch: &SequenceBatch<S>,
        features: &mut FeatureRows,
        vectors: &mut TokenVectors<S>,
    ) -> Result<(), Error> {
        if let Some(tied) = self.head.biaxial() {
            tied.write_features((&batch.indices, &batch.offsets), features);
        }
        match self.embedding {
            Some(embedding) => embedding.forward(params, batch.bag(), vectors),
            None => Ok(()),
        }
    }

    /// What the recurrent stack reads of a batch, after [`StackInput::write`].
    pub fn read<'a, S: Scalar>(
        self,
        batch: &'a SequenceBatch<S>,
        features: &'a FeatureRows,
        vectors: &'a TokenVectors<S>,
    ) -> Input<'a, S> {
        match (self.embedding, self.head.biaxial()) {
            (Some(_), _) => vectors.input(),
            (None, Some(_)) => features.input(),
            (None, None) => batch.input(),
        }
    }

    /// From the gradient of what the stack read `[T, B, E]` to those of the vectors.
    pub fn backward<S: Scalar>(
        self,
        params: &mut Parameters<S>,
        batch: &SequenceBatch<S>,
        d_input: ArrayView3<'_, S>,
    ) {
        if let Some(embedding) = self.embedding {
            embedding.backward(params, batch.bag(), &as_slice_or_copy(d_input));
        }
    }
}
