//! The right-hand matrix of a product, in the order in which the innermost loop reads it.

#![allow(unsafe_code)] // `PackedRows` hands out disjoint rows of one matrix

use std::marker::PhantomData;

use super::Left;
use crate::parallel::{SliceRows, SplitRows, share_rows};
use crate::simd::{Isa, Kernel, Path, Vector, dispatch_on, path};
use crate::{Buffer, Scalar};

/// Vectors in the width of a panel.
pub(super) const PANEL_VECTORS: usize = 2;

/// A matrix `[K, N]`, packed for [`multiply`](super::multiply). Packing again reuses the memory.
#[derive(Clone, Debug)]
pub struct Packed<S> {
    pub(super) data: Buffer<S>,
    pub(super) k: usize,
    pub(super) n: usize,
    pub(super) panel: usize,
    pub(super) path: Path,
}

impl<S> Default for Packed<S> {
    fn default() -> Self {
        Packed { data: Buffer::default(), k: 0, n: 0, panel: 1, path: Path::Portable }
    }
}

/// Elements that are worth another thread when a matrix is packed.
const LEAST_PACKED: usize = 1 << 14;

struct PanelWidth<S>(std::marker::PhantomData<S>);

impl<S: Scalar> Kernel for PanelWidth<S> {
    type Output = usize;

    #[inline(always)]
    fn run<I: Isa>(self) -> usize {
        PANEL_VECTORS * <S::Vector<I> as Vector<S>>::LANES
    }
}

impl<S: Scalar> Packed<S> {
    /// Packs `w` `[N, K]`, row-major, so that products are `a · wᵀ`: a layer's weights, going forward.
    pub fn transposed(w: &[S], n: usize, k: usize) -> Self {
        let mut packed = Packed::default();
        packed.pack_transposed(w, n, k);
        packed
    }

    /// Packs `w` `[K, N]`, row-major, so that products are `a · w`: a layer's weights, going backward.
    pub fn plain(w: &[S], k: usize, n: usize) -> Self {
        let mut packed = Packed::default();
        packed.pack_plain(w, k, n, n);
        packed
    }

    /// [`Packed::transposed`] into the memory of `self`; threads share the panels.
    pub fn pack_transposed(&mut self, w: &[S], n: usize, k: usize) {
        assert!(w.len() >= n * k, "a matrix of {n} rows and {k} columns");
        self.reshape(k, n);
        let panel = self.panel;
        self.each_panel(&|first, to| {
            let rows = panel.min(n - first);
            transpose(&w[first * k..][..rows * k], rows, k, to, panel);
            if rows < panel {
                to.chunks_exact_mut(panel).for_each(|to| to[rows..].fill(S::zero()));
            }
        });
    }

    /// [`Packed::plain`] into the memory of `self`; the rows of `w` are `stride` elements apart. Threads share the panels.
    pub fn pack_plain(&mut self, w: &[S], k: usize, n: usize, stride: usize) {
        let w = Left::strided(w, k, n, stride);
        self.reshape(k, n);
        assert!(w.fits(), "a matrix of {k} rows and {n} columns");
        let panel = self.panel;
        self.each_panel(&|first, to| {
            let columns = panel.min(n - first);
            for (to, row) in to.chunks_exact_mut(panel).zip(w.each_row()) {
                to[..columns].copy_from_slice(&row[first..][..columns]);
                to[columns..].fill(S::zero());
            }
        });
    }

