//! One layer in one direction, backward through time.
//!
//! Steps go in chunks. In a chunk, each thread takes its rows of the batch backward through the steps, and leaves the gradients of
//! the gates and of the input (`step`). Then the gradients of the weights are summed over all rows and steps of the chunk, shared
//! out by columns of the gate gradients (`sums`). Threads meet twice in a chunk.

mod layer;
mod step;
mod sums;

pub(crate) use layer::{Backward, BackwardScratch};

use std::ops::Range;

use composer_tensor::parallel::{FirstRow, TimeRows, share_rows};
use composer_tensor::{Buffer, Scalar};

use super::activations::fit;
use super::forward::{Forward, least_rows};
use crate::layers::InputSlices;
use crate::probe::{Trace, norm};
use crate::{Cell, Parameters};
use step::Rows;
use sums::WEIGHT_ROWS;
pub(crate) use sums::add_input_rows;

/// Elements of a chunk's gate gradients: few enough to stay in the cache,
const CHUNK_ELEMENTS: usize = 1 << 18;
/// but never fewer rows (steps × batch) than one long sum of the weight gradients, nor more than these.
const CHUNK_ROWS: std::ops::Range<usize> = 256..2048;

/// Steps of a chunk. They depend on sizes alone, so that sums have one order.
pub(crate) fn chunk_steps(cell: Cell, hidden: usize, batch: usize) -> usize {
    let rows = CHUNK_ELEMENTS / (cell.spec().layout.slots.len() * hidden);
    (rows.clamp(CHUNK_ROWS.start, CHUNK_ROWS.end) / batch).max(1)
}

impl<S: Scalar> Backward<'_, S> {
    /// Accumulates the parameters' gradients. `scratch.d_h` and `d_c` `[B, H]` hold the gradients of the final states before
    /// and of the initial states after. The gradient of the input goes to `d_input` `[T, B, F]`, if given: it is added if `add`,
    /// and overwrites what is there if not.
    pub(crate) fn run(
        &self,
        params: &mut Parameters<S>,
        scratch: &mut BackwardScratch<S>,
        mut d_input: Option<&mut [S]>,
        add: bool,
        mut trace: Option<&mut Trace>,
    ) {
        let Forward { cell, features, hidden, steps, batch, reverse, .. } = self.forward;
        let chunk_steps = chunk_steps(cell, hidden, batch);
        self.size(scratch, chunk_steps.min(steps));
        let chunks = steps.div_ceil(chunk_steps);
        for index in 0..chunks {
            let index = if reverse { index } else { chunks - 1 - index };
            let chunk = index * chunk_steps..steps.min((index + 1) * chunk_steps);
            self.share_rows_of(chunk.clone(), scratch, d_input.as_deref_mut(), add);
            if let Some(trace) = &mut trace {
                self.record(chunk.clone(), scratch, trace);
            }
            self.sum_gradients(chunk, params, scratch);
        }
        if matches!(self.input, InputSlices::MultiHot { .. }) {
            scratch.has_parts = scratch.sums_parts;
            if !scratch.sums_parts {
                add_input_rows(self.ids, features, params, scratch);
            }
        }
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
        fit(&mut scratch.d_diagonal, self.ids.diagonals().count() * hidden);
        if matches!(self.input, InputSlices::MultiHot { .. }) {
            fit(&mut scratch.d_input_rows, features * self.gate_rows().next_multiple_of(WEIGHT_ROWS));
            if !scratch.has_parts {
                scratch.d_input_rows.fill(S::zero());
            }
        }
    }

    /// Norms for the probe.
    fn record(&self, chunk: Range<usize>, scratch: &BackwardScratch<S>, trace: &mut Trace) {
        let Forward { batch, hidden, cell, .. } = self.forward;
        let (slots, from) = (self.slots(), chunk.start * batch);
        for (norms, states) in [(&mut trace.d_h, &scratch.record_h), (&mut trace.d_c, &scratch.record_c)] {
            for (row, state) in states.chunks_exact(hidden).enumerate() {
                norms[from + row] = norm(state);
            }
        }
        let gates = cell.gates().len();
        for t in chunk.clone() {
            let step = &scratch.d_gates[(t - chunk.start) * batch * slots..][..batch * slots];
            for gate in 0..gates {
                let slot = cell.spec().gate_slot(gate) * hidden;
                let rows = step.chunks_exact(slots);
                let squares = rows.map(|row| norm(&row[slot..slot + hidden]).powi(2));
                trace.d_gates[t * gates + gate] = squares.sum::<f64>().sqrt();
            }
        }
    }

    /// The gradients of the gates and of the input in a chunk, each thread its rows of the batch.
    fn share_rows_of(
        &self,
        chunk: Range<usize>,
        scratch: &mut BackwardScratch<S>,
        d_input: Option<&mut [S]>,
        add: bool,
    ) {
        let Forward { batch, hidden, features, gains, cell, .. } = self.forward;
        let (steps, slots, gate_rows) = (chunk.len(), self.slots(), self.gate_rows());
        let (norm, has_c, dense) =
            (gains.is_some(), cell.has_c(), matches!(self.input, InputSlices::Dense(_)));
        let recorded = |wanted: bool| if wanted && self.recording { steps * batch * hidden } else { 0 };
        fit(&mut scratch.record_h, recorded(true));
        fit(&mut scratch.record_c, recorded(has_c));
        let product = |values| rows_of(values, steps, batch, gate_rows);
        let rows = Rows {
            first: FirstRow(0),
            d_gates: rows_of(&mut scratch.d_gates, steps, batch, slots),
            d_input_product: norm.then(|| product(&mut scratch.d_input_product)),
            d_recurrent_product: norm.then(|| product(&mut scratch.d_recurrent_product)),
            d_h: rows_of(&mut scratch.d_h, 1, batch, hidden),
            d_c: has_c.then(|| rows_of(&mut scratch.d_c, 1, batch, hidden)),
            pass_h: rows_of(&mut scratch.pass_h, 1, batch, hidden),
            pass_c: rows_of(&mut scratch.pass_c, 1, batch, hidden),
            product: rows_of(&mut scratch.product, 1, batch, hidden),
            record_h: self.recording.then(|| rows_of(&mut scratch.record_h, steps, batch, hidden)),
            record_c: (self.recording && has_c).then(|| rows_of(&mut scratch.record_c, steps, batch, hidden)),
            packed_x: dense.then(|| scratch.packed_x.rows_mut(steps, batch, features)),
            packed_h: scratch.packed_h.rows_mut(steps, batch, hidden),
            d_input: d_input.map(|d_input| TimeRows::new(d_input, self.forward.steps, batch, features)),
        };
        share_rows(rows, batch, least_rows(batch), &|mut rows| {
            self.through_time(chunk.clone(), add, &mut rows);
        });
    }
}

/// The rows of the first `steps` steps of an array.
fn rows_of<S: Scalar>(values: &mut Buffer<S>, steps: usize, batch: usize, width: usize) -> TimeRows<'_, S> {
    TimeRows::new(&mut values[..steps * batch * width], steps, batch, width)
}
