//! The textbook's attention, coupling and losses: against central differences, and against the fused and the reference
//! implementation, in double precision; and what a wrong sign would say.

use approx::{assert_abs_diff_eq, relative_eq};
use composer_bptt::arrays::{view, view_mut};
use composer_bptt::gradcheck::{Options, Part, check};
use composer_bptt::loss::{IGNORE, sigmoid_cross_entropy, softmax_cross_entropy};
use composer_bptt::reference::{AttentionProblem, run_attention};
use composer_bptt::textbook::attention::{self, Rows, Score};
use composer_bptt::textbook::{coupling, loss};
use composer_bptt::{Attention, AttentionScore, AttentionWorkspace, Coupling, Mask, Parameters};
use composer_testkit::uniform;
use ndarray::{aview_mut1, aview1};

const TOLERANCE: f64 = 1e-11;

/// Named vectors: outputs and gradients.
type Named = Vec<(&'static str, Vec<f64>)>;

/// The names of the vectors that differ. (NaN differs from everything.)
fn differing(found: &Named, expected: &Named) -> Vec<&'static str> {
    assert_eq!(found.len(), expected.len());
    let close = |a: &[f64], b: &[f64]| {
        a.len() == b.len()
            && a.iter().zip(b).all(|(a, b)| relative_eq!(a, b, epsilon = TOLERANCE, max_relative = TOLERANCE))
    };
    let pairs = found.iter().zip(expected);
    pairs.filter(|(found, expected)| !close(&found.1, &expected.1)).map(|(found, _)| found.0).collect()
}

/// Flips the sign of one vector after the other; each must be noticed by its name.
fn a_flipped_sign_is_named(right: &Named, wanted: &[&str]) {
    assert_eq!(differing(right, right), Vec::<&str>::new());
    for (index, &(name, ref values)) in
        right.iter().enumerate().filter(|(_, (name, _))| wanted.contains(name))
    {
        assert!(values.iter().any(|value| value.abs() > 1e-6), "{name} is all zeros");
        let mut wrong = right.clone();
        wrong[index].1.iter_mut().for_each(|value| *value = -*value);
        assert_eq!(differing(&wrong, right), [name]);
    }
}

fn rows(flat: &[f64], width: usize) -> Rows {
    flat.chunks_exact(width).map(<[f64]>::to_vec).collect()
}

/// Widths of query, key and of the hidden layer of additive scores.
struct Case {
    kind: AttentionScore,
    sizes: (usize, usize),
    lengths: Vec<usize>,
    query: usize,
    key: usize,
    layer: Attention,
    params: Parameters<f64>,
    queries: Vec<f64>,
    keys: Vec<f64>,
    d_context: Vec<f64>,
}

const HIDDEN: usize = 5;

impl Case {
    fn new(kind: AttentionScore, sizes: (usize, usize), lengths: &[usize], seed: u64) -> Case {
        let (query, key) = if kind == AttentionScore::Dot { (4, 4) } else { (4, 6) };
        let (batch, mut params) = (lengths.len(), Parameters::new());
        let layer = Attention::new(kind, query, key, HIDDEN, "", &mut params).expect("sizes");
        let random = uniform(seed, params.len(), 0.9);
        params.values_mut().copy_from_slice(&random);
        Case {
            queries: uniform(seed + 1, sizes.0 * batch * query, 1.5),
            keys: uniform(seed + 2, sizes.1 * batch * key, 1.5),
            d_context: uniform(seed + 3, sizes.0 * batch * key, 1.0),
            lengths: lengths.to_vec(),
            kind,
            sizes,
            query,
            key,
            layer,
            params,
        }
    }

    fn score(&self, values: &[f64]) -> Score {
        let part = |name: &str| {
            let entry = self.params.entries().iter().find(|entry| entry.name == name).expect("a parameter");
            values[entry.range.clone()].to_vec()
        };
        match self.kind {
            AttentionScore::Dot => Score::Dot,
            AttentionScore::General => Score::General { key_weight: rows(&part("key.weight"), self.key) },
            AttentionScore::Additive => Score::Additive {
                query_weight: rows(&part("query.weight"), self.query),
                query_bias: part("query.bias"),
                key_weight: rows(&part("key.weight"), self.key),
                v: part("v"),
            },
        }
    }

