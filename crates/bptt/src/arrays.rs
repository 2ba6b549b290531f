//! Arrays of the public interface as slices for the kernels: shapes are checked once, and standard layouts are not copied.
//!
//! Kernels read flat slices in row-major order. A view that lies in memory like that is used as it is; any other one, transposed,
//! reversed or cut out of a larger array, is copied once, in its logical order.

use std::borrow::Cow;

use ndarray::{ArrayView, ArrayViewMut, Dimension};

use crate::Error;

/// Checks a shape against named sizes.
///
/// # Errors
/// They differ; the message has both: `the input: expected [T=17, B=3, F=88], got [17, 3, 90]`.
///
/// ```
/// use composer_bptt::arrays::check_shape;
///
/// let error = check_shape("the input", &[17, 3, 90], &[("T", 17), ("B", 3), ("F", 88)]).unwrap_err();
/// assert_eq!(error.to_string(), "the input: expected [T=17, B=3, F=88], got [17, 3, 90]");
/// ```
pub fn check_shape(what: &'static str, found: &[usize], expected: &[(&str, usize)]) -> Result<(), Error> {
    if found.iter().eq(expected.iter().map(|(_, size)| size)) {
        return Ok(());
    }
    let expected = expected.iter().map(|(name, size)| format!("{name}={size}")).collect::<Vec<_>>();
    Err(Error::ArrayShape { what, expected: format!("[{}]", expected.join(", ")), found: found.to_vec() })
}

/// Checks that two arrays have the same axes up to the last one, which is `width` wide in the second: rows of any arrangement,
/// `[T, B, F]` or `[rows, F]`.
pub(crate) fn check_rows(
    what: &'static str,
    found: &[usize],
    rows: &[usize],
    (name, width): (&str, usize),
) -> Result<(), Error> {
    if found.split_last().is_some_and(|(&last, leading)| last == width && leading == rows) {
        return Ok(());
    }
    let leading: &[&str] = match rows.len() {
        1 => &["rows"],
        2 => &["T", "B"],
        _ => &[],
    };
    let names = leading.iter().copied().chain(std::iter::repeat("…"));
    let expected: Vec<(&str, usize)> =
        names.zip(rows.iter().copied()).chain(std::iter::once((name, width))).collect();
    check_shape(what, found, &expected)
}

/// All axes but the last.
pub(crate) fn rows_of(shape: &[usize]) -> &[usize] {
    &shape[..shape.len().saturating_sub(1)]
}

/// The elements in row-major order: the view's own memory if it lies there like that, a copy otherwise.
pub fn as_slice_or_copy<'a, S: Clone, D: Dimension>(view: ArrayView<'a, S, D>) -> Cow<'a, [S]> {
    match view.to_slice() {
        Some(slice) => Cow::Borrowed(slice),
        None => Cow::Owned(view.iter().cloned().collect()),
    }
}

/// A view of numbers in row-major order.
///
/// # Panics
/// If the length is not the product of the shape.
pub fn view<'a, S, D: Dimension>(
    shape: impl ndarray::IntoDimension<Dim = D>,
    values: &'a [S],
) -> ArrayView<'a, S, D> {
    ArrayView::from_shape(shape.into_dimension(), values).expect("as many numbers as the shape has")
}

/// As [`view`], to change.
///
/// # Panics
/// If the length is not the product of the shape.
pub fn view_mut<'a, S, D: Dimension>(
    shape: impl ndarray::IntoDimension<Dim = D>,
    values: &'a mut [S],
) -> ArrayViewMut<'a, S, D> {
    ArrayViewMut::from_shape(shape.into_dimension(), values).expect("as many numbers as the shape has")
}

/// Lets `fill` write the elements in row-major order: straight into the view's memory if it lies like that, through a copy
/// otherwise. `fill` sees what the view held.
pub fn with_slice_mut<S: Clone, D: Dimension, R>(
    mut view: ArrayViewMut<'_, S, D>,
    fill: impl FnOnce(&mut [S]) -> R,
) -> R {
    if let Some(slice) = view.as_slice_mut() {
        return fill(slice);
    }
    let mut copy: Vec<S> = view.iter().cloned().collect();
    let result = fill(&mut copy);
    view.iter_mut().zip(copy).for_each(|(to, value)| *to = value);
    result
}
