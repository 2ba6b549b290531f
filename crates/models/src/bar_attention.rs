//! [`BarAttention`]: every step of a network of frames attends to summaries of the bars that are finished.
//!
//! ```text
//! m_j = h at the last step of bar j                        the summary of a bar, H numbers
//! q_t = W_q h_t / √A                    k_j = W_k m_j      compared in A dimensions
//! a_tj = softmax over j of q_t · k_j                       j: the last 64 bars that ended before step t
//! y_t = h_t + W_o Σ_j a_tj m_j                             what the head reads in the place of h_t
//! ```
//!
//! A bar has ended after the step whose features say that the next step begins a bar (`music.bar_line`), so that batches and single steps
//! need nothing besides what the network reads. [`composer_bptt::backpropagation::attention`] derives the gradients of the weights and of
//! both sides; the two paths from `h` that are added here, as a query and as a summary, are sums, and so is `h_t + …`. Summaries of earlier
//! chunks are constants, as the state of truncated BPTT is.

use crate::config::ModelConfig;
use composer_bptt::arrays::{as_slice_or_copy, check_shape, view, view_mut, with_slice_mut};
use composer_bptt::{
    Attention, AttentionScore, AttentionWorkspace, Error, Init, Linear, LinearWorkspace, Parameters, State,
};
use composer_tensor::Scalar;
use ndarray::{ArrayView3, ArrayViewMut3};
use rand::Rng;
use std::ops::Range;

/// Finished bars that a step sees at most: the last ones.
pub const MAX_PAST_BARS: usize = 64;
/// Prefix of the parameters of the attention over bars in a model file.
pub const BARS_PREFIX: &str = "bars";

/// What a [`SequenceModel`](crate::SequenceModel) remembers of `B` sequences between two steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SequenceState<S = f32> {
    /// The state of the recurrent stack.
    pub stack: State<S>,
    /// What it keeps of finished bars; nothing without attention over bars.
    pub bars: PastBars<S>,
}

/// Summaries of the last finished bars, [`MAX_PAST_BARS`] at most, of every row of the recurrent stack.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PastBars<S = f32> {
    /// Of each row `[bars, H]`, the last bar last.
    rows: Vec<Vec<S>>,
}

impl<S: Scalar> PastBars<S> {
    /// No bar is finished in any of `rows` rows.
    pub fn none(rows: usize) -> Self {
        Self { rows: vec![Vec::new(); rows] }
    }

    /// Of each row the summaries `[bars, H]`; no rows without attention over bars.
    pub fn rows(&self) -> &[Vec<S>] {
        &self.rows
    }

    /// The summaries of rows, of `hidden` numbers each.
    ///
    /// # Errors
    /// A row does not hold whole summaries, or more than [`MAX_PAST_BARS`].
    pub fn from_rows(rows: Vec<Vec<S>>, hidden: usize) -> Result<Self, Error> {
        for row in &rows {
            let bars = (row.len() / hidden.max(1)).min(MAX_PAST_BARS);
            check_shape("the past bars of a row", &[row.len()], &[("bars·H", bars * hidden)])?;
        }
        Ok(Self { rows })
    }

    /// Forgets the bars of some rows: new pieces begin there.
    ///
    /// # Panics
    /// If a row is not there, unless none is.
    pub(crate) fn reset_rows(&mut self, rows: &[usize]) {
        if !self.rows.is_empty() {
            rows.iter().for_each(|&row| self.rows[row].clear());
        }
    }

    /// Those of some rows, in this order.
    ///
    /// # Panics
    /// If a row is not there, unless none is.
    pub(crate) fn gather_rows(&self, rows: &[usize]) -> Self {
        if self.rows.is_empty() {
            return Self::default();
        }
        Self { rows: rows.iter().map(|&row| self.rows[row].clone()).collect() }
    }
}

/// The layer between the recurrent stack and the head.
#[derive(Clone, Debug)]
pub(crate) struct BarAttention {
    /// `W_q` `[A, H]`
    query: Linear,
    /// `W_k` `[A, H]`
    attention: Attention,
    /// `W_o` `[H, H]`
    output: Linear,
    /// Rows of the stack that a sequence has.
    rows: usize,
    /// The feature that is on in the last step of a bar.
    last_step: u32,
}

