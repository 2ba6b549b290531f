//! Numbers that start on a cache line.

#![allow(unsafe_code)] // views of cache lines as numbers

use std::ops::{Deref, DerefMut};

use crate::Scalar;

/// One cache line. It holds numbers of one type only, whose any bits are a number.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// A growable array of numbers that starts on a cache line, so that no vector of a row crosses one where rows are whole
/// lines long. It dereferences to a slice.
#[derive(Debug)]
pub struct Buffer<S> {
    lines: Vec<Line>,
    length: usize,
    element: std::marker::PhantomData<S>,
}

impl<S> Default for Buffer<S> {
    fn default() -> Self {
        Buffer { lines: Vec::new(), length: 0, element: std::marker::PhantomData }
    }
}

impl<S> Clone for Buffer<S> {
    fn clone(&self) -> Self {
        Buffer { lines: self.lines.clone(), length: self.length, element: self.element }
    }
}

impl<S: Scalar> Buffer<S> {
    /// Gives it a length. What was there stays or not; what was not there before is zero.
    pub fn fit(&mut self, length: usize) {
        self.lines.resize((length * size_of::<S>()).div_ceil(size_of::<Line>()), Line([0; 64]));
        self.length = length;
    }

    /// Empties it; the memory stays.
    pub fn clear(&mut self) {
        self.fit(0);
    }
}

impl<S: Scalar> Deref for Buffer<S> {
    type Target = [S];

    #[inline]
    fn deref(&self) -> &[S] {
        // SAFETY: the lines hold at least `length` elements (`fit`), are aligned for them, and all their bytes are
        // initialised; any bytes are an `f32` or `f64`, the only scalars (the trait is sealed).
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.length) }
    }
}

impl<S: Scalar> DerefMut for Buffer<S> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [S] {
        // SAFETY: as for `deref`; the borrow is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.length) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_starts_on_a_cache_line_and_grows_with_zeros() {
        let mut buffer = Buffer::<f32>::default();
        assert!(buffer.is_empty());
        for length in [1, 15, 16, 17, 1000] {
            buffer.fit(length);
            assert_eq!((buffer.len(), buffer.as_ptr() as usize % 64), (length, 0));
        }
        assert!(buffer.iter().all(|&x| x == 0.0));
        buffer[999] = 2.0;
        let copy = buffer.clone();
        assert_eq!((copy[999], copy.len(), copy.as_ptr() as usize % 64), (2.0, 1000, 0));
        buffer.clear();
        assert!(buffer.is_empty());
    }
}
