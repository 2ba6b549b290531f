//! Work that is shared out to threads by rows.
//!
//! The rows of a batch know nothing of each other, so each thread takes some of them through all time steps. In a time-major
//! array `[T, B, W]` those rows are not contiguous; [`TimeRows`] is the view that one thread writes to.

#![allow(unsafe_code)] // `TimeRows` hands out disjoint parts of one slice

use std::marker::PhantomData;

/// Rows `first..first + rows` of every step of a time-major array `[T, B, W]`, writable.
#[derive(Debug)]
pub struct TimeRows<'a, S> {
    /// The first of the rows at step 0.
    start: *mut S,
    steps: usize,
    /// Elements from a step to the next, `B·W`.
    stride: usize,
    rows: usize,
    width: usize,
    array: PhantomData<&'a mut [S]>,
}

// SAFETY: a `TimeRows` is a `&mut` to its elements: no two views share one, so it may move to another thread as they may.
unsafe impl<S: Send> Send for TimeRows<'_, S> {}

impl<'a, S> TimeRows<'a, S> {
    /// All rows of `array` `[steps, batch, width]`.
    ///
    /// # Panics
    /// If the slice has another length.
    pub fn new(array: &'a mut [S], steps: usize, batch: usize, width: usize) -> Self {
        assert_eq!(array.len(), steps * batch * width, "[{steps}, {batch}, {width}]");
        let start = array.as_mut_ptr();
        TimeRows { start, steps, stride: batch * width, rows: batch, width, array: PhantomData }
    }

    /// How many steps, `T`.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// How many rows this view has.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The rows at step `t`, `[rows, W]`.
    #[inline]
    pub fn at(&self, t: usize) -> &[S] {
        assert!(t < self.steps, "step {t} of {}", self.steps);
        // SAFETY: `new` checked the whole; rows of this view belong to it alone; the borrow of `self` keeps writers away.
        unsafe { std::slice::from_raw_parts(self.start.add(t * self.stride), self.rows * self.width) }
    }

    /// The rows at step `t`, writable.
    #[inline]
    pub fn at_mut(&mut self, t: usize) -> &mut [S] {
        assert!(t < self.steps, "step {t} of {}", self.steps);
        // SAFETY: as for `at`; the borrow of `self` is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(t * self.stride), self.rows * self.width) }
    }

    /// The rows at two different steps: the first to read, the second to write.
    #[inline]
    pub fn read_and_write(&mut self, read: usize, write: usize) -> (&[S], &mut [S]) {
        assert!(read != write && read < self.steps && write < self.steps, "steps {read} and {write}");
        let length = self.rows * self.width;
        // SAFETY: as for `at`; different steps do not overlap.
        unsafe {
            (
                std::slice::from_raw_parts(self.start.add(read * self.stride), length),
                std::slice::from_raw_parts_mut(self.start.add(write * self.stride), length),
            )
        }
    }
}

/// Work on rows that can be cut in two.
pub trait SplitRows: Sized {
    /// The parts that take the first `at` rows, and the others.
    fn split_rows(self, at: usize) -> (Self, Self);
}

impl<S> SplitRows for TimeRows<'_, S> {
    fn split_rows(self, at: usize) -> (Self, Self) {
        assert!(at <= self.rows, "row {at} of {}", self.rows);
        // SAFETY: with `at` rows left out, the second view starts inside the array, or is empty.
        let rest = unsafe { self.start.add(if at < self.rows { at * self.width } else { 0 }) };
        (TimeRows { rows: at, ..self }, TimeRows { start: rest, rows: self.rows - at, ..self })
    }
}

impl<W: SplitRows> SplitRows for Option<W> {
    fn split_rows(self, at: usize) -> (Self, Self) {
        match self {
            Some(work) => {
                let (first, second) = work.split_rows(at);
                (Some(first), Some(second))
            }
            None => (None, None),
        }
    }
}

/// The number of the first row of a part, in the whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FirstRow(pub usize);

impl SplitRows for FirstRow {
    fn split_rows(self, at: usize) -> (Self, Self) {
        (self, FirstRow(self.0 + at))
    }
}

/// Implements [`SplitRows`] for a struct `Name<'_, S>` whose named fields all do.
#[macro_export]
macro_rules! split_rows_by_field {
    ($name:ident { $($field:ident),* $(,)? }) => {
        impl<S> $crate::parallel::SplitRows for $name<'_, S> {
            fn split_rows(self, at: usize) -> (Self, Self) {
                $(let $field = $crate::parallel::SplitRows::split_rows(self.$field, at);)*
                ($name { $($field: $field.0),* }, $name { $($field: $field.1),* })
            }
        }
    };
}