/// Scratch of the passes.
#[derive(Default)]
pub(crate) struct BarWorkspace<S> {
    query: LinearWorkspace<S>,
    attention: AttentionWorkspace<S>,
    output: LinearWorkspace<S>,
    /// The queries `[T, R, A]`, and their gradient.
    q: Vec<S>,
    d_q: Vec<S>,
    /// The summaries `[S, R, H]`: of each row those that were carried, then those of this pass.
    summaries: Vec<S>,
    /// `[T·R]`: which of them each step sees.
    windows: Vec<Range<usize>>,
    /// The bars that end in this pass.
    ended: Vec<Ended>,
    /// `S`.
    source: usize,
    /// `y` `[T, R, H]`.
    joined: Vec<S>,
    d_context: Vec<S>,
    d_from_query: Vec<S>,
}

/// A bar that ends after `step` in a row of the stack, whose summary is at `place`.
#[derive(Clone, Copy)]
struct Ended {
    step: usize,
    row: usize,
    place: usize,
}

impl<S: Scalar> BarWorkspace<S> {
    /// What the head read in the last forward pass of this shape.
    pub fn joined(&self, shape: (usize, usize, usize)) -> ArrayView3<'_, S> {
        view(shape, &self.joined)
    }
}

impl BarAttention {
    /// The layer of a model, with parameters that are zero; `None` where the model has none.
    pub fn new<S: Scalar>(config: &ModelConfig, params: &mut Parameters<S>) -> Result<Option<Self>, Error> {
        let (width, hidden) = (config.bar_attention, config.recurrent.output());
        if width == 0 {
            return Ok(None);
        }
        let name = |what: &str| format!("{BARS_PREFIX}.{what}");
        let query = Linear::new(hidden, width, false, &name("query"), params)?;
        let attention = Attention::new(AttentionScore::General, width, hidden, 0, BARS_PREFIX, params)?;
        let output = Linear::new(hidden, hidden, false, &name("output"), params)?;
        let last_step = (config.encoding.outputs() + 1 + config.encoding.metre()) as u32;
        Ok(Some(Self { query, attention, output, rows: config.rows(), last_step }))
    }

    /// First values. `W_o` stays zero: the network begins as the one without.
    pub fn init<S: Scalar, R: Rng>(&self, params: &mut Parameters<S>, init: &Init, rng: &mut R) {
        self.query.init(params, init, rng);
        self.attention.init(params, init, rng);
    }

