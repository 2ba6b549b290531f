//! What the input adds to every gate row: a product, or rows of the weights that a multi-hot input chooses.

use std::ops::Range;

use composer_tensor::Scalar;
use composer_tensor::matmul::{Left, Store, multiply_steps};
use composer_tensor::parallel::TimeRows;
use composer_tensor::simd::{Isa, Kernel, Vector, dispatch};

use super::forward::Forward;
use super::norm::{add_scaled, normalise};
use crate::cell::Block;
use crate::layers::InputSlices;

/// The normalised product of the input, written by one thread.
pub(super) type Normalised<'r, 'a, S> = Option<(&'r mut TimeRows<'a, S>, &'r mut TimeRows<'a, S>)>;

impl<S: Scalar> Forward<'_, S> {
    /// The first part of some gate rows: biases and what the input adds, for rows from `first` on of some steps. With layer
    /// normalisation, what the input adds is normalised in `norm`, `x_hat` and `scale`.
    pub(super) fn start_gates(
        &self,
        input: InputSlices<'_, S>,
        (first, steps): (usize, Range<usize>),
        gates: &mut TimeRows<'_, S>,
        norm: Normalised<'_, '_, S>,
    ) {
        let layout = &self.cell.spec().layout;
        let products = self.cell.spec().input_products(self.gains.is_some());
        let bias = &self.weights.bias[..];
        let (Some((x_hat, scale)), Some((gain, _))) = (norm, self.gains) else {
            self.add_input(input, (first, steps.clone()), products, Some(bias), gates);
            // Slots that the input does not reach.
            for slot in
                (0..layout.slots.len()).filter(|&slot| !layout.input.iter().any(|block| block.has_slot(slot)))
            {
                let columns = slot * self.hidden..(slot + 1) * self.hidden;
                for t in steps.clone() {
                    for row in gates.at_mut(t).chunks_exact_mut(bias.len()) {
                        row[columns.clone()].copy_from_slice(&bias[columns.clone()]);
                    }
                }
            }
            return;
        };
        self.add_input(input, (first, steps.clone()), products, None, x_hat);
        for t in steps {
            let each = x_hat.at_mut(t).chunks_exact_mut(gain.len()).zip(scale.at_mut(t));
            for ((x_hat, scale), gates) in each.zip(gates.at_mut(t).chunks_exact_mut(bias.len())) {
                *scale = normalise(x_hat);
                gates.copy_from_slice(bias);
                for block in layout.input {
                    let (from, width) = (block.gate * self.hidden, block.width * self.hidden);
                    let to = &mut gates[block.slot * self.hidden..][..width];
                    add_scaled(to, &gain[from..][..width], &x_hat[from..][..width]);
                }
            }
        }
    }

    /// Overwrites the columns of `products` by those of `start` (zero if `None`) plus what the input adds.
    fn add_input(
        &self,
        input: InputSlices<'_, S>,
        (first, steps): (usize, Range<usize>),
        products: &[Block],
        start: Option<&[S]>,
        to: &mut TimeRows<'_, S>,
    ) {
        let (hidden, features, batch, count) = (self.hidden, self.features, self.batch, to.rows());
        let start_of =
            |block: &Block| start.map(|start| &start[block.slot * hidden..][..block.width * hidden]);
        match input {
            InputSlices::Dense(x) => {
                let x = &x[(steps.start * batch + first) * features..];
                let x = Left::rows(x, count, features).through_time(steps.len(), batch * features);
                for (block, packed) in products.iter().zip(&self.weights.input) {
                    let store = start_of(block).map_or(Store::Set, Store::SetPlusRow);
                    multiply_steps(x, packed, to, (steps.start, block.slot * hidden), store);
                }
            }
            InputSlices::MultiHot { indices, offsets } => {
                let to_width = to.width();
                for t in steps {
                    for block in products {
                        dispatch(Gather {
                            weights: &self.weights.input_rows,
                            weights_width: self.cell.gates().len() * hidden,
                            from: block.gate * hidden,
                            start: start_of(block).unwrap_or(&[]),
                            indices,
                            offsets: &offsets[t * batch + first..][..=count],
                            to: to.at_mut(t),
                            to_width,
                            to_from: block.slot * hidden,
                            columns: block.width * hidden,
                        });
                    }
                }
            }
        }
    }
}

/// Overwrites each row by a first one plus the rows of the weights that its active features choose.
struct Gather<'a, S> {
    /// `[F, weights_width]`, of which columns from `from` on count.
    weights: &'a [S],
    weights_width: usize,
    from: usize,
    /// `[columns]`: what every row starts from; empty for zeros.
    start: &'a [S],
    indices: &'a [u32],
    offsets: &'a [usize],
    /// `[rows, to_width]`, of which `columns` columns from `to_from` on are overwritten.
    to: &'a mut [S],
    to_width: usize,
    to_from: usize,
    columns: usize,
}

impl<S: Scalar> Kernel for Gather<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let lanes = <S::Vector<I> as Vector<S>>::LANES;
        for (ends, to) in self.offsets.windows(2).zip(self.to.chunks_exact_mut(self.to_width)) {
            let active = &self.indices[ends[0]..ends[1]];
            let to = &mut to[self.to_from..][..self.columns];
            // Four vectors at a time stay in registers while the features pass. (No closures: they would not be compiled
            // for the instruction set.)
            let mut at = 0;
            while at + 4 * lanes <= self.columns {
                let mut sums = [<S::Vector<I> as Vector<S>>::zero(); 4];
                if !self.start.is_empty() {
                    let start = &self.start[at..][..4 * lanes];
                    for v in 0..4 {
                        sums[v] = Vector::read(start, v * lanes);
                    }
                }
                for &feature in active {
                    let w =
                        &self.weights[feature as usize * self.weights_width + self.from + at..][..4 * lanes];
                    for v in 0..4 {
                        sums[v] = sums[v] + Vector::read(w, v * lanes);
                    }
                }
                for v in 0..4 {
                    sums[v].write(to, at + v * lanes);
                }
                at += 4 * lanes;
            }
            while at < self.columns {
                let mut sum = <S::Vector<I> as Vector<S>>::zero();
                if !self.start.is_empty() {
                    sum = Vector::read(self.start, at);
                }
                for &feature in active {
                    let w =
                        &self.weights[feature as usize * self.weights_width + self.from..][..self.columns];
                    sum = sum + Vector::read(w, at);
                }
                sum.write(to, at);
                at += lanes;
            }
        }
    }
}
