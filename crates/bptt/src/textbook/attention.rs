//! Attention of one row of the batch in plain loops, forward and backward.
#![doc = ""]
#![doc = include_str!("../../docs/attention.md")]
#![cfg_attr(doc, doc = include_str!("../../docs/katex/katex.html"))]

/// A matrix, row by row; or one vector per step.
pub type Rows = Vec<Vec<f64>>;

/// The score and its weights; of the same form are their gradients.
#[derive(Clone, Debug, PartialEq)]
pub enum Score {
    /// `e_ts = q_t · k_s`
    Dot,
    /// `e_ts = q_t · W k_s`
    General {
        /// `W` `[H, K]`
        key_weight: Rows,
    },
    /// `e_ts = v · tanh(W_q q_t + b + W_k k_s)`
    Additive {
        /// `W_q` `[A, H]`
        query_weight: Rows,
        /// `b` `[A]`
        query_bias: Vec<f64>,
        /// `W_k` `[A, K]`
        key_weight: Rows,
        /// `[A]`
        v: Vec<f64>,
    },
}

/// What the forward pass saves for the backward pass.
#[derive(Clone, Debug, PartialEq)]
pub struct Activations {
    /// The keys as scores see them `[S, P]`: `k_s`, `W k_s` or `W_k k_s`.
    pub p: Rows,
    /// For additive scores `W_q q_t + b`, `[T, A]`; else empty.
    pub u: Rows,
    /// For additive scores `tanh(u_t + p_s)`, `[T][S][A]`; else empty.
    pub z: Vec<Rows>,
    /// Scores `[T, S]`.
    pub e: Rows,
    /// Weights `[T, S]`: each row adds up to one.
    pub a: Rows,
    /// `[T, K]`
    pub context: Rows,
}

/// What the backward pass returns.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradients {
    /// `[T, S]`
    pub d_a: Rows,
    /// `[T, S]`
    pub d_e: Rows,
    /// `[S, P]`
    pub d_p: Rows,
    /// The part of `d_keys` that comes from the contexts alone, `[S, K]`.
    pub d_keys_context: Rows,
    /// `[T, H]`
    pub d_queries: Rows,
    /// `[S, K]`
    pub d_keys: Rows,
    /// Gradients of the weights.
    pub d_score: Score,
}

/// Looks from `queries` `[T, H]` at `keys` `[S, K]`. Source steps that are padding (`valid` `[S]`) get no weight; at least one is valid.
pub fn forward(score: &Score, queries: &[Vec<f64>], keys: &[Vec<f64>], valid: &[bool]) -> Activations {
    let (steps, source) = (queries.len(), keys.len());
    let (mut p, mut u, mut z) = (keys.to_vec(), Rows::new(), Vec::<Rows>::new());
    let mut e = vec![vec![0.0; source]; steps];
    match score {
        Score::Dot => {}
        // p_s = W k_s
        Score::General { key_weight } => p = keys.iter().map(|k| times(key_weight, k)).collect(),
        Score::Additive { query_weight, query_bias, key_weight, .. } => {
            // u_t = W_q q_t + b
            u = queries.iter().map(|q| plus(&times(query_weight, q), query_bias)).collect();
            // p_s = W_k k_s
            p = keys.iter().map(|k| times(key_weight, k)).collect();
        }
    }
    for t in 0..steps {
        if let Score::Additive { v, .. } = score {
            // z_ts = tanh(u_t + p_s)
            z.push((0..source).map(|s| plus(&u[t], &p[s]).iter().map(|sum| sum.tanh()).collect()).collect());
            for s in 0..source {
                // e_ts = v · z_ts
                e[t][s] = dot(v, &z[t][s]);
            }
        } else {
            for s in 0..source {
                // e_ts = q_t · p_s
                e[t][s] = dot(&queries[t], &p[s]);
            }
        }
    }
    // ANCHOR: context
    let a: Rows = e.iter().map(|e| softmax(e, valid)).collect();
    let mut context = vec![vec![0.0; keys[0].len()]; steps];
    for t in 0..steps {
        for s in 0..source {
            // context_t = Σ_s a_ts k_s
            add(&mut context[t], a[t][s], &keys[s]);
        }
    }
    // ANCHOR_END: context
    Activations { p, u, z, e, a, context }
}

// ANCHOR: softmax
/// `a_s = e^e_s / Σ e^e_s'` over the source steps that are no padding.
fn softmax(e: &[f64], valid: &[bool]) -> Vec<f64> {
    // The largest score is subtracted first, so that no exponential overflows: the quotient stays the same.
    let largest = (0..e.len()).filter(|&s| valid[s]).fold(f64::NEG_INFINITY, |largest, s| largest.max(e[s]));
    let exp: Vec<f64> = (0..e.len()).map(|s| if valid[s] { (e[s] - largest).exp() } else { 0.0 }).collect();
    let sum: f64 = exp.iter().sum();
    exp.iter().map(|exp| exp / sum).collect()
}
// ANCHOR_END: softmax

