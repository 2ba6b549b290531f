//! Negative log-likelihoods of what an output layer says, and their gradients, straight from logits.
//!
//! [`crate::backpropagation::losses`] derives them; [`crate::textbook::loss`] is the same in plain loops.
//!
//! Sigmoid and softmax cross-entropy are exact for any logit, however large. [`squared_error`] is for real-valued outputs. All
//! return sums, never means: whoever calls decides whether a mean is over frames, tokens or notes, and passes `1 / count` as the
//! scale of the gradient.

use composer_tensor::maths::{exp, ln_1p};
use composer_tensor::parallel::{ReadRows, SliceRows, SplitRows, sum_blocks};
use composer_tensor::simd::{Isa, Kernel, Vector, dispatch};
use composer_tensor::split_rows_by_field;
use composer_tensor::{Scalar, for_lanes};
use ndarray::{ArrayView, ArrayViewMut, Dimension};

use crate::Error;
use crate::arrays::{as_slice_or_copy, check_rows, rows_of, with_slice_mut};

/// A sum of negative log-likelihoods.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Nll {
    /// In nats.
    pub sum: f64,
    /// The number (or weight) of the elements in it.
    pub count: f64,
}

impl Nll {
    /// Nats per element; 0 if there are none.
    pub fn mean(&self) -> f64 {
        if self.count > 0.0 { self.sum / self.count } else { 0.0 }
    }
}

/// Sigmoid cross-entropy: each logit is the log-odds of one yes-or-no, for example of one pitch in one frame.
///
/// `logits`, `targets` (in 0 to 1) and `weights` (any non-negative numbers; 0 takes an element out) have one shape; without
/// `weights`, all are 1. `logits` are overwritten by `scale` times the gradient of the sum.
///
/// ```text
/// nll = max(l, 0) − l·target + ln(1 + e^−|l|)           d nll / d l = σ(l) − target
/// ```
///
/// # Errors
/// The shapes differ.
pub fn sigmoid_cross_entropy<S: Scalar, D: Dimension>(
    logits: ArrayViewMut<'_, S, D>,
    targets: ArrayView<'_, S, D>,
    weights: Option<ArrayView<'_, S, D>>,
    scale: f64,
) -> Result<Nll, Error> {
    check_same(logits.shape(), targets.shape(), weights.as_ref().map(|weights| weights.shape()))?;
    let (targets, weights) = (as_slice_or_copy(targets), weights.map(as_slice_or_copy));
    Ok(with_slice_mut(logits, |logits| sigmoid_rows(logits, &targets, weights.as_deref(), scale)))
}

/// Targets and weights have the shape of the outputs, whose last axis is `V`.
fn check_same(outputs: &[usize], targets: &[usize], weights: Option<&[usize]>) -> Result<(), Error> {
    let last = ("V", outputs.last().copied().unwrap_or(1));
    let rows = rows_of(outputs);
    for (what, shape) in [("the targets", Some(targets)), ("the weights of the targets", weights)] {
        if let Some(shape) = shape.filter(|&shape| shape != outputs) {
            check_rows(what, shape, rows, last)?;
        }
    }
    Ok(())
}

fn sigmoid_rows<S: Scalar>(logits: &mut [S], targets: &[S], weights: Option<&[S]>, scale: f64) -> Nll {
    let count = match weights {
        Some(weights) => weights.iter().map(|weight| weight.f64()).sum(),
        None => logits.len() as f64,
    };
    let rows = logits.len();
    let work = SigmoidRows {
        logits: SliceRows { data: logits, first: 0, width: 1 },
        targets: ReadRows { data: targets, width: 1 },
        weights: weights.map(|data| ReadRows { data, width: 1 }),
    };
    let run = |SigmoidRows { logits, targets, weights }: SigmoidRows<'_, S>| {
        let (logits, targets) = (logits.data, targets.data);
        dispatch(Sigmoid {
            logits,
            targets,
            weights: weights.map(|weights| weights.data),
            scale: S::of(scale),
        })
    };
    Nll { sum: sum_blocks(work, rows, BLOCK, &run), count }
}

/// Elements that are summed in the precision of the logits before the sum goes on in double precision.
const BLOCK: usize = 1024;

/// Elements of one thread.
struct SigmoidRows<'a, S> {
    logits: SliceRows<'a, S>,
    targets: ReadRows<'a, S>,
    weights: Option<ReadRows<'a, S>>,
}

split_rows_by_field!(SigmoidRows { logits, targets, weights });

/// Replaces logits by gradients; returns the sum.
struct Sigmoid<'a, S> {
    logits: &'a mut [S],
    targets: &'a [S],
    weights: Option<&'a [S]>,
    scale: S,
}

