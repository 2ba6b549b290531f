//! Cells whose type is known only when the program runs: the one place of this implementation that knows all cells.

use composer_tensor::Scalar;

use super::saved::{AnyJacobian, Jacobian, SavedRows};
use super::{Source, TextbookCell, gru, lstm, minimal_gated_unit, peephole_lstm, rnn, rnn_relu, stack};
use crate::problem::{Problem, Run};
use crate::{Cell, Error, State};

/// Forward and backward over a whole problem.
///
/// # Errors
/// The configuration has layer normalisation or zoneout, which the textbook does without.
pub fn run(problem: &Problem<'_, f64>) -> Result<Run<f64>, Error> {
    stack::check(problem)?;
    Ok(of(problem.config.cell).run(problem))
}

/// Forward alone: the output `[T, B, H·D]` and the final state.
///
/// # Errors
/// As for [`run`].
pub fn run_forward(problem: &Problem<'_, f64>) -> Result<(Vec<f64>, State<f64>), Error> {
    stack::check(problem)?;
    Ok(of(problem.config.cell).run_forward(problem))
}

/// A cell whose type is known only when the program runs.
pub(crate) trait AnyCell: Sync {
    /// Forward and backward.
    fn run(&self, problem: &Problem<'_, f64>) -> Run<f64>;
    /// The output and the final state.
    fn run_forward(&self, problem: &Problem<'_, f64>) -> (Vec<f64>, State<f64>);
    /// The derivative of steps that were saved.
    fn jacobian(&self, rows: &SavedRows<'_, f64>) -> Box<dyn AnyJacobian>;
    /// The file of the cell.
    fn source(&self) -> Source;
}

impl<C: TextbookCell + Sync> AnyCell for C {
    fn run(&self, problem: &Problem<'_, f64>) -> Run<f64> {
        stack::run_cell::<C>(problem)
    }

    fn run_forward(&self, problem: &Problem<'_, f64>) -> (Vec<f64>, State<f64>) {
        stack::run_cell_forward::<C>(problem)
    }

    fn jacobian(&self, rows: &SavedRows<'_, f64>) -> Box<dyn AnyJacobian> {
        Box::new(Jacobian::<C>::new(rows))
    }

    fn source(&self) -> Source {
        C::SOURCE
    }
}

/// A cell by its name.
pub(crate) fn of(cell: Cell) -> &'static dyn AnyCell {
    match cell {
        Cell::RnnTanh => &rnn::Rnn,
        Cell::RnnRelu => &rnn_relu::RnnRelu,
        Cell::Lstm => &lstm::Lstm,
        Cell::Gru => &gru::Gru,
        Cell::PeepholeLstm => &peephole_lstm::PeepholeLstm,
        Cell::MinimalGatedUnit => &minimal_gated_unit::MinimalGatedUnit,
    }
}

impl<S: Scalar> SavedRows<'_, S> {
    /// Overwrites `record` `[rows, H]` by the whole gradient of `c`: what comes from the next step, `d_c`, and through `h`.
    pub(crate) fn whole_d_c(&self, d_h: &[S], d_c: &[S], record: &mut [S]) {
        let jacobian = self.jacobian();
        let doubles = |values: &[S]| values.iter().map(|value| value.f64()).collect::<Vec<_>>();
        let whole = jacobian.whole_d_c(&doubles(d_h), &doubles(d_c));
        record.iter_mut().zip(whole).for_each(|(to, d_c)| *to = S::of(d_c));
    }

    /// The derivative of these rows' step.
    pub(crate) fn jacobian(&self) -> Box<dyn AnyJacobian> {
        let doubles = |values: &[S]| values.iter().map(|value| value.f64()).collect::<Vec<_>>();
        let [gates, h_prev, c_prev, diagonal] =
            [self.gates, self.h_prev, self.c_prev, self.diagonal].map(doubles);
        let (cell, hidden) = (self.cell, self.hidden);
        of(cell).jacobian(&SavedRows {
            cell,
            gates: &gates,
            h_prev: &h_prev,
            c_prev: &c_prev,
            diagonal: &diagonal,
            hidden,
        })
    }
}
