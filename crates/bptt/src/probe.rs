//! How gradients flow through time and gates: what a [`Probe`] records, what gates do, and how fast a cell's Jacobian grows.
//!
//! ```
//! use composer_bptt::{Cell, Init, Input, Mode, Parameters, Recurrent, RecurrentConfig, RecurrentWorkspace, State};
//! use composer_bptt::probe;
//! use ndarray::{Array3, s};
//! use rand::SeedableRng;
//! use rand_chacha::ChaCha8Rng;
//!
//! let config = RecurrentConfig { cell: Cell::Lstm, input: 2, hidden: 8, ..Default::default() };
//! let mut params = Parameters::<f64>::new();
//! let stack = Recurrent::new(config.clone(), "", &mut params)?;
//! stack.init(&mut params, &Init::PYTORCH, &mut ChaCha8Rng::seed_from_u64(1));
//!
//! let (steps, mut ws) = (20, RecurrentWorkspace::new());
//! let (x, mut state) = (Array3::from_elem((steps, 1, 2), 0.5), State::zeros(&config, 1));
//! ws.attach_probe();
//! stack.forward(&params, Input::Dense(x.view()), &mut state, None, Mode::Eval, &mut ws)?;
//!
//! // A loss at the last step alone: its gradient is all that reaches the first ones.
//! let mut d_output = Array3::zeros((steps, 1, 8));
//! d_output.slice_mut(s![19, .., ..]).fill(1.0);
//! stack.backward(&mut params, Input::Dense(x.view()), d_output.view(), None, &mut ws)?;
//!
//! let trace = &ws.probe().expect("attached above").layers[0];
//! assert!(trace.d_h[0] < trace.d_h[19]); // ‖∂loss/∂h_t‖, smaller the longer ago
//!
//! let gates = probe::gate_activity(&stack, &ws, 0)?;
//! assert_eq!(gates[1].gate, "f");
//! let step = probe::Span { layer: 0, row: 0, from: 9, to: 10 };
//! assert!(probe::growth(&stack, &params, &ws, step, probe::Flow::Hidden)? < 1.0);
//! # Ok::<(), composer_bptt::Error>(())
//! ```
//!
//! A workspace without a probe keeps no records and pays one branch per step for each block of rows: with 64 units, 64 steps
//! and 16 rows, backward took 0.995 to 0.997 of the time that it took with those branches cut out of the code. A probe that is
//! attached makes it 2.6 to 3.6 times as slow. (One thread, best of 2,000 passes each, alternating; `cargo bench --bench cells`
//! times both.)

use composer_tensor::Scalar;
use serde::Serialize;

use crate::textbook::{AnyJacobian, SavedRows};
use crate::{Cell, Error, Parameters, Recurrent, RecurrentWorkspace};

/// What the last backward pass looked like; attached by [`RecurrentWorkspace::attach_probe`].
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Probe {
    /// One trace for each layer and direction, at `layer·D + direction`.
    pub layers: Vec<Trace>,
}

/// The gradients of one layer in one direction over time.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Trace {
    /// `‖∂loss/∂h_t‖` for each step and row, `[T, B]`.
    pub d_h: Vec<f64>,
    /// `‖∂loss/∂c_t‖` for each step and row, `[T, B]`; empty for a cell without `c`.
    pub d_c: Vec<f64>,
    /// The norm of the gradient of each gate's sum (before its nonlinearity) over all rows, `[T, G]`, in the order of
    /// [`Cell::gates`].
    pub d_gates: Vec<f64>,
}

impl Trace {
    pub(crate) fn size(&mut self, cell: Cell, steps: usize, batch: usize) {
        self.d_h.resize(steps * batch, 0.0);
        self.d_c.resize(if cell.has_c() { steps * batch } else { 0 }, 0.0);
        self.d_gates.resize(steps * cell.gates().len(), 0.0);
    }
}

/// The Euclidean norm, summed in double precision.
pub fn norm<S: Scalar>(values: &[S]) -> f64 {
    values.iter().map(|value| value.f64() * value.f64()).sum::<f64>().sqrt()
}

/// What one gate did in the last forward pass.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GateActivity {
    /// Its name.
    pub gate: &'static str,
    /// Whether its values lie in 0 to 1; those of candidates lie in −1 to 1 (or above 0 for a rectifier).
    pub is_sigmoid: bool,
    /// How many values lie in each twentieth of the range −1 to 1; those outside count in the last.
    pub histogram: [u64; 20],
    /// The share of values below 0.1 at each step, `[T]`; for candidates, of magnitudes.
    pub below: Vec<f64>,
    /// The share of values above 0.9 at each step, `[T]`; for candidates, of magnitudes.
    pub above: Vec<f64>,
    /// The mean at each step, `[T]`.
    pub mean: Vec<f64>,
}

