//! [`Kernel`]: a loop that is written once, and [`Isa`]: what it is compiled for.

use super::Vector;

/// A loop together with its arguments.
pub trait Kernel {
    /// What the loop returns.
    type Output;

    /// The loop, written once for any instruction set. Implementations must be `#[inline(always)]`, so that the
    /// loop is compiled inside the function that enables the instructions.
    fn run<I: Isa>(self) -> Self::Output;
}

/// An instruction set: its vectors and the tile of its matrix product. Cannot be implemented or named elsewhere.
pub trait Isa: sealed::Sealed + 'static {
    /// The vector of `f32`.
    type F32: Vector<f32>;
    /// The vector of `f64`.
    type F64: Vector<f64>;
    /// Rows of a tile of the matrix product: as many as the registers hold accumulators for.
    const TILE_ROWS: usize;
}

pub(super) mod sealed {
    pub trait Sealed {}
}
