//! Which step belongs to which cell: the one place of this implementation that knows all cells.

use composer_tensor::Scalar;

use super::cells::{ReferenceCell, Step, Weights};
use super::tape::{Node, Tape};
use super::{gru, lstm, minimal_gated_unit, peephole_lstm, rnn};
use crate::Cell;

/// The step of a cell: from the input and the state before, the new state.
pub fn step<S: Scalar>(
    cell: Cell,
    tape: &mut Tape<S>,
    weights: &Weights,
    step: Step,
) -> (Node, Option<Node>) {
    match cell {
        Cell::RnnTanh => rnn::Tanh::step(tape, weights, step),
        Cell::RnnRelu => rnn::Relu::step(tape, weights, step),
        Cell::Lstm => lstm::Lstm::step(tape, weights, step),
        Cell::Gru => gru::Gru::step(tape, weights, step),
        Cell::PeepholeLstm => peephole_lstm::PeepholeLstm::step(tape, weights, step),
        Cell::MinimalGatedUnit => minimal_gated_unit::MinimalGatedUnit::step(tape, weights, step),
    }
}
