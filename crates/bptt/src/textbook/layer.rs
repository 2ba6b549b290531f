//! One layer in one direction through time, forward and backward: what all cells share.
//!
//! ```text
//! for each step t and each row of the batch:
//!     input     = W_ih x_t + b_ih                 [G·H]
//!     recurrent = W_hh h_prev + b_hh              [G·H]
//!     h_t, c_t  = the cell, unit by unit
//! ```
//!
//! Backward walks the same loop from its last step to its first. Matrices are row-major; the rows of gate `g` are
//! `g·H .. (g + 1)·H`, as in PyTorch.

use super::{Numbers, Source, TextbookCell, UnitInput, UnitState};

/// This file, for messages that point to a line.
pub const SOURCE: Source =
    Source { file: "crates/bptt/src/textbook/layer.rs", text: include_str!("layer.rs") };

/// The sizes of a layer and of what it reads.
#[derive(Clone, Copy, Debug)]
pub struct Sizes<'a> {
    /// `T`
    pub steps: usize,
    /// `B`
    pub batch: usize,
    /// `F`
    pub features: usize,
    /// `H`
    pub hidden: usize,
    /// Whether time runs from the last step to the first.
    pub reverse: bool,
    /// `[T, B]`: false at padding, where the state stays, the output is zero and no gradient arises.
    pub valid: Option<&'a [bool]>,
}

/// The parameters of a layer, or their gradients.
#[derive(Clone, Debug, Default)]
pub struct Weights {
    /// `[G·H, F]`
    pub weight_ih: Vec<f64>,
    /// `[G·H, H]`
    pub weight_hh: Vec<f64>,
    /// `[G·H]`; empty without biases.
    pub bias_ih: Vec<f64>,
    /// `[G·H]`; empty without biases.
    pub bias_hh: Vec<f64>,
    /// `[P, H]`: diagonal weights; empty for most cells.
    pub diagonals: Vec<f64>,
}

/// What the forward pass saves for the backward pass, in the order in which it computed it.
#[derive(Clone, Debug)]
pub struct Activations<Saved> {
    /// `[T, B, H]`: the state before each step.
    h_prev: Vec<f64>,
    /// `[T, B, H]`: what each unit did.
    units: Vec<Saved>,
}

/// `h` and `c` of all units, `[B, H]` each; `c` is zero for a cell without it.
#[derive(Clone, Debug)]
pub struct LayerState {
    /// `h`
    pub h: Vec<f64>,
    /// `c`
    pub c: Vec<f64>,
}

impl Sizes<'_> {
    /// The steps in the order of the layer's time.
    fn order(&self) -> Vec<usize> {
        if self.reverse { (0..self.steps).rev().collect() } else { (0..self.steps).collect() }
    }

    fn is_padding(&self, t: usize, b: usize) -> bool {
        self.valid.is_some_and(|valid| !valid[t * self.batch + b])
    }
}

/// Runs a layer over `x` `[T, B, F]`. `state` is the initial state before and the final state after. Returns the output
/// `[T, B, H]` and what backward needs.
pub fn forward<C: TextbookCell>(
    sizes: &Sizes<'_>,
    weights: &Weights,
    x: &[f64],
    state: &mut LayerState,
) -> (Vec<f64>, Activations<C::Saved>) {
    let Sizes { steps, batch, features, hidden, .. } = *sizes;
    let mut output = vec![0.0; steps * batch * hidden];
    let mut saved = Activations { h_prev: Vec::new(), units: Vec::new() };
    // ANCHOR: forward
    for t in sizes.order() {
        for b in 0..batch {
            let x_t = &x[(t * batch + b) * features..][..features];
            let h_prev = state.h[b * hidden..][..hidden].to_vec();
            let c_prev = state.c[b * hidden..][..hidden].to_vec();
            let input = affine(&weights.weight_ih, x_t, &weights.bias_ih);
            let recurrent = affine(&weights.weight_hh, &h_prev, &weights.bias_hh);
            for unit in 0..hidden {
                let (UnitState { h, c }, of_unit) = C::forward(UnitInput {
                    input: Numbers::from_fn(|gate| input[gate * hidden + unit]),
                    recurrent: Numbers::from_fn(|gate| recurrent[gate * hidden + unit]),
                    h_prev: h_prev[unit],
                    c_prev: c_prev[unit],
                    diagonal: Numbers::from_fn(|p| weights.diagonals[p * hidden + unit]),
                });
                saved.units.push(of_unit);
                if sizes.is_padding(t, b) {
                    continue; // the state stays, the output is zero
                }
                state.h[b * hidden + unit] = h;
                state.c[b * hidden + unit] = c;
                output[(t * batch + b) * hidden + unit] = h;
            }
            saved.h_prev.extend(h_prev);
        }
    }
    // ANCHOR_END: forward
    (output, saved)
}

