//! Arrays of the public interface: conversion for the inner functions, and shapes that must match.
//!
//! Functions of samples take `impl Into<ArrayView1<f64>>`: a view, a reference to an array, or a slice. Views may be reversed,
//! strided or columns of a table; one that is not contiguous is copied once, in its logical order.

use std::borrow::Cow;

use ndarray::{ArrayView1, Axis, RemoveAxis};

/// Two arrays whose shapes do not belong together; the message has both.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: shapes {first:?} and {second:?} do not match")]
pub struct ShapeMismatch {
    /// What the arrays are, and which sizes have to be equal.
    pub what: &'static str,
    /// Shape of the first.
    pub first: Vec<usize>,
    /// Shape of the second.
    pub second: Vec<usize>,
}

/// Checks that two whole shapes are equal.
pub(crate) fn check_equal(
    what: &'static str,
    first: &[usize],
    second: &[usize],
) -> Result<(), ShapeMismatch> {
    if first == second {
        return Ok(());
    }
    Err(ShapeMismatch { what, first: first.to_vec(), second: second.to_vec() })
}

/// The elements in logical order: the view's own memory if they lie there like that, a copy otherwise.
pub(crate) fn contiguous<S: Clone>(view: ArrayView1<'_, S>) -> Cow<'_, [S]> {
    match view.to_slice() {
        Some(slice) => Cow::Borrowed(slice),
        None => Cow::Owned(view.iter().cloned().collect()),
    }
}

/// Rows as an array `[rows, width]`; also right without rows.
///
/// # Panics
/// If a row has another width.
pub(crate) fn stack(rows: impl ExactSizeIterator<Item = Vec<f64>>, width: usize) -> ndarray::Array2<f64> {
    let mut table = ndarray::Array2::zeros((rows.len(), width));
    for (mut to, row) in table.rows_mut().into_iter().zip(rows) {
        to.assign(&ArrayView1::from(&row));
    }
    table
}

/// As many rows (entries of the first axis) as there are, drawn with replacement.
pub(crate) fn resample_rows<D: RemoveAxis>(
    table: &ndarray::ArrayView<'_, f64, D>,
    rng: &mut impl rand::Rng,
) -> ndarray::Array<f64, D> {
    use rand::RngExt;
    let rows = table.len_of(Axis(0));
    let drawn: Vec<usize> = (0..rows).map(|_| rng.random_range(0..rows)).collect();
    table.select(Axis(0), &drawn)
}
