//! The textbook's derivatives of steps that the fused forward pass computed and saved, for the probe.

use super::{Numbers, TextbookCell};
use crate::Cell;

/// What the fused forward pass saved of some rows at one step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SavedRows<'a, S> {
    pub cell: Cell,
    /// `[rows, slots·H]`
    pub gates: &'a [S],
    /// `[rows, H]`
    pub h_prev: &'a [S],
    /// `[rows, H]`; empty for a cell without `c`.
    pub c_prev: &'a [S],
    /// `[P·H]`
    pub diagonal: &'a [S],
    pub hidden: usize,
}

/// The derivative of one step of some rows with respect to the state before it.
pub(crate) trait AnyJacobian {
    /// `J v`, for one row: what moves when the state before moves by `v_h`, `v_c` `[H]`. `weight_hh` is `[G·H, H]`.
    fn times(&self, weight_hh: &[f64], v_h: &[f64], v_c: &[f64]) -> (Vec<f64>, Vec<f64>);
    /// `Jᵀ u`, for one row: the backward step of the cell, from `d_h`, `d_c` `[H]`.
    fn transposed_times(&self, weight_hh: &[f64], d_h: &[f64], d_c: &[f64]) -> (Vec<f64>, Vec<f64>);
    /// The whole gradient of `c` for each unit of each row.
    fn whole_d_c(&self, d_h: &[f64], d_c: &[f64]) -> Vec<f64>;
}

/// The derivative of one step of a cell.
pub(super) struct Jacobian<C: TextbookCell> {
    hidden: usize,
    /// `[rows, H]`
    units: Vec<C::Saved>,
}

impl<C: TextbookCell> Jacobian<C> {
    pub(super) fn new(rows: &SavedRows<'_, f64>) -> Self {
        let hidden = rows.hidden;
        let width = rows.cell.spec().layout.slots.len() * hidden;
        let units = rows.gates.chunks_exact(width).enumerate().flat_map(|(row, gates)| {
            (0..hidden).map(move |unit| {
                let slots: Vec<f64> = gates.iter().skip(unit).step_by(hidden).copied().collect();
                let at = row * hidden + unit;
                let c_prev = rows.c_prev.get(at).copied().unwrap_or(0.0);
                let diagonal = Numbers::from_fn(|p| rows.diagonal[p * hidden + unit]);
                C::restore(&slots, rows.h_prev[at], c_prev, diagonal)
            })
        });
        Jacobian { hidden, units: units.collect() }
    }
}

impl<C: TextbookCell> AnyJacobian for Jacobian<C> {
    fn times(&self, weight_hh: &[f64], v_h: &[f64], v_c: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let hidden = self.hidden;
        let v_recurrent: Vec<f64> =
            weight_hh.chunks_exact(hidden).map(|w| w.iter().zip(v_h).map(|(w, v)| w * v).sum()).collect();
        let moved = (0..hidden).map(|unit| {
            let v_gates = Numbers::from_fn(|gate| v_recurrent[gate * hidden + unit]);
            let state = C::tangent(&self.units[unit], v_gates, v_h[unit], v_c[unit]);
            (state.h, state.c)
        });
        moved.unzip()
    }

    fn transposed_times(&self, weight_hh: &[f64], d_h: &[f64], d_c: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let hidden = self.hidden;
        let (mut d_h_prev, mut d_c_prev) = (vec![0.0; hidden], vec![0.0; hidden]);
        let mut d_recurrent = vec![0.0; weight_hh.len() / hidden];
        for unit in 0..hidden {
            let gradient = C::backward(&self.units[unit], d_h[unit], d_c[unit]);
            for (gate, d) in gradient.d_recurrent.as_ref().iter().enumerate() {
                d_recurrent[gate * hidden + unit] = *d;
            }
            d_h_prev[unit] = gradient.d_h_prev;
            d_c_prev[unit] = gradient.d_c_prev;
        }
        for (w, d) in weight_hh.chunks_exact(hidden).zip(&d_recurrent) {
            d_h_prev.iter_mut().zip(w).for_each(|(d_h_prev, w)| *d_h_prev += d * w);
        }
        (d_h_prev, d_c_prev)
    }

    fn whole_d_c(&self, d_h: &[f64], d_c: &[f64]) -> Vec<f64> {
        let gradients = d_h.iter().zip(d_c);
        self.units.iter().zip(gradients).map(|(unit, (&d_h, &d_c))| C::backward(unit, d_h, d_c).d_c).collect()
    }
}
