//! One layer in one direction, forward through time.

use composer_tensor::Scalar;
use composer_tensor::matmul::{Left, Store, multiply};
use composer_tensor::parallel::{FirstRow, SliceRows, TimeRows, share_rows};
use composer_tensor::simd::{Isa, Kernel, Vector, dispatch};
use composer_tensor::split_rows_by_field;

use super::gru::GruForward;
use super::layout::{Layout, input_products};
use super::lstm::LstmForward;
use super::norm::{add_scaled, normalise};
use super::packed::PackedLayer;
use super::regularise::Zone;
use super::rnn::RnnForward;
use super::tape::Tape;
use crate::{Cell, Input};

/// Rows that a thread takes at least: fewer would read all the weights for little work.
pub(super) const LEAST_ROWS: usize = 4;

/// One layer in one direction, and all that its forward pass reads.
#[derive(Clone, Copy)]
pub(crate) struct Forward<'a, S> {
    pub cell: Cell,
    pub features: usize,
    pub hidden: usize,
    pub steps: usize,
    pub batch: usize,
    /// Whether it runs from the last step to the first.
    pub reverse: bool,
    pub weights: &'a PackedLayer<S>,
    /// The gains of the normalised products of input and recurrence, if they are normalised.
    pub gains: Option<(&'a [S], &'a [S])>,
    /// `[T, B]`, if there is padding.
    pub valid: Option<&'a [bool]>,
    pub zone_h: ZoneKind,
    pub zone_c: ZoneKind,
}

/// Whether zoneout is off, an expectation, or drawn on the tape.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum ZoneKind {
    #[default]
    Off,
    Share(f64),
    Drawn,
}

impl ZoneKind {
    pub(super) fn with<'a, S: Scalar>(self, drawn: &'a [S]) -> Zone<'a, S> {
        match self {
            ZoneKind::Off => Zone::Off,
            ZoneKind::Share(share) => Zone::Share(S::of(share)),
            ZoneKind::Drawn => Zone::Drawn(drawn),
        }
    }
}

/// What one thread writes while it takes its rows through time.
struct Rows<'a, S> {
    first: FirstRow,
    gates: TimeRows<'a, S>,
    h: TimeRows<'a, S>,
    c: Option<TimeRows<'a, S>>,
    h_masked: Option<TimeRows<'a, S>>,
    h_hat: Option<TimeRows<'a, S>>,
    h_scale: Option<TimeRows<'a, S>>,
}

split_rows_by_field!(Rows { first, gates, h, c, h_masked, h_hat, h_scale });

impl<'a, S: Scalar> Forward<'a, S> {
    /// Fills the tape, whose sizes and masks are set and whose initial states are in place.
    pub(crate) fn run(&self, input: Input<'_, S>, tape: &mut Tape<S>) {
        self.multiply_input(input, tape);
        let (steps, batch, hidden) = (self.steps, self.batch, self.hidden);
        let gate_rows = self.cell.gates().len() * hidden;
        let Tape { gates, h, c, recurrent_mask, h_masked, zone_h, zone_c, recurrent_norm, .. } = tape;
        let norm = self.gains.is_some();
        let rows = Rows {
            first: FirstRow(0),
            gates: TimeRows::new(gates, steps, batch, Layout::of(self.cell).slots * hidden),
            h: TimeRows::new(h, steps + 1, batch, hidden),
            c: self.cell.has_c().then(|| TimeRows::new(c, steps + 1, batch, hidden)),
            h_masked: (!recurrent_mask.is_empty()).then(|| TimeRows::new(h_masked, steps, batch, hidden)),
            h_hat: norm.then(|| TimeRows::new(&mut recurrent_norm.x_hat, steps, batch, gate_rows)),
            h_scale: norm.then(|| TimeRows::new(&mut recurrent_norm.scale, steps, batch, 1)),
        };
        let zones = (self.zone_h.with(zone_h), self.zone_c.with(zone_c));
        let least = if batch >= 2 * LEAST_ROWS { LEAST_ROWS } else { 1 };
        share_rows(rows, batch, least, &|rows| self.through_time(rows, recurrent_mask, zones));
    }

    /// The first part of every gate row: biases and the product of the input, all steps at once.
    fn multiply_input(&self, input: Input<'_, S>, tape: &mut Tape<S>) {
        let (rows, hidden) = (self.steps * self.batch, self.hidden);
        let slots = Layout::of(self.cell).slots * hidden;
        if let Some((gain, _)) = self.gains {
            let gate_rows = self.cell.gates().len() * hidden;
            let norm = &mut tape.input_norm;
            let x_hat = SliceRows { data: &mut norm.x_hat, first: 0, width: gate_rows };
            share_rows(x_hat, rows, 32, &|part| {
                part.data.fill(S::zero());
                self.add_products(input, part);
            });
            let each = norm.x_hat.chunks_exact_mut(gate_rows).zip(norm.scale.iter_mut());
            for ((x_hat, scale), gates) in each.zip(tape.gates.chunks_exact_mut(slots)) {
                *scale = normalise(x_hat);
                gates.copy_from_slice(&self.weights.bias);
                for block in Layout::of(self.cell).input {
                    let (from, width) = (block.gate * hidden, block.width * hidden);
                    let to = &mut gates[block.slot * hidden..][..width];
                    add_scaled(to, &gain[from..][..width], &x_hat[from..][..width]);
                }
            }
            return;
        }
        let gates = SliceRows { data: &mut tape.gates, first: 0, width: slots };
        share_rows(gates, rows, 32, &|part| {
            for row in part.data.chunks_exact_mut(slots) {
                row.copy_from_slice(&self.weights.bias);
            }
            self.add_products(input, part);
        });
    }

