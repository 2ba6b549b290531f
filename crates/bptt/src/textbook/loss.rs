//! Softmax and sigmoid cross-entropy of one row in plain loops, forward and backward.
#![doc = ""]
#![doc = include_str!("../../docs/losses.md")]
#![cfg_attr(doc, doc = include_str!("../../docs/katex/katex.html"))]

/// What the forward pass of a softmax cross-entropy saves for the backward pass.
#[derive(Clone, Debug, PartialEq)]
pub struct Softmax {
    /// Probabilities `[K]`.
    pub p: Vec<f64>,
    /// The target distribution `[K]`.
    pub q: Vec<f64>,
    /// `ln Σ e^l_k`
    pub ln_z: f64,
    /// In nats.
    pub loss: f64,
}

/// The loss of one row of `logits` `[K]`, whose true class is `target`, with label smoothing of `smoothing`.
///
/// # Panics
/// If there is no class `target`.
pub fn softmax_forward(logits: &[f64], target: usize, smoothing: f64) -> Softmax {
    let classes = logits.len();
    assert!(target < classes, "target {target} is not below {classes}, the number of classes");
    // The largest logit is subtracted first, so that no exponential overflows: p and ln Z stay the same.
    let largest = logits.iter().fold(f64::NEG_INFINITY, |largest, &l| largest.max(l));
    let mut z = 0.0;
    for k in 0..classes {
        z += (logits[k] - largest).exp();
    }
    // ln Z = μ + ln Σ e^(l_k − μ)
    let ln_z = largest + z.ln();
    let (mut p, mut q, mut loss) = (vec![0.0; classes], vec![0.0; classes], ln_z);
    for k in 0..classes {
        // p_k = e^l_k / Z
        p[k] = (logits[k] - largest).exp() / z;
        // q_k = (1 − ε) [k = target] + ε / K
        q[k] = (1.0 - smoothing) * f64::from(u8::from(k == target)) + smoothing / classes as f64;
        // L = ln Z − Σ q_k l_k
        loss -= q[k] * logits[k];
    }
    Softmax { p, q, ln_z, loss }
}

/// The gradient of the logits `[K]`.
pub fn softmax_backward(saved: &Softmax) -> Vec<f64> {
    let mut d_l = vec![0.0; saved.p.len()];
    for k in 0..d_l.len() {
        // d_l_k = p_k − q_k: logarithm rule and exponential rule for ln Z, constant factor for q_k l_k
        d_l[k] = saved.p[k] - saved.q[k];
    }
    d_l
}

/// What the forward pass of a sigmoid cross-entropy saves for the backward pass.
#[derive(Clone, Debug, PartialEq)]
pub struct Sigmoid {
    /// Probabilities `[V]`.
    pub p: Vec<f64>,
    /// The loss of each bit `[V]`, in nats.
    pub loss: Vec<f64>,
}

/// The loss of bits with `targets` `[V]` (0 to 1); `loss_mask` `[V]` is 0 where a bit does not count.
///
/// # Panics
/// If the lengths differ.
pub fn sigmoid_forward(logits: &[f64], targets: &[f64], loss_mask: &[f64]) -> Sigmoid {
    let bits = logits.len();
    assert!(
        targets.len() == bits && loss_mask.len() == bits,
        "one target and one mask for each of {bits} bits"
    );
    let (mut p, mut loss) = (vec![0.0; bits], vec![0.0; bits]);
    for v in 0..bits {
        let (l, y, m) = (logits[v], targets[v], loss_mask[v]);
        // p = σ(l)
        p[v] = 1.0 / (1.0 + (-l).exp());
        // L = m (max(l, 0) − l y + ln(1 + e^−|l|)), which is −m (y ln p + (1 − y) ln(1 − p)) without overflow
        loss[v] = m * (l.max(0.0) - l * y + (-l.abs()).exp().ln_1p());
    }
    Sigmoid { p, loss }
}

/// The gradient of the logits `[V]`.
pub fn sigmoid_backward(saved: &Sigmoid, targets: &[f64], loss_mask: &[f64]) -> Vec<f64> {
    let mut d_l = vec![0.0; saved.p.len()];
    for v in 0..d_l.len() {
        let (p, y, m) = (saved.p[v], targets[v], loss_mask[v]);
        // d_l = m (p − y): logarithm rule, then sigmoid rule, whose p (1 − p) cancels
        d_l[v] = m * (p - y);
    }
    d_l
}
