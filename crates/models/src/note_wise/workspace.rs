//! What the passes of the note stack keep.

use super::block::{NoteBlock, NoteLayout};
use super::layout::NoteSpace;
use crate::keep::{Keep, Kept};
use composer_bptt::divergence::Breakdown;
use composer_bptt::{LinearWorkspace, RecurrentWorkspace, State};
use composer_tensor::Scalar;
use rand_chacha::ChaCha8Rng;

/// Scratch of the note stack: what the passes over one block of rows keep, reused for the next.
#[derive(Default)]
pub(crate) struct NoteWorkspace<S> {
    /// Which values of the contexts `[T·B, H]` are kept.
    pub(super) keep: Keep,
    /// What the masks within the note stack are drawn from, block by block; `None`: there are none.
    pub(super) masks: Option<ChaCha8Rng>,
    pub(super) layout: NoteLayout,
    pub(super) block: NoteBlock,
    pub(super) passes: BlockWorkspace<S>,
    /// The first gate or state that was not finite in the last passes, if their loss was not.
    pub(super) breakdown: Option<Breakdown>,
}

/// What the passes over a block keep.
#[derive(Default)]
pub(super) struct BlockWorkspace<S> {
    pub(super) recurrent: RecurrentWorkspace<S>,
    pub(super) bridge: LinearWorkspace<S>,
    pub(super) output: LinearWorkspace<S>,
    pub(super) context: LinearWorkspace<S>,
    /// The contexts of the rows, as they are kept `[R, H]`, and their gradient: of the logits, and of the first state.
    pub(super) contexts: Vec<S>,
    pub(super) d_contexts: Vec<S>,
    pub(super) d_bridge_read: Vec<S>,
    /// `tanh(W context + b)` `[R, L·H]`, and the gradient before the tanh.
    pub(super) bridged: Vec<S>,
    pub(super) d_bridged: Vec<S>,
    pub(super) state: State<S>,
    pub(super) kept: Kept<S>,
    /// `[R, D]`: what the context says of the classes, and of lengths and velocities; later its gradient.
    pub(super) from_context: Vec<S>,
    /// `[K·R, O]`: the outputs; later their gradient.
    pub(super) outputs: Vec<S>,
    /// `[K·R, C]`: logits; after the loss their gradient.
    pub(super) logits: Vec<S>,
    pub(super) ends: EndWorkspace<S>,
    pub(super) d_notes: Vec<S>,
}

/// The logits of lengths and velocities of a block; after the loss their gradient.
#[derive(Default)]
pub(super) struct EndWorkspace<S> {
    /// `[K·R, L]` and `[K·R, U]`; zeros where no note ends.
    pub(super) lengths: Vec<S>,
    pub(super) velocities: Vec<S>,
}

impl<S: Scalar> EndWorkspace<S> {
    /// Those of lengths and of velocities of a place.
    pub(super) fn of(&mut self, space: &NoteSpace, place: usize) -> (&mut [S], &mut [S]) {
        (
            &mut self.lengths[place * space.lengths..][..space.lengths],
            &mut self.velocities[place * space.velocities..][..space.velocities],
        )
    }
}

/// −ln P of a note, in nats.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoteNll {
    /// Of its pitch, or of the stop.
    pub sounds: f64,
    /// Of being struck or held, where the pitch sounded before.
    pub struck: f64,
}
