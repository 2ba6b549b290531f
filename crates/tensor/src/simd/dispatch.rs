//! From the path in use to the code that was compiled for it.

#![allow(unsafe_code)] // the calls into functions with target features; each is checked by `Path::available`

use super::portable::Portable;
#[cfg(target_arch = "x86_64")]
use super::x86;
use super::{Kernel, Path, path};

/// Runs `kernel` on the current [`path`].
#[inline]
pub fn dispatch<K: Kernel>(kernel: K) -> K::Output {
    dispatch_on(path(), kernel)
}

/// Runs `kernel` on `path`, which must be available.
#[inline]
pub(crate) fn dispatch_on<K: Kernel>(path: Path, kernel: K) -> K::Output {
    match path {
        Path::Portable => kernel.run::<Portable>(),
        // SAFETY: a `Path` other than `Portable` reaches this point only through `path` or `use_path`, or was stored by
        // something that they reached; both return a path only after `available` detected its features.
        #[cfg(target_arch = "x86_64")]
        Path::Avx2 => unsafe { x86::run_avx2(kernel) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Path::Avx512 => unsafe { x86::run_avx512(kernel) },
        #[cfg(not(target_arch = "x86_64"))]
        _ => kernel.run::<Portable>(),
    }
}
