//! The product of any rows with a packed matrix.

#![allow(unsafe_code)] // tiles; the functions that make a `Multiply` check all bounds before

use std::ops::Range;

use super::tile::{Store, Tile};
use super::{Left, Packed};
use crate::Scalar;
use crate::parallel::{TimeRows, pool};
use crate::simd::{Isa, Kernel, dispatch_on};

/// Rows of the left-hand matrix that are taken through all panels before the next ones, to stay in the cache.
const BLOCK_ROWS: usize = 192;
/// Panels that a tile of one row has.
const MOST_PANELS: usize = 4;
/// Elements of a right-hand matrix that the cache of one core does not hold.
const LEAST_FETCHED: usize = 1 << 17;
/// Elements of a right-hand matrix below which a second thread does not pay: it reads them in half a microsecond.
const LEAST_SHARED: usize = 1 << 15;

/// `c = a · b`, or as `store` says. `c` holds rows of `b.n()` elements that start `c_stride` elements apart; what lies
/// between them is left alone.
///
/// # Panics
/// If the shapes do not fit each other.
pub fn multiply<S: Scalar>(a: Left<'_, S>, b: &Packed<S>, c: &mut [S], c_stride: usize, store: Store<'_, S>) {
    let product = checked(a, b, c, c_stride, store);
    product.run_columns(0..b.n);
}

/// [`multiply`] for few rows: threads share the columns, because each of them would read all of `b` for its rows otherwise.
///
/// # Panics
/// If the shapes do not fit each other.
pub fn multiply_shared<S: Scalar>(
    a: Left<'_, S>,
    b: &Packed<S>,
    c: &mut [S],
    c_stride: usize,
    store: Store<'_, S>,
) {
    let product = checked(a, b, c, c_stride, store);
    let most = (b.k * b.n / LEAST_SHARED).min(b.n.div_ceil(MOST_PANELS * b.panel));
    let parts = if most > 1 { pool::threads().min(most) } else { 1 };
    if parts <= 1 {
        return product.run_columns(0..b.n);
    }
    let width = b.n.div_ceil(parts).next_multiple_of(MOST_PANELS * b.panel);
    pool::share(parts, &|part| {
        let first = (part * width).min(b.n);
        product.run_columns(first..b.n.min(first + width));
    });
}

/// [`multiply`] for some rows of some steps: the rows of step `t` of `a` meet those of step `first_step + t` of `c`, of which
/// columns from `first_column` on count.
///
/// # Panics
/// If the shapes do not fit each other.
pub fn multiply_steps<S: Scalar>(
    a: Left<'_, S>,
    b: &Packed<S>,
    c: &mut TimeRows<'_, S>,
    (first_step, first_column): (usize, usize),
    store: Store<'_, S>,
) {
    check_left(a, b, store);
    assert!(
        a.rows == c.rows() && first_step + a.steps <= c.steps() && first_column + b.n <= c.width(),
        "rows, steps and columns of the target"
    );
    if !a.is_empty() && b.n > 0 {
        let (c, step_stride, row_stride) = c.parts(first_step, first_column);
        Product { a, b, c, c_step_stride: step_stride, c_stride: row_stride, store }.run_columns(0..b.n);
    }
}

fn checked<'a, S: Scalar>(
    a: Left<'a, S>,
    b: &'a Packed<S>,
    c: &mut [S],
    c_stride: usize,
    store: Store<'a, S>,
) -> Product<'a, S> {
    check_left(a, b, store);
    let rows = a.height();
    assert!(
        rows == 0 || c_stride >= b.n && (rows - 1) * c_stride + b.n <= c.len(),
        "the target is too short for its shape"
    );
    Product { a, b, c: c.as_mut_ptr(), c_step_stride: a.rows * c_stride, c_stride, store }
}

fn check_left<S: Scalar>(a: Left<'_, S>, b: &Packed<S>, store: Store<'_, S>) {
    assert_eq!(a.columns, b.k, "the columns of the left-hand matrix are the rows of the right-hand one");
    assert!(a.fits(), "the left-hand slice is too short for its shape");
    if let Store::SetPlusRow(row) = store {
        assert_eq!(row.len(), b.n, "one element of the added row for each column");
    }
}

