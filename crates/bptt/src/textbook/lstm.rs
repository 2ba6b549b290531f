//! The LSTM: long short-term memory (Hochreiter and Schmidhuber 1997) with a forget gate (Gers et al. 2000).
//!
//! ```text
//! i = σ(a_i)    f = σ(a_f)    g = tanh(a_g)    o = σ(a_o)      a = W_ih x + b_ih + W_hh h_prev + b_hh
//! c = f c_prev + i g
//! h = o tanh(c)
//! ```
#![doc = ""]
#![doc = include_str!("../../docs/lstm.md")]
#![cfg_attr(doc, doc = include_str!("../../docs/katex/katex.html"))]

use super::{Source, TextbookCell, UnitGradient, UnitInput, UnitState, sigmoid};

/// The cell.
#[derive(Clone, Copy, Debug)]
pub struct Lstm;

/// One unit at one step, as backward reads it.
#[derive(Clone, Copy, Debug)]
pub struct Saved {
    /// Input gate.
    pub i: f64,
    /// Forget gate.
    pub f: f64,
    /// Candidate.
    pub g: f64,
    /// Output gate.
    pub o: f64,
    /// The cell state before.
    pub c_prev: f64,
    /// `tanh(c)`
    pub tanh_c: f64,
}

impl TextbookCell for Lstm {
    type Gates = [f64; 4];
    type Diagonal = [f64; 0];
    type Saved = Saved;
    const SOURCE: Source = Source { file: "crates/bptt/src/textbook/lstm.rs", text: include_str!("lstm.rs") };

    // ANCHOR: forward
    fn forward(unit: UnitInput<[f64; 4], [f64; 0]>) -> (UnitState, Saved) {
        let UnitInput { input, recurrent, c_prev, .. } = unit;
        // a = W_ih x + b_ih + W_hh h_prev + b_hh
        let [a_i, a_f, a_g, a_o] = [0, 1, 2, 3].map(|gate| input[gate] + recurrent[gate]);
        let i = sigmoid(a_i);
        let f = sigmoid(a_f);
        let g = a_g.tanh();
        let o = sigmoid(a_o);
        // c = f c_prev + i g
        let c = f * c_prev + i * g;
        // h = o tanh(c)
        let tanh_c = c.tanh();
        let h = o * tanh_c;
        (UnitState { h, c }, Saved { i, f, g, o, c_prev, tanh_c })
    }
    // ANCHOR_END: forward

    // ANCHOR: backward
    fn backward(saved: &Saved, d_h: f64, d_c_next: f64) -> UnitGradient<[f64; 4], [f64; 0]> {
        let Saved { i, f, g, o, c_prev, tanh_c } = *saved;

        // h = o tanh(c)
        let d_o = d_h * tanh_c;
        let d_tanh_c = d_h * o;

        // c is read by tanh(c) at this step, and by the next step
        let d_c = d_c_next + d_tanh_c * (1.0 - tanh_c * tanh_c);

        // c = f c_prev + i g
        let d_f = d_c * c_prev;
        let d_c_prev = d_c * f;
        let d_i = d_c * g;
        let d_g = d_c * i;

        // i = σ(a_i)    f = σ(a_f)    g = tanh(a_g)    o = σ(a_o)        σ' = σ (1 − σ)    tanh' = 1 − tanh²
        let d_gate_i = d_i * i * (1.0 - i);
        let d_gate_f = d_f * f * (1.0 - f);
        let d_gate_g = d_g * (1.0 - g * g);
        let d_gate_o = d_o * o * (1.0 - o);

        // a = W_ih x + b_ih + W_hh h_prev + b_hh: each summand has the gradient of the sum
        let d_gates = [d_gate_i, d_gate_f, d_gate_g, d_gate_o];
        let (d_input, d_recurrent) = (d_gates, d_gates);
        UnitGradient { d_input, d_recurrent, d_h_prev: 0.0, d_c_prev, d_c, d_diagonal: [] }
    }
    // ANCHOR_END: backward

    fn tangent(saved: &Saved, v_recurrent: [f64; 4], _v_h_prev: f64, v_c_prev: f64) -> UnitState {
        let Saved { i, f, g, o, c_prev, tanh_c } = *saved;
        let [v_a_i, v_a_f, v_a_g, v_a_o] = v_recurrent;
        let v_i = i * (1.0 - i) * v_a_i;
        let v_f = f * (1.0 - f) * v_a_f;
        let v_g = (1.0 - g * g) * v_a_g;
        let v_o = o * (1.0 - o) * v_a_o;
        // c = f c_prev + i g
        let v_c = v_f * c_prev + f * v_c_prev + v_i * g + i * v_g;
        // h = o tanh(c)
        let v_h = v_o * tanh_c + o * (1.0 - tanh_c * tanh_c) * v_c;
        UnitState { h: v_h, c: v_c }
    }

    fn restore(slots: &[f64], _h_prev: f64, c_prev: f64, _diagonal: [f64; 0]) -> Saved {
        let (i, f, g, o) = (slots[0], slots[1], slots[2], slots[3]);
        Saved { i, f, g, o, c_prev, tanh_c: (f * c_prev + i * g).tanh() }
    }
}
