//! The vanilla RNN (Elman 1990).
//!
//! ```text
//! h = tanh(a)        a = W_ih x + b_ih + W_hh h_prev + b_hh
//! ```
#![doc = ""]
#![doc = include_str!("../../docs/rnn.md")]
#![cfg_attr(doc, doc = include_str!("../../docs/katex/katex.html"))]

use super::{Source, TextbookCell, UnitGradient, UnitInput, UnitState};

/// The cell.
#[derive(Clone, Copy, Debug)]
pub struct Rnn;

/// One unit at one step, as backward reads it.
#[derive(Clone, Copy, Debug)]
pub struct Saved {
    /// The new state.
    pub h: f64,
}

impl TextbookCell for Rnn {
    type Gates = [f64; 1];
    type Diagonal = [f64; 0];
    type Saved = Saved;
    const SOURCE: Source = Source { file: "crates/bptt/src/textbook/rnn.rs", text: include_str!("rnn.rs") };

    // ANCHOR: forward
    fn forward(unit: UnitInput<[f64; 1], [f64; 0]>) -> (UnitState, Saved) {
        // a = W_ih x + b_ih + W_hh h_prev + b_hh
        let a = unit.input[0] + unit.recurrent[0];
        // h = tanh(a)
        let h = a.tanh();
        (UnitState { h, c: 0.0 }, Saved { h })
    }
    // ANCHOR_END: forward

    // ANCHOR: backward
    fn backward(saved: &Saved, d_h: f64, _d_c_next: f64) -> UnitGradient<[f64; 1], [f64; 0]> {
        let Saved { h } = *saved;
        // h = tanh(a)        tanh' = 1 − tanh²
        let d_gate_h = d_h * (1.0 - h * h);
        // a = W_ih x + b_ih + W_hh h_prev + b_hh: each summand has the gradient of the sum
        UnitGradient { d_input: [d_gate_h], d_recurrent: [d_gate_h], ..UnitGradient::default() }
    }
    // ANCHOR_END: backward

    fn tangent(saved: &Saved, v_recurrent: [f64; 1], _v_h_prev: f64, _v_c_prev: f64) -> UnitState {
        let Saved { h } = *saved;
        UnitState { h: (1.0 - h * h) * v_recurrent[0], c: 0.0 }
    }

    fn restore(slots: &[f64], _h_prev: f64, _c_prev: f64, _diagonal: [f64; 0]) -> Saved {
        Saved { h: slots[0] }
    }
}
