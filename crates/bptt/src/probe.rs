//! How gradients flow through time and gates: what a [`Probe`] records, what gates do, and how fast a cell's Jacobian grows.
//!
//! ```
//! use composer_bptt::{Cell, Init, Input, Mode, Parameters, Recurrent, RecurrentConfig, RecurrentWorkspace, State};
//! use composer_bptt::probe;
//! use rand::SeedableRng;
//! use rand_chacha::ChaCha8Rng;
//!
//! let config = RecurrentConfig { cell: Cell::Lstm, input: 2, hidden: 8, ..Default::default() };
//! let mut params = Parameters::<f64>::new();
//! let stack = Recurrent::new(config.clone(), "", &mut params)?;
//! stack.init(&mut params, &Init::PYTORCH, &mut ChaCha8Rng::seed_from_u64(1));
//!
//! let (steps, mut ws) = (20, RecurrentWorkspace::new());
//! let (x, mut state) = (vec![0.5; steps * 2], State::zeros(&config, 1));
//! ws.attach_probe();
//! stack.forward(&params, Input::Dense(&x), steps, 1, &mut state, None, Mode::Eval, &mut ws)?;
//!
//! // A loss at the last step alone: its gradient is all that reaches the first ones.
//! let mut d_output = vec![0.0; steps * 8];
//! d_output[19 * 8..].fill(1.0);
//! stack.backward(&mut params, Input::Dense(&x), &d_output, None, &mut ws)?;
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

