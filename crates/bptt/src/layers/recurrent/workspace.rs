//! The memory of a stack's passes.

use composer_tensor::{Buffer, Scalar};
use ndarray::ArrayView3;

use crate::arrays::view;
use crate::fused::{Activations, BackwardScratch, PackedLayer, ZoneKind};
use crate::layers::State;
use crate::probe::Probe;

/// The memory of a stack's forward and backward passes: reused, it is allocated once.
#[derive(Clone, Debug, Default)]
pub struct RecurrentWorkspace<S> {
    pub(super) packed: Vec<PackedLayer<S>>,
    pub(super) saved: Vec<Activations<S>>,
    /// The output of each layer `[T, B, H·D]`, where it is not simply the saved states.
    pub(super) outputs: Vec<Buffer<S>>,
    /// The dropout mask on the output of each layer but the last, `[T, B, H·D]` or `[B, H·D]`; empty without.
    pub(super) masks: Vec<Buffer<S>>,
    pub(super) valid: Vec<bool>,
    /// Zoneout of `h` and `c` in the last forward pass.
    pub(super) zones: (ZoneKind, ZoneKind),
    /// Steps and batch of the last forward pass; 0 before.
    pub(super) steps: usize,
    pub(super) batch: usize,
    pub(super) hidden: usize,
    /// Features of the output of the last forward pass.
    pub(super) width: usize,
    pub(super) scratch: BackwardScratch<S>,
    /// Gradients on their way from layer to layer.
    pub(super) d_layers: [Buffer<S>; 2],
    pub(super) want_d_input: bool,
    pub(super) d_input: Buffer<S>,
    pub(super) d_input_shape: (usize, usize, usize),
    pub(super) d_state: State<S>,
    pub(super) probe: Option<Probe>,
}

impl<S: Scalar> RecurrentWorkspace<S> {
    /// Empty; the first pass sizes it.
    pub fn new() -> Self {
        RecurrentWorkspace::default()
    }

    /// The output of the last forward pass, `[T, B, H·D]`; `T` is 0 if there was none, or the last one failed.
    pub fn output(&self) -> ArrayView3<'_, S> {
        let shape = (self.steps, self.batch, self.width);
        match self.outputs.len().checked_sub(1) {
            Some(last) if self.steps > 0 => view(shape, self.layer_output(last)),
            _ => view((0, self.batch, self.width), &[]),
        }
    }

    /// The output of a layer. Where none was collected, there is one direction, and its states are the output.
    pub(super) fn layer_output(&self, layer: usize) -> &[S] {
        match &*self.outputs[layer] {
            [] => &self.saved[layer].h[self.batch * self.hidden..],
            collected => collected,
        }
    }

    /// Whether backward passes compute the gradient of the input; off at first.
    pub fn request_d_input(&mut self, wanted: bool) {
        self.want_d_input = wanted;
    }

    /// From now on, backward passes are parts of one, over different rows: they may leave gradients here until
    /// [`Recurrent::end_parts`](super::Recurrent::end_parts) adds their sum to those of the parameters. What earlier parts left is forgotten.
    ///
    /// Multi-hot inputs have their weights' gradient summed in another order than the parameters have, and handing it over is as much work for
    /// few rows as for many.
    pub fn begin_parts(&mut self) {
        (self.scratch.sums_parts, self.scratch.has_parts) = (true, false);
    }

    /// The gradient of the input from the last backward pass, `[T, B, F]`, if it was requested; `T` is 0 otherwise.
    pub fn d_input(&self) -> ArrayView3<'_, S> {
        view(self.d_input_shape, &self.d_input)
    }

    /// From now on, backward passes record norms of gradients; see [`crate::probe`].
    pub fn attach_probe(&mut self) {
        self.probe = Some(Probe::default());
    }

    /// Stops recording; gives back what was recorded last.
    pub fn detach_probe(&mut self) -> Option<Probe> {
        self.probe.take()
    }

    /// What the last backward pass recorded, if a probe is attached.
    pub fn probe(&self) -> Option<&Probe> {
        self.probe.as_ref()
    }

    /// Steps and batch of the last forward pass.
    pub(crate) fn saved_size(&self) -> Option<(usize, usize)> {
        (self.steps > 0).then_some((self.steps, self.batch))
    }

    /// What a layer in one direction saved in the last forward pass.
    pub(crate) fn activations(&self, index: usize) -> Option<&Activations<S>> {
        self.saved.get(index)
    }

    /// The gradient of the initial state from the last backward pass.
    pub fn d_state(&self) -> &State<S> {
        &self.d_state
    }
}

/// The memory of [`Recurrent::step`](super::Recurrent::step).
#[derive(Clone, Debug, Default)]
pub struct StepWorkspace<S> {
    pub(super) inner: RecurrentWorkspace<S>,
}

impl<S: Scalar> StepWorkspace<S> {
    /// Empty; the first step sizes it.
    pub fn new() -> Self {
        StepWorkspace::default()
    }
}
