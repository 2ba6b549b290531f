//! What a cell adds to the passes that all cells share: its gates at one step. The kernels of each cell are compiled for it alone.

use std::marker::PhantomData;

use composer_tensor::Scalar;
use composer_tensor::simd::{Isa, Kernel, Vector, dispatch};

/// The gates of one cell at one step, for one row of the batch. `V` is the vector that a loop works with.
///
/// Slices of `c` are empty for a cell without one; `diagonal` is empty for a cell without diagonal weights.
pub(crate) trait FusedCell {
    /// Whether the rows of a batch may come as one long row, which saves a short last vector in each: for a cell whose only slot
    /// is its state.
    const ROWS_AS_ONE: bool = false;

    /// * `gates` `[slots·H]` in: the sums; out: the activations, as the layout of the cell names them.
    /// * `h_prev`, `c_prev` `[H]`; `h`, `c` `[H]`, overwritten.
    /// * `diagonal` `[P·H]`: the diagonal weights.
    fn forward<S: Scalar, V: Vector<S>>(
        gates: &mut [S],
        h_prev: &[S],
        c_prev: &[S],
        h: &mut [S],
        c: &mut [S],
        diagonal: &[S],
    );

    /// * `gates` `[slots·H]`: what `forward` left there.
    /// * `d_h` `[H]` in: the gradient of `h`; out: what reaches `h_prev` past the products, if anything does.
    /// * `d_c` `[H]` in: the gradient of `c` from the next step; out: that of `c_prev`.
    /// * `d_gates` `[slots·H]`, overwritten: the gradients of the sums.
    fn backward<S: Scalar, V: Vector<S>>(
        gates: &[S],
        h_prev: &[S],
        c_prev: &[S],
        d_h: &mut [S],
        d_c: &mut [S],
        d_gates: &mut [S],
        diagonal: &[S],
    );

    /// Adds to `d_diagonal` `[P·H]` what a row contributes to the gradients of the diagonal weights.
    fn add_d_diagonal<S: Scalar, V: Vector<S>>(
        _gates: &[S],
        _c_prev: &[S],
        _d_gates: &[S],
        _d_diagonal: &mut [S],
    ) {
    }
}

/// The kernels of one cell.
pub(crate) struct Kernels<S> {
    pub forward: fn(StepForward<'_, S>),
    pub backward: fn(StepBackward<'_, S>),
    pub add_d_diagonal: fn(StepDiagonal<'_, S>),
}

impl<S: Scalar> Kernels<S> {
    /// The kernels of a cell, compiled for it alone.
    pub(crate) fn of<C: FusedCell>() -> Self {
        Kernels {
            forward: |step| dispatch(Of::<C, _> { step, cell: PhantomData }),
            backward: |step| dispatch(Of::<C, _> { step, cell: PhantomData }),
            add_d_diagonal: |step| dispatch(Of::<C, _> { step, cell: PhantomData }),
        }
    }
}

/// One step forward for some rows; the fields are those of [`FusedCell::forward`] for each row.
pub(crate) struct StepForward<'a, S> {
    pub gates: &'a mut [S],
    pub h_prev: &'a [S],
    pub c_prev: &'a [S],
    pub h: &'a mut [S],
    pub c: &'a mut [S],
    pub diagonal: &'a [S],
    pub hidden: usize,
}

/// One step backward for some rows; the fields are those of [`FusedCell::backward`] for each row.
pub(crate) struct StepBackward<'a, S> {
    pub gates: &'a [S],
    pub h_prev: &'a [S],
    pub c_prev: &'a [S],
    pub d_h: &'a mut [S],
    pub d_c: &'a mut [S],
    pub d_gates: &'a mut [S],
    pub diagonal: &'a [S],
    pub hidden: usize,
}

/// Some rows of any steps; the fields are those of [`FusedCell::add_d_diagonal`] for each row.
pub(crate) struct StepDiagonal<'a, S> {
    pub gates: &'a [S],
    pub c_prev: &'a [S],
    pub d_gates: &'a [S],
    pub d_diagonal: &'a mut [S],
    pub hidden: usize,
}

/// A step of one cell, as a kernel.
struct Of<C, Step> {
    step: Step,
    cell: PhantomData<C>,
}

impl<C: FusedCell, S: Scalar> Kernel for Of<C, StepForward<'_, S>> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let StepForward { gates, h_prev, c_prev, h, c, diagonal, hidden } = self.step;
        let hidden = if C::ROWS_AS_ONE { h.len() } else { hidden };
        let width = gates.len() / (h.len() / hidden);
        for (row, gates) in gates.chunks_exact_mut(width).enumerate() {
            let at = row * hidden..(row + 1) * hidden;
            let c_prev = c_prev.get(at.clone()).unwrap_or_default();
            let c = c.get_mut(at.clone()).unwrap_or_default();
            C::forward::<S, S::Vector<I>>(gates, &h_prev[at.clone()], c_prev, &mut h[at], c, diagonal);
        }
    }
}

impl<C: FusedCell, S: Scalar> Kernel for Of<C, StepBackward<'_, S>> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let StepBackward { gates, h_prev, c_prev, d_h, d_c, d_gates, diagonal, hidden } = self.step;
        let hidden = if C::ROWS_AS_ONE { d_h.len() } else { hidden };
        let width = gates.len() / (d_h.len() / hidden);
        for (row, (gates, d_gates)) in
            gates.chunks_exact(width).zip(d_gates.chunks_exact_mut(width)).enumerate()
        {
            let at = row * hidden..(row + 1) * hidden;
            let c_prev = c_prev.get(at.clone()).unwrap_or_default();
            let d_c = d_c.get_mut(at.clone()).unwrap_or_default();
            let (h_prev, d_h) = (&h_prev[at.clone()], &mut d_h[at]);
            C::backward::<S, S::Vector<I>>(gates, h_prev, c_prev, d_h, d_c, d_gates, diagonal);
        }
    }
}

impl<C: FusedCell, S: Scalar> Kernel for Of<C, StepDiagonal<'_, S>> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let StepDiagonal { gates, c_prev, d_gates, d_diagonal, hidden } = self.step;
        let width = gates.len() / (c_prev.len() / hidden);
        for (row, c_prev) in c_prev.chunks_exact(hidden).enumerate() {
            let at = row * width..(row + 1) * width;
            C::add_d_diagonal::<S, S::Vector<I>>(&gates[at.clone()], c_prev, &d_gates[at], d_diagonal);
        }
    }
}