use crate::fused::Layout;
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
    /// `‖∂loss/∂c_t‖` for each step and row, `[T, B]`; empty unless the cell is an LSTM.
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
    let (steps, batch) = ws.tape_size().ok_or(Error::NoTape)?;
    let (cell, hidden) = (stack.config().cell, stack.config().hidden);
    let tape = ws.tape(index).ok_or(Error::NoTape)?;
    let slots = Layout::of(cell).slots * hidden;
    let activity = |(gate, name): (usize, &&'static str)| {
        let is_sigmoid = !matches!(*name, "g" | "n" | "h");
        let slot = gate_slot(cell, gate) * hidden;
        let (mut histogram, mut below, mut above, mut mean) = ([0; 20], Vec::new(), Vec::new(), Vec::new());
        for step in tape.gates[..steps * batch * slots].chunks_exact(batch * slots) {
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

/// The slot of a gate row that holds a gate.
pub(crate) fn gate_slot(cell: Cell, gate: usize) -> usize {
    if cell == Cell::Gru && gate == 2 { 3 } else { gate }
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
    /// `∂(h, c)_to / ∂(h, c)_from` of an LSTM; the same as `Hidden` for the others.
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
/// It is found by power iteration with products `J v` (forward, a Jacobian-vector product per step) and `Jᵀ u` (backward).
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
        let mut u = (span.from + 1..=span.to).fold(v, |v, t| jacobian.times(t, v));
        if !whole {
            u.c.fill(0.0);
        }
        let before = std::mem::replace(&mut value, u.norm());
        if value == 0.0 || (value - before).abs() <= PRECISION * value {
            break;
        }
        v = (span.from + 1..=span.to).rev().fold(u, |u, t| jacobian.transposed_times(t, u));
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

/// The derivative of each step with respect to the state before it, from what is on the tape.
struct Jacobian {
    cell: Cell,
    hidden: usize,
    /// `[G·H, H]`
    weight_hh: Vec<f64>,
    /// `slots·H` for each step.
    gates: Vec<Vec<f64>>,
    /// Before each step.
    h_prev: Vec<Vec<f64>>,
    c_prev: Vec<Vec<f64>>,
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
        let (steps, batch) = ws.tape_size().ok_or(Error::NoTape)?;
        let tape = ws.tape(span.layer).ok_or(Error::NoTape)?;
        if span.row >= batch || span.from >= span.to || span.to >= steps {
            return Err(Error::Unsupported("a span needs a row of the batch, and steps from < to < T"));
        }
        let hidden = config.hidden;
        let slots = Layout::of(config.cell).slots * hidden;
        let doubles = |values: &[S]| values.iter().map(|value| value.f64()).collect::<Vec<_>>();
        let rows = |values: &[S], width: usize| -> Vec<Vec<f64>> {
            (0..steps).map(|t| doubles(&values[(t * batch + span.row) * width..][..width])).collect()
        };
        Ok(Jacobian {
            cell: config.cell,
            hidden,
            weight_hh: doubles(params.value(stack.weight_hh(span.layer))),
            gates: rows(&tape.gates, slots),
            h_prev: rows(&tape.h, hidden),
            c_prev: if config.cell.has_c() { rows(&tape.c, hidden) } else { Vec::new() },
        })
    }

    /// `J v` of step `t`.
    fn times(&self, t: usize, v: Tangent) -> Tangent {
        let hidden = self.hidden;
        let a: Vec<f64> = self
            .weight_hh
            .chunks_exact(hidden)
            .map(|w| w.iter().zip(&v.h).map(|(w, v)| w * v).sum())
            .collect();
        let mut out = Tangent { h: vec![0.0; hidden], c: vec![0.0; hidden] };
        for j in 0..hidden {
            let a = |gate: usize| a[gate * hidden + j];
            match self.units(t, j) {
                Unit::Rnn { slope } => out.h[j] = slope * a(0),
                Unit::Lstm { i, f, g, o, c_prev, tanh_c } => {
                    out.c[j] = g * i * (1.0 - i) * a(0)
                        + c_prev * f * (1.0 - f) * a(1)
                        + i * (1.0 - g * g) * a(2)
                        + f * v.c[j];
                    out.h[j] = tanh_c * o * (1.0 - o) * a(3) + o * (1.0 - tanh_c * tanh_c) * out.c[j];
                }
                Unit::Gru { r, z, hn, n, h_prev } => {
                    let d_n = (1.0 - n * n) * (r * (1.0 - r) * a(0) * hn + r * a(2));
                    out.h[j] = z * (1.0 - z) * a(1) * (h_prev - n) + (1.0 - z) * d_n + z * v.h[j];
                }
            }
        }
        out
    }

    /// `Jᵀ u` of step `t`.
    fn transposed_times(&self, t: usize, u: Tangent) -> Tangent {
        let hidden = self.hidden;
        let mut d_a = vec![0.0; self.weight_hh.len() / hidden];
        let mut out = Tangent { h: vec![0.0; hidden], c: vec![0.0; hidden] };
        for j in 0..hidden {
            match self.units(t, j) {
                Unit::Rnn { slope } => d_a[j] = slope * u.h[j],
                Unit::Lstm { i, f, g, o, c_prev, tanh_c } => {
                    let d_c = u.c[j] + u.h[j] * o * (1.0 - tanh_c * tanh_c);
                    d_a[j] = d_c * g * i * (1.0 - i);
                    d_a[hidden + j] = d_c * c_prev * f * (1.0 - f);
                    d_a[2 * hidden + j] = d_c * i * (1.0 - g * g);
                    d_a[3 * hidden + j] = u.h[j] * tanh_c * o * (1.0 - o);
                    out.c[j] = d_c * f;
                }
                Unit::Gru { r, z, hn, n, h_prev } => {
                    let d_n = u.h[j] * (1.0 - z) * (1.0 - n * n);
                    d_a[j] = d_n * hn * r * (1.0 - r);
                    d_a[hidden + j] = u.h[j] * (h_prev - n) * z * (1.0 - z);
                    d_a[2 * hidden + j] = d_n * r;
                    out.h[j] = u.h[j] * z;
                }
            }
        }
        for (w, d_a) in self.weight_hh.chunks_exact(hidden).zip(&d_a) {
            out.h.iter_mut().zip(w).for_each(|(out, w)| *out += d_a * w);
        }
        out
    }

    /// What unit `j` did at step `t`.
    fn units(&self, t: usize, j: usize) -> Unit {
        let slot = |slot: usize| self.gates[t][slot * self.hidden + j];
        match self.cell {
            Cell::RnnTanh => Unit::Rnn { slope: 1.0 - slot(0) * slot(0) },
            Cell::RnnRelu => Unit::Rnn { slope: if slot(0) > 0.0 { 1.0 } else { 0.0 } },
            Cell::Lstm => {
                let (i, f, g, o, c_prev) = (slot(0), slot(1), slot(2), slot(3), self.c_prev[t][j]);
                Unit::Lstm { i, f, g, o, c_prev, tanh_c: (f * c_prev + i * g).tanh() }
            }
            Cell::Gru => {
                Unit::Gru { r: slot(0), z: slot(1), hn: slot(2), n: slot(3), h_prev: self.h_prev[t][j] }
            }
        }
    }
}

/// Activations of one unit at one step.
enum Unit {
    Rnn { slope: f64 },
    Lstm { i: f64, f: f64, g: f64, o: f64, c_prev: f64, tanh_c: f64 },
    Gru { r: f64, z: f64, hn: f64, n: f64, h_prev: f64 },
}
