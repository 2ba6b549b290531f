//! The innermost loops: a few rows by a few panels.

#![allow(unsafe_code)] // loads and stores, whose bounds the callers check

use super::packed::PANEL_VECTORS;
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
    /// What the tiles of the next panel will read, and how many of its rows this one brings closer: weights that stream from the
    /// cache that cores share are waited for otherwise.
    pub ahead: *const S,
    pub ahead_rows: usize,
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

    /// Adds the products with row `k` of the panels.
    ///
    /// # Safety
    /// As for `run_for`; there is such a row.
    #[inline(always)]
    unsafe fn add_row<V: Vector<S>, const M: usize, const P: usize>(
        &self,
        k: usize,
        sums: &mut [[[V; PANEL_VECTORS]; P]; M],
    ) {
        let panel = PANEL_VECTORS * V::LANES;
        let mut b = [[V::zero(); PANEL_VECTORS]; P];
        // SAFETY: all offsets are within the rows and panels that the caller vouches for.
        unsafe {
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
            // Two loops, because a question in the innermost one would cost more than what is fetched ahead saves.
            for k in 0..self.ahead_rows.min(self.k) {
                V::prefetch(self.ahead.wrapping_add(k * panel));
                self.add_row(k, &mut sums);
            }
            for k in self.ahead_rows.min(self.k)..self.k {
                self.add_row(k, &mut sums);
            }
            self.finish(sums, store);
        }
    }

    /// Brings the sums to their place.
    ///
    /// # Safety
    /// As for `run_for`.
    #[inline(always)]
    unsafe fn finish<V: Vector<S>, const M: usize, const P: usize>(
        &self,
        sums: [[[V; PANEL_VECTORS]; P]; M],
        store: Store<'_, S>,
    ) {
        let panel = PANEL_VECTORS * V::LANES;
        // A macro, because a closure would not be compiled for the instruction set.
        macro_rules! each_vector {
            (|$c:ident, $sum:ident, $column:ident| $body:expr) => {
                for m in 0..M {
                    for p in 0..P {
                        for v in 0..PANEL_VECTORS {
                            let $column = p * panel + v * V::LANES;
                            let ($c, $sum) =
                                (self.c.wrapping_add(m * self.c_stride + $column), sums[m][p][v]);
                            $body
                        }
                    }
                }
            };
        }
        // SAFETY: all columns exist, in the rows that the caller vouches for; and those of the last panel that exist.
        unsafe {
            if self.columns >= P * panel {
                match store {
                    Store::Set => each_vector!(|c, sum, _column| sum.store(c)),
                    Store::Add => each_vector!(|c, sum, _column| (sum + V::load(c)).store(c)),
                    Store::SetPlusRow(row) => {
                        let row = row[..P * panel].as_ptr();
                        each_vector!(|c, sum, column| (sum + V::load(row.add(column))).store(c));
                    }
                }
                return;
            }
            each_vector!(|c, sum, column| {
                if column < self.columns {
                    let c = std::slice::from_raw_parts_mut(c, (self.columns - column).min(V::LANES));
                    let sum = match store {
                        Store::Set => sum,
                        Store::Add => sum + V::read(c, 0),
                        Store::SetPlusRow(row) => sum + V::read(row, column),
                    };
                    sum.write(c, 0);
                }
            });
        }
    }
}
