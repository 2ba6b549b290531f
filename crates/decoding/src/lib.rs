//! From logits to music: what to choose, what to forbid, and the loop that asks the model for one step at a time.
//!
//! [`frames`] chooses one multi-hot frame from its logits; [`constrained`] is the mathematics of choosing independent
//! pitches when their number is bounded; [`generate`] runs any [`composer_models::LanguageModel`] and yields every
//! step as it is decided.

pub mod constrained;
mod error;
pub mod frames;
pub mod generate;

pub use error::Error;
pub use frames::FrameOptions;
pub use generate::{Composition, Generator, compose};
