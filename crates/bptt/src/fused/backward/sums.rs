//! Sums over the rows of a chunk: the gradients of weights, biases and gains. Threads share the columns of the gate gradients, so
//! that every sum has one order.

use std::ops::Range;

use composer_tensor::matmul::{Left, Packed, add_outer_products};
use composer_tensor::parallel::{FirstRow, Share, SliceRows, SplitRows, share_all, share_rows};
use composer_tensor::simd::{Isa, Kernel, dispatch};
use composer_tensor::{Scalar, split_rows_by_field};

use super::super::cell::StepDiagonal;
use super::super::dispatch::kernels;
use super::super::forward::Forward;
use super::super::vectors::{add, add_vectors, sum_rows};
use super::layer::{Backward, BackwardScratch};
use crate::Parameters;
use crate::cell::Block;
use crate::layers::{InputSlices, LayerIds};

/// What one thread writes while weight gradients are summed: rows of both matrices.
struct WeightRows<'a, S> {
    first: FirstRow,
    /// For dense inputs.
    d_weight_ih: Option<SliceRows<'a, S>>,
    /// For multi-hot inputs, the same in another order.
    d_input_rows: Option<InputRows<'a, S>>,
    d_weight_hh: SliceRows<'a, S>,
}

split_rows_by_field!(WeightRows { first, d_weight_ih, d_input_rows, d_weight_hh });

/// Weight rows are shared out in multiples of this: columns of the gate gradients that are whole cache lines.
pub(super) const WEIGHT_ROWS: usize = 32;

/// The gradient of `W_ih` for multi-hot inputs, in blocks `[F, WEIGHT_ROWS]`: what a thread adds to at a time stays in the cache
/// next to it, and no other thread writes nearby. (With rows of all gates, the lines that the machine fetches ahead of one
/// thread belong to another: ten times slower.)
struct InputRows<'a, S> {
    data: &'a mut [S],
    features: usize,
}

impl<S> SplitRows for InputRows<'_, S> {
    fn split_rows(self, at: usize) -> (Self, Self) {
        let InputRows { data, features } = self;
        let cut = (at.div_ceil(WEIGHT_ROWS) * features * WEIGHT_ROWS).min(data.len());
        let (head, tail) = data.split_at_mut(cut);
        (InputRows { data: head, features }, InputRows { data: tail, features })
    }
}

