//! The mixture of softmaxes: an output layer whose log-probabilities are not limited to the rank of its input.
//!
//! ```text
//! π = softmax(W_π h + b_π)      s_k = tanh(P_k h + c_k)      q_k = softmax(W s_k + b)
//!
//! y_v = ln Σ_k π_k q_kv         a logit that is a log-probability: softmax(y) = Σ_k π_k q_k
//! ```
//!
//! [`crate::backpropagation::mixture`] derives the gradients; [`crate::textbook::mixture`] is the same in plain loops.
//!
//! One softmax over `W h` gives, for all contexts together, a matrix of log-probabilities whose rank is at most the width of `h` (and one
//! more): "Breaking the softmax bottleneck" (Yang, Dai, Salakhutdinov and Cohen 2018). A logarithm of a sum has no such limit.

use composer_tensor::maths::{exp, exp_slice, ln_1p, tanh_slice};
use composer_tensor::parallel::{ReadRows, SliceRows, share_rows};
use composer_tensor::simd::{Isa, Kernel, Vector, dispatch};
use composer_tensor::{Buffer, Scalar, for_lanes, split_rows_by_field};
use ndarray::{ArrayView, ArrayViewMut, Dimension};
use rand::Rng;

use crate::arrays::{as_slice_or_copy, check_rows, rows_of, view, view_mut, with_slice_mut};
use crate::{Error, Init, Linear, LinearWorkspace, Parameters};

/// `K` softmaxes over `V` classes from `H` features, each by way of `E`; parameters `prefix.prior.weight [K, H]`,
/// `prefix.latent.weight [K·E, H]` and their biases. The layer from `E` to `V` is given, and shared.
#[derive(Clone, Copy, Debug)]
pub struct Mixture {
    prior: Linear,
    latent: Linear,
    output: Linear,
}

/// What a forward pass of a [`Mixture`] keeps for the backward pass, and scratch.
#[derive(Clone, Debug, Default)]
pub struct MixtureWorkspace<S> {
    linears: [LinearWorkspace<S>; 3],
    /// `ln π` `[rows, K]`; its gradient while the backward pass runs.
    log_prior: Buffer<S>,
    /// `s` `[rows·K, E]`
    latent: Buffer<S>,
    /// `ln q` `[rows·K, V]`; the gradient of its logits after a backward pass.
    log_q: Buffer<S>,
    /// `y` `[rows, V]`
    y: Buffer<S>,
    /// `[rows, V]`
    scratch: Buffer<S>,
    d_latent: Buffer<S>,
    d_x: Buffer<S>,
}

/// Rows that a thread takes at least.
const LEAST: usize = 4;

impl Mixture {
    /// Adds the parameters besides those of `output`, zeros.
    ///
    /// # Errors
    /// A size is zero.
    pub fn new<S: Scalar>(
        features: usize,
        softmaxes: usize,
        output: Linear,
        prefix: &str,
        params: &mut Parameters<S>,
    ) -> Result<Self, Error> {
        let dot = if prefix.is_empty() { "" } else { "." };
        let prior = Linear::new(features, softmaxes, true, &format!("{prefix}{dot}prior"), params)?;
        let width = softmaxes * output.features();
        let latent = Linear::new(features, width, true, &format!("{prefix}{dot}latent"), params)?;
        Ok(Mixture { prior, latent, output })
    }

    /// `K`
    pub fn softmaxes(&self) -> usize {
        self.prior.outputs()
    }

    /// `V`
    pub fn outputs(&self) -> usize {
        self.output.outputs()
    }

    /// The layer that all softmaxes share.
    pub fn output(&self) -> &Linear {
        &self.output
    }

    /// First values of all but the shared layer, as [`Linear::init`].
    pub fn init<S: Scalar, R: Rng>(&self, params: &mut Parameters<S>, init: &Init, rng: &mut R) {
        self.prior.init(params, init, rng);
        self.latent.init(params, init, rng);
    }

