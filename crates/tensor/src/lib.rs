#![doc = include_str!("../README.md")]
// Every block says why it is sound.
#![deny(clippy::undocumented_unsafe_blocks)]
#![deny(unsafe_op_in_unsafe_fn)]

pub mod allocations;
pub mod arrays;
mod buffer;
pub mod maths;
pub mod matmul;
pub mod parallel;
mod scalar;
pub mod simd;

pub use buffer::Buffer;
pub use scalar::Scalar;
