//! Products with a matrix that is packed once and used many times.
//!
//! A right-hand matrix `[K, N]` is [`Packed`] into panels of two vectors' width, row after row of the panel, so that
//! the innermost loop reads memory in order:
//!
//! ```text
//!            panel 0    panel 1
//!      k=0   ████████   ████████          for k in 0..K:
//!      k=1   ████████   ████████              b = two vectors of the panel's row k
//!      …                                      for each row m of the tile: acc[m] += a[m, k] · b
//! ```
//!
//! Every element of a result is one sum over `k` in order, started from zero, whatever tile it falls in. So a result is
//! the same bits however its rows are shared out to threads, and one row alone gives what it gives among others.

#![allow(unsafe_code)] // the tile's loads and stores; `multiply` checks all its bounds before

use crate::simd::{Isa, Kernel, Path, Vector, dispatch_on, path};
use crate::{Buffer, Scalar};

/// Vectors in the width of a panel.
const PANEL_VECTORS: usize = 2;
/// Rows of the left-hand matrix that are taken through all panels before the next ones, to stay in the cache.
const BLOCK_ROWS: usize = 192;

/// A matrix `[K, N]`, packed for [`multiply`]. Packing again reuses the memory.
#[derive(Clone, Debug)]
pub struct Packed<S> {
    data: Buffer<S>,
    k: usize,
    n: usize,
    panel: usize,
    path: Path,
}

impl<S> Default for Packed<S> {
    fn default() -> Self {
        Packed { data: Buffer::default(), k: 0, n: 0, panel: 1, path: Path::Portable }
    }
}

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

    /// [`Packed::transposed`] into the memory of `self`.
    pub fn pack_transposed(&mut self, w: &[S], n: usize, k: usize) {
        assert!(w.len() >= n * k, "a matrix of {n} rows and {k} columns");
        self.reshape(k, n);
        let (panel, packed) = (self.panel, &mut self.data);
        let panels = packed.chunks_exact_mut((k * panel).max(1)).zip(w[..n * k].chunks((k * panel).max(1)));
        for (to, w) in panels {
            transpose(w, w.len() / k, k, to, panel);
        }
    }

    /// [`Packed::plain`] into the memory of `self`; the rows of `w` are `stride` elements apart.
    pub fn pack_plain(&mut self, w: &[S], k: usize, n: usize, stride: usize) {
        assert!(k == 0 || w.len() >= (k - 1) * stride + n, "a matrix of {k} rows and {n} columns");
        self.reshape(k, n);
        let (panel, packed) = (self.panel, &mut self.data);
        for (index, to) in packed.chunks_exact_mut((k * panel).max(1)).take(n.div_ceil(panel)).enumerate() {
            let columns = panel.min(n - index * panel);
            for (row, to) in to.chunks_exact_mut(panel).enumerate() {
                to[..columns].copy_from_slice(&w[row * stride + index * panel..][..columns]);
            }
        }
    }

    /// Makes room for `[k, n]`; the columns that fill the last panel up are zero.
    fn reshape(&mut self, k: usize, n: usize) {
        let path = path();
        if (k, n, path) == (self.k, self.n, self.path) {
            return;
        }
        self.panel = dispatch_on(path, PanelWidth::<S>(std::marker::PhantomData));
        (self.k, self.n, self.path) = (k, n, path);
        self.data.clear();
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

/// The left-hand matrix `[M, K]` of a product: a view of a slice with strides.
#[derive(Clone, Copy, Debug)]
pub struct Left<'a, S> {
    data: &'a [S],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a, S> Left<'a, S> {
    /// `rows` rows of `columns` elements, one after the other.
    pub fn rows(data: &'a [S], rows: usize, columns: usize) -> Self {
        Left::strided(data, rows, columns, columns)
    }

    /// Rows of `columns` elements that start `row_stride` elements apart.
    pub fn strided(data: &'a [S], rows: usize, columns: usize, row_stride: usize) -> Self {
        Left { data, rows, columns, row_stride, column_stride: 1 }
    }

    fn fits(&self) -> bool {
        self.rows == 0
            || self.columns == 0
            || (self.rows - 1) * self.row_stride + (self.columns - 1) * self.column_stride < self.data.len()
    }
}

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

/// `c = a · b`, or as `store` says. `c` holds rows of `b.n()` elements that start `c_stride` elements apart; what lies
/// between them is left alone.
///
/// # Panics
/// If the shapes do not fit each other.
pub fn multiply<S: Scalar>(a: Left<'_, S>, b: &Packed<S>, c: &mut [S], c_stride: usize, store: Store<'_, S>) {
    assert_eq!(a.columns, b.k, "the columns of the left-hand matrix are the rows of the right-hand one");
    assert!(a.fits(), "the left-hand slice is too short for its shape");
    if a.rows == 0 || b.n == 0 {
        return;
    }
    assert!(
        c_stride >= b.n && (a.rows - 1) * c_stride + b.n <= c.len(),
        "the target is too short for its shape"
    );
    if let Store::SetPlusRow(row) = store {
        assert_eq!(row.len(), b.n, "one element of the added row for each column");
    }
    dispatch_on(b.path, Multiply { a, b, c, c_stride, store });
}

/// `c [N, F] += dᵀ · x`, the weight gradient: `d` holds rows of `d_stride` elements, of which columns `first..first + N`
/// count; `x` `[R, F]` is packed plain; row `r` of the one meets row `r` of the other.
///
/// # Panics
/// If the shapes do not fit each other.
pub fn add_outer_products<S: Scalar>(d: &[S], d_stride: usize, first: usize, x: &Packed<S>, c: &mut [S]) {
    let (rows, f) = (x.k, x.n);
    if rows == 0 || f == 0 || c.is_empty() {
        return;
    }
    let n = c.len() / f;
    assert!(c.len() == n * f, "the target holds whole rows");
    assert!(
        first + n <= d_stride && (rows - 1) * d_stride + first + n <= d.len(),
        "the slice of d is too short"
    );
    dispatch_on(x.path, OuterProducts { d, d_stride, first, x, c });
}

struct Multiply<'a, S> {
    a: Left<'a, S>,
    b: &'a Packed<S>,
    c: &'a mut [S],
    c_stride: usize,
    store: Store<'a, S>,
}

