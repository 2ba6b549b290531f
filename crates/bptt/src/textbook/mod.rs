//! The readable implementation: every cell forward and backward, in plain loops over `f64`. Read this first.
//!
//! * [`lstm`], [`gru`], [`rnn`], [`rnn_relu`], [`peephole_lstm`], [`minimal_gated_unit`]: one unit of a cell at one step. Forward and backward are neighbours; backward has one line for
//!   each application of the chain rule, and every name is that of the equation above it.
//! * [`layer`]: what all cells share: the two products, the loop through time, padding, the sums of the weight gradients.
//! * [`stack`]: layers on top of each other, in one direction or both.
//! * [`attention`]: every step of a decoder attends to all steps of a source. [`coupling`]: binary outputs, coupled autoregressively.
//!   [`mixture`]: several softmaxes, mixed. [`loss`]: softmax and sigmoid cross-entropy.
//!
//! One line is one application of the chain rule, with its equation above it. [`crate::backpropagation`] derives them.
//!
//! Change a line and see which test notices: [`crate::exercises`].
//!
//! It is as slow as it is plain, and has no layer normalisation, no zoneout and no dropout: it refuses them. [`crate::fused`] is
//! what runs; [`mod@crate::reference`] derives the same gradients mechanically. The three share names and parameters and no formula of
//! a gradient, so each of them checks the others.
//!
//! In the code, `d_x` is the gradient of the loss with respect to `x`, and `d_gate_f` that with respect to `a_f`, the sum inside
//! the nonlinearity of gate `f`.

pub mod attention;
pub mod cell;
pub mod coupling;
mod dispatch;
pub mod gru;
pub mod layer;
pub mod loss;
pub mod lstm;
pub mod minimal_gated_unit;
pub mod mixture;
pub mod peephole_lstm;
pub mod rnn;
pub mod rnn_relu;
mod saved;
pub mod stack;

pub use cell::{Numbers, Source, TextbookCell, UnitGradient, UnitInput, UnitState, sigmoid};
pub use dispatch::{run, run_forward};

pub(crate) use dispatch::of;
pub(crate) use saved::{AnyJacobian, SavedRows};