    /// Overwrites `y` `[rows, V]` or `[T, B, V]` by log-probabilities, from `x` `[rows, H]` or `[T, B, H]`.
    ///
    /// # Errors
    /// An array has the wrong shape.
    pub fn forward<S: Scalar, D: Dimension>(
        &self,
        params: &Parameters<S>,
        x: ArrayView<'_, S, D>,
        y: ArrayViewMut<'_, S, D>,
        ws: &mut MixtureWorkspace<S>,
    ) -> Result<(), Error> {
        let (k, v) = (self.softmaxes(), self.outputs());
        check_rows("the output of a mixture", y.shape(), rows_of(x.shape()), ("V", v))?;
        let rows: usize = rows_of(x.shape()).iter().product();
        let (h, e) = (self.latent.features(), self.output.features());
        check_rows("the input of a mixture", x.shape(), rows_of(y.shape()), ("H", h))?;
        let x = as_slice_or_copy(x);
        let x = view((rows, h), &x);
        let MixtureWorkspace { linears: [prior, latent, output], .. } = ws;
        ws.log_prior.fit(rows * k);
        self.prior.forward(params, x, view_mut((rows, k), &mut ws.log_prior), prior)?;
        ws.latent.fit(rows * k * e);
        self.latent.forward(params, x, view_mut((rows, k * e), &mut ws.latent), latent)?;
        let parts = SliceRows { data: &mut ws.latent[..], first: 0, width: k * e };
        share_rows(parts, rows, LEAST, &|part| tanh_slice(part.data));
        ws.log_q.fit(rows * k * v);
        let s = view((rows * k, e), &ws.latent);
        self.output.forward(params, s, view_mut((rows * k, v), &mut ws.log_q), output)?;
        ws.y.fit(rows * v);
        let work = Forward {
            log_prior: SliceRows { data: &mut ws.log_prior[..], first: 0, width: k },
            log_q: SliceRows { data: &mut ws.log_q[..], first: 0, width: k * v },
            y: SliceRows { data: &mut ws.y[..], first: 0, width: v },
        };
        share_rows(work, rows, LEAST, &|part| part.run());
        with_slice_mut(y, |y| y.copy_from_slice(&ws.y));
        Ok(())
    }

    /// Adds to the gradients of all parameters, those of the shared layer as well; overwrites `d_x`. `x` is that of the last forward pass
    /// of `ws`, whose shape `d_x` has, and `d_y` `[rows, V]` or `[T, B, V]` the gradient of its output. Once for each forward pass.
    ///
    /// # Errors
    /// There was no forward pass, or an array has another shape.
    pub fn backward<S: Scalar, D: Dimension>(
        &self,
        params: &mut Parameters<S>,
        x: ArrayView<'_, S, D>,
        d_y: ArrayView<'_, S, D>,
        d_x: ArrayViewMut<'_, S, D>,
        ws: &mut MixtureWorkspace<S>,
    ) -> Result<(), Error> {
        let (k, v) = (self.softmaxes(), self.outputs());
        let (h, e) = (self.latent.features(), self.output.features());
        let rows: usize = rows_of(x.shape()).iter().product();
        if ws.y.len() != rows * v || ws.log_prior.len() != rows * k {
            return Err(Error::NoTape);
        }
        check_rows("the gradient of a mixture's output", d_y.shape(), rows_of(x.shape()), ("V", v))?;
        check_rows("the gradient of a mixture's input", d_x.shape(), rows_of(x.shape()), ("H", h))?;
        let (x, d_y) = (as_slice_or_copy(x), as_slice_or_copy(d_y));
        let x = view((rows, h), &x);
        ws.scratch.fit(rows * v);
        let work = Backward {
            log_prior: SliceRows { data: &mut ws.log_prior[..], first: 0, width: k },
            log_q: SliceRows { data: &mut ws.log_q[..], first: 0, width: k * v },
            y: SliceRows { data: &mut ws.y[..], first: 0, width: v },
            scratch: SliceRows { data: &mut ws.scratch[..], first: 0, width: v },
            d_y: ReadRows { data: &d_y, width: v },
        };
        share_rows(work, rows, LEAST, &|part| part.run());
        let MixtureWorkspace { linears: [prior, latent, output], .. } = ws;
        let (s, d_z) = (view((rows * k, e), &ws.latent), view((rows * k, v), &ws.log_q));
        ws.d_latent.fit(rows * k * e);
        self.output.backward(params, s, d_z, Some(view_mut((rows * k, e), &mut ws.d_latent)), output)?;
        let parts = SliceRows { data: &mut ws.d_latent[..], first: 0, width: k * e };
        let s = &ws.latent[..];
        share_rows(parts, rows, LEAST, &|part| {
            let s = &s[part.first * k * e..][..part.data.len()];
            part.data.iter_mut().zip(s).for_each(|(d, &s)| *d *= S::one() - s * s);
        });
        ws.d_x.fit(rows * h);
        let d_prior = view((rows, k), &ws.log_prior);
        self.prior.backward(params, x, d_prior, Some(view_mut((rows, h), &mut ws.d_x)), prior)?;
        let d_latent = view((rows, k * e), &ws.d_latent);
        with_slice_mut(d_x, |d_x| {
            self.latent.backward(params, x, d_latent, Some(view_mut((rows, h), d_x)), latent)?;
            d_x.iter_mut().zip(&ws.d_x[..]).for_each(|(sum, &d)| *sum += d);
            Ok(())
        })?;
        ws.y.clear();
        Ok(())
    }
}

/// Rows of one thread, forward: logits of the mixture and of the softmaxes come in, logarithms of probabilities go out.
struct Forward<'a, S> {
    log_prior: SliceRows<'a, S>,
    log_q: SliceRows<'a, S>,
    y: SliceRows<'a, S>,
}