/// From the gradient of the contexts `[T, K]` to those of queries, keys and weights.
pub fn backward(
    score: &Score,
    queries: &[Vec<f64>],
    keys: &[Vec<f64>],
    saved: &Activations,
    d_context: &[Vec<f64>],
) -> Gradients {
    let (steps, source) = (queries.len(), keys.len());
    let Activations { p, a, .. } = saved;
    let mut d_a = vec![vec![0.0; source]; steps];
    let mut d_e = vec![vec![0.0; source]; steps];
    let mut d_keys = zeros_like(keys);
    for t in 0..steps {
        let mut d_mean = 0.0;
        for s in 0..source {
            // d_a_ts = k_s · d_context_t: product rule
            d_a[t][s] = dot(&keys[s], &d_context[t]);
            // d_k_s += a_ts d_context_t: product rule; sum over paths, all decoder steps
            add(&mut d_keys[s], a[t][s], &d_context[t]);
            // d_mean_t = Σ_s a_ts d_a_ts
            d_mean += a[t][s] * d_a[t][s];
        }
        for s in 0..source {
            // d_e_ts = a_ts (d_a_ts − d_mean_t): softmax rule
            d_e[t][s] = a[t][s] * (d_a[t][s] - d_mean);
        }
    }
    let d_keys_context = d_keys.clone();
    let (mut d_queries, mut d_p, mut d_score) = (zeros_like(queries), zeros_like(p), zero_score(score));
    if matches!(score, Score::Additive { .. }) {
        additive_backward(score, queries, saved, &d_e, (&mut d_queries, &mut d_p, &mut d_score));
    } else {
        for t in 0..steps {
            for s in 0..source {
                // d_q_t += d_e_ts p_s: product rule; sum over paths, all source steps
                add(&mut d_queries[t], d_e[t][s], &p[s]);
                // d_p_s += d_e_ts q_t: product rule; sum over paths, all decoder steps
                add(&mut d_p[s], d_e[t][s], &queries[t]);
            }
        }
    }
    for s in 0..source {
        match (score, &mut d_score) {
            (
                Score::General { key_weight } | Score::Additive { key_weight, .. },
                Score::General { key_weight: d_key_weight }
                | Score::Additive { key_weight: d_key_weight, .. },
            ) => {
                // d_k_s += Wᵀ d_p_s: linear map
                add(&mut d_keys[s], 1.0, &transposed_times(key_weight, &d_p[s]));
                // d_W += d_p_s k_sᵀ: linear map; sum over paths, all source steps
                add_outer(d_key_weight, &d_p[s], &keys[s]);
            }
            // d_k_s += d_p_s, because p_s is k_s
            _ => add(&mut d_keys[s], 1.0, &d_p[s]),
        }
    }
    Gradients { d_a, d_e, d_p, d_keys_context, d_queries, d_keys, d_score }
}

/// The part of [`backward`] between the scores and what they compare, for additive scores.
fn additive_backward(
    score: &Score,
    queries: &[Vec<f64>],
    saved: &Activations,
    d_e: &[Vec<f64>],
    (d_queries, d_p, d_score): (&mut Rows, &mut Rows, &mut Score),
) {
    let Score::Additive { query_weight, v, .. } = score else { return };
    let Score::Additive { query_weight: d_query_weight, query_bias: d_query_bias, v: d_v, .. } = d_score
    else {
        return;
    };
    for t in 0..queries.len() {
        let mut d_u = vec![0.0; v.len()];
        for s in 0..d_p.len() {
            let z = &saved.z[t][s];
            for unit in 0..v.len() {
                // d_v += d_e_ts z_ts: product rule; sum over paths, all pairs of steps
                d_v[unit] += d_e[t][s] * z[unit];
                // d_z_ts = d_e_ts v: product rule
                let d_z = d_e[t][s] * v[unit];
                // d_sum_ts = d_z_ts (1 − z_ts²): tanh rule
                let d_sum = d_z * (1.0 - z[unit] * z[unit]);
                // d_u_t += d_sum_ts: sum rule; sum over paths, all source steps
                d_u[unit] += d_sum;
                // d_p_s += d_sum_ts: sum rule; sum over paths, all decoder steps
                d_p[s][unit] += d_sum;
            }
        }
        // d_q_t = W_qᵀ d_u_t: linear map
        d_queries[t] = transposed_times(query_weight, &d_u);
        // d_W_q += d_u_t q_tᵀ: linear map; sum over paths, all decoder steps
        add_outer(d_query_weight, &d_u, &queries[t]);
        // d_b += d_u_t
        add(d_query_bias, 1.0, &d_u);
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn plus(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

/// `to += factor · from`
fn add(to: &mut [f64], factor: f64, from: &[f64]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to += factor * from);
}

/// `W x`
fn times(weight: &[Vec<f64>], x: &[f64]) -> Vec<f64> {
    weight.iter().map(|row| dot(row, x)).collect()
}

/// `Wᵀ d`
fn transposed_times(weight: &[Vec<f64>], d: &[f64]) -> Vec<f64> {
    let mut product = vec![0.0; weight[0].len()];
    weight.iter().zip(d).for_each(|(row, &d)| add(&mut product, d, row));
    product
}

/// `d_W += d xᵀ`
fn add_outer(d_weight: &mut [Vec<f64>], d: &[f64], x: &[f64]) {
    d_weight.iter_mut().zip(d).for_each(|(row, &d)| add(row, d, x));
}

fn zeros_like(rows: &[Vec<f64>]) -> Rows {
    rows.iter().map(|row| vec![0.0; row.len()]).collect()
}

fn zero_score(score: &Score) -> Score {
    match score {
        Score::Dot => Score::Dot,
        Score::General { key_weight } => Score::General { key_weight: zeros_like(key_weight) },
        Score::Additive { query_weight, query_bias, key_weight, v } => Score::Additive {
            query_weight: zeros_like(query_weight),
            query_bias: vec![0.0; query_bias.len()],
            key_weight: zeros_like(key_weight),
            v: vec![0.0; v.len()],
        },
    }
}
