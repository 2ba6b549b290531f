//! One layer in one direction, backward through time.
//!
//! Steps go in chunks. Within a chunk, each thread takes its rows of the batch backward through the steps and leaves the
//! gradients of the gates; then the weight gradients are summed over all rows and steps of the chunk, shared out by columns
//! of the result; then the gradient of the input is one product.

use composer_tensor::matmul::{Left, Packed, Store, add_outer_products, multiply};
use composer_tensor::parallel::{Both, FirstRow, SliceRows, TimeRows, share_both, share_rows};
use composer_tensor::simd::{Isa, Kernel, Vector, dispatch};
use composer_tensor::{Buffer, Scalar, for_lanes, split_rows_by_field};

use super::forward::{Forward, LEAST_ROWS};
use super::gru::GruBackward;
use super::layout::{Block, Layout, input_products};
use super::lstm::LstmBackward;
use super::norm::normalise_backward;
use super::regularise::Zone;
use super::rnn::RnnBackward;
use super::tape::{Tape, fit};
use crate::layers::LayerIds;
use crate::probe::{Trace, gate_slot, norm};
use crate::{Cell, Input, Parameters};

/// Elements of a chunk's gate gradients: few enough to stay in the cache,
const CHUNK_ELEMENTS: usize = 1 << 18;
/// but never fewer rows (steps × batch) than one long sum of the weight gradients, nor more than these.
const CHUNK_ROWS: std::ops::Range<usize> = 256..2048;

/// Steps of a chunk. They depend on sizes alone, so that sums have one order.
pub(crate) fn chunk_steps(cell: Cell, hidden: usize, batch: usize) -> usize {
    let rows = CHUNK_ELEMENTS / (Layout::of(cell).slots * hidden);
    (rows.clamp(CHUNK_ROWS.start, CHUNK_ROWS.end) / batch).max(1)
}

/// Memory of a backward pass, reused for every layer and chunk.
#[derive(Clone, Debug, Default)]
pub(crate) struct BackwardScratch<S> {
    /// `[C, B, slots·H]`: gradients of the gates' sums.
    d_gates: Buffer<S>,
    /// `[C, B, G·H]` each: gradients of the products before they were normalised.
    d_input_product: Buffer<S>,
    d_recurrent_product: Buffer<S>,
    /// `[B, H]`: gradients of the state that travel from step to step.
    pub d_h: Buffer<S>,
    pub d_c: Buffer<S>,
    /// `[B, H]`: what reaches the previous state past the cell, and a product.
    pass_h: Buffer<S>,
    pass_c: Buffer<S>,
    product: Buffer<S>,
    packed_x: Packed<S>,
    packed_h: Packed<S>,
    /// `[F, G·H]`: the gradient of `W_ihᵀ`, for multi-hot inputs.
    d_input_rows: Buffer<S>,
    /// `[slots·H]`: sums of `d_gates`.
    d_bias: Buffer<S>,
    /// For a probe, `[C, B, H]`: the whole gradients of the states. Empty without.
    record_h: Buffer<S>,
    record_c: Buffer<S>,
}

/// The backward pass of one layer in one direction.
pub(crate) struct Backward<'a, S> {
    /// The forward pass that filled the tape.
    pub forward: Forward<'a, S>,
    pub ids: &'a LayerIds,
    pub tape: &'a Tape<S>,
    pub input: Input<'a, S>,
    /// `[T, B, d_output_width]`, of which `H` columns from `d_output_from` on belong to this direction.
    pub d_output: &'a [S],
    pub d_output_width: usize,
    pub d_output_from: usize,
    /// Whether a probe is attached.
    pub recording: bool,
}

/// What one thread writes in one chunk.
struct Rows<'a, S> {
    first: FirstRow,
    d_gates: TimeRows<'a, S>,
    d_input_product: Option<TimeRows<'a, S>>,
    d_recurrent_product: Option<TimeRows<'a, S>>,
    d_h: TimeRows<'a, S>,
    d_c: Option<TimeRows<'a, S>>,
    pass_h: TimeRows<'a, S>,
    pass_c: TimeRows<'a, S>,
    product: TimeRows<'a, S>,
    record_h: Option<TimeRows<'a, S>>,
    record_c: Option<TimeRows<'a, S>>,
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
});