/// What each gate of a layer (and direction: `index = layer·D + direction`) did in the last forward pass.
///
/// # Errors
/// There was none, or there is no such layer.
pub fn gate_activity<S: Scalar>(
    stack: &Recurrent,
    ws: &RecurrentWorkspace<S>,
    index: usize,
) -> Result<Vec<GateActivity>, Error> {
    let (steps, batch) = ws.saved_size().ok_or(Error::NoTape)?;
    let (cell, hidden) = (stack.config().cell, stack.config().hidden);
    let saved = ws.activations(index).ok_or(Error::NoTape)?;
    let spec = cell.spec();
    let slots = spec.layout.slots.len() * hidden;
    let activity = |(gate, name): (usize, &&'static str)| {
        let is_sigmoid = spec.is_sigmoid(gate);
        let slot = spec.gate_slot(gate) * hidden;
        let (mut histogram, mut below, mut above, mut mean) = ([0; 20], Vec::new(), Vec::new(), Vec::new());
        for step in saved.gates[..steps * batch * slots].chunks_exact(batch * slots) {
            let (mut low, mut high, mut sum) = (0u32, 0u32, 0.0);
            for value in step.chunks_exact(slots).flat_map(|row| &row[slot..slot + hidden]) {
                let value = value.f64();
                let size = if is_sigmoid { value } else { value.abs() };
                low += u32::from(size < 0.1);
                high += u32::from(size > 0.9);
                sum += value;
                histogram[(((value + 1.0) * 10.0).max(0.0) as usize).min(19)] += 1;
            }
            let count = (batch * hidden) as f64;
            below.push(f64::from(low) / count);
            above.push(f64::from(high) / count);
            mean.push(sum / count);
        }
        GateActivity { gate: name, is_sigmoid, histogram, below, above, mean }
    };
    Ok(cell.gates().iter().enumerate().map(activity).collect())
}

/// What every unit of a layer did in the last forward pass.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitActivity<S> {
    /// The values of each gate `[T, B, H]`, in the order of [`Cell::gates`].
    pub gates: Vec<Vec<S>>,
    /// The state after each step `[T, B, H]`.
    pub h: Vec<S>,
    /// The cell state after each step `[T, B, H]`; empty for a cell without `c`.
    pub c: Vec<S>,
}

/// The gates and states of every unit of a layer (and direction: `index = layer·D + direction`) in the last forward pass.
///
/// # Errors
/// There was none, or there is no such layer.
pub fn unit_activity<S: Scalar>(
    stack: &Recurrent,
    ws: &RecurrentWorkspace<S>,
    index: usize,
) -> Result<UnitActivity<S>, Error> {
    let (steps, batch) = ws.saved_size().ok_or(Error::NoTape)?;
    let (cell, hidden) = (stack.config().cell, stack.config().hidden);
    let saved = ws.activations(index).ok_or(Error::NoTape)?;
    let spec = cell.spec();
    let slots = spec.layout.slots.len() * hidden;
    let of_gate = |gate: usize| {
        let slot = spec.gate_slot(gate) * hidden;
        let rows = saved.gates[..steps * batch * slots].chunks_exact(slots);
        rows.flat_map(|row| &row[slot..slot + hidden]).copied().collect()
    };
    // Before the first step there is a state, too.
    let after = |states: &[S]| states.get(batch * hidden..).map_or_else(Vec::new, <[S]>::to_vec);
    Ok(UnitActivity {
        gates: (0..cell.gates().len()).map(of_gate).collect(),
        h: after(&saved.h),
        c: if cell.has_c() { after(&saved.c) } else { Vec::new() },
    })
}

/// Steps of one row in one layer of a stack that runs forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The layer.
    pub layer: usize,
    /// The row of the batch.
    pub row: usize,
    /// The Jacobian is that of the state after step `to` with respect to the state after step `from`.
    pub from: usize,
    /// Above `from`.
    pub to: usize,
}

/// Which part of the state a Jacobian is taken of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// `∂h_to / ∂h_from`, with `c_from` held fixed.
    Hidden,
    /// `∂(h, c)_to / ∂(h, c)_from` of a cell with `c`; the same as `Hidden` for the others.
    Whole,
}

/// Rounds of the power iteration, at most.
const ROUNDS: usize = 200;
/// It ends when a round changes the value by less than this share.
const PRECISION: f64 = 1e-9;