impl<S: Scalar> Kernel for Multiply<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let Multiply { a, b, c, c_stride, store } = self;
        let mut block_start = 0;
        while block_start < a.rows {
            let block_end = a.rows.min(block_start + BLOCK_ROWS);
            // Few rows have too few sums to hide the latency of an addition: give them more columns at a time.
            let panels = match block_end - block_start {
                1 => 4,
                2 => 2,
                _ => 1,
            };
            let mut column = 0;
            while column < b.n {
                let whole = column + panels * b.panel <= b.n;
                let panels = if whole { panels } else { 1 };
                let mut row = block_start;
                while row < block_end {
                    let rows = (block_end - row).min(I::TILE_ROWS);
                    // SAFETY: `multiply` checked that rows `..a.rows` of `a` and `c` lie in their slices, that `a` is as wide
                    // as `b` is high; `b.data` holds all the panels; `panels` lie within `b.n`.
                    unsafe {
                        let tile = Tile {
                            k: b.k,
                            a: a.data.as_ptr().add(row * a.row_stride),
                            row_stride: a.row_stride,
                            column_stride: a.column_stride,
                            panels: b.data.as_ptr().add(column * b.k),
                            c: c.as_mut_ptr().add(row * c_stride + column),
                            c_stride,
                            columns: (b.n - column).min(panels * b.panel),
                        };
                        tile.run_for::<I>(rows, panels, store.starting_at(column));
                    }
                    row += rows;
                }
                column += panels * b.panel;
            }
            block_start = block_end;
        }
    }
}

