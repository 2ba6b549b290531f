//! Attention for whole batches. The rows of a batch know nothing of each other, so each thread takes some of them.
//!
//! [`crate::backpropagation::attention`] derives the gradients; `d_mean`, `d_e`, `d_p` are the names there and here.

use composer_tensor::Scalar;
use composer_tensor::maths::tanh_slice;
use composer_tensor::matmul::{Left, Packed, Store, add_outer_products, multiply};
use composer_tensor::parallel::{SliceRows, share_rows};
use std::ops::Range;

/// What attention looks from and at; `P` is the width in which a score compares.
pub(crate) struct Attend<'a, S> {
    pub steps: usize,
    pub source: usize,
    pub batch: usize,
    pub side: usize,
    pub key: usize,
    /// `[T, B, P]`
    pub queries: &'a [S],
    /// The keys as scores see them, `[S, B, P]`.
    pub projected: &'a [S],
    /// `[S, B, K]`
    pub keys: &'a [S],
    /// `[P]` for additive scores.
    pub v: Option<&'a [S]>,
    /// `[S, B]`
    pub valid: Option<&'a [bool]>,
    /// `[T, B]`: the source steps that each query sees, as far as they are valid.
    pub windows: Option<&'a [Range<usize>]>,
}

/// Overwrites `rows` (for each row of the batch weights `[T, S]`, then contexts `[T, K]`) and `context` `[T, B, K]`.
pub(crate) fn forward<S: Scalar>(attend: &Attend<'_, S>, rows: &mut Vec<S>, context: &mut Vec<S>) {
    let Attend { steps, source, batch, key, .. } = *attend;
    let width = steps * (source + key);
    rows.resize(batch * width, S::zero());
    share_rows(SliceRows { data: rows.as_mut_slice(), first: 0, width }, batch, 1, &|part| {
        for (index, row) in part.data.chunks_exact_mut(width).enumerate() {
            attend.forward_row(part.first + index, row);
        }
    });
    context.resize(steps * batch * key, S::zero());
    for (b, row) in rows.chunks_exact(width).enumerate() {
        scatter(&row[steps * source..], context, b, batch, key);
    }
}

/// Overwrites the gradients `d_q` `[T, B, P]`, `d_p` `[S, B, P]` and, of the keys as what is averaged, `d_keys` `[S, B, K]`.
/// Returns the gradient of `v`.
pub(crate) fn backward<S: Scalar>(
    attend: &Attend<'_, S>,
    rows: &[S],
    d_context: &[S],
    d_rows: &mut Vec<S>,
    (d_q, d_p, d_keys): (&mut Vec<S>, &mut Vec<S>, &mut Vec<S>),
) -> Vec<S> {
    let Attend { steps, source, batch, side, key, .. } = *attend;
    let v_width = attend.v.map_or(0, <[S]>::len);
    let forward_width = steps * (source + key);
    let width = (steps + source) * side + source * key + v_width;
    d_rows.clear();
    d_rows.resize(batch * width, S::zero());
    share_rows(SliceRows { data: d_rows.as_mut_slice(), first: 0, width }, batch, 1, &|part| {
        for (index, d_row) in part.data.chunks_exact_mut(width).enumerate() {
            let b = part.first + index;
            attend.backward_row(b, &rows[b * forward_width..][..steps * source], d_context, d_row);
        }
    });
    let mut d_v = vec![S::zero(); v_width];
    for (to, rows) in [(&mut *d_q, steps * side), (&mut *d_p, source * side), (&mut *d_keys, source * key)] {
        to.resize(batch * rows, S::zero());
    }
    for (b, d_row) in d_rows.chunks_exact(width).enumerate() {
        let (of_q, rest) = d_row.split_at(steps * side);
        let (of_p, rest) = rest.split_at(source * side);
        let (of_keys, of_v) = rest.split_at(source * key);
        scatter(of_q, d_q, b, batch, side);
        scatter(of_p, d_p, b, batch, side);
        scatter(of_keys, d_keys, b, batch, key);
        d_v.iter_mut().zip(of_v).for_each(|(sum, &d)| *sum += d);
    }
    d_v
}

