//! The fast implementation of every cell: one product for the inputs of all steps, one product per step for the recurrence,
//! one pass for the gates; backward mirrors it and sums weight gradients over many steps at a time.
//!
//! | file | what it holds |
//! |---|---|
//! | `layout` | which columns of the tape's gate rows meet which rows of the weights |
//! | `lstm`, `gru`, `rnn` | the gates of one step, forward and backward side by side |
//! | `packed` | weights in the order in which products read them |
//! | `tape` | what forward keeps for backward |
//! | `forward`, `backward` | one layer in one direction through time |
//! | `input` | what the input adds to every gate row |
//! | `attention` | every step of a decoder looks at all steps of a source |
//! | `vectors` | small loops that both passes need |
//! | `norm`, `regularise` | layer normalisation; zoneout and recurrent dropout |

pub(crate) mod attention;
mod backward;
mod forward;
mod gru;
mod input;
mod layout;
mod lstm;
mod norm;
mod packed;
mod regularise;
mod rnn;
mod tape;
mod vectors;

pub(crate) use backward::{Backward, BackwardScratch, chunk_steps};
pub(crate) use forward::{Forward, ZoneKind};
pub(crate) use layout::Layout;
pub(crate) use packed::PackedLayer;
pub(crate) use regularise::{draw_keep_mask, draw_zone_mask};
pub(crate) use tape::{Tape, fit};
pub(crate) use vectors::sum_rows;