split_rows_by_field!(Forward { log_prior, log_q, y });

impl<S: Scalar> Forward<'_, S> {
    fn run(self) {
        let (k, v) = (self.log_prior.width, self.y.width);
        let rows = self.log_prior.data.chunks_exact_mut(k).zip(self.log_q.data.chunks_exact_mut(k * v));
        for ((log_prior, log_q), y) in rows.zip(self.y.data.chunks_exact_mut(v)) {
            let total: f64 = shifted(log_prior).iter().map(|l| l.f64().exp()).sum();
            log_prior.iter_mut().for_each(|l| *l -= S::of(total.ln()));
            for log_q in log_q.chunks_exact_mut(v) {
                y.copy_from_slice(shifted(log_q));
                exp_slice(y);
                let total: f64 = y.iter().map(|e| e.f64()).sum();
                log_q.iter_mut().for_each(|l| *l -= S::of(total.ln()));
            }
            y.fill(S::neg_infinity());
            for (index, (&prior, log_q)) in log_prior.iter().zip(log_q.chunks_exact(v)).enumerate() {
                match index {
                    0 => y.iter_mut().zip(log_q).for_each(|(y, &l)| *y = prior + l),
                    _ => dispatch(AddExp { y, log_q, prior }),
                }
            }
        }
    }
}

/// Takes the largest logit from all, so that no exponential overflows.
fn shifted<S: Scalar>(logits: &mut [S]) -> &[S] {
    // NaN must come out as NaN, so it must not lose a comparison.
    let largest = logits.iter().copied().fold(S::neg_infinity(), |most, l| if l <= most { most } else { l });
    logits.iter_mut().for_each(|l| *l -= largest);
    logits
}

/// `y = ln(e^y + e^(prior + log_q))`, in terms of the larger, so that no sum vanishes.
struct AddExp<'a, S> {
    y: &'a mut [S],
    log_q: &'a [S],
    prior: S,
}

impl<S: Scalar> Kernel for AddExp<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        add_exp::<S, S::Vector<I>>(self.y, self.log_q, self.prior);
    }
}

#[inline(always)]
fn add_exp<S: Scalar, V: Vector<S>>(y: &mut [S], log_q: &[S], prior: S) {
    let prior = V::splat(prior);
    for_lanes!(V, y.len(), |at| {
        let (a, b) = (V::read(y, at), prior + V::read(log_q, at));
        let (a_more, b_more) = (a - b, b - a);
        (a.at_least(b) + ln_1p(exp(-a_more.at_least(b_more)))).write(y, at);
    });
}

/// Rows of one thread, backward: the logarithms of the forward pass and `d_y` come in; gradients of the logits go out.
struct Backward<'a, S> {
    log_prior: SliceRows<'a, S>,
    log_q: SliceRows<'a, S>,
    y: SliceRows<'a, S>,
    scratch: SliceRows<'a, S>,
    d_y: ReadRows<'a, S>,
}

split_rows_by_field!(Backward { log_prior, log_q, y, scratch, d_y });

impl<S: Scalar> Backward<'_, S> {
    fn run(self) {
        let (k, v) = (self.log_prior.width, self.y.width);
        let rows = self.log_prior.data.chunks_exact_mut(k).zip(self.log_q.data.chunks_exact_mut(k * v));
        let others = self.y.data.chunks_exact(v).zip(self.d_y.data.chunks_exact(v));
        let scratch = self.scratch.data.chunks_exact_mut(v);
        for (((log_prior, log_q), (y, d_y)), scratch) in rows.zip(others).zip(scratch) {
            let total: f64 = d_y.iter().map(|d| d.f64()).sum();
            for (prior, log_q) in log_prior.iter_mut().zip(log_q.chunks_exact_mut(v)) {
                // r_v = e^(ln π + ln q_v − y_v), the share of this softmax in the probability of v
                let each = scratch.iter_mut().zip(&*log_q).zip(y);
                each.for_each(|((r, &l), &y)| *r = *prior + l - y);
                exp_slice(scratch);
                // d_ln_q_v = d_y_v r_v, whose sum is d_ln_π
                scratch.iter_mut().zip(d_y).for_each(|(r, &d)| *r *= d);
                let sum: f64 = scratch.iter().map(|d| d.f64()).sum();
                // d_z_v = d_ln_q_v − q_v Σ_u d_ln_q_u
                exp_slice(log_q);
                log_q.iter_mut().zip(&*scratch).for_each(|(q, &d)| *q = d - *q * S::of(sum));
                // d_a = d_ln_π − π Σ_j d_ln_π_j, and all shares of v sum to 1
                *prior = S::of(sum - prior.f64().exp() * total);
            }
        }
    }
}
