//! The gates of a GRU at one step, forward and backward. [`crate::textbook::gru`] is the same to read.
//!
//! ```text
//! r = σ(W_ir x + b_ir + W_hr h_prev + b_hr)
//! z = σ(W_iz x + b_iz + W_hz h_prev + b_hz)
//! hn = W_hn h_prev + b_hn
//! n = tanh(W_in x + b_in + r hn)
//! h = (1 − z) n + z h_prev
//! ```

use composer_tensor::Scalar;
use composer_tensor::for_lanes;
use composer_tensor::maths::{sigmoid, tanh};
use composer_tensor::simd::Vector;

use super::cell::FusedCell;

/// Slots: `r, z, hn, n`. In the sums, `hn` is the recurrence's part of `n`, and `n` the input's; in the gradients, the same.
pub(crate) struct Gru;

impl FusedCell for Gru {
    #[inline(always)]
    fn forward<S: Scalar, V: Vector<S>>(
        gates: &mut [S],
        h_prev: &[S],
        _c_prev: &[S],
        h: &mut [S],
        _c: &mut [S],
        _diagonal: &[S],
    ) {
        let hidden = h.len();
        let (gate_r, rest) = gates.split_at_mut(hidden);
        let (gate_z, rest) = rest.split_at_mut(hidden);
        let (gate_hn, gate_n) = rest.split_at_mut(hidden);
        let (gate_n, h_prev) = (&mut gate_n[..hidden], &h_prev[..hidden]);
        for_lanes!(V, hidden, |at| {
            let r = sigmoid(V::read(gate_r, at));
            let z = sigmoid(V::read(gate_z, at));
            let n = tanh(r.mul_add(V::read(gate_hn, at), V::read(gate_n, at)));
            z.mul_add(V::read(h_prev, at), (V::one() - z) * n).write(h, at);
            r.write(gate_r, at);
            z.write(gate_z, at);
            n.write(gate_n, at);
        });
    }

    #[inline(always)]
    fn backward<S: Scalar, V: Vector<S>>(
        gates: &[S],
        h_prev: &[S],
        _c_prev: &[S],
        d_h: &mut [S],
        _d_c: &mut [S],
        d_gates: &mut [S],
        _diagonal: &[S],
    ) {
        let hidden = d_h.len();
        let [gate_r, gate_z, gate_hn, gate_n] = [0, 1, 2, 3].map(|slot| &gates[slot * hidden..][..hidden]);
        let (d_gate_r, rest) = d_gates.split_at_mut(hidden);
        let (d_gate_z, rest) = rest.split_at_mut(hidden);
        let (d_hn, d_gate_n) = rest.split_at_mut(hidden);
        let (d_gate_n, h_prev) = (&mut d_gate_n[..hidden], &h_prev[..hidden]);
        let one = V::one();
        for_lanes!(V, hidden, |at| {
            let (r, z) = (V::read(gate_r, at), V::read(gate_z, at));
            let (hn, n) = (V::read(gate_hn, at), V::read(gate_n, at));
            let (h_prev, d_h_now) = (V::read(h_prev, at), V::read(d_h, at));
            let d_n_now = d_h_now * (one - z) * (one - n * n);
            (d_n_now * hn * r * (one - r)).write(d_gate_r, at);
            (d_h_now * (h_prev - n) * z * (one - z)).write(d_gate_z, at);
            (d_n_now * r).write(d_hn, at);
            d_n_now.write(d_gate_n, at);
            (d_h_now * z).write(d_h, at);
        });
    }
}
