//! The gates of a minimal gated unit at one step, forward and backward. [`crate::textbook::minimal_gated_unit`] is the same to read.
//!
//! ```text
//! f = σ(W_if x + b_if + W_hf h_prev + b_hf)
//! hn = W_hn h_prev + b_hn
//! n = tanh(W_in x + b_in + f hn)
//! h = (1 − f) h_prev + f n
//! ```

use composer_tensor::Scalar;
use composer_tensor::for_lanes;
use composer_tensor::maths::{sigmoid, tanh};
use composer_tensor::simd::Vector;

use super::cell::FusedCell;

/// Slots: `f, hn, n`. In the sums, `hn` is the recurrence's part of `n`, and `n` the input's; in the gradients, the same.
pub(crate) struct MinimalGatedUnit;

impl FusedCell for MinimalGatedUnit {
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
        let (gate_f, rest) = gates.split_at_mut(hidden);
        let (gate_hn, gate_n) = rest.split_at_mut(hidden);
        let (gate_n, h_prev) = (&mut gate_n[..hidden], &h_prev[..hidden]);
        for_lanes!(V, hidden, |at| {
            let f = sigmoid(V::read(gate_f, at));
            let n = tanh(f.mul_add(V::read(gate_hn, at), V::read(gate_n, at)));
            f.mul_add(n, (V::one() - f) * V::read(h_prev, at)).write(h, at);
            f.write(gate_f, at);
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
        let [gate_f, gate_hn, gate_n] = [0, 1, 2].map(|slot| &gates[slot * hidden..][..hidden]);
        let (d_gate_f, rest) = d_gates.split_at_mut(hidden);
        let (d_hn, d_gate_n) = rest.split_at_mut(hidden);
        let (d_gate_n, h_prev) = (&mut d_gate_n[..hidden], &h_prev[..hidden]);
        let one = V::one();
        for_lanes!(V, hidden, |at| {
            let (f, hn, n) = (V::read(gate_f, at), V::read(gate_hn, at), V::read(gate_n, at));
            let (h_prev, d_h_now) = (V::read(h_prev, at), V::read(d_h, at));
            let d_n_now = d_h_now * f * (one - n * n);
            let d_f_now = d_n_now.mul_add(hn, d_h_now * (n - h_prev));
            (d_f_now * f * (one - f)).write(d_gate_f, at);
            (d_n_now * f).write(d_hn, at);
            d_n_now.write(d_gate_n, at);
            (d_h_now * (one - f)).write(d_h, at);
        });
    }
}
