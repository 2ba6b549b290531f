//! The mixture of softmaxes for one row in plain loops, forward and backward.
#![doc = ""]
#![doc = include_str!("../../docs/mixture.md")]
#![cfg_attr(doc, doc = include_str!("../../docs/katex/katex.html"))]

/// The parameters: `K` softmaxes over `V` classes, from `H` features by way of `E`. Matrices are rows of rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixture {
    /// `A` `[K, H]`
    pub prior_weight: Vec<Vec<f64>>,
    /// `a` `[K]`
    pub prior_bias: Vec<f64>,
    /// `P` `[K·E, H]`: row `k·E + e`
    pub latent_weight: Vec<Vec<f64>>,
    /// `c` `[K·E]`
    pub latent_bias: Vec<f64>,
    /// `W` `[V, E]`
    pub weight: Vec<Vec<f64>>,
    /// `b` `[V]`
    pub bias: Vec<f64>,
}

/// What the forward pass saves for the backward pass.
#[derive(Clone, Debug, PartialEq)]
pub struct Saved {
    /// `π` `[K]`
    pub prior: Vec<f64>,
    /// `s` `[K][E]`
    pub s: Vec<Vec<f64>>,
    /// `q` `[K][V]`
    pub q: Vec<Vec<f64>>,
    /// `p` `[V]`
    pub p: Vec<f64>,
    /// `y = ln p` `[V]`
    pub y: Vec<f64>,
}

fn softmax(logits: &[f64]) -> Vec<f64> {
    let largest = logits.iter().fold(f64::NEG_INFINITY, |largest, &l| largest.max(l));
    let mut p: Vec<f64> = logits.iter().map(|l| (l - largest).exp()).collect();
    let z: f64 = p.iter().sum();
    p.iter_mut().for_each(|p| *p /= z);
    p
}

/// `b_i + Σ_j W_ij x_j`
fn affine(weight: &[Vec<f64>], bias: &[f64], x: &[f64]) -> Vec<f64> {
    let mut y = bias.to_vec();
    for i in 0..y.len() {
        for j in 0..x.len() {
            y[i] += weight[i][j] * x[j];
        }
    }
    y
}

impl Mixture {
    /// Log-probabilities of one row of features `h` `[H]`.
    pub fn forward(&self, h: &[f64]) -> Saved {
        let (softmaxes, classes) = (self.prior_bias.len(), self.bias.len());
        let features = self.latent_bias.len() / softmaxes;
        // π = softmax(A h + a)
        let prior = softmax(&affine(&self.prior_weight, &self.prior_bias, h));
        // s_k = tanh(P_k h + c_k)
        let all: Vec<f64> =
            affine(&self.latent_weight, &self.latent_bias, h).into_iter().map(f64::tanh).collect();
        let s: Vec<Vec<f64>> = all.chunks(features).map(<[f64]>::to_vec).collect();
        // q_k = softmax(W s_k + b)
        let q: Vec<Vec<f64>> = s.iter().map(|s| softmax(&affine(&self.weight, &self.bias, s))).collect();
        let mut p = vec![0.0; classes];
        for v in 0..classes {
            for k in 0..softmaxes {
                // p_v = Σ_k π_k q_kv
                p[v] += prior[k] * q[k][v];
            }
        }
        let y = p.iter().map(|p| p.ln()).collect();
        Saved { prior, s, q, p, y }
    }

    /// Adds to the gradients `d` of all parameters; returns that of `h` `[H]`. `d_y` `[V]` is the gradient of the log-probabilities.
    pub fn backward(&self, h: &[f64], saved: &Saved, d_y: &[f64], d: &mut Mixture) -> Vec<f64> {
        let Saved { prior, s, q, p, .. } = saved;
        let (softmaxes, classes) = (prior.len(), d_y.len());
        let (features, inputs) = (s[0].len(), h.len());
        let mut d_h = vec![0.0; inputs];
        // d_p_v = d_y_v / p_v: logarithm rule
        let d_p: Vec<f64> = (0..classes).map(|v| d_y[v] / p[v]).collect();
        // d_π_k = Σ_v d_p_v q_kv: product rule, sum over paths
        let d_prior: Vec<f64> =
            (0..softmaxes).map(|k| (0..classes).map(|v| d_p[v] * q[k][v]).sum()).collect();
        // Σ_j d_π_j π_j
        let d_prior_mean: f64 = (0..softmaxes).map(|j| d_prior[j] * prior[j]).sum();
        for k in 0..softmaxes {
            // d_a_k = π_k (d_π_k − Σ_j d_π_j π_j): the softmax
            let d_a = prior[k] * (d_prior[k] - d_prior_mean);
            d.prior_bias[k] += d_a;
            for i in 0..inputs {
                d.prior_weight[k][i] += d_a * h[i];
                d_h[i] += d_a * self.prior_weight[k][i];
            }
            // d_q_kv = d_p_v π_k: product rule
            let d_q: Vec<f64> = (0..classes).map(|v| d_p[v] * prior[k]).collect();
            // Σ_u d_q_ku q_ku
            let d_q_mean: f64 = (0..classes).map(|u| d_q[u] * q[k][u]).sum();
            let mut d_s = vec![0.0; features];
            for v in 0..classes {
                // d_z_kv = q_kv (d_q_kv − Σ_u d_q_ku q_ku): the softmax
                let d_z = q[k][v] * (d_q[v] - d_q_mean);
                d.bias[v] += d_z;
                for e in 0..features {
                    // W serves all softmaxes: sum over paths
                    d.weight[v][e] += d_z * s[k][e];
                    d_s[e] += d_z * self.weight[v][e];
                }
            }
            for e in 0..features {
                // d_u = d_s (1 − s²): tanh
                let d_u = d_s[e] * (1.0 - s[k][e] * s[k][e]);
                d.latent_bias[k * features + e] += d_u;
                for i in 0..inputs {
                    d.latent_weight[k * features + e][i] += d_u * h[i];
                    d_h[i] += d_u * self.latent_weight[k * features + e][i];
                }
            }
        }
        d_h
    }

    /// Gradients of the same shape, zeros.
    pub fn zeros_like(&self) -> Mixture {
        let zeros = |rows: &[Vec<f64>]| rows.iter().map(|row| vec![0.0; row.len()]).collect();
        Mixture {
            prior_weight: zeros(&self.prior_weight),
            prior_bias: vec![0.0; self.prior_bias.len()],
            latent_weight: zeros(&self.latent_weight),
            latent_bias: vec![0.0; self.latent_bias.len()],
            weight: zeros(&self.weight),
            bias: vec![0.0; self.bias.len()],
        }
    }
}
