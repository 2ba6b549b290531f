//! The coupling of output bits for one row in plain loops, forward and backward.
#![doc = ""]
#![doc = include_str!("../../docs/coupling.md")]
#![cfg_attr(doc, doc = include_str!("../../docs/katex/katex.html"))]

/// What each of `bits` bits adds to the logits of those decided after it.
#[derive(Clone, Copy, Debug)]
pub struct Coupling<'a> {
    /// `[V, V]`, row-major: row `u` for bit `u`.
    pub weight: &'a [f64],
    /// `V`
    pub bits: usize,
    /// Bits of the first plane.
    pub first: usize,
}

impl Coupling<'_> {
    /// Whether bit `u` is known before bit `v` is decided.
    pub fn knows(&self, v: usize, u: usize, loss_mask: &[f64]) -> bool {
        // A bit of the second plane that is not decided follows from the first plane: all of the second plane knows it.
        let given = |bit: usize| bit >= self.first && loss_mask[bit] == 0.0;
        u < v || (u != v && v >= self.first && given(u))
    }

    // ANCHOR: forward
    /// The logits `[V]` given the true bits `on` `[V]` (0 or 1), from the linear layer's logits `l` `[V]`.
    pub fn forward(&self, l: &[f64], on: &[f64], loss_mask: &[f64]) -> Vec<f64> {
        let mut y = l.to_vec();
        for v in 0..self.bits {
            for u in 0..self.bits {
                if self.knows(v, u, loss_mask) {
                    // y_v = l_v + Σ_u weight_uv x_u
                    y[v] += self.weight[u * self.bits + v] * on[u];
                }
            }
        }
        y
    }
    // ANCHOR_END: forward

    /// Adds to the gradient of the weight `[V, V]`. The gradient of `l` is `d_y` `[V]`, as it is (sum rule).
    pub fn backward(&self, on: &[f64], loss_mask: &[f64], d_y: &[f64], d_weight: &mut [f64]) {
        for v in 0..self.bits {
            for u in 0..self.bits {
                if self.knows(v, u, loss_mask) {
                    // d_weight_uv += d_y_v x_u: product rule; sum over paths, for all rows
                    d_weight[u * self.bits + v] += d_y[v] * on[u];
                }
            }
        }
    }
}
