//! The exercises of the course. Solve one in `lesson_N.rs`, then run its test:
//!
//! ```sh
//! cargo test -p composer-exercises -- --ignored lesson_1
//! ```

use composer_bptt::gradcheck::{Options, Part, check};
use composer_bptt::textbook::attention::{self, Score};
use composer_bptt::textbook::rnn::Rnn;
use composer_bptt::textbook::{layer, sigmoid};

#[allow(dead_code)]
#[path = "../lesson_1.rs"]
mod exercise_1;
#[allow(dead_code)]
#[path = "../lesson_2.rs"]
mod exercise_2;
#[allow(dead_code)]
#[path = "../lesson_3.rs"]
mod exercise_3;
#[allow(dead_code)]
#[path = "../lesson_4.rs"]
mod exercise_4;
#[allow(dead_code)]
#[path = "../lesson_5.rs"]
mod exercise_5;
#[allow(dead_code)]
#[path = "../lesson_6.rs"]
mod exercise_6;
#[allow(dead_code)]
#[path = "../lesson_7.rs"]
mod exercise_7;
#[allow(dead_code)]
#[path = "../lesson_8.rs"]
mod exercise_8;

#[allow(dead_code)]
#[path = "../solutions/lesson_1.rs"]
mod solution_1;
#[allow(dead_code)]
#[path = "../solutions/lesson_2.rs"]
mod solution_2;
#[allow(dead_code)]
#[path = "../solutions/lesson_3.rs"]
mod solution_3;
#[allow(dead_code)]
#[path = "../solutions/lesson_4.rs"]
mod solution_4;
#[allow(dead_code)]
#[path = "../solutions/lesson_5.rs"]
mod solution_5;
#[allow(dead_code)]
#[path = "../solutions/lesson_6.rs"]
mod solution_6;
#[allow(dead_code)]
#[path = "../solutions/lesson_7.rs"]
mod solution_7;
#[allow(dead_code)]
#[path = "../solutions/lesson_8.rs"]
mod solution_8;

/// Passed, or what is wrong.
type Verdict = Result<(), String>;

fn ensure(holds: bool, what: impl Into<String>) -> Verdict {
    if holds { Ok(()) } else { Err(what.into()) }
}

fn near(found: &[f64], expected: &[f64], what: &str) -> Verdict {
    let same = found.len() == expected.len()
        && found.iter().zip(expected).all(|(a, b)| (a - b).abs() <= 1e-9 * (1.0 + b.abs()));
    ensure(same, format!("{what}: expected {expected:?}, found {found:?}"))
}

/// The same checks on what is to be solved and on what is solved.
macro_rules! lesson {
    ($lesson:ident, $exercise:ident, $solution:ident, $functions:ident => $check:block) => {
        mod $lesson {
            mod to_solve {
                use super::super::*;
                use super::super::$exercise as $functions;
                pub fn verdict() -> Verdict $check
            }

            mod solved {
                use super::super::*;
                use super::super::$solution as $functions;
                pub fn verdict() -> Verdict $check
            }

            #[test]
            #[ignore = "an exercise of the course"]
            fn exercise() {
                if let Err(wrong) = to_solve::verdict() {
                    panic!("not solved yet\n{wrong}");
                }
            }

            #[test]
            fn the_solution_passes() {
                assert_eq!(solved::verdict(), Ok(()));
            }

            #[test]
            fn unsolved_it_fails() {
                assert!(
                    to_solve::verdict().is_err(),
                    "this exercise is solved: well done! (This test keeps the project's own copy unsolved.)"
                );
            }
        }
    };
}

lesson!(lesson_1, exercise_1, solution_1, functions => {
    // C4 under E4, E4 and G4, in quarters of two steps.
    let notes = [(60, 0, 8), (64, 0, 2), (64, 2, 2), (67, 4, 4)];
    let found = functions::frames(&notes, 8);
    let set = |pitches: &[u8]| pitches.iter().fold(0u128, |set, pitch| set | 1 << pitch);
    let expected: Vec<(u128, u128)> = [
        (&[60, 64][..], &[60, 64][..]), (&[60, 64], &[]), (&[60, 64], &[64]), (&[60, 64], &[]),
        (&[60, 67], &[67]), (&[60, 67], &[]), (&[60, 67], &[]), (&[60, 67], &[]),
    ].map(|(sounding, struck)| (set(sounding), set(struck))).to_vec();
    for (step, (found, expected)) in found.iter().zip(&expected).enumerate() {
        ensure(found.0 == expected.0, format!("step {step}: other pitches sound"))?;
        ensure(found.1 == expected.1, format!("step {step}: other pitches are struck"))?;
    }
    let cut = functions::frames(&[(72, 1, 9), (73, 5, 1)], 3);
    ensure(cut == [(0, 0), (set(&[72]), set(&[72])), (set(&[72]), 0)], "what is beyond the last step is cut off")
});

lesson!(lesson_2, exercise_2, solution_2, functions => {
    // Three units that read two numbers, four steps.
    let number = |place: usize| (1.7 * place as f64).sin();
    let weights = functions::Weights {
        weight_ih: (0..6).map(number).collect(),
        weight_hh: (6..15).map(number).collect(),
        bias: (15..18).map(number).collect(),
    };
    let x: Vec<Vec<f64>> = (0..4).map(|t| vec![number(20 + t), number(30 + t)]).collect();
    let h_0 = [0.3, -0.2, 0.1];
    let found = functions::forward(&weights, &x, &h_0);
    let sizes = layer::Sizes { steps: 4, batch: 1, features: 2, hidden: 3, reverse: false, valid: None };
    let textbook = layer::Weights {
        weight_ih: weights.weight_ih.clone(),
        weight_hh: weights.weight_hh.clone(),
        bias_ih: weights.bias.clone(),
        bias_hh: vec![0.0; 3],
        diagonals: Vec::new(),
    };
    let mut state = layer::LayerState { h: h_0.to_vec(), c: vec![0.0; 3] };
    let (expected, _) = layer::forward::<Rnn>(&sizes, &textbook, &x.concat(), &mut state);
    near(&found.concat(), &expected, "the states of all steps")
});