impl<S: Scalar> Backward<'_, S> {
    /// Sums the gradients of weights, biases and gains over the rows of a chunk.
    pub(super) fn sum_gradients(
        &self,
        chunk: Range<usize>,
        params: &mut Parameters<S>,
        scratch: &mut BackwardScratch<S>,
    ) {
        let Forward { batch, hidden, features, cell, .. } = self.forward;
        let (from, count) = (chunk.start * batch, chunk.len() * batch);
        let (slots, gate_rows) = (self.slots(), self.gate_rows());
        let BackwardScratch { d_gates, packed_x, packed_h, d_bias, d_input_rows, .. } = scratch;
        let d_gates = &d_gates[..count * slots];
        let norm = self.forward.gains.is_some();
        let (d_product, d_recurrent, stride) = if norm {
            let size = count * gate_rows;
            (&scratch.d_input_product[..size], &scratch.d_recurrent_product[..size], gate_rows)
        } else {
            (d_gates, d_gates, slots)
        };
        self.sum_gain_gradients(from, count, d_gates, params);
        let (d_weight_ih, d_weight_hh) = params.grad_pair_mut(self.ids.weight_ih, self.ids.weight_hh);
        let dense = matches!(self.input, InputSlices::Dense(_));
        let weights = WeightRows {
            first: FirstRow(0),
            d_weight_ih: dense.then_some(SliceRows { data: d_weight_ih, first: 0, width: features }),
            d_input_rows: (!dense).then_some(InputRows { data: d_input_rows, features }),
            d_weight_hh: SliceRows { data: d_weight_hh, first: 0, width: hidden },
        };
        let biases = SliceRows { data: &mut d_bias[..], first: 0, width: 1 };
        let x = self.input.rows(from, from + count, features);
        let products = cell.spec().input_products(norm);
        let recurrent = [Block { slot: 0, gate: 0, width: cell.gates().len() }];
        let works = (
            Share { work: weights, rows: gate_rows, least: WEIGHT_ROWS },
            Share { work: biases, rows: slots, least: WEIGHT_ROWS },
        );
        share_all(works, &|(weights, biases)| {
            let WeightRows { first, d_weight_ih, d_input_rows, d_weight_hh } = weights.work;
            let biases = biases.work;
            biases.data.fill(S::zero());
            sum_rows(d_gates, slots, biases.first, biases.data);
            if let Some(d_weight_ih) = d_weight_ih {
                add_block_products(products, hidden, (d_product, stride), packed_x, d_weight_ih);
            }
            if let (Some(d_input_rows), InputSlices::MultiHot { indices, offsets }) = (d_input_rows, x) {
                let part = first.0..first.0 + d_weight_hh.data.len() / hidden;
                scatter(products, hidden, (d_product, stride), (indices, offsets), part, d_input_rows);
            }
            add_block_products(&recurrent, hidden, (d_recurrent, stride), packed_h, d_weight_hh);
        });
        self.add_bias_gradients(&scratch.d_bias, params);
        self.add_diagonal_gradients(from, count, params, scratch);
    }

    /// Hands the sums of a chunk's gate gradients to both biases.
    fn add_bias_gradients(&self, d_bias: &[S], params: &mut Parameters<S>) {
        let (Some(bias_ih), Some(bias_hh)) = (self.ids.bias_ih, self.ids.bias_hh) else { return };
        let (hidden, layout) = (self.forward.hidden, &self.forward.cell.spec().layout);
        for (id, blocks) in [(bias_ih, layout.input), (bias_hh, layout.recurrent_blocks())] {
            for block in blocks {
                let to = &mut params.grad_mut(id)[block.gate * hidden..][..block.width * hidden];
                add(to, &d_bias[block.slot * hidden..]);
            }
        }
    }

    /// Sums the gradients of the diagonal weights, if the cell has any: few numbers, so one thread does it.
    fn add_diagonal_gradients(
        &self,
        from: usize,
        count: usize,
        params: &mut Parameters<S>,
        scratch: &mut BackwardScratch<S>,
    ) {
        if scratch.d_diagonal.is_empty() {
            return;
        }
        let Forward { batch, hidden, cell, reverse, .. } = self.forward;
        let slots = self.slots();
        let before = if reverse { batch } else { 0 };
        scratch.d_diagonal.fill(S::zero());
        (kernels(cell).add_d_diagonal)(StepDiagonal {
            gates: &self.saved.gates[from * slots..][..count * slots],
            c_prev: &self.saved.c[(before + from) * hidden..][..count * hidden],
            d_gates: &scratch.d_gates[..count * slots],
            d_diagonal: &mut scratch.d_diagonal,
            hidden,
        });
        for (id, d) in self.ids.diagonals().zip(scratch.d_diagonal.chunks_exact(hidden)) {
            add(params.grad_mut(id), d);
        }
    }

    fn sum_gain_gradients(&self, from: usize, count: usize, d_gates: &[S], params: &mut Parameters<S>) {
        let (Some(norm_ih), Some(norm_hh)) = (self.ids.norm_ih, self.ids.norm_hh) else { return };
        let (slots, width, hidden) = (self.slots(), self.gate_rows(), self.forward.hidden);
        let layout = &self.forward.cell.spec().layout;
        for (id, blocks, norm) in [
            (norm_ih, layout.input, &self.saved.input_norm),
            (norm_hh, layout.recurrent_blocks(), &self.saved.recurrent_norm),
        ] {
            let d_gain = params.grad_mut(id);
            for row in 0..count {
                let x_hat = &norm.x_hat[(from + row) * width..][..width];
                for block in blocks {
                    let (gate, size) = (block.gate * hidden, block.width * hidden);
                    let d = &d_gates[row * slots + block.slot * hidden..][..size];
                    for ((d_gain, &d), &x_hat) in d_gain[gate..][..size].iter_mut().zip(d).zip(&x_hat[gate..])
                    {
                        *d_gain += d * x_hat;
                    }
                }
            }
        }
    }
}