impl<S: Scalar> Attend<'_, S> {
    /// ```text
    /// e = q pᵀ, or v · tanh(u_t + p_s)          a = softmax(e)          context = a k
    /// ```
    fn forward_row(&self, b: usize, row: &mut [S]) {
        let Attend { steps, source, batch, side, key, .. } = *self;
        let (weights, context) = row.split_at_mut(steps * source);
        match self.v {
            None => {
                let p = gather(self.projected, b, batch, side);
                let packed = Packed::transposed(&p, source, side);
                multiply(self.left(self.queries, b, steps, side), &packed, weights, source, Store::Set);
            }
            Some(v) => {
                let mut z = vec![S::zero(); source * side];
                for (t, e) in weights.chunks_exact_mut(source).enumerate() {
                    self.additive(b, t, &mut z);
                    for (e, z) in e.iter_mut().zip(z.chunks_exact(side)) {
                        *e = z.iter().zip(v).map(|(&z, &v)| z * v).sum();
                    }
                }
            }
        }
        for (t, e) in weights.chunks_exact_mut(source).enumerate() {
            self.softmax(b, t, e);
        }
        let mut packed = Packed::default();
        packed.pack_plain(&self.keys[b * key..], source, key, batch * key);
        multiply(Left::rows(weights, steps, source), &packed, context, key, Store::Set);
    }

    /// ```text
    /// d_a = d_context kᵀ                 d_k = aᵀ d_context          d_e = a (d_a − d_mean)    d_mean = Σ_s a d_a
    /// d_q = d_e p                        d_p = d_eᵀ q                for products
    /// d_sum_ts = d_e_ts v (1 − z_ts²)    d_u_t = Σ_s d_sum_ts        d_p_s = Σ_t d_sum_ts      d_v = Σ_ts d_e_ts z_ts
    /// ```
    fn backward_row(&self, b: usize, weights: &[S], d_context: &[S], d_row: &mut [S]) {
        let Attend { steps, source, batch, side, key, .. } = *self;
        let (d_q, rest) = d_row.split_at_mut(steps * side);
        let (d_p, rest) = rest.split_at_mut(source * side);
        let (d_keys, d_v) = rest.split_at_mut(source * key);
        let mut packed = Packed::transposed(&gather(self.keys, b, batch, key), source, key);
        let mut d_e = vec![S::zero(); steps * source];
        multiply(self.left(d_context, b, steps, key), &packed, &mut d_e, source, Store::Set);
        packed.pack_plain(&d_context[b * key..], steps, key, batch * key);
        add_outer_products(Left::rows(weights, steps, source), &packed, d_keys);
        for (d_e, a) in d_e.chunks_exact_mut(source).zip(weights.chunks_exact(source)) {
            let d_mean: S = d_e.iter().zip(a).map(|(&d, &a)| d * a).sum();
            d_e.iter_mut().zip(a).for_each(|(d, &a)| *d = a * (*d - d_mean));
        }
        match self.v {
            None => {
                packed.pack_plain(&self.projected[b * side..], source, side, batch * side);
                multiply(Left::rows(&d_e, steps, source), &packed, d_q, side, Store::Set);
                packed.pack_plain(&self.queries[b * side..], steps, side, batch * side);
                add_outer_products(Left::rows(&d_e, steps, source), &packed, d_p);
            }
            Some(v) => {
                let mut z = vec![S::zero(); source * side];
                for (t, d_q) in d_q.chunks_exact_mut(side).enumerate() {
                    self.additive(b, t, &mut z);
                    let d_e = &d_e[t * source..][..source];
                    for ((&d_e, z), d_p) in
                        d_e.iter().zip(z.chunks_exact(side)).zip(d_p.chunks_exact_mut(side))
                    {
                        for unit in 0..side {
                            d_v[unit] += d_e * z[unit];
                            let d_sum = d_e * v[unit] * (S::one() - z[unit] * z[unit]);
                            d_q[unit] += d_sum;
                            d_p[unit] += d_sum;
                        }
                    }
                }
            }
        }
    }

    /// `tanh(u_t + p_s)` (`queries` are `u` here) for all source steps, `[S, P]`.
    fn additive(&self, b: usize, t: usize, z: &mut [S]) {
        let q = &self.queries[(t * self.batch + b) * self.side..][..self.side];
        for (s, z) in z.chunks_exact_mut(self.side).enumerate() {
            let p = &self.projected[(s * self.batch + b) * self.side..][..self.side];
            z.iter_mut().zip(q.iter().zip(p)).for_each(|(z, (&q, &p))| *z = q + p);
        }
        tanh_slice(z);
    }

    /// Turns the scores of a query into weights; padding and what it does not see get none.
    fn softmax(&self, b: usize, t: usize, e: &mut [S]) {
        let window = self.windows.map_or(0..e.len(), |windows| windows[t * self.batch + b].clone());
        let valid =
            |s: usize| window.contains(&s) && self.valid.is_none_or(|valid| valid[s * self.batch + b]);
        let highest = (0..e.len()).filter(|&s| valid(s)).map(|s| e[s]).fold(S::neg_infinity(), S::max);
        let mut sum = S::zero();
        for (s, e) in e.iter_mut().enumerate() {
            *e = if valid(s) { (*e - highest).exp() } else { S::zero() };
            sum += *e;
        }
        if sum > S::zero() {
            e.iter_mut().for_each(|e| *e /= sum);
        }
    }

    /// One row of the batch of a time-major array as the left side of a product.
    fn left<'a>(&self, values: &'a [S], b: usize, steps: usize, width: usize) -> Left<'a, S> {
        Left::strided(&values[b * width..], steps, width, self.batch * width)
    }
}

/// One row of the batch of a time-major array `[T, B, W]`.
fn gather<S: Scalar>(values: &[S], b: usize, batch: usize, width: usize) -> Vec<S> {
    values.chunks_exact(batch * width).flat_map(|step| &step[b * width..][..width]).copied().collect()
}

/// Puts one row of the batch into a time-major array.
fn scatter<S: Scalar>(row: &[S], values: &mut [S], b: usize, batch: usize, width: usize) {
    for (from, to) in row.chunks_exact(width).zip(values.chunks_exact_mut(batch * width)) {
        to[b * width..][..width].copy_from_slice(from);
    }
}