    /// Makes room for a plain matrix `[steps · batch, n]`, whose rows threads then write.
    pub fn rows_mut(&mut self, steps: usize, batch: usize, n: usize) -> PackedRows<'_, S> {
        self.reshape(steps * batch, n);
        let Packed { data, k, panel, .. } = self;
        PackedRows {
            start: data.as_mut_ptr(),
            k: *k,
            n,
            panel: *panel,
            batch,
            first: 0,
            rows: batch,
            matrix: PhantomData,
        }
    }

    /// Runs `fill` on every panel, with its first column.
    fn each_panel(&mut self, fill: &(impl Fn(usize, &mut [S]) + Sync)) {
        let (k, panel, panels) = (self.k, self.panel, self.n.div_ceil(self.panel));
        if k == 0 {
            return;
        }
        let work = SliceRows { data: &mut self.data[..], first: 0, width: k * panel };
        share_rows(work, panels, LEAST_PACKED.div_ceil(k * panel), &|part| {
            for (index, to) in part.data.chunks_exact_mut(k * panel).enumerate() {
                fill((part.first + index) * panel, to);
            }
        });
    }

    /// Makes room for `[k, n]`. Whoever packs fills the columns that the last panel has too many with zeros.
    fn reshape(&mut self, k: usize, n: usize) {
        let path = path();
        if (k, n, path) == (self.k, self.n, self.path) {
            return;
        }
        self.panel = dispatch_on(path, PanelWidth::<S>(std::marker::PhantomData));
        (self.k, self.n, self.path) = (k, n, path);
        self.data.fit(k * n.next_multiple_of(self.panel));
    }

    /// The length of the sums, `K`.
    pub fn k(&self) -> usize {
        self.k
    }

    /// The number of columns, `N`.
    pub fn n(&self) -> usize {
        self.n
    }
}

/// Some rows of every step of a packed matrix `[steps · batch, n]`, writable.
#[derive(Debug)]
pub struct PackedRows<'a, S> {
    /// The first panel of the matrix.
    start: *mut S,
    k: usize,
    n: usize,
    panel: usize,
    batch: usize,
    /// The rows of each step that belong to this view.
    first: usize,
    rows: usize,
    matrix: PhantomData<&'a mut [S]>,
}

// SAFETY: a `PackedRows` is a `&mut` to its rows: no two views share one, so it may move to another thread as they may.
unsafe impl<S: Send> Send for PackedRows<'_, S> {}

impl<S: Scalar> PackedRows<'_, S> {
    /// Writes the rows of this view at step `t`.
    ///
    /// # Panics
    /// If there is no such step, or `rows` are not as many.
    pub fn write(&mut self, t: usize, rows: &[S]) {
        let PackedRows { k, n, panel, .. } = *self;
        assert!((t + 1) * self.batch <= k && rows.len() == self.rows * n, "step {t} of a packed matrix");
        for (index, row) in rows.chunks_exact(n.max(1)).enumerate() {
            let at = (t * self.batch + self.first + index) * panel;
            for (number, from) in row.chunks(panel).enumerate() {
                // SAFETY: panel `number` exists, and its row too; rows of this view belong to it alone.
                let to =
                    unsafe { std::slice::from_raw_parts_mut(self.start.add(number * k * panel + at), panel) };
                if from.len() == panel {
                    to.copy_from_slice(from);
                } else {
                    to[..from.len()].copy_from_slice(from);
                    to[from.len()..].fill(S::zero());
                }
            }
        }
    }
}

impl<S> SplitRows for PackedRows<'_, S> {
    fn split_rows(self, at: usize) -> (Self, Self) {
        assert!(at <= self.rows, "row {at} of {}", self.rows);
        (PackedRows { rows: at, ..self }, PackedRows { first: self.first + at, rows: self.rows - at, ..self })
    }
}

/// Rows and columns that are transposed at a time: a few cache lines of both matrices.
const TRANSPOSE_BLOCK: usize = 16;

/// Overwrites `to` by the transpose of `from` `[rows, columns]`; the rows of `to` start `stride` elements apart.
pub fn transpose<S: Scalar>(from: &[S], rows: usize, columns: usize, to: &mut [S], stride: usize) {
    for first in (0..columns).step_by(TRANSPOSE_BLOCK) {
        let width = TRANSPOSE_BLOCK.min(columns - first);
        for row in 0..rows {
            let from = &from[row * columns + first..][..width];
            for (column, &value) in from.iter().enumerate() {
                to[(first + column) * stride + row] = value;
            }
        }
    }
}