/// Hands the gradient of `W_ih` `[G·H, F]`, summed in another order, to the parameters.
pub(crate) fn add_input_rows<S: Scalar>(
    ids: &LayerIds,
    features: usize,
    params: &mut Parameters<S>,
    scratch: &BackwardScratch<S>,
) {
    let d_weight = params.grad_mut(ids.weight_ih);
    let gate_rows = d_weight.len() / features;
    let d_weight = SliceRows { data: d_weight, first: 0, width: features };
    share_rows(d_weight, gate_rows, WEIGHT_ROWS, &|part| add_transposed(&scratch.d_input_rows, part));
}

/// Adds to rows of a weight matrix what was summed in [`InputRows`].
fn add_transposed<S: Scalar>(from: &[S], to: SliceRows<'_, S>) {
    let features = to.width;
    let blocks = from.chunks_exact(features * WEIGHT_ROWS).skip(to.first / WEIGHT_ROWS);
    for (rows, block) in to.data.chunks_mut(WEIGHT_ROWS * features).zip(blocks) {
        for (feature, from) in block.chunks_exact(WEIGHT_ROWS).enumerate() {
            rows.iter_mut().skip(feature).step_by(features).zip(from).for_each(|(to, &d)| *to += d);
        }
    }
}

/// The part of each block that falls on rows `first..first + count` of the weights: `(row there, row in the part, rows)`.
fn overlaps(
    blocks: &[Block],
    hidden: usize,
    first: usize,
    count: usize,
) -> impl Iterator<Item = (usize, usize, usize)> + '_ {
    blocks.iter().filter_map(move |block| {
        let (gate, slot) = (block.gate * hidden, block.slot * hidden);
        let (from, to) = (gate.max(first), (gate + block.width * hidden).min(first + count));
        (from < to).then(|| (slot + from - gate, from - first, to - from))
    })
}

/// `part += dᵀ x` for some rows of a weight matrix.
fn add_block_products<S: Scalar>(
    blocks: &[Block],
    hidden: usize,
    (d, stride): (&[S], usize),
    x: &Packed<S>,
    part: SliceRows<'_, S>,
) {
    let count = part.data.len() / part.width;
    for (column, row, rows) in overlaps(blocks, hidden, part.first, count) {
        let d = Left::strided(&d[column..], x.k(), rows, stride);
        add_outer_products(d, x, &mut part.data[row * part.width..][..rows * part.width]);
    }
}

/// Adds each row of `d` to the rows of the gradient that its active features choose; of the gate rows, those of `part`.
fn scatter<S: Scalar>(
    blocks: &[Block],
    hidden: usize,
    (d, stride): (&[S], usize),
    (indices, offsets): (&[u32], &[usize]),
    part: Range<usize>,
    target: InputRows<'_, S>,
) {
    let each = target.data.chunks_exact_mut(target.features * WEIGHT_ROWS);
    for (target, gate) in each.zip(part.clone().step_by(WEIGHT_ROWS)) {
        let count = WEIGHT_ROWS.min(part.end - gate);
        for (column, row, rows) in overlaps(blocks, hidden, gate, count) {
            dispatch(Scatter { d: &d[column..], stride, rows, indices, offsets, target: &mut target[row..] });
        }
    }
}

/// `target [f] += d [r]` for every feature `f` that is active in row `r`.
struct Scatter<'a, S> {
    /// Rows that start `stride` elements apart, of which `rows` elements count.
    d: &'a [S],
    stride: usize,
    rows: usize,
    indices: &'a [u32],
    offsets: &'a [usize],
    /// Rows that start `WEIGHT_ROWS` elements apart.
    target: &'a mut [S],
}

impl<S: Scalar> Kernel for Scatter<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        for (r, ends) in self.offsets.windows(2).enumerate() {
            let d = &self.d[r * self.stride..][..self.rows];
            for &feature in &self.indices[ends[0]..ends[1]] {
                let target = &mut self.target[feature as usize * WEIGHT_ROWS..][..self.rows];
                add_vectors::<S, S::Vector<I>>(target, d);
            }
        }
    }
}
