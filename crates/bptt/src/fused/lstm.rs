//! The gates of an LSTM at one step, forward and backward.
//!
//! ```text
//! i = σ(a_i)    f = σ(a_f)    g = tanh(a_g)    o = σ(a_o)      a = W_ih x + b_ih + W_hh h_prev + b_hh
//! c = f c_prev + i g
//! h = o tanh(c)
//! ```

use composer_tensor::Scalar;
use composer_tensor::for_lanes;
use composer_tensor::maths::{sigmoid, tanh};
use composer_tensor::simd::{Isa, Kernel, Vector};

/// One step forward for some rows.
pub(crate) struct LstmForward<'a, S> {
    /// `[rows, 4H]` in: `a`; out: `i, f, g, o`.
    pub gates: &'a mut [S],
    /// `[rows, H]`
    pub c_prev: &'a [S],
    /// `[rows, H]`, overwritten.
    pub c: &'a mut [S],
    /// `[rows, H]`, overwritten.
    pub h: &'a mut [S],
    pub hidden: usize,
}

impl<S: Scalar> Kernel for LstmForward<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let hidden = self.hidden;
        let rows = self.gates.chunks_exact_mut(4 * hidden).zip(self.c_prev.chunks_exact(hidden));
        for ((gates, c_prev), (c, h)) in
            rows.zip(self.c.chunks_exact_mut(hidden).zip(self.h.chunks_exact_mut(hidden)))
        {
            forward_row::<S, S::Vector<I>>(gates, c_prev, c, h, hidden);
        }
    }
}

#[inline(always)]
fn forward_row<S: Scalar, V: Vector<S>>(
    gates: &mut [S],
    c_prev: &[S],
    c: &mut [S],
    h: &mut [S],
    hidden: usize,
) {
    let (gate_i, rest) = gates.split_at_mut(hidden);
    let (gate_f, rest) = rest.split_at_mut(hidden);
    let (gate_g, gate_o) = rest.split_at_mut(hidden);
    let (gate_o, c_prev, c, h) =
        (&mut gate_o[..hidden], &c_prev[..hidden], &mut c[..hidden], &mut h[..hidden]);
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

/// One step backward for some rows.
pub(crate) struct LstmBackward<'a, S> {
    /// `[rows, 4H]`: `i, f, g, o`.
    pub gates: &'a [S],
    /// `[rows, H]`
    pub c_prev: &'a [S],
    /// `[rows, H]`: the gradient of `h`.
    pub d_h: &'a [S],
    /// `[rows, H]` in: the gradient of `c` from the next step; out: that of `c_prev`.
    pub d_c: &'a mut [S],
    /// `[rows, 4H]`, overwritten: the gradient of `a`.
    pub d_gates: &'a mut [S],
    pub hidden: usize,
}

impl<S: Scalar> Kernel for LstmBackward<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let hidden = self.hidden;
        let gates = self.gates.chunks_exact(4 * hidden).zip(self.d_gates.chunks_exact_mut(4 * hidden));
        let states = self.c_prev.chunks_exact(hidden).zip(self.d_h.chunks_exact(hidden));
        for (((gates, d_gates), (c_prev, d_h)), d_c) in
            gates.zip(states).zip(self.d_c.chunks_exact_mut(hidden))
        {
            backward_row::<S, S::Vector<I>>(gates, c_prev, d_h, d_c, d_gates, hidden);
        }
    }
}

#[inline(always)]
fn backward_row<S: Scalar, V: Vector<S>>(
    gates: &[S],
    c_prev: &[S],
    d_h: &[S],
    d_c: &mut [S],
    d_gates: &mut [S],
    hidden: usize,
) {
    let [gate_i, gate_f, gate_g, gate_o] = [0, 1, 2, 3].map(|gate| &gates[gate * hidden..][..hidden]);
    let (d_i, rest) = d_gates.split_at_mut(hidden);
    let (d_f, rest) = rest.split_at_mut(hidden);
    let (d_g, d_o) = rest.split_at_mut(hidden);
    let (d_o, c_prev, d_h, d_c) = (&mut d_o[..hidden], &c_prev[..hidden], &d_h[..hidden], &mut d_c[..hidden]);
    let one = V::one();
    for_lanes!(V, hidden, |at| {
        let (i, f) = (V::read(gate_i, at), V::read(gate_f, at));
        let (g, o) = (V::read(gate_g, at), V::read(gate_o, at));
        let (c_prev, d_h) = (V::read(c_prev, at), V::read(d_h, at));
        let tanh_c = tanh(f.mul_add(c_prev, i * g)); // cheaper to compute again than to keep
        let d_c_now = V::read(d_c, at) + d_h * o * (one - tanh_c * tanh_c);
        (d_c_now * g * i * (one - i)).write(d_i, at);
        (d_c_now * c_prev * f * (one - f)).write(d_f, at);
        (d_c_now * i * (one - g * g)).write(d_g, at);
        (d_h * tanh_c * o * (one - o)).write(d_o, at);
        (d_c_now * f).write(d_c, at);
    });
}