/// What one thread writes while weight gradients are summed: rows of both matrices.
struct WeightRows<'a, S> {
    first: FirstRow,
    /// For dense inputs.
    d_weight_ih: Option<SliceRows<'a, S>>,
    /// For multi-hot inputs, the same as columns of the transpose `[F, G·H]`.
    d_input_rows: Option<TimeRows<'a, S>>,
    d_weight_hh: SliceRows<'a, S>,
}

split_rows_by_field!(WeightRows { first, d_weight_ih, d_input_rows, d_weight_hh });

/// Weight rows are shared out in multiples of this, which all tiles divide.
const WEIGHT_ROWS: usize = 24;

/// The steps `from..to` of a chunk.
#[derive(Clone, Copy)]
struct Chunk {
    from: usize,
    to: usize,
}

impl<S: Scalar> Backward<'_, S> {
    /// Accumulates the parameters' gradients. `scratch.d_h` and `d_c` `[B, H]` hold the gradients of the final states before
    /// and of the initial states after. The gradient of the input `[T, B, F]` is added to `d_input`, if given.
    pub(crate) fn run(
        &self,
        params: &mut Parameters<S>,
        scratch: &mut BackwardScratch<S>,
        mut d_input: Option<&mut [S]>,
        mut trace: Option<&mut Trace>,
    ) {
        let Forward { cell, hidden, steps, batch, reverse, .. } = self.forward;
        let chunk_steps = chunk_steps(cell, hidden, batch);
        self.size(scratch, chunk_steps.min(steps));
        let chunks = steps.div_ceil(chunk_steps);
        for index in 0..chunks {
            let index = if reverse { index } else { chunks - 1 - index };
            let chunk = Chunk { from: index * chunk_steps, to: steps.min((index + 1) * chunk_steps) };
            self.through_time(chunk, scratch);
            if let Some(trace) = &mut trace {
                self.record(chunk, scratch, trace);
            }
            self.sum_gradients(chunk, params, scratch, d_input.as_deref_mut());
        }
        self.finish(params, scratch);
    }

    fn slots(&self) -> usize {
        Layout::of(self.forward.cell).slots * self.forward.hidden
    }

    fn gate_rows(&self) -> usize {
        self.forward.cell.gates().len() * self.forward.hidden
    }

    fn size(&self, scratch: &mut BackwardScratch<S>, chunk_steps: usize) {
        let Forward { batch, hidden, features, gains, .. } = self.forward;
        fit(&mut scratch.d_gates, chunk_steps * batch * self.slots());
        if gains.is_some() {
            fit(&mut scratch.d_input_product, chunk_steps * batch * self.gate_rows());
            fit(&mut scratch.d_recurrent_product, chunk_steps * batch * self.gate_rows());
        }
        for state in [&mut scratch.pass_h, &mut scratch.pass_c, &mut scratch.product] {
            fit(state, batch * hidden);
        }
        fit(&mut scratch.d_bias, self.slots());
        if matches!(self.input, Input::MultiHot { .. }) {
            fit(&mut scratch.d_input_rows, features * self.gate_rows());
            scratch.d_input_rows.fill(S::zero());
        }
    }

    /// Norms for the probe.
    fn record(&self, chunk: Chunk, scratch: &BackwardScratch<S>, trace: &mut Trace) {
        let Forward { batch, hidden, cell, .. } = self.forward;
        let (slots, from) = (self.slots(), chunk.from * batch);
        for (norms, states) in [(&mut trace.d_h, &scratch.record_h), (&mut trace.d_c, &scratch.record_c)] {
            for (row, state) in states.chunks_exact(hidden).enumerate() {
                norms[from + row] = norm(state);
            }
        }
        let gates = cell.gates().len();
        for t in chunk.from..chunk.to {
            let step = &scratch.d_gates[(t - chunk.from) * batch * slots..][..batch * slots];
            for gate in 0..gates {
                let slot = gate_slot(cell, gate) * hidden;
                let rows = step.chunks_exact(slots);
                let squares = rows.map(|row| norm(&row[slot..slot + hidden]).powi(2));
                trace.d_gates[t * gates + gate] = squares.sum::<f64>().sqrt();
            }
        }
    }

    /// The gradients of the gates in a chunk, each thread its rows of the batch.
    fn through_time(&self, chunk: Chunk, scratch: &mut BackwardScratch<S>) {
        let Forward { batch, hidden, gains, cell, .. } = self.forward;
        let (steps, slots, gate_rows) = (chunk.to - chunk.from, self.slots(), self.gate_rows());
        let norm = gains.is_some();
        if self.recording {
            fit(&mut scratch.record_h, steps * batch * hidden);
            fit(&mut scratch.record_c, if cell.has_c() { steps * batch * hidden } else { 0 });
        }
        let rows = Rows {
            first: FirstRow(0),
            d_gates: TimeRows::new(&mut scratch.d_gates[..steps * batch * slots], steps, batch, slots),
            d_input_product: norm.then(|| {
                TimeRows::new(
                    &mut scratch.d_input_product[..steps * batch * gate_rows],
                    steps,
                    batch,
                    gate_rows,
                )
            }),
            d_recurrent_product: norm.then(|| {
                TimeRows::new(
                    &mut scratch.d_recurrent_product[..steps * batch * gate_rows],
                    steps,
                    batch,
                    gate_rows,
                )
            }),
            d_h: TimeRows::new(&mut scratch.d_h, 1, batch, hidden),
            d_c: cell.has_c().then(|| TimeRows::new(&mut scratch.d_c, 1, batch, hidden)),
            pass_h: TimeRows::new(&mut scratch.pass_h, 1, batch, hidden),
            pass_c: TimeRows::new(&mut scratch.pass_c, 1, batch, hidden),
            product: TimeRows::new(&mut scratch.product, 1, batch, hidden),
            record_h: self.recording.then(|| TimeRows::new(&mut scratch.record_h, steps, batch, hidden)),
            record_c: (self.recording && cell.has_c())
                .then(|| TimeRows::new(&mut scratch.record_c, steps, batch, hidden)),
        };
        let least = if batch >= 2 * LEAST_ROWS { LEAST_ROWS } else { 1 };
        share_rows(rows, batch, least, &|mut rows| {
            for index in 0..steps {
                let t = if self.forward.reverse { chunk.from + index } else { chunk.to - 1 - index };
                self.one_step(t, t - chunk.from, &mut rows);
            }
        });
    }

    /// One step back for some rows: `d_h`, `d_c` of step `t` become those of the step before.
    fn one_step(&self, t: usize, local: usize, rows: &mut Rows<'_, S>) {
        let Forward { batch, hidden, cell, valid, zone_h, zone_c, reverse, .. } = self.forward;
        let (first, count) = (rows.first.0, rows.d_h.rows());
        let (slots, at) = (self.slots(), (t * batch + first) * hidden);
        let valid = valid.map(|valid| &valid[t * batch + first..][..count]);
        let d_h = rows.d_h.at_mut(0);
        self.add_d_output(t, first, valid, d_h);
        if let Some(record) = &mut rows.record_h {
            record.at_mut(local).copy_from_slice(d_h);
        }
        // What reaches the previous state directly, past the cell.
        let (zone_h, zone_c) = (zone_h.with(&self.tape.zone_h), zone_c.with(&self.tape.zone_c));
        let passes = valid.is_some() || !zone_h.is_off() || !zone_c.is_off();
        if passes {
            pass_over(zone_h, valid, d_h, rows.pass_h.at_mut(0), at, hidden);
        }
        let prev = if reverse { t + 1 } else { t };
        let state_prev = (prev * batch + first) * hidden..(prev * batch + first + count) * hidden;
        let gates = &self.tape.gates[(t * batch + first) * slots..][..count * slots];
        let d_gates = rows.d_gates.at_mut(local);
        match (cell, &mut rows.d_c) {
            (Cell::Lstm, Some(d_c)) => {
                let d_c = d_c.at_mut(0);
                if let Some(record) = &mut rows.record_c {
                    let record = record.at_mut(local);
                    let c = &self.tape.c[state_prev.clone()];
                    for (row, gates) in gates.chunks_exact(slots).enumerate() {
                        for (j, at) in (row * hidden..(row + 1) * hidden).enumerate() {
                            let [i, f, g, o] = [0, 1, 2, 3].map(|gate| gates[gate * hidden + j]);
                            let tanh_c = (f * c[at] + i * g).tanh();
                            record[at] = d_c[at] + d_h[at] * o * (S::one() - tanh_c * tanh_c);
                        }
                    }
                }
                if passes {
                    pass_over(zone_c, valid, d_c, rows.pass_c.at_mut(0), at, hidden);
                }
                let c_prev = &self.tape.c[state_prev];
                dispatch(LstmBackward { gates, c_prev, d_h, d_c, d_gates, hidden });
                if passes {
                    add(d_c, rows.pass_c.at(0));
                }
            }
            (Cell::Gru, _) => {
                dispatch(GruBackward { gates, h_prev: &self.tape.h[state_prev], d_h, d_gates, hidden });
            }
            (cell, _) => dispatch(RnnBackward { gates, d_h, d_gates, relu: cell == Cell::RnnRelu }),
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
        let layout = Layout::of(cell);
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
        let store = if cell == Cell::Gru { Store::Add } else { Store::Set };
        if self.tape.recurrent_mask.is_empty() {
            return multiply(d_product, &weights.recurrent_back, d_h, hidden, store);
        }
        let product = rows.product.at_mut(0);
        multiply(d_product, &weights.recurrent_back, product, hidden, Store::Set);
        if !matches!(store, Store::Add) {
            d_h.fill(S::zero());
        }
        let mask = &self.tape.recurrent_mask[rows.first.0 * hidden..];
        d_h.iter_mut().zip(product).zip(mask).for_each(|((d_h, &mut product), &mask)| *d_h += product * mask);
    }

    /// The gradients of both products before they were normalised.
    fn through_norm(&self, t: usize, first: usize, d_gates: &[S], d_input: &mut [S], d_recurrent: &mut [S]) {
        let Some((gain_ih, gain_hh)) = self.forward.gains else { return };
        let (hidden, slots, width) = (self.forward.hidden, self.slots(), self.gate_rows());
        let layout = Layout::of(self.forward.cell);
        for (row, d_gates) in d_gates.chunks_exact(slots).enumerate() {
            let at = t * self.forward.batch + first + row;
            for (blocks, d, gain, norm) in [
                (layout.input, &mut *d_input, gain_ih, &self.tape.input_norm),
                (
                    std::slice::from_ref(&layout.recurrent),
                    &mut *d_recurrent,
                    gain_hh,
                    &self.tape.recurrent_norm,
                ),
            ] {
                let d = &mut d[row * width..][..width];
                copy_blocks(blocks, hidden, d_gates, d);
                normalise_backward(d, gain, &norm.x_hat[at * width..][..width], norm.scale[at]);
            }
        }
    }

    /// Sums the gradients of weights and biases over the rows of a chunk, and adds `d_gates W_ih` to `d_input`, if given.
    fn sum_gradients(
        &self,
        chunk: Chunk,
        params: &mut Parameters<S>,
        scratch: &mut BackwardScratch<S>,
        d_input: Option<&mut [S]>,
    ) {
        let Forward { batch, hidden, features, cell, .. } = self.forward;
        let (from, count) = (chunk.from * batch, (chunk.to - chunk.from) * batch);
        let (slots, gate_rows) = (self.slots(), self.gate_rows());
        self.pack_inputs(from, count, scratch);
        let BackwardScratch { d_gates, packed_x, packed_h, d_bias, d_input_rows, .. } = scratch;
        d_bias.fill(S::zero());
        sum_rows(&d_gates[..count * slots], d_bias);
        self.add_bias_gradients(d_bias, params);
        self.sum_gain_gradients(from, count, d_gates, params);
        let norm = self.forward.gains.is_some();
        let (d_product, d_recurrent, stride) = if norm {
            (&scratch.d_input_product, &scratch.d_recurrent_product, gate_rows)
        } else {
            (&*d_gates, &*d_gates, slots)
        };
        let (d_weight_ih, d_weight_hh) = params.grad_pair_mut(self.ids.weight_ih, self.ids.weight_hh);
        let dense = matches!(self.input, Input::Dense(_));
        let weights = WeightRows {
            first: FirstRow(0),
            d_weight_ih: dense.then_some(SliceRows { data: d_weight_ih, first: 0, width: features }),
            d_input_rows: (!dense).then(|| TimeRows::new(d_input_rows, features, gate_rows, 1)),
            d_weight_hh: SliceRows { data: d_weight_hh, first: 0, width: hidden },
        };
        let inputs = d_input.map(|d_input| {
            let data = &mut d_input[from * features..(from + count) * features];
            SliceRows { data, first: 0, width: features }
        });
        let x = self.input.rows(from, from + count, features);
        let (products, recurrent) =
            (input_products(cell, norm), [Block { slot: 0, gate: 0, width: cell.gates().len() }]);
        let work = Both { first: (weights, gate_rows), second: (inputs, count) };
        share_both(work, (WEIGHT_ROWS, LEAST_ROWS), &|weights, inputs| {
            let WeightRows { first, d_weight_ih, d_input_rows, d_weight_hh } = weights;
            if let Some(d_weight_ih) = d_weight_ih {
                add_block_products(products, hidden, d_product, stride, packed_x, d_weight_ih);
            }
            if let (Some(d_input_rows), Input::MultiHot { indices, offsets }) = (d_input_rows, x) {
                scatter(products, hidden, (d_product, stride), (indices, offsets), first.0, d_input_rows);
            }
            add_block_products(&recurrent, hidden, d_recurrent, stride, packed_h, d_weight_hh);
            if let Some(inputs) = inputs {
                self.add_input_gradient(d_product, stride, inputs);
            }
        });
    }

    /// Packs the rows that weight gradients are summed over: the inputs of both products.
    fn pack_inputs(&self, from: usize, count: usize, scratch: &mut BackwardScratch<S>) {
        let Forward { batch, hidden, features, reverse, .. } = self.forward;
        let h = if self.tape.recurrent_mask.is_empty() {
            &self.tape.h[(from + if reverse { batch } else { 0 }) * hidden..]
        } else {
            &self.tape.h_masked[from * hidden..]
        };
        scratch.packed_h.pack_plain(h, count, hidden, hidden);
        if let Input::Dense(x) = self.input.rows(from, from + count, features) {
            scratch.packed_x.pack_plain(x, count, features, features);
        }
    }

    /// Hands the sums of a chunk's gate gradients to both biases.
    fn add_bias_gradients(&self, d_bias: &[S], params: &mut Parameters<S>) {
        let (Some(bias_ih), Some(bias_hh)) = (self.ids.bias_ih, self.ids.bias_hh) else { return };
        let (hidden, layout) = (self.forward.hidden, Layout::of(self.forward.cell));
        for (id, blocks) in [(bias_ih, layout.input), (bias_hh, std::slice::from_ref(&layout.recurrent))] {
            for block in blocks {
                let to = &mut params.grad_mut(id)[block.gate * hidden..][..block.width * hidden];
                add(to, &d_bias[block.slot * hidden..]);
            }
        }
    }

    fn sum_gain_gradients(&self, from: usize, count: usize, d_gates: &[S], params: &mut Parameters<S>) {
        let (Some(norm_ih), Some(norm_hh)) = (self.ids.norm_ih, self.ids.norm_hh) else { return };
        let (slots, width, hidden) = (self.slots(), self.gate_rows(), self.forward.hidden);
        let layout = Layout::of(self.forward.cell);
        for (id, blocks, norm) in [
            (norm_ih, layout.input, &self.tape.input_norm),
            (norm_hh, std::slice::from_ref(&layout.recurrent), &self.tape.recurrent_norm),
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

    /// `d_input += d_gates W_ih` for some rows of a chunk.
    fn add_input_gradient(&self, d: &[S], stride: usize, part: SliceRows<'_, S>) {
        let Forward { hidden, features, cell, weights, gains, .. } = self.forward;
        let rows = part.data.len() / features;
        for (block, packed) in input_products(cell, gains.is_some()).iter().zip(&weights.input_back) {
            let d = &d[(part.first * stride + block.slot * hidden).min(d.len())..];
            let d = Left::strided(d, rows, block.width * hidden, stride);
            multiply(d, packed, part.data, features, Store::Add);
        }
    }

    /// Hands over what was summed in another order than the parameters have.
    fn finish(&self, params: &mut Parameters<S>, scratch: &BackwardScratch<S>) {
        let (features, gate_rows) = (self.forward.features, self.gate_rows());
        if matches!(self.input, Input::MultiHot { .. }) {
            let d_weight = SliceRows { data: params.grad_mut(self.ids.weight_ih), first: 0, width: features };
            share_rows(d_weight, gate_rows, WEIGHT_ROWS, &|part| {
                add_transposed(&scratch.d_input_rows, gate_rows, part);
            });
        }
    }
}

/// Adds to rows of a weight matrix what was summed in columns of `from`, whose rows are `stride` long.
fn add_transposed<S: Scalar>(from: &[S], stride: usize, to: SliceRows<'_, S>) {
    // A few columns at a time, which are a cache line in each row.
    for (index, rows) in to.data.chunks_mut(16 * to.width).enumerate() {
        let first = to.first + 16 * index;
        for feature in 0..to.width {
            for (row, &d) in from[feature * stride + first..].iter().take(rows.len() / to.width).enumerate() {
                rows[row * to.width + feature] += d;
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

fn add<S: Scalar>(to: &mut [S], from: &[S]) {
    to.iter_mut().zip(from).for_each(|(to, &from)| *to += from);
}

/// `to += from` where it is worth the instruction set.
struct Add<'a, S> {
    to: &'a mut [S],
    from: &'a [S],
}

impl<S: Scalar> Kernel for Add<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        add_vectors::<S, S::Vector<I>>(self.to, self.from);
    }
}

#[inline(always)]
fn add_vectors<S: Scalar, V: Vector<S>>(to: &mut [S], from: &[S]) {
    let from = &from[..to.len()];
    for_lanes!(V, to.len(), |at| {
        (V::read(to, at) + V::read(from, at)).write(to, at);
    });
}

/// Copies blocks of a gate row to where the weights have their rows.
fn copy_blocks<S: Copy>(blocks: &[Block], hidden: usize, slots: &[S], gates: &mut [S]) {
    for block in blocks {
        let width = block.width * hidden;
        gates[block.gate * hidden..][..width].copy_from_slice(&slots[block.slot * hidden..][..width]);
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
    d: &[S],
    stride: usize,
    x: &Packed<S>,
    part: SliceRows<'_, S>,
) {
    let count = part.data.len() / part.width;
    for (column, row, rows) in overlaps(blocks, hidden, part.first, count) {
        add_outer_products(d, stride, column, x, &mut part.data[row * part.width..][..rows * part.width]);
    }
}

/// Adds each row of `d` to the rows of `target` `[F, G·H]` that its active features choose; of the columns of the target, these
/// are some, from `first` on.
fn scatter<S: Scalar>(
    blocks: &[Block],
    hidden: usize,
    (d, stride): (&[S], usize),
    (indices, offsets): (&[u32], &[usize]),
    first: usize,
    mut target: TimeRows<'_, S>,
) {
    for (column, row, rows) in overlaps(blocks, hidden, first, target.rows()) {
        for (r, ends) in offsets.windows(2).enumerate() {
            let d = &d[r * stride + column..][..rows];
            for &feature in &indices[ends[0]..ends[1]] {
                dispatch(Add { to: &mut target.at_mut(feature as usize)[row..][..rows], from: d });
            }
        }
    }
}

/// Adds the rows of a matrix to `sums`.
pub(crate) fn sum_rows<S: Scalar>(rows: &[S], sums: &mut [S]) {
    dispatch(SumRows { rows, sums });
}

struct SumRows<'a, S> {
    rows: &'a [S],
    /// Added to.
    sums: &'a mut [S],
}

impl<S: Scalar> Kernel for SumRows<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        for row in self.rows.chunks_exact(self.sums.len()) {
            add_vectors::<S, S::Vector<I>>(self.sums, row);
        }
    }
}
