//! The nonlinearity of the vanilla RNN at one step, forward and backward.
//!
//! ```text
//! h = φ(W_ih x + b_ih + W_hh h_prev + b_hh)        φ = tanh or max(0, ·)
//! ```

use composer_tensor::Scalar;
use composer_tensor::for_lanes;
use composer_tensor::maths::tanh;
use composer_tensor::simd::Vector;

use super::cell::FusedCell;

/// `φ = tanh`
pub(crate) struct Tanh;

impl FusedCell for Tanh {
    const ROWS_AS_ONE: bool = true;

    #[inline(always)]
    fn forward<S: Scalar, V: Vector<S>>(
        gates: &mut [S],
        _h_prev: &[S],
        _c_prev: &[S],
        h: &mut [S],
        _c: &mut [S],
        _diagonal: &[S],
    ) {
        let gates = &mut gates[..h.len()];
        for_lanes!(V, h.len(), |at| {
            let h_now = tanh(V::read(gates, at));
            h_now.write(gates, at);
            h_now.write(h, at);
        });
    }

    #[inline(always)]
    fn backward<S: Scalar, V: Vector<S>>(
        gates: &[S],
        _h_prev: &[S],
        _c_prev: &[S],
        d_h: &mut [S],
        _d_c: &mut [S],
        d_gates: &mut [S],
        _diagonal: &[S],
    ) {
        let (gates, d_h) = (&gates[..d_gates.len()], &d_h[..d_gates.len()]);
        for_lanes!(V, d_gates.len(), |at| {
            let (h, d_h) = (V::read(gates, at), V::read(d_h, at));
            (d_h * (V::one() - h * h)).write(d_gates, at);
        });
    }
}

/// `φ = max(0, ·)`
pub(crate) struct Relu;

impl FusedCell for Relu {
    const ROWS_AS_ONE: bool = true;

    #[inline(always)]
    fn forward<S: Scalar, V: Vector<S>>(
        gates: &mut [S],
        _h_prev: &[S],
        _c_prev: &[S],
        h: &mut [S],
        _c: &mut [S],
        _diagonal: &[S],
    ) {
        let gates = &mut gates[..h.len()];
        for_lanes!(V, h.len(), |at| {
            let h_now = V::read(gates, at).at_least(V::zero());
            h_now.write(gates, at);
            h_now.write(h, at);
        });
    }

    #[inline(always)]
    fn backward<S: Scalar, V: Vector<S>>(
        gates: &[S],
        _h_prev: &[S],
        _c_prev: &[S],
        d_h: &mut [S],
        _d_c: &mut [S],
        d_gates: &mut [S],
        _diagonal: &[S],
    ) {
        let (gates, d_h) = (&gates[..d_gates.len()], &d_h[..d_gates.len()]);
        for_lanes!(V, d_gates.len(), |at| {
            let (h, d_h) = (V::read(gates, at), V::read(d_h, at));
            d_h.zero_where_le(h, V::zero()).write(d_gates, at);
        });
    }
}
