//! One loop, compiled for every instruction set, chosen once at run time.
//!
//! A loop is a [`Kernel`]: a struct that holds its arguments and a generic `run` that works on [`Vector`]s. [`dispatch`]
//! calls `run` in a function that was compiled for the best instruction set this machine has, or for the one that the
//! environment variable `COMPOSER_SIMD` names (`portable`, `avx2` or `avx512`).

mod dispatch;
mod kernel;
mod path;
mod portable;
mod vector;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use dispatch::dispatch;
pub(crate) use dispatch::dispatch_on;
pub use kernel::{Isa, Kernel};
pub use path::{ENVIRONMENT, Path, PathError, PathGuard, check_environment, path, use_path};
pub use vector::Vector;
