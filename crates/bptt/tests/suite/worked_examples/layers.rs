//! The worked examples of attention, coupling and losses: the textbook and the fused implementation against the pages.

use super::page::{Example, Rows};
use composer_bptt::arrays::{as_slice_or_copy, view, view_mut};
use composer_bptt::loss::{sigmoid_cross_entropy, softmax_cross_entropy};
use composer_bptt::textbook::{attention, coupling, loss};
use composer_bptt::{Attention, AttentionScore, AttentionWorkspace, Coupling, Parameters};
use ndarray::{aview_mut1, aview1};

const STEPS: usize = 2;

/// Vectors of one element.
fn column(values: &[f64]) -> attention::Rows {
    values.iter().map(|&value| vec![value]).collect()
}

fn score(given: &Rows, kind: AttentionScore) -> attention::Score {
    match kind {
        AttentionScore::Dot => attention::Score::Dot,
        AttentionScore::General => attention::Score::General { key_weight: column(given.row("key_weight")) },
        AttentionScore::Additive => attention::Score::Additive {
            query_weight: column(given.row("query_weight")),
            query_bias: given.row("query_bias").to_vec(),
            key_weight: column(given.row("key_weight")),
            v: given.row("v").to_vec(),
        },
    }
}

/// All rows of a page of attention, and the gradients of what is given.
fn attend(given: &Rows, kind: AttentionScore) -> (Rows, Rows) {
    let score = score(given, kind);
    let (queries, keys) = (column(given.row("q")), column(given.row("k")));
    let saved = attention::forward(&score, &queries, &keys, &[true; STEPS]);
    let context = saved.context.concat();
    let d_context: Vec<f64> = context.iter().zip(given.row("target")).map(|(c, target)| c - target).collect();
    let d = attention::backward(&score, &queries, &keys, &saved, &column(&d_context));
    let mut n = Rows::default();
    n.set("context", &context);
    n.set("loss", &d_context.iter().map(|d| 0.5 * d * d).collect::<Vec<_>>());
    n.set("d_context", &d_context);
    for t in 0..STEPS {
        n.put("d_mean", STEPS, t, (0..STEPS).map(|s| saved.a[t][s] * d.d_a[t][s]).sum());
        for s in 0..STEPS {
            for (name, rows) in [("e", &saved.e), ("a", &saved.a), ("d_a", &d.d_a), ("d_e", &d.d_e)] {
                n.put(&format!("{name}[{}]", s + 1), STEPS, t, rows[t][s]);
            }
        }
    }
    n.set("d_q", &d.d_queries.concat());
    n.set("d_k_context", &d.d_keys_context.concat());
    n.set("d_p", &d.d_p.concat());
    n.set("d_k", &d.d_keys.concat());
    if kind != AttentionScore::Dot {
        n.set("p", &saved.p.concat());
    }
    let mut gradient = Rows::default();
    gradient.set("q", n.row("d_q"));
    gradient.set("k", n.row("d_k"));
    match &d.d_score {
        attention::Score::Dot => {}
        attention::Score::General { key_weight } => gradient.set("key_weight", &key_weight.concat()),
        attention::Score::Additive { query_weight, query_bias, key_weight, v } => {
            n.set("u", &saved.u.concat());
            for t in 0..STEPS {
                let mut d_u = 0.0;
                for s in 0..STEPS {
                    let z = saved.z[t][s][0];
                    let d_sum = d.d_e[t][s] * given.one("v") * (1.0 - z * z);
                    n.put(&format!("z[{}]", s + 1), STEPS, t, z);
                    n.put(&format!("d_sum[{}]", s + 1), STEPS, t, d_sum);
                    d_u += d_sum;
                }
                n.put("d_u", STEPS, t, d_u);
            }
            gradient.set("query_weight", &query_weight.concat());
            gradient.set("query_bias", query_bias);
            gradient.set("key_weight", &key_weight.concat());
            gradient.set("v", v);
        }
    }
    for name in ["query_weight", "query_bias", "key_weight", "v"] {
        if gradient.has(name) {
            n.set(&format!("d_{name}"), gradient.row(name));
        }
    }
    (n, gradient)
}

