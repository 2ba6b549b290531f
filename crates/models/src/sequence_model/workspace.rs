//! [`Workspace`]: the memory of the passes of a [`super::SequenceModel`].

use crate::bar_attention::BarWorkspace;
use crate::biaxial::FeatureRows;
use crate::head::HeadWorkspace;
use crate::token_input::TokenVectors;
use composer_bptt::arrays::view;
use composer_bptt::{CheckpointingWorkspace, RecurrentWorkspace};
use composer_tensor::Scalar;
use ndarray::ArrayView3;

/// Scratch of a forward and a backward pass, reused from step to step: it grows at first and then allocates nothing.
#[derive(Default)]
pub struct Workspace<S = f32> {
    pub(super) recurrent: RecurrentWorkspace<S>,
    /// In place of `recurrent` where activations are computed again.
    pub(super) segments: CheckpointingWorkspace<S>,
    pub(super) bars: BarWorkspace<S>,
    pub(crate) head: HeadWorkspace<S>,
    /// What the stack reads where all pitches are tied.
    pub(super) features: FeatureRows,
    /// What it reads where tokens are vectors.
    pub(super) vectors: TokenVectors<S>,
    /// The gradient of the stack's output `[T·B, H]`.
    pub(super) d_hidden: Vec<S>,
    /// `T`, `B`, `H` and `V` of the last forward pass; zeros before.
    pub(super) shape: [usize; 4],
}

impl<S: Scalar> Workspace<S> {
    /// The memory of the recurrent stack's passes, for what [`composer_bptt::probe`] says of it.
    pub fn recurrent(&self) -> &RecurrentWorkspace<S> {
        &self.recurrent
    }

    /// From now on, backward passes record norms of gradients in [`Self::recurrent`].
    pub fn attach_probe(&mut self) {
        self.recurrent.attach_probe();
    }

    /// Logits `[T, B, V]` of the last [`super::SequenceModel::forward`], for real values the predicted means; after a loss its gradient with
    /// respect to them. Empty after [`super::SequenceModel::learn_with_checkpointing`], for a model that writes frames note by note, and after
    /// [`super::SequenceModel::learn`] for one that writes them pitch by pitch.
    pub fn logits(&self) -> ArrayView3<'_, S> {
        let [steps, batch, _, outputs] = self.shape;
        let steps = if self.head.logits.is_empty() { 0 } else { steps };
        view((steps, batch, outputs), &self.head.logits[..steps * batch * outputs])
    }

    /// The output of the recurrent stack `[T, B, H]`, tied across pitch `[T, B·P, H]`, in the last [`super::SequenceModel::forward`], before dropout and the output layer.
    /// Empty after [`super::SequenceModel::learn_with_checkpointing`].
    pub fn hidden(&self) -> ArrayView3<'_, S> {
        let [steps, batch, hidden, _] = self.shape;
        let output = self.recurrent.output();
        if steps > 0 { output } else { view((steps, batch, hidden), &[]) }
    }
}