/// Runs `run` on `work` of `rows` rows, in as many parts of at least `least` rows as there are threads. Parts are
/// multiples of `least` rows where possible.
pub fn share_rows<W: SplitRows + Send>(work: W, rows: usize, least: usize, run: &(impl Fn(W) + Sync)) {
    let least = least.max(1);
    // Workers ask for as many parts as their pool has threads; without a pool, one thread is all there is.
    let parts = rayon::current_num_threads().min(rows.div_ceil(least));
    share(work, rows, parts, least, run);
}

fn share<W: SplitRows + Send>(work: W, rows: usize, parts: usize, least: usize, run: &(impl Fn(W) + Sync)) {
    if parts <= 1 {
        return run(work);
    }
    let first_parts = parts / 2;
    let at = (rows * first_parts).div_ceil(parts).next_multiple_of(least).min(rows);
    let (first, second) = work.split_rows(at);
    rayon::join(
        || share(first, at, first_parts, least, run),
        || share(second, rows - at, parts - first_parts, least, run),
    );
}

/// Runs `f` on a thread of the pool: what it shares out then costs no crossing into the pool each time.
pub fn in_pool<R: Send>(f: impl FnOnce() -> R + Send) -> R {
    rayon::join(f, || ()).0
}

/// Two pieces of work that are shared out together: each thread gets its share of both.
#[derive(Debug)]
pub struct Both<A, B> {
    /// The first work and its rows.
    pub first: (A, usize),
    /// The second work and its rows.
    pub second: (B, usize),
}

/// Runs `run` on shares of both pieces of work; shares are multiples of `least` rows where possible.
pub fn share_both<A: SplitRows + Send, B: SplitRows + Send>(
    work: Both<A, B>,
    least: (usize, usize),
    run: &(impl Fn(A, B) + Sync),
) {
    share_both_among(work, rayon::current_num_threads(), least, run);
}

fn share_both_among<A: SplitRows + Send, B: SplitRows + Send>(
    work: Both<A, B>,
    parts: usize,
    least: (usize, usize),
    run: &(impl Fn(A, B) + Sync),
) {
    let Both { first: (a, a_rows), second: (b, b_rows) } = work;
    if parts <= 1 {
        return run(a, b);
    }
    let head = parts / 2;
    let cut =
        |rows: usize, least: usize| (rows * head).div_ceil(parts).next_multiple_of(least.max(1)).min(rows);
    let (a_at, b_at) = (cut(a_rows, least.0), cut(b_rows, least.1));
    let ((a_1, a_2), (b_1, b_2)) = (a.split_rows(a_at), b.split_rows(b_at));
    let one = Both { first: (a_1, a_at), second: (b_1, b_at) };
    let two = Both { first: (a_2, a_rows - a_at), second: (b_2, b_rows - b_at) };
    rayon::join(
        || share_both_among(one, head, least, run),
        || share_both_among(two, parts - head, least, run),
    );
}

/// Runs `run` on `work` of `rows` rows, in blocks of at most `block` rows, and adds up what it returns. The blocks and the order
/// of the sum depend on `rows` alone, so the sum is the same bits on any number of threads.
pub fn sum_blocks<W: SplitRows + Send>(
    work: W,
    rows: usize,
    block: usize,
    run: &(impl Fn(W) -> f64 + Sync),
) -> f64 {
    if rows <= block.max(1) {
        return run(work);
    }
    let at = (rows / 2).next_multiple_of(block).min(rows - 1);
    let (first, second) = work.split_rows(at);
    let (a, b) =
        rayon::join(|| sum_blocks(first, at, block, run), || sum_blocks(second, rows - at, block, run));
    a + b
}

/// Rows of a slice that are only read.
#[derive(Clone, Copy, Debug)]
pub struct ReadRows<'a, S> {
    /// The rows.
    pub data: &'a [S],
    /// Elements of a row.
    pub width: usize,
}

impl<S> SplitRows for ReadRows<'_, S> {
    fn split_rows(self, at: usize) -> (Self, Self) {
        let ReadRows { data, width } = self;
        let (head, tail) = data.split_at(at * width);
        (ReadRows { data: head, width }, ReadRows { data: tail, width })
    }
}

/// Consecutive rows of a slice, `width` elements each, that are shared out together with their first row's number.
#[derive(Debug)]
pub struct SliceRows<'a, S> {
    /// The rows.
    pub data: &'a mut [S],
    /// The number of the first one in the whole slice.
    pub first: usize,
    /// Elements of a row.
    pub width: usize,
}

impl<S> SplitRows for SliceRows<'_, S> {
    fn split_rows(self, at: usize) -> (Self, Self) {
        let SliceRows { data, first, width } = self;
        let (head, tail) = data.split_at_mut(at * width);
        (SliceRows { data: head, first, width }, SliceRows { data: tail, first: first + at, width })
    }
}
