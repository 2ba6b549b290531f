//! The targets of a batch in the precision of a model.

use crate::batch::SequenceBatch;
use crate::targets::{TargetRows, Targets};
use composer_tensor::Scalar;

/// Bits and loss mask `[T·B, V]`; empty for tokens, which have one precision.
#[derive(Default)]
pub(super) struct CastTargets<S> {
    on: Vec<S>,
    weight: Vec<S>,
}

impl<S: Scalar> CastTargets<S> {
    /// Keeps those of a batch.
    pub fn fill(&mut self, batch: &SequenceBatch) {
        self.on.clear();
        self.weight.clear();
        if let Targets::Bits { on, weight } = &batch.targets {
            self.on.extend(on.iter().map(|&on| S::of(on.into())));
            self.weight.extend(weight.iter().map(|&weight| S::of(weight.into())));
        }
    }

    /// All rows of the batch that was kept, of `outputs` targets each.
    pub fn rows<'a>(&'a self, batch: &'a SequenceBatch, outputs: usize) -> TargetRows<'a, S> {
        match batch.target_rows(0..batch.steps * batch.batch, outputs) {
            TargetRows::Bits { frames, .. } => {
                TargetRows::Bits { on: &self.on, weight: &self.weight, frames }
            }
            TargetRows::Tokens(tokens) => TargetRows::Tokens(tokens),
            // No encoder–decoder has real values.
            TargetRows::Values { .. } => TargetRows::Values { values: &[], weight: &[] },
        }
    }
}