    /// One row of the batch of a time-major array.
    fn row(&self, flat: &[f64], width: usize, b: usize) -> Rows {
        rows(flat, width).into_iter().skip(b).step_by(self.lengths.len()).collect()
    }

    fn textbook(&self) -> Named {
        let (batch, score) = (self.lengths.len(), self.score(self.params.values()));
        let mut context = vec![0.0; self.d_context.len()];
        let (mut d_queries, mut d_keys) = (vec![0.0; self.queries.len()], vec![0.0; self.keys.len()]);
        let mut grads = vec![0.0; self.params.len()];
        for b in 0..batch {
            let queries = self.row(&self.queries, self.query, b);
            let (keys, d_context) =
                (self.row(&self.keys, self.key, b), self.row(&self.d_context, self.key, b));
            let valid: Vec<bool> = (0..keys.len()).map(|s| s < self.lengths[b]).collect();
            let saved = attention::forward(&score, &queries, &keys, &valid);
            let d = attention::backward(&score, &queries, &keys, &saved, &d_context);
            let scatter = |from: &Rows, to: &mut [f64], width: usize| {
                for (t, from) in from.iter().enumerate() {
                    to[(t * batch + b) * width..][..width].copy_from_slice(from);
                }
            };
            scatter(&saved.context, &mut context, self.key);
            scatter(&d.d_queries, &mut d_queries, self.query);
            scatter(&d.d_keys, &mut d_keys, self.key);
            let of_row = match d.d_score {
                Score::Dot => Vec::new(),
                Score::General { key_weight } => key_weight.concat(),
                Score::Additive { query_weight, query_bias, key_weight, v } => {
                    [query_weight.concat(), query_bias, key_weight.concat(), v].concat()
                }
            };
            grads.iter_mut().zip(of_row).for_each(|(sum, d)| *sum += d);
        }
        self.named(context, d_queries, d_keys, &grads)
    }

    fn named(&self, context: Vec<f64>, d_queries: Vec<f64>, d_keys: Vec<f64>, grads: &[f64]) -> Named {
        let mut named = vec![("context", context), ("d_queries", d_queries), ("d_keys", d_keys)];
        for entry in self.params.entries() {
            let name = match entry.name.as_str() {
                "query.weight" => "d_query_weight",
                "query.bias" => "d_query_bias",
                "key.weight" => "d_key_weight",
                _ => "d_v",
            };
            named.push((name, grads[entry.range.clone()].to_vec()));
        }
        named
    }

    fn fused(&self) -> Named {
        let (mut params, mut ws) = (self.params.clone(), AttentionWorkspace::new());
        let (steps, source, batch) = (self.sizes.0, self.sizes.1, self.lengths.len());
        let mask = Mask::from_lengths(&self.lengths, source);
        let queries = view((steps, batch, self.query), &self.queries);
        let keys = view((source, batch, self.key), &self.keys);
        let d_context = view((steps, batch, self.key), &self.d_context);
        self.layer.forward(&params, queries, keys, Some(&mask), &mut ws).expect("sizes");
        self.layer.backward(&mut params, queries, keys, d_context, Some(&mask), &mut ws).expect("sizes");
        let [context, d_queries, d_keys] =
            [ws.context(), ws.d_queries(), ws.d_keys()].map(|array| array.iter().copied().collect());
        self.named(context, d_queries, d_keys, params.grads())
    }

    fn reference(&self) -> Named {
        let run = run_attention(&AttentionProblem {
            score: self.kind,
            params: &self.params,
            queries: &self.queries,
            keys: &self.keys,
            query: self.query,
            key: self.key,
            lengths: &self.lengths,
            d_context: &self.d_context,
        });
        self.named(run.context, run.d_queries, run.d_keys, &run.grads)
    }
}

