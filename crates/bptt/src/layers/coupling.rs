//! The coupling: yes-or-no outputs that see each other, so that one vector can be a chord.
//!
//! Independent outputs choose every pitch on its own: likely C, E and E flat become all three. Here each bit sees the bits
//! that are decided before it:
//!
//! ```text
//! y_v = l_v + Σ_u weight[u, v] x_u        over the bits u that are known before v
//!
//! P(x) = Π_v σ(y_v)^x_v (1 − σ(y_v))^(1 − x_v)             exact, by the chain rule of probability
//! d_weight[u, v] = Σ_rows d_y_v x_u    d_y_v = σ(y_v) − x_v    d_l_v = d_y_v
//! ```
//!
//! [`crate::backpropagation::coupling`] derives them; [`crate::textbook::coupling`] is the same in plain loops.
//!
//! That is a fully visible sigmoid belief network (Frey 1998; Larochelle and Murray 2011), conditioned by the recurrent network
//! through the linear layer below: RNN-NADE (Boulanger-Lewandowski et al. 2012) without its hidden layer.
//!
//! Bits are decided in two planes, `0..first`, then `first..V`, each in order. A bit of the second plane whose loss mask is 0
//! follows from the first plane (a note that begins is struck by necessity), so all of the second plane knows it beforehand.

use composer_tensor::Scalar;
use ndarray::{ArrayView, ArrayViewMut, Dimension};

use crate::arrays::{as_slice_or_copy, check_rows, rows_of, with_slice_mut};
use crate::{Error, ParamId, Parameters};

/// What each of `V` bits adds to the logits of those decided after it: `weight [V, V]`, row `u` for bit `u`.
#[derive(Clone, Copy, Debug)]
pub struct Coupling {
    bits: usize,
    first: usize,
    weight: ParamId,
}

impl Coupling {
    /// Adds `prefix.weight`, zeros: independent bits. The first plane has `first` of the `bits`.
    ///
    /// # Errors
    /// There are no bits, or fewer than `first`.
    pub fn new<S: Scalar>(
        bits: usize,
        first: usize,
        prefix: &str,
        params: &mut Parameters<S>,
    ) -> Result<Self, Error> {
        let refuse =
            |name, value: usize, expected| Err(Error::Config { name, value: value.to_string(), expected });
        if bits == 0 {
            return refuse("bits", bits, "it must be at least 1");
        }
        if first > bits {
            return refuse("bits of the first plane", first, "there cannot be more than bits in all");
        }
        let dot = if prefix.is_empty() { "" } else { "." };
        Ok(Coupling { bits, first, weight: params.add(format!("{prefix}{dot}weight"), &[bits, bits]) })
    }

    /// The place of the weight.
    pub fn weight(&self) -> ParamId {
        self.weight
    }

    /// The weights, to decide one bit after the other with.
    pub fn view<'a, S: Scalar>(&self, params: &'a Parameters<S>) -> Coupled<'a, S> {
        Coupled { weight: params.value(self.weight), bits: self.bits, first: self.first }
    }

    /// Adds to `logits` `[rows, V]` or `[T, B, V]` what the true bits `on` (0 or 1) say of each other. `loss_mask` is 0 where a bit
    /// does not count; what the logits are there means nothing. All three have one shape.
    ///
    /// # Errors
    /// An array has the wrong shape.
    pub fn forward<S: Scalar, D: Dimension>(
        &self,
        params: &Parameters<S>,
        on: ArrayView<'_, S, D>,
        loss_mask: ArrayView<'_, S, D>,
        logits: ArrayViewMut<'_, S, D>,
    ) -> Result<(), Error> {
        self.check(on.shape(), loss_mask.shape(), logits.shape())?;
        let (on, loss_mask) = (as_slice_or_copy(on), as_slice_or_copy(loss_mask));
        let view = self.view(params);
        let rows = on.chunks_exact(self.bits).zip(loss_mask.chunks_exact(self.bits));
        with_slice_mut(logits, |logits| {
            for ((on, loss_mask), logits) in rows.zip(logits.chunks_exact_mut(self.bits)) {
                for bit in (0..self.bits).filter(|&bit| on[bit] > S::zero()) {
                    view.condition_on(bit, self.given(bit, loss_mask), logits);
                }
            }
        });
        Ok(())
    }

    /// Adds to the gradient of the weight, from the gradient of the logits, which is 0 where the loss mask is. The layer below
    /// takes the same gradient, as it is.
    ///
    /// # Errors
    /// An array has the wrong shape.
    pub fn backward<S: Scalar, D: Dimension>(
        &self,
        params: &mut Parameters<S>,
        on: ArrayView<'_, S, D>,
        loss_mask: ArrayView<'_, S, D>,
        d_logits: ArrayView<'_, S, D>,
    ) -> Result<(), Error> {
        self.check(on.shape(), loss_mask.shape(), d_logits.shape())?;
        let (on, loss_mask) = (as_slice_or_copy(on), as_slice_or_copy(loss_mask));
        let d_logits = as_slice_or_copy(d_logits);
        let d_weight = params.grad_mut(self.weight);
        let rows = on.chunks_exact(self.bits).zip(loss_mask.chunks_exact(self.bits));
        for ((on, loss_mask), d_logits) in rows.zip(d_logits.chunks_exact(self.bits)) {
            for bit in (0..self.bits).filter(|&bit| on[bit] > S::zero()) {
                let later = if self.given(bit, loss_mask) { self.first } else { bit + 1 };
                let row = &mut d_weight[bit * self.bits..][..self.bits];
                add(&mut row[later..], &d_logits[later..]);
                // A bit says nothing of itself.
                if later <= bit {
                    row[bit] -= d_logits[bit];
                }
            }
        }
        Ok(())
    }

    /// Whether a bit follows from the first plane.
    fn given<S: Scalar>(&self, bit: usize, loss_mask: &[S]) -> bool {
        bit >= self.first && loss_mask[bit] <= S::zero()
    }

    fn check(&self, on: &[usize], loss_mask: &[usize], logits: &[usize]) -> Result<(), Error> {
        let (rows, width) = (rows_of(on), ("V", self.bits));
        check_rows("the bits of a coupling", on, rows, width)?;
        check_rows("the loss mask of a coupling", loss_mask, rows, width)?;
        check_rows("the logits of a coupling", logits, rows, width)
    }
}

/// The weights of a [`Coupling`], to decide one bit after the other with.
#[derive(Clone, Copy, Debug)]
pub struct Coupled<'a, S> {
    weight: &'a [S],
    bits: usize,
    first: usize,
}

impl<S: Scalar> Coupled<'_, S> {
    /// What `bit` adds to each logit `[V]`; only to those of bits decided after it does that mean anything.
    pub fn row(&self, bit: usize) -> &[S] {
        &self.weight[bit * self.bits..][..self.bits]
    }

    /// Lets the logits `[V]` know that `bit` is on: those of the bits decided after it; of a bit that is `given`, because it
    /// follows from the first plane, those of the whole second plane.
    pub fn condition_on(&self, bit: usize, given: bool, logits: &mut [S]) {
        let later = if given { self.first } else { bit + 1 };
        let own = logits[bit];
        add(&mut logits[later..self.bits], &self.row(bit)[later..]);
        // A bit says nothing of itself.
        logits[bit] = own;
    }
}

fn add<S: Scalar>(sums: &mut [S], values: &[S]) {
    sums.iter_mut().zip(values).for_each(|(sum, &value)| *sum += value);
}