impl<S: Scalar> Kernel for Sigmoid<'_, S> {
    type Output = f64;

    #[inline(always)]
    fn run<I: Isa>(self) -> f64 {
        self.sum::<S::Vector<I>>()
    }
}

impl<S: Scalar> Sigmoid<'_, S> {
    #[inline(always)]
    fn sum<V: Vector<S>>(self) -> f64 {
        let (one, zero, scale) = (V::one(), V::zero(), V::splat(self.scale));
        let mut sums = V::zero();
        for at in (0..self.logits.len()).step_by(V::LANES) {
            let (l, target) = (V::read(self.logits, at), V::read(self.targets, at));
            let e = exp(-l.at_least(-l));
            let larger = one / (one + e); // σ(|l|)
            let smaller = e * larger; // σ(−|l|)
            let sigmoid = larger.zero_where_le(l, zero) + (smaller - smaller.zero_where_le(l, zero));
            let mut nll = l.at_least(zero) - l * target + ln_1p(e);
            let mut d = scale * (sigmoid - target);
            if let Some(weights) = self.weights {
                let weight = V::read(weights, at);
                // Where the weight is zero, the logit may be anything.
                nll = (nll * weight).zero_where_le(weight, zero);
                d = (d * weight).zero_where_le(weight, zero);
            } else if at + V::LANES > self.logits.len() {
                let inside: [S; 16] =
                    std::array::from_fn(
                        |lane| if at + lane < self.logits.len() { S::one() } else { S::zero() },
                    );
                nll = nll * V::read(&inside, 0);
            }
            sums = sums + nll;
            d.write(self.logits, at);
        }
        let mut lanes = [S::zero(); 16];
        sums.write(&mut lanes[..V::LANES], 0);
        lanes.iter().map(|lane| lane.f64()).sum()
    }
}

/// `½ ln 2π`: what −ln of a normal density with unit variance is at its mean, in nats.
pub const UNIT_NORMAL_NLL: f64 = 0.918_938_533_204_672_7;

/// Squared error of real-valued outputs: half the squared distance from the targets, summed.
///
/// `outputs`, `targets` and `weights` (any non-negative numbers; 0 takes an element out, whatever stands there) have one shape;
/// without `weights`, all are 1. `outputs` are overwritten by `scale` times the gradient of the sum.
///
/// ```text
/// sum = Σ w ½ (y − target)²          d sum / d y = w (y − target)
/// ```
///
/// As a likelihood: the target is normal with mean `y` and variance 1, and `sum` is its negative log-density without the
/// constant, so `sum + count ·` [`UNIT_NORMAL_NLL`] are the nats. (PyTorch: `MSELoss(reduction="sum") / 2`, or
/// `GaussianNLLLoss(full=True)` with a variance of 1.) The mean squared error is `2 sum / count`.
///
/// # Errors
/// The shapes differ.
pub fn squared_error<S: Scalar, D: Dimension>(
    outputs: ArrayViewMut<'_, S, D>,
    targets: ArrayView<'_, S, D>,
    weights: Option<ArrayView<'_, S, D>>,
    scale: f64,
) -> Result<Nll, Error> {
    check_same(outputs.shape(), targets.shape(), weights.as_ref().map(|weights| weights.shape()))?;
    let (targets, weights) = (as_slice_or_copy(targets), weights.map(as_slice_or_copy));
    let targets = targets.iter().copied();
    let Some(weights) = weights else {
        let count = outputs.len() as f64;
        let targets = targets.map(|target| (target, S::one()));
        let sum = with_slice_mut(outputs, |outputs| squared_differences(outputs, targets, scale));
        return Ok(Nll { sum, count });
    };
    let count = weights.iter().map(|weight| weight.f64()).sum();
    let targets = targets.zip(weights.iter().copied());
    let sum = with_slice_mut(outputs, |outputs| squared_differences(outputs, targets, scale));
    Ok(Nll { sum, count })
}

/// One pass in one order: outputs are few beside the products of a recurrent step.
fn squared_differences<S: Scalar>(
    outputs: &mut [S],
    targets: impl Iterator<Item = (S, S)>,
    scale: f64,
) -> f64 {
    let scale = S::of(scale);
    let each = outputs.iter_mut().zip(targets).map(|(y, (target, weight))| {
        if weight <= S::zero() {
            *y = S::zero();
            return 0.0;
        }
        let distance = *y - target;
        *y = scale * weight * distance;
        0.5 * weight.f64() * distance.f64() * distance.f64()
    });
    each.sum()
}

/// The target of [`softmax_cross_entropy`] that takes a row out of the sum.
pub const IGNORE: u32 = u32::MAX;