#[test]
fn attention_agrees_with_the_fused_and_the_reference_implementation() {
    let shapes: [((usize, usize), &[usize]); 4] =
        [((1, 1), &[1]), ((3, 5), &[5, 5]), ((7, 17), &[17, 4, 1]), ((17, 2), &[2, 1])];
    for (index, (sizes, lengths)) in shapes.into_iter().enumerate() {
        for kind in AttentionScore::ALL {
            let case = Case::new(kind, sizes, lengths, 300 + 10 * index as u64);
            let found = case.textbook();
            assert_eq!(differing(&found, &case.fused()), Vec::<&str>::new(), "{kind:?} {sizes:?}: fused");
            assert_eq!(
                differing(&found, &case.reference()),
                Vec::<&str>::new(),
                "{kind:?} {sizes:?}: reference"
            );
        }
    }
}

#[test]
fn attention_agrees_with_differences_and_a_wrong_sign_is_named() {
    for kind in AttentionScore::ALL {
        let case = Case::new(kind, (3, 5), &[5], 400);
        let named = case.textbook();
        let all: Vec<&str> = named.iter().map(|(name, _)| *name).collect();
        a_flipped_sign_is_named(&named, &all);

        let values = [&case.queries[..], &case.keys, case.params.values()].concat();
        let gradient: Vec<f64> = named[1..].iter().flat_map(|(_, d)| d.clone()).collect();
        let mut at = 0;
        let parts: Vec<Part> = named[1..]
            .iter()
            .map(|(name, d)| {
                at += d.len();
                Part::new(*name, at - d.len()..at)
            })
            .collect();
        let loss = |values: &[f64]| -> f64 {
            let (queries, rest) = values.split_at(case.queries.len());
            let (keys, params) = rest.split_at(case.keys.len());
            let (queries, keys) = (rows(queries, case.query), rows(keys, case.key));
            let run = attention::forward(&case.score(params), &queries, &keys, &[true; 5]);
            run.context.concat().iter().zip(&case.d_context).map(|(c, d)| c * d).sum()
        };
        let report = check(&parts, &values, &gradient, loss, &Options::default());
        assert!(report.passed(), "{kind:?}\n{report}");
        for part in &parts {
            let mut wrong = gradient.clone();
            wrong[part.range.clone()].iter_mut().for_each(|d| *d = -*d);
            let report = check(&parts, &values, &wrong, loss, &Options::default());
            assert_eq!(report.failures().map(|row| &row.name).collect::<Vec<_>>(), [&part.name], "{kind:?}");
        }
    }
}

const BITS: usize = 7;
const FIRST: usize = 4;

/// Outputs and gradients of both implementations of coupling and sigmoid cross-entropy, for one row.
fn couple(weight: &[f64], l: &[f64], on: &[f64], loss_mask: &[f64]) -> [Named; 2] {
    let layer = coupling::Coupling { weight, bits: BITS, first: FIRST };
    let y = layer.forward(l, on, loss_mask);
    let saved = loss::sigmoid_forward(&y, on, loss_mask);
    let d_y = loss::sigmoid_backward(&saved, on, loss_mask);
    let mut d_weight = vec![0.0; BITS * BITS];
    layer.backward(on, loss_mask, &d_y, &mut d_weight);
    let found = vec![("loss", vec![saved.loss.iter().sum()]), ("d_l", d_y), ("d_weight", d_weight)];

    let mut params = Parameters::new();
    let layer = Coupling::new(BITS, FIRST, "", &mut params).expect("sizes");
    params.values_mut().copy_from_slice(weight);
    let mut logits = l.to_vec();
    layer.forward(&params, aview1(on), aview1(loss_mask), aview_mut1(&mut logits)).expect("sizes");
    let nll = sigmoid_cross_entropy(aview_mut1(&mut logits), aview1(on), Some(aview1(loss_mask)), 1.0)
        .expect("sizes");
    layer.backward(&mut params, aview1(on), aview1(loss_mask), aview1(&logits)).expect("sizes");
    let fused = vec![("loss", vec![nll.sum]), ("d_l", logits), ("d_weight", params.grads().to_vec())];
    [found, fused]
}

