//! Distances between pieces as vectors of measurements: within a set and between two sets (Yang and Lerch 2020).

use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

use crate::arrays::ShapeMismatch;

/// Euclidean distance of every row of `a` from every row of `b`: `[a, measurements] × [b, measurements] → [a, b]`.
///
/// # Errors
/// If the tables do not have equally many columns.
///
/// ```
/// use composer_evaluation::distance::sets::pairwise_distances;
/// use ndarray::array;
///
/// let (ours, real) = (array![[0.0, 0.0], [3.0, 0.0]], array![[3.0, 4.0]]);
/// assert_eq!(pairwise_distances(&ours, &real)?, array![[5.0], [4.0]]);
/// let error = pairwise_distances(&ours, &array![[1.0]]).unwrap_err();
/// assert_eq!(error.to_string(), "tables with equally many columns: shapes [2, 2] and [1, 1] do not match");
/// # Ok::<(), composer_evaluation::ShapeMismatch>(())
/// ```
pub fn pairwise_distances<'a>(
    a: impl Into<ArrayView2<'a, f64>>,
    b: impl Into<ArrayView2<'a, f64>>,
) -> Result<Array2<f64>, ShapeMismatch> {
    let (a, b) = (a.into(), b.into());
    if a.ncols() != b.ncols() {
        let what = "tables with equally many columns";
        return Err(ShapeMismatch { what, first: a.shape().to_vec(), second: b.shape().to_vec() });
    }
    Ok(between_rows(a, b))
}

/// Distances of all pairs of different pieces of a set `[pieces, measurements]`, each pair once: `n (n − 1) / 2`.
pub fn intra_set_distances<'a>(set: impl Into<ArrayView2<'a, f64>>) -> Array1<f64> {
    let set = set.into();
    let every: Vec<usize> = (0..set.nrows()).collect();
    Array1::from(among(&between_rows(set, set), &every))
}

/// Distances of every piece of one set from every piece of another, row by row: `[a · b]`.
///
/// # Errors
/// As [`pairwise_distances`].
pub fn inter_set_distances<'a>(
    a: impl Into<ArrayView2<'a, f64>>,
    b: impl Into<ArrayView2<'a, f64>>,
) -> Result<Array1<f64>, ShapeMismatch> {
    Ok(pairwise_distances(a, b)?.into_iter().collect())
}

/// [`pairwise_distances`] of tables with the same columns.
pub(super) fn between_rows(a: ArrayView2<f64>, b: ArrayView2<f64>) -> Array2<f64> {
    Array2::from_shape_fn((a.nrows(), b.nrows()), |(i, j)| euclidean(a.row(i), b.row(j)))
}

/// Of the distances of all pairs of pieces, those inside a group, each pair once.
pub(super) fn among(distances: &Array2<f64>, group: &[usize]) -> Vec<f64> {
    let pairs = group.iter().enumerate().flat_map(|(i, &a)| group[..i].iter().map(move |&b| (a, b)));
    pairs.map(|pair| distances[pair]).collect()
}

/// Of the distances of all pairs of pieces, those between two groups.
pub(super) fn between(distances: &Array2<f64>, group: &[usize], others: &[usize]) -> Vec<f64> {
    let pairs = group.iter().flat_map(|&a| others.iter().map(move |&b| (a, b)));
    pairs.map(|pair| distances[pair]).collect()
}

fn euclidean(a: ArrayView1<f64>, b: ArrayView1<f64>) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}
