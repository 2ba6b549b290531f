//! The minimal gated unit (Zhou et al. 2016): one gate, which both forgets and lets in.
//!
//! ```text
//! f = σ(W_if x + b_if + W_hf h_prev + b_hf)
//! hn = W_hn h_prev + b_hn
//! n = tanh(W_in x + b_in + f hn)
//! h = (1 − f) h_prev + f n
//! ```
//!
//! The paper applies the gate before the product, `n = tanh(W_in x + b_in + W_hn (f h_prev) + b_hn)`. Here it is applied after the
//! product, as PyTorch's GRU applies its reset gate: then the products of all gates are one.
#![doc = ""]
#![doc = include_str!("../../docs/minimal_gated_unit.md")]
#![cfg_attr(doc, doc = include_str!("../../docs/katex/katex.html"))]

use super::{Source, TextbookCell, UnitGradient, UnitInput, UnitState, sigmoid};

/// The cell.
#[derive(Clone, Copy, Debug)]
pub struct MinimalGatedUnit;

/// One unit at one step, as backward reads it.
#[derive(Clone, Copy, Debug)]
pub struct Saved {
    /// The gate.
    pub f: f64,
    /// `W_hn h_prev + b_hn`
    pub hn: f64,
    /// Candidate.
    pub n: f64,
    /// The state before.
    pub h_prev: f64,
}

impl TextbookCell for MinimalGatedUnit {
    type Gates = [f64; 2];
    type Diagonal = [f64; 0];
    type Saved = Saved;
    const SOURCE: Source = Source {
        file: "crates/bptt/src/textbook/minimal_gated_unit.rs",
        text: include_str!("minimal_gated_unit.rs"),
    };

    fn forward(unit: UnitInput<[f64; 2], [f64; 0]>) -> (UnitState, Saved) {
        let UnitInput { input, recurrent, h_prev, .. } = unit;
        let f = sigmoid(input[0] + recurrent[0]);
        // n = tanh(W_in x + b_in + f hn)
        let hn = recurrent[1];
        let n = (input[1] + f * hn).tanh();
        // h = (1 − f) h_prev + f n
        let h = (1.0 - f) * h_prev + f * n;
        (UnitState { h, c: 0.0 }, Saved { f, hn, n, h_prev })
    }

    fn backward(saved: &Saved, d_h: f64, _d_c_next: f64) -> UnitGradient<[f64; 2], [f64; 0]> {
        let Saved { f, hn, n, h_prev } = *saved;

        // h = (1 − f) h_prev + f n
        let d_n = d_h * f;
        let d_h_prev = d_h * (1.0 - f);

        // n = tanh(a_n)        tanh' = 1 − tanh²
        let d_gate_n = d_n * (1.0 - n * n);

        // a_n = W_in x + b_in + f hn
        let d_hn = d_gate_n * f;

        // f is read by h and by a_n
        let d_f = d_h * (n - h_prev) + d_gate_n * hn;

        // f = σ(a_f)        σ' = σ (1 − σ)
        let d_gate_f = d_f * f * (1.0 - f);

        // a_f and a_n contain W_ih x + b_ih; a_f and hn contain W_hh h_prev + b_hh
        let d_input = [d_gate_f, d_gate_n];
        let d_recurrent = [d_gate_f, d_hn];
        UnitGradient { d_input, d_recurrent, d_h_prev, d_c_prev: 0.0, d_c: 0.0, d_diagonal: [] }
    }

    fn tangent(saved: &Saved, v_recurrent: [f64; 2], v_h_prev: f64, _v_c_prev: f64) -> UnitState {
        let Saved { f, hn, n, h_prev } = *saved;
        let [v_a_f, v_hn] = v_recurrent;
        let v_f = f * (1.0 - f) * v_a_f;
        // n = tanh(W_in x + b_in + f hn)
        let v_n = (1.0 - n * n) * (v_f * hn + f * v_hn);
        // h = (1 − f) h_prev + f n
        let v_h = v_f * (n - h_prev) + (1.0 - f) * v_h_prev + f * v_n;
        UnitState { h: v_h, c: 0.0 }
    }

    fn restore(slots: &[f64], h_prev: f64, _c_prev: f64, _diagonal: [f64; 0]) -> Saved {
        Saved { f: slots[0], hn: slots[1], n: slots[2], h_prev }
    }
}
