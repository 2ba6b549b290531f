//! First values of weights.

use composer_tensor::Scalar;
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

/// How a weight matrix is filled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// Uniform in `±1/√H` for recurrent layers, `±1/√F` for linear ones, biases too: PyTorch's default.
    #[default]
    Uniform,
    /// Uniform in `±√(6/(rows + columns))` for each gate's matrix (Glorot and Bengio 2010), biases zero.
    XavierUniform,
    /// An orthogonal matrix for each gate (Saxe et al. 2014), biases zero; keeps the length of what it multiplies.
    Orthogonal,
    /// The identity for each gate's square matrix (Le et al. 2015), biases zero; for recurrent weights.
    Identity,
}

/// How a layer's parameters are filled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Init {
    /// The weights of the input, `weight_ih`, or of a linear layer.
    pub input: Scheme,
    /// The weights of the recurrence, `weight_hh`.
    pub recurrent: Scheme,
    /// The sum of the two biases of the forget gate ([`crate::CellSpec::forget_gate`]); 1 lets it remember from the start (Gers et al. 2000).
    pub forget_bias: Option<f64>,
}

impl Init {
    /// PyTorch's default for everything.
    pub const PYTORCH: Init = Init { input: Scheme::Uniform, recurrent: Scheme::Uniform, forget_bias: None };

    /// Xavier for the input, orthogonal for the recurrence, forget bias 1: a good start for music.
    pub const RECOMMENDED: Init =
        Init { input: Scheme::XavierUniform, recurrent: Scheme::Orthogonal, forget_bias: Some(1.0) };
}

/// Fills `values` with uniform numbers in `±bound`.
pub fn uniform<S: Scalar, R: Rng>(values: &mut [S], bound: f64, rng: &mut R) {
    for value in values {
        *value = S::of(rng.random_range(-1.0..1.0) * bound);
    }
}

/// Fills the matrix `[rows, columns]` of one gate; `bound` is for [`Scheme::Uniform`].
pub(crate) fn fill<S: Scalar, R: Rng>(
    scheme: Scheme,
    matrix: &mut [S],
    rows: usize,
    columns: usize,
    bound: f64,
    rng: &mut R,
) {
    match scheme {
        Scheme::Uniform => uniform(matrix, bound, rng),
        Scheme::XavierUniform => uniform(matrix, (6.0 / (rows + columns) as f64).sqrt(), rng),
        Scheme::Orthogonal => orthogonal(matrix, rows, columns, rng),
        Scheme::Identity => {
            for (index, value) in matrix.iter_mut().enumerate() {
                *value = if index / columns == index % columns { S::one() } else { S::zero() };
            }
        }
    }
}

/// Fills a diagonal weight as PyTorch fills biases: uniform in `±bound` if the scheme is, zero otherwise.
pub(crate) fn fill_diagonal<S: Scalar, R: Rng>(scheme: Scheme, values: &mut [S], bound: f64, rng: &mut R) {
    match scheme {
        Scheme::Uniform => uniform(values, bound, rng),
        _ => values.fill(S::zero()),
    }
}

/// Two independent standard normal numbers (Box and Muller).
fn normal_pair<R: Rng>(rng: &mut R) -> [f64; 2] {
    let radius = (-2.0 * (1.0 - rng.random_range(0.0..1.0f64)).ln()).sqrt();
    let angle = std::f64::consts::TAU * rng.random_range(0.0..1.0f64);
    [radius * angle.cos(), radius * angle.sin()]
}

/// Rows (or columns, if there are fewer) that are orthonormal: Gram and Schmidt on a normal matrix, twice for accuracy.
pub fn orthogonal<S: Scalar, R: Rng>(matrix: &mut [S], rows: usize, columns: usize, rng: &mut R) {
    let (count, length) = (rows.min(columns), rows.max(columns));
    let mut vectors: Vec<Vec<f64>> = Vec::with_capacity(count);
    for _ in 0..count {
        let mut vector: Vec<f64> =
            (0..length.div_ceil(2)).flat_map(|_| normal_pair(rng)).take(length).collect();
        for _ in 0..2 {
            for other in &vectors {
                let dot: f64 = vector.iter().zip(other).map(|(a, b)| a * b).sum();
                vector.iter_mut().zip(other).for_each(|(a, b)| *a -= dot * b);
            }
        }
        let norm = vector.iter().map(|x| x * x).sum::<f64>().sqrt();
        vector.iter_mut().for_each(|x| *x /= norm);
        vectors.push(vector);
    }
    for row in 0..rows {
        for column in 0..columns {
            let value = if rows <= columns { vectors[row][column] } else { vectors[column][row] };
            matrix[row * columns + column] = S::of(value);
        }
    }
}
