//! The left-hand matrix of a product: rows that are read where they lie.

#![allow(unsafe_code)] // rows of a `TimeRows` lie between rows that other threads write, so no slice may span them

use std::marker::PhantomData;

/// A matrix `[M, K]`: `M = steps · rows`, some rows of every step of a time-major array, each with its elements one after the
/// other.
#[derive(Clone, Copy, Debug)]
pub struct Left<'a, S> {
    /// The first element. Only those of the rows are read.
    data: *const S,
    /// Elements that may lie between the first and the last one that is read, and one more.
    length: usize,
    pub(super) steps: usize,
    pub(super) step_stride: usize,
    pub(super) rows: usize,
    pub(super) row_stride: usize,
    pub(super) columns: usize,
    elements: PhantomData<&'a [S]>,
}

// SAFETY: a `Left` is a shared reference to its elements.
unsafe impl<S: Sync> Send for Left<'_, S> {}
// SAFETY: as above.
unsafe impl<S: Sync> Sync for Left<'_, S> {}

impl<'a, S> Left<'a, S> {
    /// `rows` rows of `columns` elements, one after the other.
    pub fn rows(data: &'a [S], rows: usize, columns: usize) -> Self {
        Left::strided(data, rows, columns, columns)
    }

    /// Rows of `columns` elements that start `row_stride` elements apart.
    pub fn strided(data: &'a [S], rows: usize, columns: usize, row_stride: usize) -> Self {
        let (length, data) = (data.len(), data.as_ptr());
        Left { data, length, steps: 1, step_stride: 0, rows, row_stride, columns, elements: PhantomData }
    }

    /// As many rows in each of `steps` steps, which start `step_stride` elements apart.
    pub fn through_time(self, steps: usize, step_stride: usize) -> Self {
        Left { steps, step_stride, ..self }
    }

    /// # Safety
    /// `data` must be the first of `length` elements of one allocation; the rows that the sizes say must be readable as long as
    /// `'a`, and nobody may write to them.
    pub(crate) unsafe fn from_parts(
        (data, length): (*const S, usize),
        (steps, step_stride): (usize, usize),
        (rows, row_stride): (usize, usize),
        columns: usize,
    ) -> Self {
        Left { data, length, steps, step_stride, rows, row_stride, columns, elements: PhantomData }
    }

    /// How many rows, `M`.
    pub fn height(&self) -> usize {
        self.steps * self.rows
    }

    pub(super) fn is_empty(&self) -> bool {
        self.height() == 0
    }

    /// Whether its elements lie in the slice.
    pub(super) fn fits(&self) -> bool {
        self.is_empty()
            || (self.steps - 1) * self.step_stride + (self.rows - 1) * self.row_stride + self.columns
                <= self.length
    }

    /// Whether the rows of all steps are as far apart as those of one, in an array whose rows and steps are these.
    pub(super) fn flat(&self, row_stride: usize, step_stride: usize) -> bool {
        self.steps == 1 || step_stride == self.rows * row_stride
    }

    /// Where the first element is.
    pub(super) fn start(&self) -> *const S {
        self.data
    }

    /// All rows, one after the other.
    ///
    /// # Panics
    /// If they do not fit.
    pub(super) fn each_row(self) -> impl Iterator<Item = &'a [S]> {
        assert!(self.fits(), "the rows lie in the slice");
        (0..self.steps).flat_map(move |step| {
            (0..self.rows).map(move |row| {
                // SAFETY: they fit, and may be read as long as `'a`.
                unsafe {
                    let start = self.data.add(step * self.step_stride + row * self.row_stride);
                    std::slice::from_raw_parts(start, self.columns)
                }
            })
        })
    }
}