fn check_attention(section: &str, kind: AttentionScore) {
    let example = Example::read("attention", section);
    let (n, gradient) = attend(&example.given, kind);
    example.compare(&n);
    example.check_gradient(&gradient, |given| attend(given, kind).0);

    let mut params = Parameters::<f64>::new();
    let layer = Attention::new(kind, 1, 1, 1, "", &mut params).expect("sizes");
    for entry in params.entries().to_vec() {
        params.values_mut()[entry.range].copy_from_slice(example.given.row(&entry.name.replace('.', "_")));
    }
    let [q, k, d_context] = [example.given.row("q"), example.given.row("k"), n.row("d_context")]
        .map(|values| view((STEPS, 1, 1), values));
    let mut ws = AttentionWorkspace::new();
    layer.forward(&params, q, k, None, &mut ws).expect("sizes");
    layer.backward(&mut params, q, k, d_context, None, &mut ws).expect("sizes");
    example.agree("context", &as_slice_or_copy(ws.context()), n.row("context"));
    example.agree("d_q", &as_slice_or_copy(ws.d_queries()), n.row("d_q"));
    example.agree("d_k", &as_slice_or_copy(ws.d_keys()), n.row("d_k"));
    for entry in params.entries() {
        let name = entry.name.replace('.', "_");
        example.agree(&format!("d_{name}"), &params.grads()[entry.range.clone()], gradient.row(&name));
    }
}

#[test]
fn attention_dot() {
    check_attention("Worked example: dot", AttentionScore::Dot);
}

#[test]
fn attention_general() {
    check_attention("Worked example: general", AttentionScore::General);
}

#[test]
fn attention_additive() {
    check_attention("Worked example: additive", AttentionScore::Additive);
}

/// Bits, and bits of the first plane.
const BITS: (usize, usize) = (4, 2);

fn couple(given: &Rows) -> (Rows, Rows) {
    let (bits, first) = BITS;
    let weight: Vec<f64> = (0..bits).flat_map(|u| given.row(&format!("weight[{u}]")).to_vec()).collect();
    let layer = coupling::Coupling { weight: &weight, bits, first };
    let (on, loss_mask) = (given.row("on"), given.row("loss_mask"));
    let y = layer.forward(given.row("l"), on, loss_mask);
    let saved = loss::sigmoid_forward(&y, on, loss_mask);
    let d_y = loss::sigmoid_backward(&saved, on, loss_mask);
    let mut d_weight = vec![0.0; bits * bits];
    layer.backward(on, loss_mask, &d_y, &mut d_weight);
    let (mut n, mut gradient) = (Rows::default(), Rows::default());
    gradient.set("l", &d_y);
    for u in 0..bits {
        gradient.set(&format!("weight[{u}]"), &d_weight[u * bits..][..bits]);
        n.set(&format!("d_weight[{u}]"), &d_weight[u * bits..][..bits]);
    }
    for (name, row) in [("y", &y), ("sigmoid", &saved.p), ("loss", &saved.loss), ("d_y", &d_y)] {
        n.set(name, row);
    }
    (n, gradient)
}

