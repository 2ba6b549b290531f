//! The backward pass through time: each thread takes its rows of the batch.

use std::ops::Range;

use composer_tensor::Scalar;
use composer_tensor::matmul::{Left, PackedRows, Store, multiply, multiply_steps};
use composer_tensor::parallel::{FirstRow, TimeRows};
use composer_tensor::simd::dispatch;
use composer_tensor::split_rows_by_field;

use super::super::cell::StepBackward;
use super::super::dispatch::kernels;
use super::super::forward::Forward;
use super::super::norm::normalise_backward;
use super::super::regularise::Zone;
use super::super::vectors::{Add, add};
use super::layer::Backward;
use crate::cell::Block;
use crate::layers::InputSlices;
use crate::textbook;

/// What one thread writes in one chunk.
pub(super) struct Rows<'a, S> {
    pub first: FirstRow,
    pub d_gates: TimeRows<'a, S>,
    pub d_input_product: Option<TimeRows<'a, S>>,
    pub d_recurrent_product: Option<TimeRows<'a, S>>,
    pub d_h: TimeRows<'a, S>,
    pub d_c: Option<TimeRows<'a, S>>,
    pub pass_h: TimeRows<'a, S>,
    pub pass_c: TimeRows<'a, S>,
    pub product: TimeRows<'a, S>,
    pub record_h: Option<TimeRows<'a, S>>,
    pub record_c: Option<TimeRows<'a, S>>,
    /// The inputs of both products, packed for the sums over rows.
    pub packed_x: Option<PackedRows<'a, S>>,
    pub packed_h: PackedRows<'a, S>,
    /// `[T, B, F]`
    pub d_input: Option<TimeRows<'a, S>>,
}

split_rows_by_field!(Rows {
    first,
    d_gates,
    d_input_product,
    d_recurrent_product,
    d_h,
    d_c,
    pass_h,
    pass_c,
    product,
    record_h,
    record_c,
    packed_x,
    packed_h,
    d_input,
});

