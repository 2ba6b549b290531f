//! What every implementation of the recurrent stacks can be asked to compute, so that one harness compares them.

use ndarray::ArrayView3;

use crate::{Mask, Parameters, RecurrentConfig, State};

/// What a stack is run on. Dropout is not part of it; zoneout counts by its expectation.
#[derive(Clone, Debug)]
pub struct Problem<'a, S> {
    /// The stack's shape.
    pub config: &'a RecurrentConfig,
    /// The parameters of the stack alone, in the order in which [`crate::Recurrent::new`] adds them.
    pub params: &'a Parameters<S>,
    /// `[T, B, F]`
    pub input: ArrayView3<'a, S>,
    /// The initial state.
    pub state: &'a State<S>,
    /// Padding.
    pub mask: Option<&'a Mask>,
    /// The gradient of the output, `[T, B, H·D]`.
    pub d_output: ArrayView3<'a, S>,
    /// The gradient of the final state.
    pub d_state_n: &'a State<S>,
}

impl<S> Problem<'_, S> {
    /// `T`
    pub fn steps(&self) -> usize {
        self.input.dim().0
    }
}

/// All that a forward and a backward pass compute, in row-major order.
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
