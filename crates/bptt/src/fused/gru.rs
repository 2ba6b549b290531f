//! The gates of a GRU at one step, forward and backward.
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
use composer_tensor::simd::{Isa, Kernel, Vector};

/// One step forward for some rows.
pub(crate) struct GruForward<'a, S> {
    /// `[rows, 4H]` in: the sums of `r`, `z`, then `hn`, then the input's part of `n`; out: `r, z, hn, n`.
    pub gates: &'a mut [S],
    /// `[rows, H]`
    pub h_prev: &'a [S],
    /// `[rows, H]`, overwritten.
    pub h: &'a mut [S],
    pub hidden: usize,
}

impl<S: Scalar> Kernel for GruForward<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let hidden = self.hidden;
        let states = self.h_prev.chunks_exact(hidden).zip(self.h.chunks_exact_mut(hidden));
        for (gates, (h_prev, h)) in self.gates.chunks_exact_mut(4 * hidden).zip(states) {
            forward_row::<S, S::Vector<I>>(gates, h_prev, h, hidden);
        }
    }
}

#[inline(always)]
fn forward_row<S: Scalar, V: Vector<S>>(gates: &mut [S], h_prev: &[S], h: &mut [S], hidden: usize) {
    let (gate_r, rest) = gates.split_at_mut(hidden);
    let (gate_z, rest) = rest.split_at_mut(hidden);
    let (gate_hn, gate_n) = rest.split_at_mut(hidden);
    let (gate_n, h_prev, h) = (&mut gate_n[..hidden], &h_prev[..hidden], &mut h[..hidden]);
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

/// One step backward for some rows.
pub(crate) struct GruBackward<'a, S> {
    /// `[rows, 4H]`: `r, z, hn, n`.
    pub gates: &'a [S],
    /// `[rows, H]`
    pub h_prev: &'a [S],
    /// `[rows, H]` in: the gradient of `h`; out: what reaches `h_prev` past the products.
    pub d_h: &'a mut [S],
    /// `[rows, 4H]`, overwritten: the gradients of the sums of `r`, `z`, of `hn`, and of the sum of `n`.
    pub d_gates: &'a mut [S],
    pub hidden: usize,
}

impl<S: Scalar> Kernel for GruBackward<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let hidden = self.hidden;
        let gates = self.gates.chunks_exact(4 * hidden).zip(self.d_gates.chunks_exact_mut(4 * hidden));
        let states = self.h_prev.chunks_exact(hidden).zip(self.d_h.chunks_exact_mut(hidden));
        for ((gates, d_gates), (h_prev, d_h)) in gates.zip(states) {
            backward_row::<S, S::Vector<I>>(gates, h_prev, d_h, d_gates, hidden);
        }
    }
}

#[inline(always)]
fn backward_row<S: Scalar, V: Vector<S>>(
    gates: &[S],
    h_prev: &[S],
    d_h: &mut [S],
    d_gates: &mut [S],
    hidden: usize,
) {
    let [gate_r, gate_z, gate_hn, gate_n] = [0, 1, 2, 3].map(|slot| &gates[slot * hidden..][..hidden]);
    let (d_r, rest) = d_gates.split_at_mut(hidden);
    let (d_z, rest) = rest.split_at_mut(hidden);
    let (d_hn, d_n) = rest.split_at_mut(hidden);
    let (d_n, h_prev, d_h) = (&mut d_n[..hidden], &h_prev[..hidden], &mut d_h[..hidden]);
    let one = V::one();
    for_lanes!(V, hidden, |at| {
        let (r, z) = (V::read(gate_r, at), V::read(gate_z, at));
        let (hn, n) = (V::read(gate_hn, at), V::read(gate_n, at));
        let (h_prev, d_h_now) = (V::read(h_prev, at), V::read(d_h, at));
        let d_n_now = d_h_now * (one - z) * (one - n * n);
        (d_n_now * hn * r * (one - r)).write(d_r, at);
        (d_h_now * (h_prev - n) * z * (one - z)).write(d_z, at);
        (d_n_now * r).write(d_hn, at);
        d_n_now.write(d_n, at);
        (d_h_now * z).write(d_h, at);
    });
}
