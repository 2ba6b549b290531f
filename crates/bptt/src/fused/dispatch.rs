//! Which kernels belong to which cell: the one place of this implementation that knows all cells.

use composer_tensor::Scalar;

use super::cell::Kernels;
use super::{gru, lstm, minimal_gated_unit, peephole_lstm, rnn};
use crate::Cell;

/// The kernels of a cell.
pub(crate) fn kernels<S: Scalar>(cell: Cell) -> Kernels<S> {
    match cell {
        Cell::RnnTanh => Kernels::of::<rnn::Tanh>(),
        Cell::RnnRelu => Kernels::of::<rnn::Relu>(),
        Cell::Lstm => Kernels::of::<lstm::Lstm>(),
        Cell::Gru => Kernels::of::<gru::Gru>(),
        Cell::PeepholeLstm => Kernels::of::<peephole_lstm::PeepholeLstm>(),
        Cell::MinimalGatedUnit => Kernels::of::<minimal_gated_unit::MinimalGatedUnit>(),
    }
}
