//! The GRU: gated recurrent unit (Cho et al. 2014), the reset gate applied after the product, as in PyTorch and cuDNN.
//!
//! ```text
//! r = σ(W_ir x + b_ir + W_hr h_prev + b_hr)
//! z = σ(W_iz x + b_iz + W_hz h_prev + b_hz)
//! hn = W_hn h_prev + b_hn
//! n = tanh(W_in x + b_in + r hn)
//! h = (1 − z) n + z h_prev
//! ```
//!
//! `r` stands between the two products of `n`, so they have different gradients.
#![doc = ""]
#![doc = include_str!("../../docs/gru.md")]
#![cfg_attr(doc, doc = include_str!("../../docs/katex/katex.html"))]

use super::{Source, TextbookCell, UnitGradient, UnitInput, UnitState, sigmoid};

/// The cell.
#[derive(Clone, Copy, Debug)]
pub struct Gru;

/// One unit at one step, as backward reads it.
#[derive(Clone, Copy, Debug)]
pub struct Saved {
    /// Reset gate.
    pub r: f64,
    /// Update gate.
    pub z: f64,
    /// `W_hn h_prev + b_hn`
    pub hn: f64,
    /// Candidate.
    pub n: f64,
    /// The state before.
    pub h_prev: f64,
}

impl TextbookCell for Gru {
    type Gates = [f64; 3];
    type Diagonal = [f64; 0];
    type Saved = Saved;
    const SOURCE: Source = Source { file: "crates/bptt/src/textbook/gru.rs", text: include_str!("gru.rs") };

    // ANCHOR: forward
    fn forward(unit: UnitInput<[f64; 3], [f64; 0]>) -> (UnitState, Saved) {
        let UnitInput { input, recurrent, h_prev, .. } = unit;
        let r = sigmoid(input[0] + recurrent[0]);
        let z = sigmoid(input[1] + recurrent[1]);
        // n = tanh(W_in x + b_in + r hn)
        let hn = recurrent[2];
        let n = (input[2] + r * hn).tanh();
        // h = (1 − z) n + z h_prev
        let h = (1.0 - z) * n + z * h_prev;
        (UnitState { h, c: 0.0 }, Saved { r, z, hn, n, h_prev })
    }
    // ANCHOR_END: forward

    // ANCHOR: backward
    fn backward(saved: &Saved, d_h: f64, _d_c_next: f64) -> UnitGradient<[f64; 3], [f64; 0]> {
        let Saved { r, z, hn, n, h_prev } = *saved;

        // h = (1 − z) n + z h_prev
        let d_n = d_h * (1.0 - z);
        let d_z = d_h * (h_prev - n);
        let d_h_prev = d_h * z;

        // n = tanh(a_n)
        let d_gate_n = d_n * (1.0 - n * n);

        // a_n = W_in x + b_in + r hn
        let d_r = d_gate_n * hn;
        let d_hn = d_gate_n * r;

        // r = σ(a_r)    z = σ(a_z)
        let d_gate_r = d_r * r * (1.0 - r);
        let d_gate_z = d_z * z * (1.0 - z);

        // a_r, a_z and a_n contain W_ih x + b_ih; a_r, a_z and hn contain W_hh h_prev + b_hh
        let d_input = [d_gate_r, d_gate_z, d_gate_n];
        let d_recurrent = [d_gate_r, d_gate_z, d_hn];
        UnitGradient { d_input, d_recurrent, d_h_prev, d_c_prev: 0.0, d_c: 0.0, d_diagonal: [] }
    }
    // ANCHOR_END: backward

    fn tangent(saved: &Saved, v_recurrent: [f64; 3], v_h_prev: f64, _v_c_prev: f64) -> UnitState {
        let Saved { r, z, hn, n, h_prev } = *saved;
        let [v_a_r, v_a_z, v_hn] = v_recurrent;
        let v_r = r * (1.0 - r) * v_a_r;
        let v_z = z * (1.0 - z) * v_a_z;
        // n = tanh(W_in x + b_in + r hn)
        let v_n = (1.0 - n * n) * (v_r * hn + r * v_hn);
        // h = (1 − z) n + z h_prev
        let v_h = v_z * (h_prev - n) + (1.0 - z) * v_n + z * v_h_prev;
        UnitState { h: v_h, c: 0.0 }
    }

    fn restore(slots: &[f64], h_prev: f64, _c_prev: f64, _diagonal: [f64; 0]) -> Saved {
        Saved { r: slots[0], z: slots[1], hn: slots[2], n: slots[3], h_prev }
    }
}