    /// From the output of the stack `[T, R, H]` and the features that it read, multi-hot, to what the head reads. Moves `past` on.
    pub fn forward<'w, S: Scalar>(
        &self,
        params: &Parameters<S>,
        hidden: ArrayView3<'_, S>,
        features: (&[u32], &[usize]),
        past: &mut PastBars<S>,
        ws: &'w mut BarWorkspace<S>,
    ) -> Result<ArrayView3<'w, S>, Error> {
        let (steps, rows, width) = hidden.dim();
        check_shape("the past bars", &[past.rows.len()], &[("R", rows)])?;
        let flat = as_slice_or_copy(hidden);
        self.lay_out((steps, rows, width), features, past, ws);
        summarise((rows, width), &flat, past, ws);
        keep(width, (rows, &flat), &ws.ended, past);
        ws.joined.clear();
        if ws.source == 0 {
            ws.joined.extend_from_slice(&flat);
            return Ok(view((steps, rows, width), &ws.joined));
        }
        let side = self.query.outputs();
        ws.q.resize(steps * rows * side, S::zero());
        self.query.forward(params, hidden, view_mut((steps, rows, side), &mut ws.q), &mut ws.query)?;
        let scale = self.scale();
        ws.q.iter_mut().for_each(|q| *q *= scale);
        let (queries, keys) =
            (view((steps, rows, side), &ws.q), view((ws.source, rows, width), &ws.summaries));
        self.attention.forward_in_windows(params, queries, keys, &ws.windows, &mut ws.attention)?;
        ws.joined.resize(flat.len(), S::zero());
        let joined = view_mut((steps, rows, width), &mut ws.joined);
        self.output.forward(params, ws.attention.context(), joined, &mut ws.output)?;
        ws.joined.iter_mut().zip(&flat[..]).for_each(|(y, &h)| *y += h);
        Ok(view((steps, rows, width), &ws.joined))
    }

    /// After [`BarAttention::forward`]: adds to the gradients of the parameters, and turns `d` `[T, R, H]` from the gradient of what the head
    /// read into that of the stack's output, `hidden`.
    pub fn backward<S: Scalar>(
        &self,
        params: &mut Parameters<S>,
        hidden: ArrayView3<'_, S>,
        mut d: ArrayViewMut3<'_, S>,
        ws: &mut BarWorkspace<S>,
    ) -> Result<(), Error> {
        if ws.source == 0 {
            return Ok(());
        }
        let (steps, rows, width) = hidden.dim();
        let side = self.query.outputs();
        ws.d_context.resize(steps * rows * width, S::zero());
        let d_context = view_mut((steps, rows, width), &mut ws.d_context);
        self.output.backward(params, ws.attention.context(), d.view(), Some(d_context), &mut ws.output)?;
        let d_context = view((steps, rows, width), &ws.d_context);
        let (queries, keys) =
            (view((steps, rows, side), &ws.q), view((ws.source, rows, width), &ws.summaries));
        self.attention.backward(params, queries, keys, d_context, None, &mut ws.attention)?;
        let scale = self.scale();
        ws.d_q.clear();
        ws.d_q.extend(ws.attention.d_queries().iter().map(|&d| d * scale));
        ws.d_from_query.resize(steps * rows * width, S::zero());
        let d_from_query = view_mut((steps, rows, width), &mut ws.d_from_query);
        let d_q = view((steps, rows, side), &ws.d_q);
        self.query.backward(params, hidden, d_q, Some(d_from_query), &mut ws.query)?;
        let d_summaries = as_slice_or_copy(ws.attention.d_keys());
        with_slice_mut(d.view_mut(), |d| {
            add(d, &ws.d_from_query);
            for &Ended { step, row, place } in &ws.ended {
                add(
                    &mut d[(step * rows + row) * width..][..width],
                    &d_summaries[(place * rows + row) * width..][..width],
                );
            }
        });
        Ok(())
    }

    /// `1/√A`
    fn scale<S: Scalar>(&self) -> S {
        S::of(1.0 / (self.query.outputs() as f64).sqrt())
    }

    /// Which bars end in a pass, and which summaries each step sees.
    fn lay_out<S: Scalar>(
        &self,
        (steps, rows, width): (usize, usize, usize),
        (indices, offsets): (&[u32], &[usize]),
        past: &PastBars<S>,
        ws: &mut BarWorkspace<S>,
    ) {
        let batch = rows / self.rows;
        let mut finished: Vec<usize> = past.rows.iter().map(|row| row.len() / width).collect();
        ws.ended.clear();
        ws.windows.clear();
        for step in 0..steps {
            ws.windows.extend(finished.iter().map(|&end| end.saturating_sub(MAX_PAST_BARS)..end));
            for sequence in 0..batch {
                let at = step * batch + sequence;
                if indices[offsets[at]..offsets[at + 1]].contains(&self.last_step) {
                    for row in sequence * self.rows..(sequence + 1) * self.rows {
                        ws.ended.push(Ended { step, row, place: finished[row] });
                        finished[row] += 1;
                    }
                }
            }
        }
        // What ends in the last step is seen by later passes only, but costs little here.
        ws.source = finished.iter().copied().max().unwrap_or(0);
    }
}

/// Writes the summaries `[S, R, H]` of a pass; those that a row does not have are zero, and not seen.
fn summarise<S: Scalar>(
    (rows, width): (usize, usize),
    hidden: &[S],
    past: &PastBars<S>,
    ws: &mut BarWorkspace<S>,
) {
    ws.summaries.clear();
    ws.summaries.resize(ws.source * rows * width, S::zero());
    for (row, carried) in past.rows.iter().enumerate() {
        for (place, summary) in carried.chunks_exact(width).enumerate() {
            ws.summaries[(place * rows + row) * width..][..width].copy_from_slice(summary);
        }
    }
    for &Ended { step, row, place } in &ws.ended {
        ws.summaries[(place * rows + row) * width..][..width]
            .copy_from_slice(&hidden[(step * rows + row) * width..][..width]);
    }
}

/// Moves what is kept of past bars behind a pass.
fn keep<S: Scalar>(width: usize, (rows, hidden): (usize, &[S]), ended: &[Ended], past: &mut PastBars<S>) {
    for &Ended { step, row, .. } in ended {
        past.rows[row].extend_from_slice(&hidden[(step * rows + row) * width..][..width]);
    }
    for row in &mut past.rows {
        let more = row.len().saturating_sub(MAX_PAST_BARS * width);
        row.drain(..more);
    }
}

fn add<S: Scalar>(to: &mut [S], from: &[S]) {
    to.iter_mut().zip(from).for_each(|(sum, &d)| *sum += d);
}
