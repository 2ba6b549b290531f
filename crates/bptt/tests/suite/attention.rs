//! The chain of proof for attention: differences, reference, precision, PyTorch; and what weights must be.
//!
//! The golden files come from `python scripts/generate_attention_goldens.py`.

use crate::common;

use common::{back, cast};
use composer_bptt::arrays::{as_slice_or_copy, view};
use composer_bptt::gradcheck::{Options, Part, check};
use composer_bptt::reference::{AttentionProblem, AttentionRun, run_attention};
use composer_bptt::{Attention, AttentionScore, AttentionWorkspace, Mask, Parameters};
use composer_tensor::Scalar;
use composer_tensor::simd::{self, Path};
use composer_testkit::{Checks, Golden, uniform};
use std::ops::Range;

/// Width of the hidden layer of additive scores.
const HIDDEN: usize = 5;

struct Setup {
    score: AttentionScore,
    layer: Attention,
    params: Parameters<f64>,
    steps: usize,
    source: usize,
    query: usize,
    key: usize,
    lengths: Vec<usize>,
    queries: Vec<f64>,
    keys: Vec<f64>,
    d_context: Vec<f64>,
}

impl Setup {
    fn new(score: AttentionScore, steps: usize, source: usize, lengths: &[usize], seed: u64) -> Self {
        let (query, key) = if score == AttentionScore::Dot { (4, 4) } else { (4, 6) };
        let mut params = Parameters::new();
        let layer = Attention::new(score, query, key, HIDDEN, "", &mut params).expect("sizes");
        let random = uniform(seed, params.len(), 0.9);
        params.values_mut().copy_from_slice(&random);
        let batch = lengths.len();
        Self {
            queries: uniform(seed + 1, steps * batch * query, 1.5),
            keys: uniform(seed + 2, source * batch * key, 1.5),
            d_context: uniform(seed + 3, steps * batch * key, 1.0),
            score,
            layer,
            params,
            steps,
            source,
            query,
            key,
            lengths: lengths.to_vec(),
        }
    }

    fn sizes(&self) -> (usize, usize, usize) {
        (self.steps, self.source, self.lengths.len())
    }

    fn reference(&self) -> AttentionRun<f64> {
        run_attention(&AttentionProblem {
            score: self.score,
            params: &self.params,
            queries: &self.queries,
            keys: &self.keys,
            query: self.query,
            key: self.key,
            lengths: &self.lengths,
            d_context: &self.d_context,
        })
    }

    fn fused<S: Scalar>(&self, ws: &mut AttentionWorkspace<S>) -> AttentionRun<f64> {
        let mut params: Parameters<S> = self.params.cast();
        let (queries, keys) = (cast::<S>(&self.queries), cast::<S>(&self.keys));
        let mask = Mask::from_lengths(&self.lengths, self.source);
        let (steps, source, batch) = self.sizes();
        let queries = view((steps, batch, self.query), &queries);
        let keys = view((source, batch, self.key), &keys);
        self.layer.forward(&params, queries, keys, Some(&mask), ws).expect("sizes");
        let d_context = cast::<S>(&self.d_context);
        let d_context = view((steps, batch, self.key), &d_context);
        self.layer.backward(&mut params, queries, keys, d_context, Some(&mask), ws).expect("sizes");
        AttentionRun {
            context: back(&as_slice_or_copy(ws.context())),
            d_queries: back(&as_slice_or_copy(ws.d_queries())),
            d_keys: back(&as_slice_or_copy(ws.d_keys())),
            grads: back(params.grads()),
        }
    }
}

fn setups() -> Vec<Setup> {
    let shapes: [(usize, usize, &[usize]); 4] =
        [(1, 1, &[1]), (3, 5, &[5, 5]), (7, 17, &[17, 4, 1]), (17, 2, &[2, 1])];
    let all = shapes.into_iter().enumerate();
    all.flat_map(|(index, (steps, source, lengths))| {
        AttentionScore::ALL.map(|score| Setup::new(score, steps, source, lengths, 50 + 10 * index as u64))
    })
    .collect()
}

