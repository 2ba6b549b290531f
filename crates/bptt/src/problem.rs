//! What every implementation of the recurrent stacks can be asked to compute, so that one harness compares them.

use crate::{Mask, Parameters, RecurrentConfig, State};

/// What a stack is run on. Dropout is not part of it; zoneout counts by its expectation.
#[derive(Clone, Debug)]
pub struct Problem<'a, S> {
    /// The stack's shape.
    pub config: &'a RecurrentConfig,
    /// The parameters of the stack alone, in the order in which [`crate::Recurrent::new`] adds them.
    pub params: &'a Parameters<S>,
    /// `[T, B, F]`
    pub input: &'a [S],
    /// `T`
    pub steps: usize,
    /// The initial state.
    pub state: &'a State<S>,
    /// Padding.
    pub mask: Option<&'a Mask>,
    /// The gradient of the output, `[T, B, H·D]`.
    pub d_output: &'a [S],
    /// The gradient of the final state.
    pub d_state_n: &'a State<S>,
}

impl<S: composer_tensor::Scalar> Problem<'_, S> {
    /// `[T, B, W]` of arrays `width` wide.
    pub(crate) fn shape(&self, width: usize) -> (usize, usize, usize) {
        (self.steps, self.state.batch(), width)
    }
}

/// All that a forward and a backward pass compute.
#[derive(Clone, Debug)]
pub struct Run<S> {
    /// `[T, B, H·D]`
    pub output: Vec<S>,
    /// The final state.
    pub state_n: State<S>,
    /// The gradients of the parameters, flat, in their order.
    pub grads: Vec<S>,
    /// `[T, B, F]`
    pub d_input: Vec<S>,
    /// The gradient of the initial state.
    pub d_state: State<S>,
}