/// Softmax cross-entropy: each row of `logits` `[rows, K]` or `[T, B, K]` is a distribution over `K` classes, for example over
/// tokens; `targets` `[rows]` or `[T, B]` has a class for each.
///
/// Rows whose target is [`IGNORE`] count nothing. With `smoothing` ε, the target has probability `1 − ε` and all classes
/// share ε, as in PyTorch. `logits` are overwritten by `scale` times the gradient of the sum. A logit of −∞ is a class that
/// cannot be; it must be no target and needs `smoothing` 0.
///
/// ```text
/// nll = ln Σ e^(l_k) − (1 − ε) l_target − ε/K Σ l_k      d nll / d l_k = softmax(l)_k − (1 − ε)[k = target] − ε/K
/// ```
///
/// # Errors
/// The shapes do not fit, or a target is not below `K`.
pub fn softmax_cross_entropy<S: Scalar, D: Dimension>(
    logits: ArrayViewMut<'_, S, D>,
    targets: ArrayView<'_, u32, D::Smaller>,
    smoothing: f64,
    scale: f64,
) -> Result<Nll, Error> {
    let classes = logits.shape().last().copied().unwrap_or(0);
    check_rows("the logits", logits.shape(), targets.shape(), ("K", classes))?;
    let targets = as_slice_or_copy(targets);
    check_classes(&targets, classes)?;
    Ok(with_slice_mut(logits, |logits| softmax_rows(logits, classes, &targets, (smoothing, scale))))
}

fn check_classes(targets: &[u32], classes: usize) -> Result<(), Error> {
    let outside = |&target: &u32| target != IGNORE && target as usize >= classes;
    match targets.iter().position(outside) {
        Some(position) => Err(Error::Index {
            what: "target class",
            index: targets[position] as usize,
            position,
            limit: classes,
        }),
        None => Ok(()),
    }
}

fn softmax_rows<S: Scalar>(
    logits: &mut [S],
    classes: usize,
    targets: &[u32],
    (smoothing, scale): (f64, f64),
) -> Nll {
    let count = targets.iter().filter(|&&target| target != IGNORE).count() as f64;
    let rows = targets.len();
    let work = SoftmaxRows {
        logits: SliceRows { data: logits, first: 0, width: classes },
        targets: ReadRows { data: targets, width: 1 },
    };
    let run = |SoftmaxRows { logits, targets }: SoftmaxRows<'_, S>| {
        let each = logits.data.chunks_exact_mut(classes.max(1)).zip(targets.data);
        each.map(|(row, &target)| softmax_row(row, target, smoothing, scale)).sum()
    };
    let block = BLOCK.div_ceil(classes.max(1));
    Nll { sum: sum_blocks(work, rows, block, &run), count }
}

/// Rows of one thread.
struct SoftmaxRows<'a, S> {
    logits: SliceRows<'a, S>,
    targets: ReadRows<'a, u32>,
}

impl<S> SplitRows for SoftmaxRows<'_, S> {
    fn split_rows(self, at: usize) -> (Self, Self) {
        let ((a, b), (c, d)) = (self.logits.split_rows(at), self.targets.split_rows(at));
        (SoftmaxRows { logits: a, targets: c }, SoftmaxRows { logits: b, targets: d })
    }
}

/// The loss of one row; the row becomes its gradient.
fn softmax_row<S: Scalar>(row: &mut [S], target: u32, smoothing: f64, scale: f64) -> f64 {
    if target == IGNORE {
        row.fill(S::zero());
        return 0.0;
    }
    let at_target = row[target as usize].f64();
    let share = smoothing / row.len() as f64;
    let spread = if smoothing > 0.0 { share * row.iter().map(|l| l.f64()).sum::<f64>() } else { 0.0 };
    // NaN must come out as NaN, so it must not lose a comparison.
    let max = row.iter().copied().fold(S::neg_infinity(), |max, l| if l <= max { max } else { l });
    let total = dispatch(ExpMinus { row, max });
    let factor = S::of(scale / total);
    let everywhere = S::of(scale * share);
    row.iter_mut().for_each(|d| *d = *d * factor - everywhere);
    row[target as usize] -= S::of(scale * (1.0 - smoothing));
    total.ln() + max.f64() - (1.0 - smoothing) * at_target - spread
}

/// Replaces each `l` by `e^(l − max)`; returns the sum.
struct ExpMinus<'a, S> {
    row: &'a mut [S],
    max: S,
}

impl<S: Scalar> Kernel for ExpMinus<'_, S> {
    type Output = f64;

    #[inline(always)]
    fn run<I: Isa>(self) -> f64 {
        let max = <S::Vector<I> as Vector<S>>::splat(self.max);
        exp_minus(self.row, max);
        self.row.iter().map(|e| e.f64()).sum()
    }
}

#[inline(always)]
fn exp_minus<S: Scalar, V: Vector<S>>(row: &mut [S], max: V) {
    for_lanes!(V, row.len(), |at| {
        exp(V::read(row, at) - max).write(row, at);
    });
}