/// A product whose bounds were checked.
#[derive(Clone, Copy)]
struct Product<'a, S> {
    a: Left<'a, S>,
    b: &'a Packed<S>,
    /// The first row of the first step.
    c: *mut S,
    c_step_stride: usize,
    c_stride: usize,
    store: Store<'a, S>,
}

// SAFETY: the pointer stands for the `&mut` to the target that `multiply` and its like were given and hold until all is done;
// threads that share a product run different columns of it.
unsafe impl<S: Sync + Send> Sync for Product<'_, S> {}

impl<S: Scalar> Product<'_, S> {
    /// Computes some columns; the first is the first of a panel.
    fn run_columns(&self, columns: Range<usize>) {
        let mut product = *self;
        // Rows that lie as evenly as if they were of one step are of one step: tiles are then full.
        let a = &mut product.a;
        if a.flat(a.row_stride, a.step_stride) && a.flat(self.c_stride, self.c_step_stride) {
            (a.rows, a.steps) = (a.height(), 1);
        }
        if !columns.is_empty() && !product.a.is_empty() {
            dispatch_on(self.b.path, Multiply { product, columns });
        }
    }
}

struct Multiply<'a, S> {
    product: Product<'a, S>,
    columns: Range<usize>,
}

impl<S: Scalar> Kernel for Multiply<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let Multiply { product, columns } = self;
        let a = product.a;
        let steps_of_block = (BLOCK_ROWS / a.rows).max(1);
        for step in (0..a.steps).step_by(steps_of_block) {
            let steps = step..a.steps.min(step + steps_of_block);
            for row in (0..a.rows).step_by(BLOCK_ROWS) {
                let rows = row..a.rows.min(row + BLOCK_ROWS);
                product.block::<I>(steps.clone(), rows, columns.clone());
            }
        }
    }
}

impl<S: Scalar> Product<'_, S> {
    /// Takes a block of rows through all panels.
    #[inline(always)]
    fn block<I: Isa>(&self, steps: Range<usize>, rows: Range<usize>, columns: Range<usize>) {
        let b = self.b;
        // Few rows have too few sums to hide the latency of an addition: give them more columns at a time.
        let panels = match rows.len() {
            1 => MOST_PANELS,
            2 => 2,
            _ => 1,
        };
        // Tiles of about one height: one of few rows would be slow.
        let tiles = rows.len().div_ceil(I::TILE_ROWS);
        let tile_rows = rows.len().div_ceil(tiles);
        // While the tiles of a panel compute, each fetches its share of the next panel; one or two tiles have no time for it.
        let all_tiles = tiles * steps.len();
        let fetch = all_tiles > 2 && b.k * b.n >= LEAST_FETCHED;
        let mut column = columns.start;
        while column < columns.end {
            let panels = if column + panels * b.panel <= columns.end { panels } else { 1 };
            let next = column + panels * b.panel;
            let mut ahead = b.data.as_ptr().wrapping_add(next * b.k);
            let ahead_rows = if fetch && next < columns.end { b.k.div_ceil(all_tiles) } else { 0 };
            for step in steps.clone() {
                let mut row = rows.start;
                while row < rows.end {
                    let count = (rows.end - row).min(tile_rows);
                    // SAFETY: who made the product checked that its rows lie in the slice of `a` and in the target, and that
                    // `a` is as wide as `b` is high; `b.data` holds all the panels; `panels` lie within the columns.
                    unsafe {
                        let tile = Tile {
                            k: b.k,
                            a: self.a.start().add(step * self.a.step_stride + row * self.a.row_stride),
                            row_stride: self.a.row_stride,
                            column_stride: 1,
                            panels: b.data.as_ptr().add(column * b.k),
                            c: self.c.add(step * self.c_step_stride + row * self.c_stride + column),
                            c_stride: self.c_stride,
                            columns: (columns.end - column).min(panels * b.panel),
                            ahead,
                            ahead_rows,
                        };
                        tile.run_for::<I>(count, panels, self.store.starting_at(column));
                    }
                    row += count;
                    ahead = ahead.wrapping_add(ahead_rows * b.panel);
                }
            }
            column += panels * b.panel;
        }
    }
}