/// The largest singular value of the Jacobian of the state over a span of the last forward pass: how much a small change of
/// the state can grow. Below one per step, gradients vanish; above, they may explode. For a rate per step, take the
/// `to − from`-th root.
///
/// It is found by power iteration with products `J v` and `Jᵀ u`, step by step: the forward-mode derivative and the backward step
/// of [`crate::textbook`].
///
/// # Errors
/// There is no such span, or the stack is bidirectional, layer-normalised, or has zoneout or recurrent dropout.
pub fn growth<S: Scalar>(
    stack: &Recurrent,
    params: &Parameters<S>,
    ws: &RecurrentWorkspace<S>,
    span: Span,
    flow: Flow,
) -> Result<f64, Error> {
    let jacobian = Jacobian::new(stack, params, ws, span)?;
    let hidden = stack.config().hidden;
    let whole = flow == Flow::Whole && stack.config().cell.has_c();
    // A start that is orthogonal to nothing likely: all different, none zero.
    let start = |unit: usize| 1.0 + (unit as f64 * 0.618_033_988_75).fract();
    let mut v = Tangent { h: (0..hidden).map(start).collect(), c: vec![0.0; hidden] };
    if whole {
        v.c = (0..hidden).map(|unit| start(unit + hidden)).collect();
    }
    let mut value = 0.0;
    for _ in 0..ROUNDS {
        v.normalise();
        let mut u = jacobian.times(v);
        if !whole {
            u.c.fill(0.0);
        }
        let before = std::mem::replace(&mut value, u.norm());
        if value == 0.0 || (value - before).abs() <= PRECISION * value {
            break;
        }
        v = jacobian.transposed_times(u);
        if !whole {
            v.c.fill(0.0);
        }
    }
    Ok(value)
}

/// A small change of the state, or a gradient of it.
struct Tangent {
    h: Vec<f64>,
    c: Vec<f64>,
}

impl Tangent {
    fn norm(&self) -> f64 {
        norm(&self.h).hypot(norm(&self.c))
    }

    fn normalise(&mut self) {
        let norm = self.norm();
        self.h.iter_mut().chain(&mut self.c).for_each(|x| *x /= norm);
    }
}

/// The derivatives of the steps of a span with respect to the state before each, by the textbook's formulas.
struct Jacobian {
    /// `[G·H, H]`
    weight_hh: Vec<f64>,
    /// Of the steps after `from`, up to `to`.
    steps: Vec<Box<dyn AnyJacobian>>,
}

impl Jacobian {
    fn new<S: Scalar>(
        stack: &Recurrent,
        params: &Parameters<S>,
        ws: &RecurrentWorkspace<S>,
        span: Span,
    ) -> Result<Self, Error> {
        let config = stack.config();
        if config.bidirectional
            || config.layer_norm
            || config.zoneout + config.zoneout_cell + config.recurrent_dropout > 0.0
        {
            return Err(Error::Unsupported(
                "growth is defined for stacks in one direction, without layer normalisation, zoneout or recurrent dropout",
            ));
        }
        let (steps, batch) = ws.saved_size().ok_or(Error::NoTape)?;
        let saved = ws.activations(span.layer).ok_or(Error::NoTape)?;
        if span.row >= batch || span.from >= span.to || span.to >= steps {
            return Err(Error::Unsupported("a span needs a row of the batch, and steps from < to < T"));
        }
        let (cell, hidden) = (config.cell, config.hidden);
        let slots = cell.spec().layout.slots.len() * hidden;
        let ids = stack.layer(span.layer);
        let diagonal: Vec<S> = ids.diagonals().flat_map(|id| params.value(id).to_vec()).collect();
        let step = |t: usize| {
            let row = t * batch + span.row;
            let c_prev = if cell.has_c() { &saved.c[row * hidden..][..hidden] } else { &[] };
            let (gates, h_prev) = (&saved.gates[row * slots..][..slots], &saved.h[row * hidden..][..hidden]);
            SavedRows { cell, gates, h_prev, c_prev, diagonal: &diagonal, hidden }.jacobian()
        };
        Ok(Jacobian {
            weight_hh: params.value(ids.weight_hh).iter().map(|weight| weight.f64()).collect(),
            steps: (span.from + 1..=span.to).map(step).collect(),
        })
    }

    /// `J v`, from the first step to the last.
    fn times(&self, v: Tangent) -> Tangent {
        self.steps.iter().fold(v, |v, step| {
            let (h, c) = step.times(&self.weight_hh, &v.h, &v.c);
            Tangent { h, c }
        })
    }

    /// `Jᵀ u`, from the last step to the first.
    fn transposed_times(&self, u: Tangent) -> Tangent {
        self.steps.iter().rev().fold(u, |u, step| {
            let (h, c) = step.transposed_times(&self.weight_hh, &u.h, &u.c);
            Tangent { h, c }
        })
    }
}
