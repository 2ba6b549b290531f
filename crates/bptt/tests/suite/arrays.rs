//! Views of any layout reach the kernels in their logical order, and come back so.

use std::borrow::Cow;

use composer_bptt::arrays::{as_slice_or_copy, check_shape, with_slice_mut};
use ndarray::{Array2, Array3, s};

fn numbers() -> Array2<f32> {
    Array2::from_shape_fn((3, 4), |(row, column)| (10 * row + column) as f32)
}

#[test]
fn standard_layouts_are_borrowed_and_all_others_copied_in_logical_order() {
    let x = numbers();
    assert!(matches!(as_slice_or_copy(x.view()), Cow::Borrowed(_)));
    assert!(matches!(as_slice_or_copy(x.slice(s![1.., ..])), Cow::Borrowed(_)), "whole rows are contiguous");
    let transposed = as_slice_or_copy(x.t());
    assert!(matches!(transposed, Cow::Owned(_)));
    assert_eq!(*transposed, [0., 10., 20., 1., 11., 21., 2., 12., 22., 3., 13., 23.]);
    assert_eq!(*as_slice_or_copy(x.slice(s![..;-2, ..])), [20., 21., 22., 23., 0., 1., 2., 3.]);
    assert_eq!(*as_slice_or_copy(x.slice(s![.., ..;-1]).row(1)), [13., 12., 11., 10.]);
    assert_eq!(*as_slice_or_copy(x.slice(s![.., 1..3])), [1., 2., 11., 12., 21., 22.]);
    assert!(as_slice_or_copy(x.slice(s![..0, ..])).is_empty());
    let broadcast = numbers();
    let row = broadcast.row(2);
    let broadcast = row.broadcast((2, 4)).expect("a row repeats");
    assert_eq!(*as_slice_or_copy(broadcast), [20., 21., 22., 23., 20., 21., 22., 23.]);
}

#[test]
fn writing_reaches_the_places_of_the_view_and_no_others() {
    let mut x = numbers();
    with_slice_mut(x.slice_mut(s![..;-1, 1..3]), |slice| {
        assert_eq!(slice, [21., 22., 11., 12., 1., 2.]);
        slice.iter_mut().for_each(|value| *value += 100.0);
        slice[0] = -1.0;
    });
    assert_eq!(x.row(2).to_vec(), [20., -1., 122., 23.]);
    assert_eq!(x.row(0).to_vec(), [0., 101., 102., 3.]);
    with_slice_mut(x.view_mut(), |slice| slice.fill(7.0));
    assert_eq!(x, Array2::from_elem((3, 4), 7.0));
}

#[test]
fn shapes_that_differ_are_named_with_both() {
    let x = Array3::<f32>::zeros((17, 3, 90));
    let expected = [("T", 17), ("B", 3), ("F", 88)];
    let error = check_shape("the input", x.shape(), &expected).expect_err("90 are not 88");
    assert_eq!(error.to_string(), "the input: expected [T=17, B=3, F=88], got [17, 3, 90]");
    assert!(check_shape("the input", &[17, 3], &expected).is_err(), "an axis is missing");
    assert!(check_shape("the input", &[17, 3, 88], &expected).is_ok());
}