impl<'a, S> Store<'a, S> {
    #[inline(always)]
    fn starting_at(self, column: usize) -> Self {
        match self {
            Store::SetPlusRow(row) => Store::SetPlusRow(&row[column..]),
            other => other,
        }
    }
}

struct OuterProducts<'a, S> {
    d: &'a [S],
    d_stride: usize,
    first: usize,
    x: &'a Packed<S>,
    c: &'a mut [S],
}

/// Rows that [`add_outer_products`] sums up before it adds them to the target: they fit the cache next to the core.
const OUTER_ROWS: usize = 256;
/// No tile has more rows.
const MAX_TILE_ROWS: usize = 8;

impl<S: Scalar> Kernel for OuterProducts<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let OuterProducts { d, d_stride, first, x, c } = self;
        let (f, n) = (x.n, c.len() / x.n);
        let mut tiles_of_d = [[S::zero(); OUTER_ROWS * MAX_TILE_ROWS]; 2];
        let mut from = 0;
        while from < x.k {
            let depth = (x.k - from).min(OUTER_ROWS);
            let mut row = 0;
            while row < n {
                // Two tiles at a time: their columns share cache lines.
                let rows =
                    [(n - row).min(I::TILE_ROWS), (n - row).saturating_sub(I::TILE_ROWS).min(I::TILE_ROWS)];
                for r in 0..depth {
                    let d = &d[(from + r) * d_stride + first + row..];
                    if rows[1] == I::TILE_ROWS {
                        // The length is known here, so these are moves and no calls.
                        tiles_of_d[0][r * I::TILE_ROWS..][..I::TILE_ROWS].copy_from_slice(&d[..I::TILE_ROWS]);
                        let d = &d[I::TILE_ROWS..2 * I::TILE_ROWS];
                        tiles_of_d[1][r * I::TILE_ROWS..][..I::TILE_ROWS].copy_from_slice(d);
                    } else {
                        tiles_of_d[0][r * rows[0]..][..rows[0]].copy_from_slice(&d[..rows[0]]);
                        tiles_of_d[1][r * rows[1]..][..rows[1]].copy_from_slice(&d[rows[0]..][..rows[1]]);
                    }
                }
                let mut column = 0;
                while column < f {
                    for tile in 0..2 {
                        if rows[tile] == 0 {
                            continue;
                        }
                        // SAFETY: the tile of `d` holds `depth · rows` elements; the panels of `x` hold rows
                        // `from..from + depth`; `c` holds `n` rows of `f` elements.
                        unsafe {
                            let product = Tile {
                                k: depth,
                                a: tiles_of_d[tile].as_ptr(),
                                row_stride: 1,
                                column_stride: rows[tile],
                                panels: x.data.as_ptr().add(column * x.k + from * x.panel),
                                c: c.as_mut_ptr().add((row + tile * rows[0]) * f + column),
                                c_stride: f,
                                columns: (f - column).min(x.panel),
                            };
                            product.run_for::<I>(rows[tile], 1, Store::Add);
                        }
                    }
                    column += x.panel;
                }
                row += rows[0] + rows[1];
            }
            from += depth;
        }
    }
}

/// A few rows by one to four panels of a product: all its sums are in registers at once.
struct Tile<S> {
    k: usize,
    /// Element `[m, k]` is at `a + m·row_stride + k·column_stride`.
    a: *const S,
    row_stride: usize,
    column_stride: usize,
    /// `k` rows of each panel, one panel after the other.
    panels: *const S,
    c: *mut S,
    c_stride: usize,
    /// The columns that exist; the last panel may be wider.
    columns: usize,
}

impl<S: Scalar> Tile<S> {
    /// Chooses the code for the number of rows and panels.
    ///
    /// # Safety
    /// All of `rows` rows of `a` and `c`, and `panels` panels, must lie in memory that is valid for reading (`a`,
    /// `panels`) and writing (`c`); more than one panel only if all its columns exist.
    #[inline(always)]
    unsafe fn run_for<I: Isa>(&self, rows: usize, panels: usize, store: Store<'_, S>) {
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