lesson!(lesson_3, exercise_3, solution_3, functions => {
    let (x, target) = ([0.5, -1.0, 0.8, 0.2], [0.9, 0.8, -0.3, 0.1]);
    let values = [0.8, -0.5, 0.4];
    let (states, _) = functions::forward(values[0], values[1], values[2], &x, &target);
    let gradient = functions::backward(values[1], values[2], &x, &target, &states);
    let parts = [Part::new("w_ih", 0..1), Part::new("w_hh", 1..2), Part::new("h_0", 2..3)];
    let loss = |v: &[f64]| functions::forward(v[0], v[1], v[2], &x, &target).1;
    let report = check(&parts, &values, &gradient, loss, &Options::default());
    ensure(report.passed(), format!("the gradient differs from central differences\n{report}"))
});

lesson!(lesson_4, exercise_4, solution_4, functions => {
    let mut small = vec![vec![0.3], vec![0.0, -0.4]];
    let norm = functions::clip_grad_norm(&mut small, 1.0);
    near(&[norm], &[0.5], "the norm of a small gradient")?;
    near(&small.concat(), &[0.3, 0.0, -0.4], "a gradient below the limit stays as it is")?;
    let mut large = vec![vec![30.0], vec![0.0, -40.0]];
    near(&[functions::clip_grad_norm(&mut large, 1.0)], &[50.0], "the norm before clipping")?;
    near(&large.concat(), &[0.6, 0.0, -0.8], "one common factor keeps the direction")
});

lesson!(lesson_5, exercise_5, solution_5, functions => {
    let values = [0.3, -0.8, 0.5, 0.7, -0.4];
    let state = |v: &[f64]| functions::forward(v[0], v[1], v[2], v[3], v[4]);
    let gradient = functions::backward(state(&values).0, 1.3);
    let parts = ["a_r", "a_z", "a_n", "hn", "h_prev"];
    let parts: Vec<Part> = parts.iter().enumerate().map(|(at, name)| Part::new(*name, at..at + 1)).collect();
    let report = check(&parts, &values, &gradient, |v| 1.3 * state(v).1, &Options::default());
    ensure(report.passed(), format!("the gradient differs from central differences\n{report}"))
});

lesson!(lesson_6, exercise_6, solution_6, functions => {
    let logits = [1.0, 3.0, 2.0, -1.0];
    let sum: f64 = logits.iter().map(|logit| f64::exp(*logit)).sum();
    let softmax: Vec<f64> = logits.iter().map(|logit| f64::exp(*logit) / sum).collect();
    near(&functions::distribution(&logits, 1.0, 1.0), &softmax, "temperature 1, all choices")?;
    let sharp = functions::distribution(&logits, 0.05, 1.0);
    ensure(sharp[1] > 0.999, format!("at a temperature near 0 the likeliest has all: {sharp:?}"))?;
    let flat = functions::distribution(&logits, 1e6, 1.0);
    near(&flat.iter().map(|p| (p * 1e4).round()).collect::<Vec<_>>(), &[2500.0; 4], "at a high temperature all are alike, in 1/10000")?;
    let two = softmax[1] + softmax[2];
    near(&functions::distribution(&logits, 1.0, 0.8), &[0.0, softmax[1] / two, softmax[2] / two, 0.0], "the nucleus of 0.8")?;
    near(&functions::distribution(&[1000.0, 1000.0], 1.0, 1.0), &[0.5, 0.5], "large logits")
});

lesson!(lesson_7, exercise_7, solution_7, functions => {
    let bias = [0.2, -0.5, 0.1, 0.4];
    let coupling: Vec<Vec<f64>> =
        (0..4).map(|row| (0..4).map(|column| if column < row { (row * 4 + column) as f64 / 4.0 - 2.0 } else { 9.0 }).collect()).collect();
    let frames = (0..16u32).map(|bits| (0..4).map(|pitch| bits >> pitch & 1 == 1).collect::<Vec<bool>>());
    let total: f64 = frames.map(|frame| functions::log_likelihood(&bias, &coupling, &frame).exp()).sum();
    near(&[total], &[1.0], "the probabilities of all frames")?;
    let found = functions::log_likelihood(&bias, &coupling, &[true, false, true, true]);
    let logits: [f64; 4] = [bias[0], bias[1] + coupling[1][0], bias[2] + coupling[2][0], bias[3] + coupling[3][0] + coupling[3][2]];
    let p = logits.map(sigmoid);
    near(&[found], &[p[0].ln() + (1.0 - p[1]).ln() + p[2].ln() + p[3].ln()], "ln P of pitches 0, 2 and 3")
});

lesson!(lesson_8, exercise_8, solution_8, functions => {
    let query = vec![0.5, -1.0, 2.0];
    let keys = vec![vec![1.0, 0.2, -0.3], vec![-0.5, 0.4, 0.9], vec![0.1, 0.1, 0.1], vec![3.0, 3.0, 3.0]];
    let valid = [true, true, true, false];
    let (weights, context) = functions::attend(&query, &keys, &valid);
    let expected = attention::forward(&Score::Dot, std::slice::from_ref(&query), &keys, &valid);
    near(&weights, &expected.a[0], "the weights")?;
    near(&context, &expected.context[0], "the context")
});
