//! Forward and backward of every layer in plain `f64` loops, next to each other: read this first.
//!
//! * [`attention`]: every step of a decoder looks at all steps of a source.
//! * [`coupling`]: yes-or-no outputs that see each other.
//! * [`loss`]: softmax and sigmoid cross-entropy.
//!
//! One line is one application of the chain rule, with its equation above it. [`crate::backpropagation`] derives them.

pub mod attention;
pub mod coupling;
pub mod loss;