    /// Adds the product of the input's rows to some rows.
    fn add_products(&self, input: Input<'_, S>, part: SliceRows<'_, S>) {
        let (hidden, width) = (self.hidden, part.width);
        let rows = part.data.len() / width;
        let products = input_products(self.cell, self.gains.is_some());
        match input.rows(part.first, part.first + rows, self.features) {
            Input::Dense(x) => {
                for (block, packed) in products.iter().zip(&self.weights.input) {
                    let to = &mut part.data[block.slot * hidden..];
                    multiply(Left::rows(x, rows, self.features), packed, to, width, Store::Add);
                }
            }
            Input::MultiHot { indices, offsets } => {
                for block in products {
                    dispatch(Gather {
                        weights: &self.weights.input_rows,
                        weights_width: self.cell.gates().len() * hidden,
                        from: block.gate * hidden,
                        indices,
                        offsets,
                        to: part.data,
                        to_width: width,
                        to_from: block.slot * hidden,
                        columns: block.width * hidden,
                    });
                }
            }
        }
    }

    /// Takes some rows of the batch through all steps.
    fn through_time(&self, mut rows: Rows<'_, S>, recurrent_mask: &[S], zones: (Zone<'_, S>, Zone<'_, S>)) {
        let (hidden, count) = (self.hidden, rows.h.rows());
        let slots = Layout::of(self.cell).slots * hidden;
        let mask = recurrent_mask.get(rows.first.0 * hidden..).unwrap_or(&[]);
        for step in 0..self.steps {
            let (t, prev, now) = if self.reverse {
                let t = self.steps - 1 - step;
                (t, t + 1, t)
            } else {
                (step, step, step + 1)
            };
            let (h_prev, h) = rows.h.read_and_write(prev, now);
            let h_in = match &mut rows.h_masked {
                Some(masked) => {
                    let masked = masked.at_mut(t);
                    masked.iter_mut().zip(h_prev).zip(mask).for_each(|((to, &h), &mask)| *to = h * mask);
                    &*masked
                }
                None => h_prev,
            };
            let gates = rows.gates.at_mut(t);
            self.add_recurrence(
                Left::rows(h_in, count, hidden),
                gates,
                (&mut rows.h_hat, &mut rows.h_scale),
                t,
            );
            match (self.cell, &mut rows.c) {
                (Cell::Lstm, Some(c)) => {
                    let (c_prev, c) = c.read_and_write(prev, now);
                    dispatch(LstmForward { gates, c_prev, c, h, hidden });
                    zones.1.blend(c, c_prev, (t * self.batch + rows.first.0) * hidden);
                }
                (Cell::Gru, _) => dispatch(GruForward { gates, h_prev, h, hidden }),
                (cell, _) => dispatch(RnnForward { gates, h, relu: cell == Cell::RnnRelu }),
            }
            zones.0.blend(h, h_prev, (t * self.batch + rows.first.0) * hidden);
            debug_assert_eq!(gates.len(), count * slots);
            if let Some(valid) = self.valid {
                let valid = &valid[t * self.batch + rows.first.0..][..count];
                carry_over(valid, h, h_prev, hidden);
                if let Some(c) = &mut rows.c {
                    let (c_prev, c) = c.read_and_write(prev, now);
                    carry_over(valid, c, c_prev, hidden);
                }
            }
        }
    }

    /// `gates += h W_hhᵀ`, normalised if so configured.
    fn add_recurrence(
        &self,
        h: Left<'_, S>,
        gates: &mut [S],
        norm: (&mut Option<TimeRows<'_, S>>, &mut Option<TimeRows<'_, S>>),
        t: usize,
    ) {
        let layout = Layout::of(self.cell);
        let slots = layout.slots * self.hidden;
        let (Some((_, gain)), Some(h_hat), Some(h_scale)) = (self.gains, norm.0, norm.1) else {
            let to = &mut gates[layout.recurrent.slot * self.hidden..];
            return multiply(h, &self.weights.recurrent, to, slots, Store::Add);
        };
        let (h_hat, h_scale) = (h_hat.at_mut(t), h_scale.at_mut(t));
        let gate_rows = gain.len();
        multiply(h, &self.weights.recurrent, h_hat, gate_rows, Store::Set);
        for ((h_hat, scale), gates) in
            h_hat.chunks_exact_mut(gate_rows).zip(h_scale).zip(gates.chunks_exact_mut(slots))
        {
            *scale = normalise(h_hat);
            add_scaled(&mut gates[layout.recurrent.slot * self.hidden..], gain, h_hat);
        }
    }
}

/// At padded steps, the state stays what it was.
fn carry_over<S: Copy>(valid: &[bool], now: &mut [S], prev: &[S], hidden: usize) {
    for ((valid, now), prev) in valid.iter().zip(now.chunks_exact_mut(hidden)).zip(prev.chunks_exact(hidden))
    {
        if !valid {
            now.copy_from_slice(prev);
        }
    }
}

/// Adds to each row the rows of the weights that its active features choose.
struct Gather<'a, S> {
    /// `[F, weights_width]`, of which columns from `from` on count.
    weights: &'a [S],
    weights_width: usize,
    from: usize,
    indices: &'a [u32],
    offsets: &'a [usize],
    /// `[rows, to_width]`, of which `columns` columns from `to_from` on are added to.
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
                for v in 0..4 {
                    sums[v] = Vector::read(to, at + v * lanes);
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
            for &feature in active {
                let w = &self.weights[feature as usize * self.weights_width + self.from..][..self.columns];
                for at in (at..self.columns).step_by(lanes) {
                    let sum = <S::Vector<I> as Vector<S>>::read(to, at) + Vector::read(w, at);
                    sum.write(to, at);
                }
            }
        }
    }
}
