//! Small loops over vectors that both passes need.

use composer_tensor::simd::{Isa, Kernel, Vector, dispatch};
use composer_tensor::{Scalar, for_lanes};

/// `to += from`, for a few numbers.
pub(crate) fn add<S: Scalar>(to: &mut [S], from: &[S]) {
    to.iter_mut().zip(from).for_each(|(to, &from)| *to += from);
}

/// `to += from` where it is worth the instruction set.
pub(crate) struct Add<'a, S> {
    pub to: &'a mut [S],
    pub from: &'a [S],
}

impl<S: Scalar> Kernel for Add<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        add_vectors::<S, S::Vector<I>>(self.to, self.from);
    }
}

/// The same inside a kernel.
#[inline(always)]
pub(crate) fn add_vectors<S: Scalar, V: Vector<S>>(to: &mut [S], from: &[S]) {
    let from = &from[..to.len()];
    for_lanes!(V, to.len(), |at| {
        (V::read(to, at) + V::read(from, at)).write(to, at);
    });
}

/// Adds columns of the rows of a matrix to `sums`: as many as there are sums, from `first` on, of rows of `stride` elements.
pub(crate) fn sum_rows<S: Scalar>(rows: &[S], stride: usize, first: usize, sums: &mut [S]) {
    dispatch(SumRows { rows, stride, first, sums });
}

struct SumRows<'a, S> {
    rows: &'a [S],
    stride: usize,
    first: usize,
    sums: &'a mut [S],
}

impl<S: Scalar> Kernel for SumRows<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let width = self.sums.len();
        for row in self.rows.chunks_exact(self.stride.max(1)) {
            add_vectors::<S, S::Vector<I>>(self.sums, &row[self.first..][..width]);
        }
    }
}