fn compare(
    checks: &mut Checks,
    name: &str,
    found: &AttentionRun<f64>,
    expected: &AttentionRun<f64>,
    tolerance: f64,
) {
    let pairs = [
        ("context", &found.context, &expected.context),
        ("d_queries", &found.d_queries, &expected.d_queries),
        ("d_keys", &found.d_keys, &expected.d_keys),
        ("d_parameters", &found.grads, &expected.grads),
    ];
    for (part, found, expected) in pairs {
        // With one source step weights are 1 whatever the scores: those gradients are zeros, in both.
        if expected.iter().all(|&value| value.abs() < 1e-14) {
            assert!(found.iter().all(|&value| value.abs() < 1e-7), "{name}: {part}");
        } else {
            checks.close(&format!("{name}: {part}"), found, expected, tolerance);
        }
    }
}

#[test]
fn fused_agrees_with_the_reference_on_every_path_with_dirty_scratch() {
    let mut checks = Checks::new();
    for path in Path::all_available() {
        let _held = simd::use_path(path).expect("it is available");
        let mut ws = AttentionWorkspace::new(); // one for all shapes: whatever the one before left must not matter
        for setup in setups() {
            let name = format!("{:?} {:?} on {path}", setup.score, setup.sizes());
            compare(&mut checks, &name, &setup.fused::<f64>(&mut ws), &setup.reference(), 1e-11);
        }
    }
    checks.finish();
}

#[test]
fn single_precision_agrees_with_double() {
    let mut checks = Checks::new();
    for setup in setups() {
        let single = setup.fused::<f32>(&mut AttentionWorkspace::new());
        let double = setup.fused::<f64>(&mut AttentionWorkspace::new());
        compare(&mut checks, &format!("{:?} {:?}", setup.score, setup.sizes()), &single, &double, 2e-5);
    }
    checks.finish();
}

#[test]
fn gradients_agree_with_differences() {
    for score in AttentionScore::ALL {
        let setup = Setup::new(score, 3, 5, &[5, 3], 7);
        let (params, queries) = (setup.params.len(), setup.queries.len());
        let values = [setup.params.values(), &setup.queries, &setup.keys].concat();
        let run = setup.fused::<f64>(&mut AttentionWorkspace::new());
        let gradient = [run.grads, run.d_queries, run.d_keys].concat();
        let parts = [
            Part::new("parameters", 0..params),
            Part::new("queries", params..params + queries),
            Part::new("keys", params + queries..values.len()),
        ];
        let mask = Mask::from_lengths(&setup.lengths, setup.source);
        let mut ws = AttentionWorkspace::new();
        let loss = |values: &[f64]| -> f64 {
            let mut moved = setup.params.clone();
            moved.values_mut().copy_from_slice(&values[..params]);
            let (queries, keys) = values[params..].split_at(queries);
            let (steps, source, batch) = setup.sizes();
            let queries = view((steps, batch, setup.query), queries);
            let keys = view((source, batch, setup.key), keys);
            setup.layer.forward(&moved, queries, keys, Some(&mask), &mut ws).expect("sizes");
            ws.context().iter().zip(&setup.d_context).map(|(c, d)| c * d).sum()
        };
        let parts = if params == 0 { &parts[1..] } else { &parts[..] };
        let report = check(parts, &values, &gradient, loss, &Options::default());
        assert!(report.passed(), "{score:?}: {:?}", report.failures().collect::<Vec<_>>());
    }
}

#[test]
fn fused_agrees_with_pytorch() {
    let path = format!("{}/tests/golden/pytorch-attention-f64.json", env!("CARGO_MANIFEST_DIR"));
    let golden = Golden::read(path);
    assert_eq!(golden.cases.len(), 3);
    let mut checks = Checks::new();
    for (case, score) in golden.cases.iter().zip(AttentionScore::ALL) {
        let lengths: Vec<usize> = case.config["lengths"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|length| length.as_u64().expect("a length") as usize)
            .collect();
        let (steps, source) = (case.size("steps"), case.size("source"));
        let mut setup = Setup::new(score, steps, source, &lengths, 1);
        for entry in setup.params.entries().to_vec() {
            assert_eq!(entry.shape, case.tensors[&entry.name].shape, "{}: {}", case.name, entry.name);
            setup.params.values_mut()[entry.range].copy_from_slice(case.values(&entry.name));
        }
        setup.queries = case.values("queries").to_vec();
        setup.keys = case.values("keys").to_vec();
        setup.d_context = case.values("d_context").to_vec();
        let run = setup.fused::<f64>(&mut AttentionWorkspace::new());
        for (what, found) in
            [("context", &run.context), ("d_queries", &run.d_queries), ("d_keys", &run.d_keys)]
        {
            checks.close(&format!("{}: {what}", case.name), found, case.values(what), 1e-11);
        }
        for entry in setup.params.entries() {
            let what = format!("d_{}", entry.name);
            checks.close(&what, &run.grads[entry.range.clone()], case.values(&what), 1e-11);
        }
    }
    checks.finish();
}

