//! The nonlinearity of the vanilla RNN at one step, forward and backward.
//!
//! ```text
//! h = φ(W_ih x + b_ih + W_hh h_prev + b_hh)        φ = tanh or max(0, ·)
//! ```

use composer_tensor::Scalar;
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
        for at in (0..self.h.len()).step_by(<S::Vector<I> as Vector<S>>::LANES) {
            let sum = <S::Vector<I> as Vector<S>>::read(self.gates, at);
            let h = if self.relu { sum.at_least(Vector::zero()) } else { tanh(sum) };
            h.write(self.gates, at);
            h.write(self.h, at);
        }
    }
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
        for at in (0..self.d_gates.len()).step_by(<S::Vector<I> as Vector<S>>::LANES) {
            let h = <S::Vector<I> as Vector<S>>::read(self.gates, at);
            let d_h = <S::Vector<I> as Vector<S>>::read(self.d_h, at);
            let d_sum = if self.relu {
                Vector::zero_where_le(d_h, h, Vector::zero())
            } else {
                d_h * (<S::Vector<I> as Vector<S>>::one() - h * h)
            };
            d_sum.write(self.d_gates, at);
        }
    }
}
