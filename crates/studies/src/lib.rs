//! Experiments that show how recurrent networks behave.
//!
//! * [`memory`]: how far back can each cell remember? Four tasks whose answer lies a known number of steps back.
//! * [`gradient_flow`]: why? What becomes of a gradient on its way back through the gates, before and after training.
//! * [`speed`]: what does a step cost? Time, memory, and how they grow.
//! * [`cells`]: what is it good for? Every cell on frames and events, with and without scheduled sampling.
//!
//! `docs/cells.md` has what it found.
//!
//! Cells are compared at equal numbers of parameters, see [`size`].

pub mod cells;
mod descent;
mod error;
pub mod gradient_flow;
pub mod memory;
pub mod network;
mod parallel;
pub mod size;
pub mod speed;

pub use error::Error;
