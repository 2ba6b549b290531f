//! Attention on the tape, step by step and score by score, as the papers write it.

use composer_tensor::Scalar;

use super::tape::{Node, Tape};
use crate::{AttentionScore, Parameters};

/// All that a forward and a backward pass compute.
#[derive(Clone, Debug)]
pub struct AttentionRun<S> {
    /// `[T, B, K]`
    pub context: Vec<S>,
    /// `[T, B, H]`
    pub d_queries: Vec<S>,
    /// `[S, B, K]`
    pub d_keys: Vec<S>,
    /// The gradients of the parameters, flat, in their order.
    pub grads: Vec<S>,
}

/// What attention is run on.
#[derive(Clone, Debug)]
pub struct AttentionProblem<'a, S> {
    /// The kind of score.
    pub score: AttentionScore,
    /// The parameters of the layer alone, in the order in which [`crate::Attention::new`] adds them.
    pub params: &'a Parameters<S>,
    /// `[T, B, H]`
    pub queries: &'a [S],
    /// `[S, B, K]`
    pub keys: &'a [S],
    /// `H`
    pub query: usize,
    /// `K`
    pub key: usize,
    /// Source steps of each row of the batch that are no padding, at least one.
    pub lengths: &'a [usize],
    /// `[T, B, K]`
    pub d_context: &'a [S],
}

/// Runs attention forward and backward on a tape.
pub fn run_attention<S: Scalar>(problem: &AttentionProblem<'_, S>) -> AttentionRun<S> {
    let AttentionProblem { params, query, key, lengths, .. } = *problem;
    let batch = lengths.len();
    let mut tape = Tape::new();
    let weights: Vec<Node> = params
        .entries()
        .iter()
        .map(|entry| {
            let columns = *entry.shape.last().unwrap_or(&1);
            tape.leaf(entry.range.len() / columns, columns, &params.values()[entry.range.clone()])
        })
        .collect();
    // One leaf for each query and one matrix of keys for each row of the batch.
    let queries: Vec<Node> = problem.queries.chunks_exact(query).map(|q| tape.leaf(1, query, q)).collect();
    let row_of = |values: &[S], b: usize, width: usize| -> Vec<S> {
        values.chunks_exact(batch * width).flat_map(|step| step[b * width..][..width].to_vec()).collect()
    };
    let keys: Vec<Node> = (0..batch)
        .map(|b| {
            let k = row_of(problem.keys, b, key);
            tape.leaf(k.len() / key, key, &k)
        })
        .collect();
    let mut contexts = Vec::new();
    for (index, &q) in queries.iter().enumerate() {
        let b = index % batch;
        let k = tape.rows(keys[b], 0, lengths[b]);
        let e = score(&mut tape, problem.score, &weights, q, k);
        let a = tape.softmax_rows(e);
        let k_t = tape.transpose(k);
        contexts.push(tape.times_transposed(a, k_t));
    }
    let seeds: Vec<(Node, &[S])> =
        contexts.iter().copied().zip(problem.d_context.chunks_exact(key)).collect();
    tape.backward(&seeds);

    let mut d_keys = vec![S::zero(); problem.keys.len()];
    for (b, &k) in keys.iter().enumerate() {
        for (s, d) in tape.grad(k).chunks_exact(key).enumerate() {
            d_keys[(s * batch + b) * key..][..key].copy_from_slice(d);
        }
    }
    AttentionRun {
        context: contexts.iter().flat_map(|&node| tape.value(node).to_vec()).collect(),
        d_queries: queries.iter().flat_map(|&node| tape.grad(node).to_vec()).collect(),
        d_keys,
        grads: weights.iter().flat_map(|&node| tape.grad(node).to_vec()).collect(),
    }
}

/// Scores `[1, S]` of one query `[1, H]` for the keys `[S, K]`.
fn score<S: Scalar>(tape: &mut Tape<S>, score: AttentionScore, weights: &[Node], q: Node, k: Node) -> Node {
    match (score, weights) {
        (AttentionScore::General, &[weight]) => {
            let projected = tape.times_transposed(k, weight);
            tape.times_transposed(q, projected)
        }
        (AttentionScore::Additive, &[weight_q, bias, weight_k, v]) => {
            let from_q = tape.times_transposed(q, weight_q);
            let from_q = tape.add_row(from_q, bias);
            let from_k = tape.times_transposed(k, weight_k);
            let sum = tape.add_row(from_k, from_q);
            let z = tape.tanh(sum);
            tape.times_transposed(v, z)
        }
        _ => tape.times_transposed(q, k),
    }
}
