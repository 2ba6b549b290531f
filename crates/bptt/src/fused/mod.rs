//! The fast implementation of every cell: one product for the inputs of all steps, one product per step for the recurrence,
//! one pass for the gates; backward mirrors it and sums weight gradients over many steps at a time.
//!
//! | file | what it holds |
//! |---|---|
//! | `cell` | what a cell adds to the passes that all cells share |
//! | `dispatch` | which kernels belong to which cell |
//! | `rnn`, `lstm`, `gru`, `peephole_lstm`, `minimal_gated_unit` | the gates of one step, forward and backward, one cell each |
//! | `packed` | weights in the order in which products read them |
//! | `activations` | what forward saves for backward |
//! | `forward`, `backward` | one layer in one direction through time |
//! | `input` | what the input adds to every gate row |
//! | `attention` | every step of a decoder attends to all steps of a source |
//! | `vectors` | small loops that both passes need |
//! | `norm`, `regularise` | layer normalisation; zoneout and recurrent dropout |

mod activations;
pub(crate) mod attention;
mod backward;
mod cell;
mod dispatch;
mod forward;
mod gru;
mod input;
mod lstm;
mod minimal_gated_unit;
mod norm;
mod packed;
mod peephole_lstm;
mod regularise;
mod rnn;
mod vectors;

pub(crate) use activations::{Activations, fit};
pub(crate) use backward::{Backward, BackwardScratch, add_input_rows, chunk_steps};
pub(crate) use forward::{Forward, ZoneKind};
pub(crate) use packed::PackedLayer;
pub(crate) use regularise::{draw_keep_mask, draw_zone_mask};
pub(crate) use vectors::sum_rows;