/// Each query alone on the tape, over the keys of its window; nothing where that is empty.
fn query_by_query(setup: &Setup, windows: &[Range<usize>]) -> AttentionRun<f64> {
    let (steps, source, batch) = setup.sizes();
    let (query, key) = (setup.query, setup.key);
    let mut sum = AttentionRun {
        context: vec![0.0; steps * batch * key],
        d_queries: vec![0.0; steps * batch * query],
        d_keys: vec![0.0; source * batch * key],
        grads: vec![0.0; setup.params.len()],
    };
    for (row, window) in windows.iter().enumerate().filter(|(_, window)| !window.is_empty()) {
        let keys: Vec<f64> = (window.clone())
            .flat_map(|s| &setup.keys[(s * batch + row % batch) * key..][..key])
            .copied()
            .collect();
        let run = run_attention(&AttentionProblem {
            score: setup.score,
            params: &setup.params,
            queries: &setup.queries[row * query..][..query],
            keys: &keys,
            query,
            key,
            lengths: &[window.len()],
            d_context: &setup.d_context[row * key..][..key],
        });
        sum.context[row * key..][..key].copy_from_slice(&run.context);
        sum.d_queries[row * query..][..query].copy_from_slice(&run.d_queries);
        let add = |to: &mut [f64], from: &[f64]| to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
        for (s, d) in window.clone().zip(run.d_keys.chunks_exact(key)) {
            add(&mut sum.d_keys[(s * batch + row % batch) * key..][..key], d);
        }
        add(&mut sum.grads, &run.grads);
    }
    sum
}

#[test]
fn in_windows_each_query_is_as_if_alone_with_what_it_sees() {
    let mut checks = Checks::new();
    let mut ws = AttentionWorkspace::new(); // one for all shapes
    for setup in setups() {
        let (steps, source, batch) = setup.sizes();
        let windows: Vec<Range<usize>> = (0..steps * batch)
            .map(|row| {
                let end = (row / batch * source / steps + row % batch).min(source);
                end.saturating_sub(1 + row % 4)..end
            })
            .collect();
        let queries = view((steps, batch, setup.query), &setup.queries);
        let keys = view((source, batch, setup.key), &setup.keys);
        let d_context = view((steps, batch, setup.key), &setup.d_context);
        let mut params = setup.params.clone();
        setup.layer.forward_in_windows(&params, queries, keys, &windows, &mut ws).expect("sizes");
        setup.layer.backward(&mut params, queries, keys, d_context, None, &mut ws).expect("sizes");
        let found = AttentionRun {
            context: back(&as_slice_or_copy(ws.context())),
            d_queries: back(&as_slice_or_copy(ws.d_queries())),
            d_keys: back(&as_slice_or_copy(ws.d_keys())),
            grads: back(params.grads()),
        };
        let name = format!("{:?} {:?}", setup.score, setup.sizes());
        compare(&mut checks, &name, &found, &query_by_query(&setup, &windows), 1e-11);
        let short = setup.layer.forward_in_windows(&params, queries, keys, &windows[1..], &mut ws);
        assert!(short.unwrap_err().to_string().starts_with("the windows"));
    }
    checks.finish();
}

#[test]
fn weights_are_a_distribution_over_the_music_and_not_the_padding() {
    let setup = Setup::new(AttentionScore::Additive, 4, 6, &[6, 2], 9);
    let mut ws = AttentionWorkspace::<f64>::new();
    setup.fused(&mut ws);
    for (row, &length) in setup.lengths.iter().enumerate() {
        for weights in as_slice_or_copy(ws.weights(row)).chunks_exact(6) {
            assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            assert!(
                weights[..length].iter().all(|&a| a > 0.0) && weights[length..].iter().all(|&a| a == 0.0)
            );
        }
    }
}