#[test]
fn coupling_agrees_with_the_fused_implementation_and_with_differences() {
    let (weight, l) = (uniform(31, BITS * BITS, 2.0), uniform(32, BITS, 1.0));
    let loss_masks = [[1., 1., 1., 1., 0., 0., 0.], [1., 1., 1., 1., 1., 0., 1.], [1.; BITS]];
    for loss_mask in loss_masks {
        for outcome in 0..1u32 << BITS {
            let on: Vec<f64> = (0..BITS).map(|bit| f64::from(outcome >> bit & 1)).collect();
            let [found, fused] = couple(&weight, &l, &on, &loss_mask);
            assert_eq!(differing(&found, &fused), Vec::<&str>::new(), "{on:?} {loss_mask:?}");
        }
    }
    let on = [1., 0., 1., 1., 1., 1., 0.];
    let [named, _] = couple(&weight, &l, &on, &loss_masks[1]);
    a_flipped_sign_is_named(&named, &["d_l", "d_weight"]);
    let values = [&l[..], &weight].concat();
    let gradient = [&named[1].1[..], &named[2].1].concat();
    let parts = [Part::new("l", 0..BITS), Part::new("weight", BITS..values.len())];
    let loss = |values: &[f64]| couple(&values[BITS..], &values[..BITS], &on, &loss_masks[1])[0][0].1[0];
    let report = check(&parts, &values, &gradient, loss, &Options::default());
    assert!(report.passed(), "{report}");
    let mut wrong = gradient.clone();
    wrong[BITS..].iter_mut().for_each(|d| *d = -*d);
    let report = check(&parts, &values, &wrong, loss, &Options::default());
    assert_eq!(report.failures().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["weight"]);
}

#[test]
fn losses_agree_with_the_fused_implementation_and_with_differences() {
    let logits = uniform(41, 17, 4.0);
    for smoothing in [0.0, 0.1] {
        for target in [0, 7, 16] {
            let saved = loss::softmax_forward(&logits, target, smoothing);
            let d = loss::softmax_backward(&saved);
            let mut fused = logits.clone();
            let nll = softmax_cross_entropy(
                view_mut(([target as u32].len(), 17), &mut fused),
                aview1(&[target as u32]),
                smoothing,
                1.0,
            )
            .expect("sizes");
            let named = vec![("loss", vec![saved.loss]), ("d_l", d.clone())];
            let expected = vec![("loss", vec![nll.sum]), ("d_l", fused)];
            assert_eq!(differing(&named, &expected), Vec::<&str>::new(), "{target}, {smoothing}");
            a_flipped_sign_is_named(&named, &["loss", "d_l"]);
            let loss = |l: &[f64]| loss::softmax_forward(l, target, smoothing).loss;
            let report = check(&[Part::new("l", 0..17)], &logits, &d, loss, &Options::default());
            assert!(report.passed(), "{report}");
        }
    }
    // A row that does not count is left out by whoever calls the textbook.
    let mut ignored = logits.clone();
    let nll =
        softmax_cross_entropy(view_mut(([IGNORE].len(), 17), &mut ignored), aview1(&[IGNORE]), 0.1, 1.0)
            .expect("sizes");
    assert_abs_diff_eq!(nll.sum, 0.0);

    let targets: Vec<f64> = uniform(42, 17, 0.5).iter().map(|y| y + 0.5).collect();
    let loss_mask: Vec<f64> = (0..17).map(|v| f64::from(v % 3)).collect();
    let saved = loss::sigmoid_forward(&logits, &targets, &loss_mask);
    let d = loss::sigmoid_backward(&saved, &targets, &loss_mask);
    let mut fused = logits.clone();
    let nll = sigmoid_cross_entropy(aview_mut1(&mut fused), aview1(&targets), Some(aview1(&loss_mask)), 1.0)
        .expect("sizes");
    let named = vec![("loss", vec![saved.loss.iter().sum()]), ("d_l", d.clone())];
    let expected = vec![("loss", vec![nll.sum]), ("d_l", fused)];
    assert_eq!(differing(&named, &expected), Vec::<&str>::new());
    a_flipped_sign_is_named(&named, &["loss", "d_l"]);
    let loss = |l: &[f64]| loss::sigmoid_forward(l, &targets, &loss_mask).loss.iter().sum();
    let report = check(&[Part::new("l", 0..17)], &logits, &d, loss, &Options::default());
    assert!(report.passed(), "{report}");
}
