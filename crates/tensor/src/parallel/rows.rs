//! Views of rows that can be cut in two, so that threads work on different ones.

#![allow(unsafe_code)] // `TimeRows` hands out disjoint parts of one slice

use std::marker::PhantomData;
use std::ops::Range;

use crate::matmul::Left;

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

    /// Elements of a row, `W`.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Some columns of the rows at some steps, as the left-hand matrix of a product.
    pub fn left(&self, steps: Range<usize>, columns: Range<usize>) -> Left<'_, S> {
        assert!(steps.end <= self.steps && columns.end <= self.width, "steps {steps:?}, columns {columns:?}");
        if steps.is_empty() || self.rows == 0 || columns.is_empty() {
            return Left::rows(&[], 0, columns.len());
        }
        let length = (steps.len() - 1) * self.stride + self.rows * self.width - columns.start;
        // SAFETY: as for `at`; only rows of this view are read.
        unsafe {
            let start = self.start.add(steps.start * self.stride + columns.start);
            let (steps, rows) = ((steps.len(), self.stride), (self.rows, self.width));
            Left::from_parts((start, length), steps, rows, columns.len())
        }
    }

    /// Where column `column` of the first row of step `t` is, and the elements from a step to the next and from a row to the
    /// next; for products, which check their bounds by `steps`, `rows` and `width`.
    pub(crate) fn parts(&mut self, t: usize, column: usize) -> (*mut S, usize, usize) {
        assert!(t < self.steps && column < self.width, "step {t} of {}, column {column}", self.steps);
        // SAFETY: the element is inside the array, unless the view has no rows; then nothing is read through it.
        (unsafe { self.start.add(t * self.stride + column) }, self.stride, self.width)
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
