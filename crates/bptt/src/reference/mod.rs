//! The implementation that derives its gradients mechanically: the forward equations of each cell on a small tape.
//!
//! * [`tape`] records a computation as a flat list of nodes, and walks back through it once, from the last to the first.
//! * [`rnn`], [`lstm`], [`gru`], [`peephole_lstm`], [`minimal_gated_unit`] write one step of each cell down, operation by operation; [`cells`] is what they share.
//! * [`stack`] takes the cells through time, layers and directions.
//! * [`attention`] lets every step of a decoder attend to all steps of a source.
//!
//! It shares names and parameters with the textbook and the fused implementation and not one formula of a gradient: here they
//! follow from the rules for products and sums, there they were derived by hand. So each proves the others.

pub mod attention;
pub mod cells;
pub mod dispatch;
pub mod gru;
pub mod lstm;
pub mod minimal_gated_unit;
pub mod peephole_lstm;
pub mod rnn;
pub mod stack;
pub mod tape;

pub use crate::problem::{Problem, Run};
pub use attention::{AttentionProblem, AttentionRun, run_attention};
pub use stack::{run, run_forward};
pub use tape::{Node, Tape};
