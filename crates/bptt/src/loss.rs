//! Negative log-likelihoods of what an output layer says, and their gradients, straight from logits.
//!
//! Both functions are exact for any logit, however large, and return sums, never means: whoever calls decides whether a
//! mean is over frames, tokens or notes, and passes `1 / count` as the scale of the gradient.

use composer_tensor::Scalar;

use crate::Error;
use crate::error::check_len;

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
/// `logits`, `targets` (in 0 to 1) and `weights` (any non-negative numbers; 0 takes an element out) have one length; without
/// `weights`, all are 1. `logits` are overwritten by `scale` times the gradient of the sum.
///
/// ```text
/// nll = max(l, 0) − l·target + ln(1 + e^−|l|)           d nll / d l = σ(l) − target
/// ```
///
/// # Errors
/// The lengths differ.
pub fn sigmoid_cross_entropy<S: Scalar>(
    logits: &mut [S],
    targets: &[S],
    weights: Option<&[S]>,
    scale: f64,
) -> Result<Nll, Error> {
    check_len("the targets", targets.len(), &[("logits", logits.len())])?;
    if let Some(weights) = weights {
        check_len("the weights of the targets", weights.len(), &[("logits", logits.len())])?;
    }
    let mut nll = Nll::default();
    for (index, (logit, &target)) in logits.iter_mut().zip(targets).enumerate() {
        let weight = weights.map_or(1.0, |weights| weights[index].f64());
        if weight == 0.0 {
            *logit = S::zero();
            continue;
        }
        let (l, target) = (logit.f64(), target.f64());
        let e = (-l.abs()).exp();
        nll.sum += weight * (l.max(0.0) - l * target + e.ln_1p());
        nll.count += weight;
        let sigmoid = if l >= 0.0 { 1.0 / (1.0 + e) } else { e / (1.0 + e) };
        *logit = S::of(scale * weight * (sigmoid - target));
    }
    Ok(nll)
}

/// The target of [`softmax_cross_entropy`] that takes a row out of the sum.
pub const IGNORE: u32 = u32::MAX;

/// Softmax cross-entropy: each row of `logits` `[rows, classes]` is a distribution over classes, for example over tokens.
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
/// The lengths do not fit, or a target is not below `classes`.
pub fn softmax_cross_entropy<S: Scalar>(
    logits: &mut [S],
    classes: usize,
    targets: &[u32],
    smoothing: f64,
    scale: f64,
) -> Result<Nll, Error> {
    check_len("the logits", logits.len(), &[("targets", targets.len()), ("classes", classes)])?;
    let outside = |&target: &u32| target != IGNORE && target as usize >= classes;
    if let Some(position) = targets.iter().position(outside) {
        return Err(Error::Index {
            what: "target class",
            index: targets[position] as usize,
            position,
            limit: classes,
        });
    }
    let mut nll = Nll::default();
    let share = smoothing / classes as f64;
    for (row, &target) in logits.chunks_exact_mut(classes.max(1)).zip(targets) {
        if target == IGNORE {
            row.fill(S::zero());
            continue;
        }
        let max = row.iter().copied().fold(S::neg_infinity(), S::max).f64();
        let total: f64 = row.iter().map(|l| (l.f64() - max).exp()).sum();
        let log_total = total.ln() + max;
        nll.sum += log_total - (1.0 - smoothing) * row[target as usize].f64();
        if smoothing > 0.0 {
            nll.sum -= share * row.iter().map(|l| l.f64()).sum::<f64>();
        }
        nll.count += 1.0;
        for (class, logit) in row.iter_mut().enumerate() {
            let hit = if class == target as usize { 1.0 - smoothing } else { 0.0 };
            *logit = S::of(scale * ((logit.f64() - log_total).exp() - hit - share));
        }
    }
    Ok(nll)
}
