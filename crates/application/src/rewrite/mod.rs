//! Parts of a tune written anew: [`infill`](fn@infill) some bars so that they follow from what is before and lead to what is after,
//! [`vary`](fn@vary) it more or less. Every other note, and all else in the file, stays as it is.
//!
//! The notes come from [`composer_decoding::rewrite`], which draws from what a model of frames finds likely given both sides; here they are
//! chosen from a score and spliced into it again.

mod infill;
mod layout;
mod network;
mod rewritten;
mod settings;
mod splice;
mod tune;
mod vary;

pub use infill::{Bars, InfillOptions, infill, infill_each, infill_until};
pub use network::{GapNetwork, infill_by};
pub use rewritten::Rewritten;
pub use settings::RewriteSettings;
pub use tune::Tune;
pub use vary::{Lock, Only, VaryOptions, vary, vary_each};
