//! The innermost loops: a few rows by a few panels.

#![allow(unsafe_code)] // loads and stores, whose bounds the callers check

use super::PANEL_VECTORS;
use crate::Scalar;
use crate::simd::{Isa, Vector};

/// What to do with a product's elements.
#[derive(Clone, Copy, Debug)]
pub enum Store<'a, S> {
    /// Overwrite the target.
    Set,
    /// Add to the target.
    Add,
    /// Overwrite the target by the product plus this row, the bias `[N]`.
    SetPlusRow(&'a [S]),
}

impl<S> Store<'_, S> {
    #[inline(always)]
    pub(super) fn starting_at(self, column: usize) -> Self {
        match self {
            Store::SetPlusRow(row) => Store::SetPlusRow(&row[column..]),
            other => other,
        }
    }
}

/// A few rows by one to four panels of a product: all its sums are in registers at once.
pub(super) struct Tile<S> {
    pub k: usize,
    /// Element `[m, k]` is at `a + m·row_stride + k·column_stride`.
    pub a: *const S,
    pub row_stride: usize,
    pub column_stride: usize,
    /// `k` rows of each panel, one panel after the other.
    pub panels: *const S,
    pub c: *mut S,
    pub c_stride: usize,
    /// The columns that exist; the last panel may be wider.
    pub columns: usize,
}

impl<S: Scalar> Tile<S> {
    /// Chooses the code for the number of rows and panels.
    ///
    /// # Safety
    /// All of `rows` rows of `a` and `c`, and `panels` panels, must lie in memory that is valid for reading (`a`,
    /// `panels`) and writing (`c`); more than one panel only if all its columns exist.
    #[inline(always)]
    pub(super) unsafe fn run_for<I: Isa>(&self, rows: usize, panels: usize, store: Store<'_, S>) {
        // SAFETY: the caller's.
        unsafe {
            match (rows, panels) {
                (1, 4) => self.run::<S::Vector<I>, 1, 4>(store),
                (1, _) => self.run::<S::Vector<I>, 1, 1>(store),
                (2, 2) => self.run::<S::Vector<I>, 2, 2>(store),
                (2, _) => self.run::<S::Vector<I>, 2, 1>(store),
                (3, _) => self.run::<S::Vector<I>, 3, 1>(store),
                (4, _) => self.run::<S::Vector<I>, 4, 1>(store),
                (5, _) => self.run::<S::Vector<I>, 5, 1>(store),
                (6, _) => self.run::<S::Vector<I>, 6, 1>(store),
                (7, _) => self.run::<S::Vector<I>, 7, 1>(store),
                _ => self.run::<S::Vector<I>, 8, 1>(store),
            }
        }
    }

    /// `M` rows by `P` panels.
    ///
    /// # Safety
    /// As for `run_for`.
    #[inline(always)]
    unsafe fn run<V: Vector<S>, const M: usize, const P: usize>(&self, store: Store<'_, S>) {
        let panel = PANEL_VECTORS * V::LANES;
        let mut sums = [[[V::zero(); PANEL_VECTORS]; P]; M];
        // SAFETY: all offsets are within the rows and panels that the caller vouches for.
        unsafe {
            for k in 0..self.k {
                let mut b = [[V::zero(); PANEL_VECTORS]; P];
                for p in 0..P {
                    let row = self.panels.add((p * self.k + k) * panel);
                    b[p] = [V::load(row), V::load(row.add(V::LANES))];
                }
                for m in 0..M {
                    let a = V::splat(*self.a.add(m * self.row_stride + k * self.column_stride));
                    for p in 0..P {
                        for v in 0..PANEL_VECTORS {
                            sums[m][p][v] = a.mul_add(b[p][v], sums[m][p][v]);
                        }
                    }
                }
            }
            for m in 0..M {
                for p in 0..P {
                    for v in 0..PANEL_VECTORS {
                        let column = p * panel + v * V::LANES;
                        if column < self.columns {
                            let width = (self.columns - column).min(V::LANES);
                            let c =
                                std::slice::from_raw_parts_mut(self.c.add(m * self.c_stride + column), width);
                            let sum = match store {
                                Store::Set => sums[m][p][v],
                                Store::Add => sums[m][p][v] + V::read(c, 0),
                                Store::SetPlusRow(row) => sums[m][p][v] + V::read(row, column),
                            };
                            sum.write(c, 0);
                        }
                    }
                }
            }
        }
    }
}
