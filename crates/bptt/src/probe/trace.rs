//! [`Probe`]: what backward passes record.

use composer_tensor::Scalar;
use serde::Serialize;

use crate::Cell;

/// What the last backward pass looked like; attached by [`crate::RecurrentWorkspace::attach_probe`].
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Probe {
    /// One trace for each layer and direction, at `layer·D + direction`.
    pub layers: Vec<Trace>,
}

/// The gradients of one layer in one direction over time.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Trace {
    /// `‖∂loss/∂h_t‖` for each step and row, `[T, B]`.
    pub d_h: Vec<f64>,
    /// `‖∂loss/∂c_t‖` for each step and row, `[T, B]`; empty for a cell without `c`.
    pub d_c: Vec<f64>,
    /// The norm of the gradient of each gate's sum (before its nonlinearity) over all rows, `[T, G]`, in the order of
    /// [`Cell::gates`].
    pub d_gates: Vec<f64>,
}

impl Trace {
    pub(crate) fn size(&mut self, cell: Cell, steps: usize, batch: usize) {
        self.d_h.resize(steps * batch, 0.0);
        self.d_c.resize(if cell.has_c() { steps * batch } else { 0 }, 0.0);
        self.d_gates.resize(steps * cell.gates().len(), 0.0);
    }
}

/// The Euclidean norm, summed in double precision.
pub fn norm<S: Scalar>(values: &[S]) -> f64 {
    values.iter().map(|value| value.f64() * value.f64()).sum::<f64>().sqrt()
}
