//! The gates of an LSTM with peepholes at one step, forward and backward. [`crate::textbook::peephole_lstm`] is the same to read.
//!
//! ```text
//! i = σ(a_i + w_ci c_prev)    f = σ(a_f + w_cf c_prev)    g = tanh(a_g)      a = W_ih x + b_ih + W_hh h_prev + b_hh
//! c = f c_prev + i g
//! o = σ(a_o + w_co c)
//! h = o tanh(c)
//! ```

use composer_tensor::Scalar;
use composer_tensor::for_lanes;
use composer_tensor::maths::{sigmoid, tanh};
use composer_tensor::simd::Vector;

use super::cell::FusedCell;

/// Slots: `i, f, g, o`. Diagonal weights: `w_ci, w_cf, w_co`.
pub(crate) struct PeepholeLstm;

impl FusedCell for PeepholeLstm {
    #[inline(always)]
    fn forward<S: Scalar, V: Vector<S>>(
        gates: &mut [S],
        _h_prev: &[S],
        c_prev: &[S],
        h: &mut [S],
        c: &mut [S],
        diagonal: &[S],
    ) {
        let hidden = h.len();
        let (gate_i, rest) = gates.split_at_mut(hidden);
        let (gate_f, rest) = rest.split_at_mut(hidden);
        let (gate_g, gate_o) = rest.split_at_mut(hidden);
        let (gate_o, c_prev, c) = (&mut gate_o[..hidden], &c_prev[..hidden], &mut c[..hidden]);
        let [w_ci, w_cf, w_co] = [0, 1, 2].map(|p| &diagonal[p * hidden..][..hidden]);
        for_lanes!(V, hidden, |at| {
            let c_before = V::read(c_prev, at);
            let i = sigmoid(V::read(w_ci, at).mul_add(c_before, V::read(gate_i, at)));
            let f = sigmoid(V::read(w_cf, at).mul_add(c_before, V::read(gate_f, at)));
            let g = tanh(V::read(gate_g, at));
            let c_now = f.mul_add(c_before, i * g);
            let o = sigmoid(V::read(w_co, at).mul_add(c_now, V::read(gate_o, at)));
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
        diagonal: &[S],
    ) {
        let hidden = d_h.len();
        let [gate_i, gate_f, gate_g, gate_o] = [0, 1, 2, 3].map(|gate| &gates[gate * hidden..][..hidden]);
        let (d_gate_i, rest) = d_gates.split_at_mut(hidden);
        let (d_gate_f, rest) = rest.split_at_mut(hidden);
        let (d_gate_g, d_gate_o) = rest.split_at_mut(hidden);
        let (d_gate_o, c_prev, d_c) = (&mut d_gate_o[..hidden], &c_prev[..hidden], &mut d_c[..hidden]);
        let [w_ci, w_cf, w_co] = [0, 1, 2].map(|p| &diagonal[p * hidden..][..hidden]);
        let one = V::one();
        for_lanes!(V, hidden, |at| {
            let (i, f) = (V::read(gate_i, at), V::read(gate_f, at));
            let (g, o) = (V::read(gate_g, at), V::read(gate_o, at));
            let (c_prev, d_h) = (V::read(c_prev, at), V::read(d_h, at));
            let tanh_c = tanh(f.mul_add(c_prev, i * g)); // cheaper to compute again than to keep
            let d_o_sum = d_h * tanh_c * o * (one - o);
            let through_h = d_h * o * (one - tanh_c * tanh_c);
            let d_c_now = V::read(w_co, at).mul_add(d_o_sum, V::read(d_c, at) + through_h);
            let d_i_sum = d_c_now * g * i * (one - i);
            let d_f_sum = d_c_now * c_prev * f * (one - f);
            d_i_sum.write(d_gate_i, at);
            d_f_sum.write(d_gate_f, at);
            (d_c_now * i * (one - g * g)).write(d_gate_g, at);
            d_o_sum.write(d_gate_o, at);
            let through_i = V::read(w_ci, at) * d_i_sum;
            (d_c_now.mul_add(f, through_i) + V::read(w_cf, at) * d_f_sum).write(d_c, at);
        });
    }

    #[inline(always)]
    fn add_d_diagonal<S: Scalar, V: Vector<S>>(
        gates: &[S],
        c_prev: &[S],
        d_gates: &[S],
        d_diagonal: &mut [S],
    ) {
        let hidden = c_prev.len();
        let [gate_i, gate_f, gate_g] = [0, 1, 2].map(|gate| &gates[gate * hidden..][..hidden]);
        let [d_gate_i, d_gate_f, d_gate_o] = [0, 1, 3].map(|gate| &d_gates[gate * hidden..][..hidden]);
        let (d_ci, rest) = d_diagonal.split_at_mut(hidden);
        let (d_cf, d_co) = rest.split_at_mut(hidden);
        let d_co = &mut d_co[..hidden];
        for_lanes!(V, hidden, |at| {
            let c_before = V::read(c_prev, at);
            let c_now = V::read(gate_f, at).mul_add(c_before, V::read(gate_i, at) * V::read(gate_g, at));
            V::read(d_gate_i, at).mul_add(c_before, V::read(d_ci, at)).write(d_ci, at);
            V::read(d_gate_f, at).mul_add(c_before, V::read(d_cf, at)).write(d_cf, at);
            V::read(d_gate_o, at).mul_add(c_now, V::read(d_co, at)).write(d_co, at);
        });
    }
}