#[test]
fn coupling_page() {
    let example = Example::read("coupling", "Worked example");
    let (n, gradient) = couple(&example.given);
    example.compare(&n);
    example.check_gradient(&gradient, |given| couple(given).0);

    let (bits, first) = BITS;
    let mut params = Parameters::<f64>::new();
    let layer = Coupling::new(bits, first, "", &mut params).expect("sizes");
    for u in 0..bits {
        params.values_mut()[u * bits..][..bits].copy_from_slice(example.given.row(&format!("weight[{u}]")));
    }
    let (on, loss_mask) = (example.given.row("on"), example.given.row("loss_mask"));
    let mut y = example.given.row("l").to_vec();
    layer.forward(&params, aview1(on), aview1(loss_mask), aview_mut1(&mut y)).expect("sizes");
    for v in (0..bits).filter(|&v| loss_mask[v] > 0.0) {
        example.agree(&format!("y of bit {v}"), &y[v..=v], &n.row("y")[v..=v]);
    }
    let nll =
        sigmoid_cross_entropy(aview_mut1(&mut y), aview1(on), Some(aview1(loss_mask)), 1.0).expect("sizes");
    layer.backward(&mut params, aview1(on), aview1(loss_mask), aview1(&y)).expect("sizes");
    example.agree("the loss", &[nll.sum], &[n.row("loss").iter().sum()]);
    example.agree("d_y", &y, n.row("d_y"));
    for u in 0..bits {
        let name = format!("d_weight[{u}]");
        example.agree(&name, &params.grads()[u * bits..][..bits], n.row(&name));
    }
}

fn check_softmax(section: &str) {
    let example = Example::read("losses", section);
    let (target, smoothing) = (example.given.one("target") as usize, example.given.one("smoothing"));
    let compute = |given: &Rows| {
        let saved = loss::softmax_forward(given.row("l"), target, smoothing);
        let mut n = Rows::default();
        n.set("p", &saved.p);
        n.set("q", &saved.q);
        n.set("ln_z", &[saved.ln_z]);
        n.set("loss", &[saved.loss]);
        n.set("d_l", &loss::softmax_backward(&saved));
        n
    };
    let n = compute(&example.given);
    example.compare(&n);
    let mut gradient = Rows::default();
    gradient.set("l", n.row("d_l"));
    example.check_gradient(&gradient, compute);

    let mut l = example.given.row("l").to_vec();
    let nll = softmax_cross_entropy(
        view_mut(([target as u32].len(), 3), &mut l),
        aview1(&[target as u32]),
        smoothing,
        1.0,
    )
    .expect("sizes");
    example.agree("the loss", &[nll.sum], n.row("loss"));
    example.agree("d_l", &l, n.row("d_l"));
}

#[test]
fn softmax_page() {
    check_softmax("Worked example: softmax");
    check_softmax("Worked example: softmax with label smoothing");
}

fn check_sigmoid(section: &str) {
    let example = Example::read("losses", section);
    let smoothing = example.given.one("smoothing");
    let compute = |given: &Rows| {
        let loss_mask = given.row("loss_mask");
        let y: Vec<f64> = given.row("x").iter().map(|x| (1.0 - smoothing) * x + 0.5 * smoothing).collect();
        let saved = loss::sigmoid_forward(given.row("l"), &y, loss_mask);
        let mut n = Rows::default();
        n.set("d_l", &loss::sigmoid_backward(&saved, &y, loss_mask));
        n.set("y", &y);
        n.set("p", &saved.p);
        n.set("loss", &saved.loss);
        n.set("sum", &[saved.loss.iter().sum()]);
        n
    };
    let n = compute(&example.given);
    example.compare(&n);
    let mut gradient = Rows::default();
    gradient.set("l", n.row("d_l"));
    example.check_gradient(&gradient, compute);

    let mut l = example.given.row("l").to_vec();
    let mask = example.given.row("loss_mask");
    let nll = sigmoid_cross_entropy(aview_mut1(&mut l), aview1(n.row("y")), Some(aview1(mask)), 1.0)
        .expect("sizes");
    example.agree("the loss", &[nll.sum], n.row("sum"));
    example.agree("d_l", &l, n.row("d_l"));
}

#[test]
fn sigmoid_page() {
    check_sigmoid("Worked example: sigmoid");
    check_sigmoid("Worked example: sigmoid with label smoothing");
}
