//! Matrix products, vectorised maths and CPU dispatch for small dense numerics. Knows no networks.
//!
//! * [`Scalar`] is `f32` or `f64`; everything is generic over it.
//! * [`simd`] chooses an instruction set once, at run time, and compiles each loop for all of them.
//! * [`matmul`] multiplies by matrices that were packed once and are used many times.
//! * [`maths`] has `exp`, `tanh` and `sigmoid` over slices with a stated error.
//! * [`Buffer`] holds numbers that start on a cache line.
//! * [`allocations`] counts what a program allocates, if it asks for that.
//! * [`parallel`] shares the rows of time-major arrays out to threads.
//!
//! Every result is the same bits for any number of threads: each element of a result is one sum in one fixed
//! order, whoever computes it.
//!
//! ```
//! use composer_tensor::matmul::{Left, Packed, Store, multiply};
//!
//! // c = a · wᵀ, the product of a linear layer: a [2, 3], w [2, 3] row-major.
//! let a = [1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0];
//! let w = [1.0, 0.0, 0.0, 0.0, 1.0, 1.0];
//! let packed = Packed::transposed(&w, 2, 3);
//! let mut c = [0.0; 4];
//! multiply(Left::rows(&a, 2, 3), &packed, &mut c, 2, Store::Set);
//! assert_eq!(c, [1.0, 5.0, 4.0, 11.0]);
//! ```

pub mod allocations;
mod buffer;
pub mod maths;
pub mod matmul;
pub mod parallel;
mod scalar;
pub mod simd;

pub use buffer::Buffer;
pub use scalar::Scalar;
