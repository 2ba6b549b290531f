//! The nonlinearity of the vanilla RNN at one step, forward and backward.
//!
//! ```text
//! h = φ(W_ih x + b_ih + W_hh h_prev + b_hh)        φ = tanh or max(0, ·)
//! ```

use composer_tensor::Scalar;
use composer_tensor::for_lanes;
use composer_tensor::maths::tanh;
use composer_tensor::simd::{Isa, Kernel, Vector};

/// One step forward for some rows.
pub(crate) struct RnnForward<'a, S> {
    /// `[rows, H]` in: the sums; out: `φ` of them.
    pub gates: &'a mut [S],
    /// `[rows, H]`, overwritten.
    pub h: &'a mut [S],
    pub relu: bool,
}

impl<S: Scalar> Kernel for RnnForward<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        forward_units::<S, S::Vector<I>>(self.gates, self.h, self.relu);
    }
}

#[inline(always)]
fn forward_units<S: Scalar, V: Vector<S>>(gates: &mut [S], h: &mut [S], relu: bool) {
    let gates = &mut gates[..h.len()];
    for_lanes!(V, h.len(), |at| {
        let sum = V::read(gates, at);
        let h_now = if relu { sum.at_least(V::zero()) } else { tanh(sum) };
        h_now.write(gates, at);
        h_now.write(h, at);
    });
}

/// One step backward for some rows.
pub(crate) struct RnnBackward<'a, S> {
    /// `[rows, H]`: `φ` of the sums.
    pub gates: &'a [S],
    /// `[rows, H]`: the gradient of `h`.
    pub d_h: &'a [S],
    /// `[rows, H]`, overwritten: the gradient of the sums.
    pub d_gates: &'a mut [S],
    pub relu: bool,
}

impl<S: Scalar> Kernel for RnnBackward<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        backward_units::<S, S::Vector<I>>(self.gates, self.d_h, self.d_gates, self.relu);
    }
}

#[inline(always)]
fn backward_units<S: Scalar, V: Vector<S>>(gates: &[S], d_h: &[S], d_gates: &mut [S], relu: bool) {
    let (gates, d_h) = (&gates[..d_gates.len()], &d_h[..d_gates.len()]);
    for_lanes!(V, d_gates.len(), |at| {
        let (h, d_h) = (V::read(gates, at), V::read(d_h, at));
        let d_sum = if relu { d_h.zero_where_le(h, V::zero()) } else { d_h * (V::one() - h * h) };
        d_sum.write(d_gates, at);
    });
}
