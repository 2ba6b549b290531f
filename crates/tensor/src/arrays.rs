//! Products and functions of `ndarray` views: the entry points for callers that have arrays and no layers.
//!
//! A view may lie in memory as it likes: transposed, reversed, every other column. Products read it there, without a copy;
//! functions copy once, into the result.
//!
//! Products here are those of `matrixmultiply`. It packs both matrices at each call, which the products of [`matmul`](crate::matmul)
//! avoid for weights that stay; the measurements that decide are in `benches/README.md`. An element of a result is one sum
//! in an order that depends on the length of the sum alone, so it is the same bits for any number of threads, and for a row
//! alone or among others. That order is not the one of [`matmul::multiply`](crate::matmul::multiply) (there one sum from the first
//! element to the last, here one per 256 elements), so the two agree up to rounding only: they check each other.
//!
//! ```
//! use composer_tensor::arrays::{product, tanh};
//! use ndarray::array;
//!
//! let (x, w) = (array![[1.0f64, 2.0, 3.0]], array![[0.5, 0.0, 0.0], [0.0, 0.0, -1.0]]);
//! let y = product(x.view(), w.t())?; // x · wᵀ, and no copy of w
//! assert_eq!(y, array![[0.5, -3.0]]);
//! assert_eq!(tanh(y.view())[[0, 0]], 0.5f64.tanh());
//!
//! let error = product(x.view(), w.view()).expect_err("three columns, two rows");
//! assert_eq!(
//!     error.to_string(),
//!     "cannot multiply a matrix [1, 3] by one [2, 3]: the first must have as many columns as the second has rows"
//! );
//! # Ok::<(), composer_tensor::arrays::ShapeError>(())
//! ```

#![allow(unsafe_code)] // the interface of matrixmultiply, which takes pointers and strides

use ndarray::{Array, Array2, ArrayView, ArrayView2, ArrayViewMut, ArrayViewMut2, Axis, Dimension};

use crate::parallel::{SplitRows, share_rows};
use crate::{Scalar, maths};

/// Matrices whose shapes do not fit each other. Shapes are `[rows, columns]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    /// The two matrices of a product.
    #[error(
        "cannot multiply a matrix {left:?} by one {right:?}: the first must have as many columns as the second has rows"
    )]
    Product {
        /// The shape of the first matrix.
        left: [usize; 2],
        /// The shape of the second.
        right: [usize; 2],
    },
    /// A product and the matrix that it is added to.
    #[error("cannot add a product {product:?} to a matrix {target:?}: both must have one shape")]
    Target {
        /// The shape of the product.
        product: [usize; 2],
        /// The shape of the target.
        target: [usize; 2],
    },
}

/// Multiplications that are worth another thread.
const LEAST_MULTIPLICATIONS: usize = 1 << 18;

/// `a · b`, for `a` `[M, K]` and `b` `[K, N]`.
///
/// # Errors
/// The columns of `a` are not as many as the rows of `b`.
pub fn product<S: Scalar>(a: ArrayView2<'_, S>, b: ArrayView2<'_, S>) -> Result<Array2<S>, ShapeError> {
    let mut c = Array2::zeros((a.nrows(), b.ncols()));
    multiply(a, b, c.view_mut(), S::zero())?;
    Ok(c)
}

/// `c += a · b`, for `a` `[M, K]`, `b` `[K, N]` and `c` `[M, N]`; with `a` transposed, the gradient of a weight.
///
/// # Errors
/// The shapes do not fit each other; `c` is unchanged then.
pub fn add_product<S: Scalar>(
    a: ArrayView2<'_, S>,
    b: ArrayView2<'_, S>,
    c: ArrayViewMut2<'_, S>,
) -> Result<(), ShapeError> {
    multiply(a, b, c, S::one())
}

/// `c = a · b + beta · c`; threads share the rows.
fn multiply<S: Scalar>(
    a: ArrayView2<'_, S>,
    b: ArrayView2<'_, S>,
    c: ArrayViewMut2<'_, S>,
    beta: S,
) -> Result<(), ShapeError> {
    let ((m, k), (rows, n)) = (a.dim(), b.dim());
    if k != rows {
        return Err(ShapeError::Product { left: [m, k], right: [rows, n] });
    }
    if c.dim() != (m, n) {
        return Err(ShapeError::Target { product: [m, n], target: [c.nrows(), c.ncols()] });
    }
    let least = LEAST_MULTIPLICATIONS.div_ceil((k * n).max(1));
    share_rows(Rows { a, c }, m, least, &|Rows { a, mut c }| {
        let (left, right) = (a.strides(), b.strides());
        let target = [c.strides()[0], c.strides()[1]];
        // SAFETY: the views' pointers, shapes and strides say where their elements are, the shapes fit each other, and `c` is a
        // unique view: its rows were split off those of other threads.
        unsafe {
            let (a, b) = ((a.as_ptr(), left[0], left[1]), (b.as_ptr(), right[0], right[1]));
            S::gemm((a.0, b.0), [a.1, a.2], [b.1, b.2], (c.nrows(), k, n), beta, c.as_mut_ptr(), target);
        }
    });
    Ok(())
}

/// Some rows of a product: those of the first matrix and of the target.
struct Rows<'a, S> {
    a: ArrayView2<'a, S>,
    c: ArrayViewMut2<'a, S>,
}

impl<S> SplitRows for Rows<'_, S> {
    fn split_rows(self, at: usize) -> (Self, Self) {
        let (a, a_rest) = self.a.split_at(Axis(0), at);
        let (c, c_rest) = self.c.split_at(Axis(0), at);
        (Rows { a, c }, Rows { a: a_rest, c: c_rest })
    }
}

/// The exponential of every element, in an array of the same shape.
pub fn exp<S: Scalar, D: Dimension>(x: ArrayView<'_, S, D>) -> Array<S, D> {
    map(x, maths::exp_slice)
}

/// The hyperbolic tangent of every element, in an array of the same shape.
pub fn tanh<S: Scalar, D: Dimension>(x: ArrayView<'_, S, D>) -> Array<S, D> {
    map(x, maths::tanh_slice)
}

/// The logistic sigmoid of every element, in an array of the same shape.
pub fn sigmoid<S: Scalar, D: Dimension>(x: ArrayView<'_, S, D>) -> Array<S, D> {
    map(x, maths::sigmoid_slice)
}

fn map<S: Scalar, D: Dimension>(x: ArrayView<'_, S, D>, function: fn(&mut [S])) -> Array<S, D> {
    let mut y = x.to_owned();
    apply(y.view_mut(), function);
    y
}

/// Applies a function of slices to every element where it lies, in whatever order they lie in memory.
fn apply<S: Scalar, D: Dimension>(mut y: ArrayViewMut<'_, S, D>, function: fn(&mut [S])) {
    if let Some(values) = y.as_slice_memory_order_mut() {
        return function(values);
    }
    let mut values: Vec<S> = y.iter().copied().collect();
    function(&mut values);
    y.iter_mut().zip(values).for_each(|(y, value)| *y = value);
}