/// Walks back through a forward pass over `x`. `d_output` `[T, B, H]` is the gradient of the output; `d_state` that of the final
/// state before and of the initial state after. Adds to `d_weights`, and to `d_x` `[T, B, F]`.
pub fn backward<C: TextbookCell>(
    sizes: &Sizes<'_>,
    weights: &Weights,
    x: &[f64],
    saved: &Activations<C::Saved>,
    d_output: &[f64],
    d_state: &mut LayerState,
    d_weights: &mut Weights,
    d_x: &mut [f64],
) {
    let Sizes { batch, features, hidden, .. } = *sizes;
    let gate_rows = weights.weight_hh.len() / hidden;
    let Weights {
        weight_ih: d_weight_ih,
        weight_hh: d_weight_hh,
        bias_ih: d_bias_ih,
        bias_hh: d_bias_hh,
        diagonals: d_diagonals,
    } = d_weights;
    for (place, t) in sizes.order().into_iter().enumerate().rev() {
        for b in 0..batch {
            if sizes.is_padding(t, b) {
                continue; // h = h_prev and c = c_prev: their gradients stay what they are
            }
            let row = place * batch + b; // in the order of computation
            let d_h = &mut d_state.h[b * hidden..][..hidden];
            let d_c = &mut d_state.c[b * hidden..][..hidden];
            let mut d_input = vec![0.0; gate_rows];
            let mut d_recurrent = vec![0.0; gate_rows];
            for unit in 0..hidden {
                // h is read by the output, and by the next step
                d_h[unit] += d_output[(t * batch + b) * hidden + unit];
                let gradient = C::backward(&saved.units[row * hidden + unit], d_h[unit], d_c[unit]);
                for gate in 0..gate_rows / hidden {
                    d_input[gate * hidden + unit] = gradient.d_input.as_ref()[gate];
                    d_recurrent[gate * hidden + unit] = gradient.d_recurrent.as_ref()[gate];
                }
                for (p, d_diagonal) in gradient.d_diagonal.as_ref().iter().enumerate() {
                    d_diagonals[p * hidden + unit] += d_diagonal;
                }
                // The state before this step is the state after the step before.
                d_h[unit] = gradient.d_h_prev;
                d_c[unit] = gradient.d_c_prev;
            }

            // input = W_ih x + b_ih
            let x_t = &x[(t * batch + b) * features..][..features];
            let d_x_t = &mut d_x[(t * batch + b) * features..][..features];
            affine_backward(&weights.weight_ih, x_t, &d_input, d_weight_ih, d_bias_ih, d_x_t);

            // recurrent = W_hh h_prev + b_hh
            let h_prev = &saved.h_prev[row * hidden..][..hidden];
            affine_backward(&weights.weight_hh, h_prev, &d_recurrent, d_weight_hh, d_bias_hh, d_h);
        }
    }
}

/// `y = W x + b`; `b` may be empty.
fn affine(w: &[f64], x: &[f64], b: &[f64]) -> Vec<f64> {
    let columns = x.len();
    let mut y = vec![0.0; w.len() / columns];
    for row in 0..y.len() {
        for column in 0..columns {
            y[row] += w[row * columns + column] * x[column];
        }
        y[row] += b.get(row).unwrap_or(&0.0);
    }
    y
}

/// The gradients of `y = W x + b`, added to what is there.
fn affine_backward(w: &[f64], x: &[f64], d_y: &[f64], d_w: &mut [f64], d_b: &mut [f64], d_x: &mut [f64]) {
    let columns = x.len();
    for row in 0..d_y.len() {
        for column in 0..columns {
            // d_W += d_y xᵀ
            d_w[row * columns + column] += d_y[row] * x[column];
            // d_x += Wᵀ d_y
            d_x[column] += w[row * columns + column] * d_y[row];
        }
        // d_b += d_y
        if !d_b.is_empty() {
            d_b[row] += d_y[row];
        }
    }
}
