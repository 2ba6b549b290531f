//! The gates of an LSTM at one step, forward and backward. [`crate::textbook::lstm`] is the same to read.
//!
//! ```text
//! i = σ(a_i)    f = σ(a_f)    g = tanh(a_g)    o = σ(a_o)      a = W_ih x + b_ih + W_hh h_prev + b_hh
//! c = f c_prev + i g
//! h = o tanh(c)
//! ```

use composer_tensor::Scalar;
use composer_tensor::for_lanes;
use composer_tensor::maths::{sigmoid, tanh};
use composer_tensor::simd::Vector;

use super::cell::FusedCell;

/// Slots: `i, f, g, o`.
pub(crate) struct Lstm;

impl FusedCell for Lstm {
    #[inline(always)]
    fn forward<S: Scalar, V: Vector<S>>(
        gates: &mut [S],
        _h_prev: &[S],
        c_prev: &[S],
        h: &mut [S],
        c: &mut [S],
        _diagonal: &[S],
    ) {
        let hidden = h.len();
        let (gate_i, rest) = gates.split_at_mut(hidden);
        let (gate_f, rest) = rest.split_at_mut(hidden);
        let (gate_g, gate_o) = rest.split_at_mut(hidden);
        let (gate_o, c_prev, c) = (&mut gate_o[..hidden], &c_prev[..hidden], &mut c[..hidden]);
        for_lanes!(V, hidden, |at| {
            let i = sigmoid(V::read(gate_i, at));
            let f = sigmoid(V::read(gate_f, at));
            let g = tanh(V::read(gate_g, at));
            let o = sigmoid(V::read(gate_o, at));
            let c_now = f.mul_add(V::read(c_prev, at), i * g);
            (o * tanh(c_now)).write(h, at);
            c_now.write(c, at);
            i.write(gate_i, at);
            f.write(gate_f, at);
            g.write(gate_g, at);
            o.write(gate_o, at);
        });
    }

    #[inline(always)]
    fn backward<S: Scalar, V: Vector<S>>(
        gates: &[S],
        _h_prev: &[S],
        c_prev: &[S],
        d_h: &mut [S],
        d_c: &mut [S],
        d_gates: &mut [S],
        _diagonal: &[S],
    ) {
        let hidden = d_h.len();
        let [gate_i, gate_f, gate_g, gate_o] = [0, 1, 2, 3].map(|gate| &gates[gate * hidden..][..hidden]);
        let (d_gate_i, rest) = d_gates.split_at_mut(hidden);
        let (d_gate_f, rest) = rest.split_at_mut(hidden);
        let (d_gate_g, d_gate_o) = rest.split_at_mut(hidden);
        let (d_gate_o, c_prev, d_c) = (&mut d_gate_o[..hidden], &c_prev[..hidden], &mut d_c[..hidden]);
        let one = V::one();
        for_lanes!(V, hidden, |at| {
            let (i, f) = (V::read(gate_i, at), V::read(gate_f, at));
            let (g, o) = (V::read(gate_g, at), V::read(gate_o, at));
            let (c_prev, d_h) = (V::read(c_prev, at), V::read(d_h, at));
            let tanh_c = tanh(f.mul_add(c_prev, i * g)); // cheaper to compute again than to keep
            let d_c_now = V::read(d_c, at) + d_h * o * (one - tanh_c * tanh_c);
            (d_c_now * g * i * (one - i)).write(d_gate_i, at);
            (d_c_now * c_prev * f * (one - f)).write(d_gate_f, at);
            (d_c_now * i * (one - g * g)).write(d_gate_g, at);
            (d_h * tanh_c * o * (one - o)).write(d_gate_o, at);
            (d_c_now * f).write(d_c, at);
        });
    }
}
