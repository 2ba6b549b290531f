//! [`growth`]: how much a small change of the state grows over some steps.

use composer_tensor::Scalar;

use super::norm;
use crate::textbook::{AnyJacobian, SavedRows};
use crate::{Error, Parameters, Recurrent, RecurrentWorkspace};

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