impl<S: Scalar> Backward<'_, S> {
    /// Takes some rows back through the steps of a chunk. What reaches the input is added if `add`, and set if not.
    pub(super) fn through_time(&self, chunk: Range<usize>, add: bool, rows: &mut Rows<'_, S>) {
        for index in 0..chunk.len() {
            let t = if self.forward.reverse { chunk.start + index } else { chunk.end - 1 - index };
            self.one_step(t, t - chunk.start, rows);
        }
        self.pack_inputs(chunk.clone(), rows);
        self.input_gradient(chunk, add, rows);
    }

    /// Packs the rows that weight gradients are summed over: the inputs of both products.
    fn pack_inputs(&self, chunk: Range<usize>, rows: &mut Rows<'_, S>) {
        let Forward { batch, hidden, features, reverse, .. } = self.forward;
        let (first, count) = (rows.first.0, rows.d_h.rows());
        let h = if self.saved.recurrent_mask.is_empty() {
            &self.saved.h[if reverse { batch * hidden } else { 0 }..]
        } else {
            &self.saved.h_masked
        };
        for t in chunk.clone() {
            let row = t * batch + first;
            rows.packed_h.write(t - chunk.start, &h[row * hidden..][..count * hidden]);
            if let (Some(packed_x), InputSlices::Dense(x)) = (&mut rows.packed_x, self.input) {
                packed_x.write(t - chunk.start, &x[row * features..][..count * features]);
            }
        }
    }

    /// `d_input += d_gates W_ih`, or `=`.
    fn input_gradient(&self, chunk: Range<usize>, add: bool, rows: &mut Rows<'_, S>) {
        let Some(d_input) = &mut rows.d_input else { return };
        let Forward { hidden, cell, weights, gains, .. } = self.forward;
        let d = rows.d_input_product.as_ref().unwrap_or(&rows.d_gates);
        let blocks = cell.spec().input_products(gains.is_some());
        for (index, (block, packed)) in blocks.iter().zip(&weights.input_back).enumerate() {
            let store = if add || index > 0 { Store::Add } else { Store::Set };
            let d = d.left(0..chunk.len(), block.slot * hidden..(block.slot + block.width) * hidden);
            multiply_steps(d, packed, d_input, (chunk.start, 0), store);
        }
    }

    /// One step back for some rows: `d_h`, `d_c` of step `t` become those of the step before.
    fn one_step(&self, t: usize, local: usize, rows: &mut Rows<'_, S>) {
        let Forward { batch, hidden, cell, weights, valid, zone_h, zone_c, reverse, .. } = self.forward;
        let (first, count) = (rows.first.0, rows.d_h.rows());
        let (slots, at) = (self.slots(), (t * batch + first) * hidden);
        let valid = valid.map(|valid| &valid[t * batch + first..][..count]);
        let d_h = rows.d_h.at_mut(0);
        self.add_d_output(t, first, valid, d_h);
        if let Some(record) = &mut rows.record_h {
            record.at_mut(local).copy_from_slice(d_h);
        }
        // What reaches the previous state directly, past the cell.
        let (zone_h, zone_c) = (zone_h.with(&self.saved.zone_h), zone_c.with(&self.saved.zone_c));
        let passes = valid.is_some() || !zone_h.is_off() || !zone_c.is_off();
        if passes {
            pass_over(zone_h, valid, d_h, rows.pass_h.at_mut(0), at, hidden);
        }
        let prev = if reverse { t + 1 } else { t };
        let state_prev = (prev * batch + first) * hidden..(prev * batch + first + count) * hidden;
        let gates = &self.saved.gates[(t * batch + first) * slots..][..count * slots];
        let d_gates = rows.d_gates.at_mut(local);
        let d_c = rows.d_c.as_mut().map_or(&mut [][..], |d_c| d_c.at_mut(0));
        let h_prev = &self.saved.h[state_prev.clone()];
        let c_prev = self.saved.c.get(state_prev).filter(|_| cell.has_c()).unwrap_or_default();
        let diagonal = &weights.diagonal;
        if let Some(record) = &mut rows.record_c {
            let saved = textbook::SavedRows { cell, gates, h_prev, c_prev, diagonal, hidden };
            saved.whole_d_c(d_h, d_c, record.at_mut(local));
        }
        if passes && cell.has_c() {
            pass_over(zone_c, valid, d_c, rows.pass_c.at_mut(0), at, hidden);
        }
        let step = StepBackward { gates, h_prev, c_prev, d_h, d_c: &mut *d_c, d_gates, diagonal, hidden };
        (kernels(cell).backward)(step);
        if passes && cell.has_c() {
            add(d_c, rows.pass_c.at(0));
        }
        self.through_recurrence(t, local, rows);
        if passes {
            add(rows.d_h.at_mut(0), rows.pass_h.at(0));
        }
    }

    /// Adds the gradient of the output at step `t`, except at padding, where the output is a constant.
    fn add_d_output(&self, t: usize, first: usize, valid: Option<&[bool]>, d_h: &mut [S]) {
        let (hidden, width) = (self.forward.hidden, self.d_output_width);
        let from = (t * self.forward.batch + first) * width;
        if valid.is_none() && width == hidden {
            return dispatch(Add { from: &self.d_output[from..][..d_h.len()], to: d_h });
        }
        for (row, d_h) in d_h.chunks_exact_mut(hidden).enumerate() {
            if valid.is_none_or(|valid| valid[row]) {
                let from = (t * self.forward.batch + first + row) * width + self.d_output_from;
                add(d_h, &self.d_output[from..][..hidden]);
            }
        }
    }

    /// `d_h += d_gates W_hh`, or `=` where the cell left nothing of it.
    fn through_recurrence(&self, t: usize, local: usize, rows: &mut Rows<'_, S>) {
        let Forward { cell, hidden, weights, .. } = self.forward;
        let (slots, count) = (self.slots(), rows.d_h.rows());
        let d_gates = rows.d_gates.at(local);
        let layout = &cell.spec().layout;
        let mut d_product = Left::strided(
            &d_gates[layout.recurrent.slot * hidden..],
            count,
            layout.recurrent.width * hidden,
            slots,
        );
        if let (Some(input), Some(recurrent)) = (&mut rows.d_input_product, &mut rows.d_recurrent_product) {
            let recurrent = recurrent.at_mut(local);
            self.through_norm(t, rows.first.0, d_gates, input.at_mut(local), recurrent);
            d_product = Left::rows(recurrent, count, self.gate_rows());
        }
        let d_h = rows.d_h.at_mut(0);
        let store = if cell.spec().passes_h { Store::Add } else { Store::Set };
        if self.saved.recurrent_mask.is_empty() {
            return multiply(d_product, &weights.recurrent_back, d_h, hidden, store);
        }
        let product = rows.product.at_mut(0);
        multiply(d_product, &weights.recurrent_back, product, hidden, Store::Set);
        if !matches!(store, Store::Add) {
            d_h.fill(S::zero());
        }
        let mask = &self.saved.recurrent_mask[rows.first.0 * hidden..];
        d_h.iter_mut().zip(product).zip(mask).for_each(|((d_h, &mut product), &mask)| *d_h += product * mask);
    }

    /// The gradients of both products before they were normalised.
    fn through_norm(&self, t: usize, first: usize, d_gates: &[S], d_input: &mut [S], d_recurrent: &mut [S]) {
        let Some((gain_ih, gain_hh)) = self.forward.gains else { return };
        let (hidden, slots, width) = (self.forward.hidden, self.slots(), self.gate_rows());
        let layout = &self.forward.cell.spec().layout;
        for (row, d_gates) in d_gates.chunks_exact(slots).enumerate() {
            let at = t * self.forward.batch + first + row;
            for (blocks, d, gain, norm) in [
                (layout.input, &mut *d_input, gain_ih, &self.saved.input_norm),
                (layout.recurrent_blocks(), &mut *d_recurrent, gain_hh, &self.saved.recurrent_norm),
            ] {
                let d = &mut d[row * width..][..width];
                copy_blocks(blocks, hidden, d_gates, d);
                normalise_backward(d, gain, &norm.x_hat[at * width..][..width], norm.scale[at]);
            }
        }
    }
}

/// Moves from `d` to `pass` what goes past the cell: the share that zoneout kept, and all of padded rows.
fn pass_over<S: Scalar>(
    zone: Zone<'_, S>,
    valid: Option<&[bool]>,
    d: &mut [S],
    pass: &mut [S],
    at: usize,
    hidden: usize,
) {
    pass.fill(S::zero());
    zone.split(d, pass, at);
    for (row, _) in valid.unwrap_or(&[]).iter().enumerate().filter(|(_, valid)| !**valid) {
        let (d, pass) = (&mut d[row * hidden..][..hidden], &mut pass[row * hidden..][..hidden]);
        add(pass, d);
        d.fill(S::zero());
    }
}

/// Copies blocks of a gate row to where the weights have their rows.
fn copy_blocks<S: Copy>(blocks: &[Block], hidden: usize, slots: &[S], gates: &mut [S]) {
    for block in blocks {
        let width = block.width * hidden;
        gates[block.gate * hidden..][..width].copy_from_slice(&slots[block.slot * hidden..][..width]);
    }
}
