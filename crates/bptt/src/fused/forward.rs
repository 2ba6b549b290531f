//! One layer in one direction, forward through time.

use composer_tensor::Scalar;
use composer_tensor::matmul::{Left, Store, multiply_shared};
use composer_tensor::parallel::{FirstRow, SplitRows, TimeRows, share_rows};
use composer_tensor::split_rows_by_field;

use super::activations::Activations;
use super::cell::StepForward;
use super::dispatch::kernels;
use super::norm::{add_scaled, normalise};
use super::packed::PackedLayer;
use super::regularise::Zone;
use crate::Cell;
use crate::layers::InputSlices;

/// Rows that a thread takes at least, if there are enough: fewer would read all the weights for little work.
pub(super) const LEAST_ROWS: usize = 4;

/// Rows that shares of a batch are multiples of.
pub(super) fn least_rows(batch: usize) -> usize {
    if batch >= 2 * LEAST_ROWS { LEAST_ROWS } else { 1 }
}

/// Rows that go through time together at most: of more, the gate rows of a step would not stay in the cache.
const MOST_ROWS: usize = 128;

/// Gate rows between the product of the input and the recurrence: at least so many, because that product reads all its weights,
const BLOCK_ROWS: usize = 128;
/// or as many as have so many elements.
const BLOCK_ELEMENTS: usize = 1 << 16;

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

/// Whether zoneout is off, an expectation, or drawn.
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
    x_hat: Option<TimeRows<'a, S>>,
    x_scale: Option<TimeRows<'a, S>>,
    h_hat: Option<TimeRows<'a, S>>,
    h_scale: Option<TimeRows<'a, S>>,
}

split_rows_by_field!(Rows { first, gates, h, c, h_masked, x_hat, x_scale, h_hat, h_scale });

impl<S: Scalar> Forward<'_, S> {
    /// Fills the activations, whose sizes and masks are set and whose initial states are in place.
    pub(crate) fn run(&self, input: InputSlices<'_, S>, saved: &mut Activations<S>) {
        let (steps, batch, hidden) = (self.steps, self.batch, self.hidden);
        let gate_rows = self.cell.gates().len() * hidden;
        let Activations { gates, h, c, recurrent_mask, h_masked, zone_h, zone_c, input_norm, recurrent_norm } =
            saved;
        let norm = self.gains.is_some();
        let rows = Rows {
            first: FirstRow(0),
            gates: TimeRows::new(gates, steps, batch, self.cell.spec().layout.slots.len() * hidden),
            h: TimeRows::new(h, steps + 1, batch, hidden),
            c: self.cell.has_c().then(|| TimeRows::new(c, steps + 1, batch, hidden)),
            h_masked: (!recurrent_mask.is_empty()).then(|| TimeRows::new(h_masked, steps, batch, hidden)),
            x_hat: norm.then(|| TimeRows::new(&mut input_norm.x_hat, steps, batch, gate_rows)),
            x_scale: norm.then(|| TimeRows::new(&mut input_norm.scale, steps, batch, 1)),
            h_hat: norm.then(|| TimeRows::new(&mut recurrent_norm.x_hat, steps, batch, gate_rows)),
            h_scale: norm.then(|| TimeRows::new(&mut recurrent_norm.scale, steps, batch, 1)),
        };
        let zones = (self.zone_h.with(zone_h), self.zone_c.with(zone_c));
        share_rows(rows, batch, least_rows(batch), &|mut rest| {
            while rest.h.rows() > MOST_ROWS {
                let (rows, others) = rest.split_rows(MOST_ROWS);
                self.through_time(input, rows, recurrent_mask, zones);
                rest = others;
            }
            self.through_time(input, rest, recurrent_mask, zones);
        });
    }

    /// Takes some rows of the batch through all steps, a few at a time: their gate rows then stay in the cache between the
    /// product of the input and the recurrence.
    fn through_time(
        &self,
        input: InputSlices<'_, S>,
        mut rows: Rows<'_, S>,
        recurrent_mask: &[S],
        zones: (Zone<'_, S>, Zone<'_, S>),
    ) {
        let (first, width) = (rows.first.0, rows.gates.width());
        let mask = recurrent_mask.get(first * self.hidden..).unwrap_or(&[]);
        let block = (BLOCK_ELEMENTS / width).max(BLOCK_ROWS).div_ceil(rows.gates.rows());
        for done in (0..self.steps).step_by(block) {
            let last = self.steps.min(done + block);
            let steps = if self.reverse { self.steps - last..self.steps - done } else { done..last };
            let norm = rows.x_hat.as_mut().zip(rows.x_scale.as_mut());
            self.start_gates(input, (first, steps.clone()), &mut rows.gates, norm);
            for index in 0..steps.len() {
                let t = if self.reverse { steps.end - 1 - index } else { steps.start + index };
                self.one_step(t, &mut rows, mask, zones);
            }
        }
    }

    /// One step of some rows, whose gate rows have what the input adds.
    fn one_step(&self, t: usize, rows: &mut Rows<'_, S>, mask: &[S], zones: (Zone<'_, S>, Zone<'_, S>)) {
        let (hidden, first, count) = (self.hidden, rows.first.0, rows.h.rows());
        // States begin with the initial one, or end with it.
        let (prev, now) = if self.reverse { (t + 1, t) } else { (t, t + 1) };
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
        let norm = (&mut rows.h_hat, &mut rows.h_scale);
        self.add_recurrence(Left::rows(h_in, count, hidden), gates, norm, t);
        let at = (t * self.batch + first) * hidden;
        let (c_prev, c) = match &mut rows.c {
            Some(c) => c.read_and_write(prev, now),
            None => (&[][..], &mut [][..]),
        };
        let diagonal = &self.weights.diagonal;
        let step = StepForward { gates, h_prev, c_prev, h: &mut *h, c: &mut *c, diagonal, hidden };
        (kernels(self.cell).forward)(step);
        zones.0.blend(h, h_prev, at);
        zones.1.blend(c, c_prev, at);
        if let Some(valid) = self.valid {
            let valid = &valid[t * self.batch + first..][..count];
            carry_over(valid, h, h_prev, hidden);
            carry_over(valid, c, c_prev, hidden);
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
        let layout = &self.cell.spec().layout;
        let slots = layout.slots.len() * self.hidden;
        let (Some((_, gain)), Some(h_hat), Some(h_scale)) = (self.gains, norm.0, norm.1) else {
            let to = &mut gates[layout.recurrent.slot * self.hidden..];
            return multiply_shared(h, &self.weights.recurrent, to, slots, Store::Add);
        };
        let (h_hat, h_scale) = (h_hat.at_mut(t), h_scale.at_mut(t));
        let gate_rows = gain.len();
        multiply_shared(h, &self.weights.recurrent, h_hat, gate_rows, Store::Set);
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
