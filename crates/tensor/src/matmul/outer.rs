//! Sums of outer products: the gradient of a weight.

#![allow(unsafe_code)] // tiles; `add_outer_products` checks all bounds before

use super::tile::{Store, Tile};
use super::{Left, Packed};
use crate::Scalar;
use crate::simd::{Isa, Kernel, dispatch_on};

/// `c [N, F] += dᵀ · x`, the weight gradient: `d` is `[R, N]`, `x` `[R, F]` is packed plain; row `r` of the one meets row `r` of
/// the other.
///
/// # Panics
/// If the shapes do not fit each other.
pub fn add_outer_products<S: Scalar>(d: Left<'_, S>, x: &Packed<S>, c: &mut [S]) {
    assert_eq!(d.height(), x.k, "as many rows of d as of x");
    assert!(d.fits(), "the slice of d is too short");
    assert_eq!(c.len(), d.columns * x.n, "the target holds a row for each column of d");
    if x.k > 0 && !c.is_empty() {
        dispatch_on(x.path, OuterProducts { d, x, c });
    }
}

struct OuterProducts<'a, S> {
    d: Left<'a, S>,
    x: &'a Packed<S>,
    c: &'a mut [S],
}

/// Rows that [`add_outer_products`] sums up before it adds them to the target: they fit the cache next to the core.
const OUTER_ROWS: usize = 256;
/// No tile has more rows.
const MAX_TILE_ROWS: usize = 8;

/// Two tiles at a time, because their columns share cache lines: some columns of some rows of `d`.
struct Tiles<S> {
    elements: [[S; OUTER_ROWS * MAX_TILE_ROWS]; 2],
    /// Columns of each.
    columns: [usize; 2],
}

impl<S: Scalar> Tiles<S> {
    /// Copies what starts at `starts` after `d`, so that a tile reads memory in order.
    ///
    /// # Safety
    /// As many elements as both tiles have columns must be readable at every start.
    #[inline(always)]
    unsafe fn copy<I: Isa>(&mut self, d: *const S, starts: &[usize]) {
        // SAFETY: the caller's.
        let row = |start, width| unsafe { std::slice::from_raw_parts(d.add(start), width) };
        let [a, b] = self.columns;
        let [first, second] = &mut self.elements;
        if b == I::TILE_ROWS {
            // The lengths are known here, so these are moves and no calls.
            let width = I::TILE_ROWS;
            for (r, &start) in starts.iter().enumerate() {
                let d: &[S] = row(start, 2 * width);
                first[r * width..][..width].copy_from_slice(&d[..width]);
                second[r * width..][..width].copy_from_slice(&d[width..]);
            }
            return;
        }
        for (r, &start) in starts.iter().enumerate() {
            first[r * a..][..a].copy_from_slice(row(start, a));
            second[r * b..][..b].copy_from_slice(row(start + a, b));
        }
    }
}

impl<S: Scalar> Kernel for OuterProducts<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let OuterProducts { d, x, c } = self;
        let mut tiles = Tiles { elements: [[S::zero(); OUTER_ROWS * MAX_TILE_ROWS]; 2], columns: [0; 2] };
        let mut starts = [0; OUTER_ROWS];
        let (mut step, mut row) = (0, 0);
        for from in (0..x.k).step_by(OUTER_ROWS) {
            let depth = (x.k - from).min(OUTER_ROWS);
            for start in &mut starts[..depth] {
                *start = step * d.step_stride + row * d.row_stride;
                row += 1;
                if row == d.rows {
                    (step, row) = (step + 1, 0);
                }
            }
            let mut column = 0;
            while column < d.columns {
                let left = d.columns - column;
                let first = left.min(I::TILE_ROWS);
                tiles.columns = [first, (left - first).min(I::TILE_ROWS)];
                // SAFETY: `add_outer_products` checked that the rows of `d` fit; `starts` are theirs.
                unsafe { tiles.copy::<I>(d.start().add(column), &starts[..depth]) };
                add_tiles::<S, I>(&tiles, depth, x, from, &mut c[column * x.n..]);
                column += tiles.columns[0] + tiles.columns[1];
            }
        }
    }
}

/// Adds the product of two tiles of `d` and rows `from..from + depth` of `x` to the first rows of `c`.
#[inline(always)]
fn add_tiles<S: Scalar, I: Isa>(tiles: &Tiles<S>, depth: usize, x: &Packed<S>, from: usize, c: &mut [S]) {
    let f = x.n;
    debug_assert!(c.len() >= (tiles.columns[0] + tiles.columns[1]) * f);
    for column in (0..f).step_by(x.panel) {
        for tile in 0..2 {
            let rows = tiles.columns[tile];
            if rows == 0 {
                continue;
            }
            // SAFETY: the tile of `d` holds `depth · rows` elements; the panels of `x` hold rows `from..from + depth`; `c`
            // holds a row of `f` elements for every column of both tiles.
            unsafe {
                let product = Tile {
                    k: depth,
                    a: tiles.elements[tile].as_ptr(),
                    row_stride: 1,
                    column_stride: rows,
                    panels: x.data.as_ptr().add(column * x.k + from * x.panel),
                    c: c.as_mut_ptr().add(tile * tiles.columns[0] * f + column),
                    c_stride: f,
                    columns: (f - column).min(x.panel),
                    ahead: x.data.as_ptr(),
                    ahead_rows: 0,
                };
                product.run_for::<I>(rows, 1, Store::Add);
            }
        }
    }
}
