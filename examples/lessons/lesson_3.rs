//! Lesson 3: a gradient by backpropagation through time, checked by central differences with large and small steps.

mod common;

use common::{Outcome, Results};
use composer_bptt::gradcheck::{Options, Part, check};
use composer_bptt::textbook::rnn::{Rnn, Saved};
use composer_bptt::textbook::{TextbookCell, UnitInput};
use composer_report::charts::{self, Axes, BLUE, Line, OCHRE};

const X: [f64; 2] = [0.5, -1.0];
const TARGET: [f64; 2] = [0.9, 0.8];

/// The saved states of a run with `values` `w_ih, w_hh, b_ih, b_hh, h_0`, and its loss `½ Σ (h − target)²`.
fn forward(values: &[f64]) -> (Vec<Saved>, f64) {
    let [w_ih, w_hh, b_ih, b_hh, mut h] = [0, 1, 2, 3, 4].map(|place| values[place]);
    let (mut saved, mut loss) = (Vec::new(), 0.0);
    for (x, target) in X.into_iter().zip(TARGET) {
        let unit = UnitInput {
            input: [w_ih * x + b_ih],
            recurrent: [w_hh * h + b_hh],
            h_prev: h,
            c_prev: 0.0,
            diagonal: [],
        };
        let (state, of_unit) = Rnn::forward(unit);
        h = state.h;
        loss += 0.5 * (h - target) * (h - target);
        saved.push(of_unit);
    }
    (saved, loss)
}

// ANCHOR: backward
/// The gradient of the loss with respect to `w_ih, w_hh, b_ih, b_hh, h_0`, from the last step to the first.
fn backward(values: &[f64], saved: &[Saved]) -> [f64; 5] {
    let (w_hh, h_0) = (values[1], values[4]);
    let [mut d_w_ih, mut d_w_hh, mut d_b_ih, mut d_b_hh, mut d_h_prev] = [0.0; 5];
    for t in (0..X.len()).rev() {
        let h_prev = if t > 0 { saved[t - 1].h } else { h_0 };
        // h is read by the loss, and by the next step
        let d_output = saved[t].h - TARGET[t];
        let d_h = d_output + d_h_prev;
        let gradient = Rnn::backward(&saved[t], d_h, 0.0);
        // one weight serves all steps: its gradient is a sum over them
        d_w_ih += gradient.d_input[0] * X[t];
        d_b_ih += gradient.d_input[0];
        d_w_hh += gradient.d_recurrent[0] * h_prev;
        d_b_hh += gradient.d_recurrent[0];
        d_h_prev = gradient.d_recurrent[0] * w_hh;
    }
    [d_w_ih, d_w_hh, d_b_ih, d_b_hh, d_h_prev]
}
// ANCHOR_END: backward

/// How exact are differences? A large step bends away, a small one loses digits. `exact` is the gradient of `w_hh`.
fn differences(results: &mut Results, values: [f64; 5], exact: f64) -> Outcome<()> {
    let error = |step: f64, central: bool| {
        let at = |by: f64| {
            let mut moved = values;
            moved[1] += by;
            forward(&moved).1
        };
        let difference =
            if central { (at(step) - at(-step)) / (2.0 * step) } else { (at(step) - at(0.0)) / step };
        // An error of zero has no logarithm.
        (difference - exact).abs().max(1e-16)
    };
    let exponents: Vec<f64> = (4..=48).map(|quarter| -f64::from(quarter) / 4.0).collect();
    let curve = |central| exponents.iter().map(|&e| (e, error(10f64.powf(e), central))).collect::<Vec<_>>();
    let (central, forward_only) = (curve(true), curve(false));
    for (name, curve) in [("central", &central), ("forward", &forward_only)] {
        let best = curve
            .iter()
            .copied()
            .fold((0.0, f64::INFINITY), |best, at| if at.1 < best.1 { at } else { best });
        results.number(format!("{name}.best_error_exponent"), best.1.log10());
        results.number(format!("{name}.best_step_exponent"), best.0);
    }
    results.number("central.error_exponent_at_1e-1", error(1e-1, true).log10());
    results.number("central.error_exponent_at_1e-2", error(1e-2, true).log10());
    results.number("central.error_exponent_at_1e-12", error(1e-12, true).log10());
    results.number("forward.error_exponent_at_1e-2", error(1e-2, false).log10());

    let axes = Axes {
        size: (600, 420),
        x: "step of the difference, power of ten",
        y: "error of the gradient",
        x_range: -12.0..-1.0,
        y_range: 1e-16..1.0,
        log: true,
        x_labels: 12,
        x_label: &|x| format!("{x:.0}"),
        levels: &[],
    };
    let lines = [
        Line::new("central differences", BLUE, central),
        Line::new("one-sided", OCHRE, forward_only).dashed(),
    ];
    results.figure("differences", charts::lines(&axes, &lines)?);
    Ok(())
}

fn main() -> Outcome<()> {
    let mut results = Results::of("lesson_3");
    let values = [0.8, -0.5, 0.1, 0.2, 0.1];
    let (saved, loss) = forward(&values);
    let gradient = backward(&values, &saved);
    results.number("loss", loss);
    for (name, value) in ["d_w_ih", "d_w_hh", "d_b_ih", "d_b_hh", "d_h_0"].iter().zip(gradient) {
        results.number(*name, value);
    }
    let parts =
        [Part::new("w_ih", 0..1), Part::new("w_hh", 1..2), Part::new("biases", 2..4), Part::new("h_0", 4..5)];
    let report = check(&parts, &values, &gradient, |values| forward(values).1, &Options::default());
    println!("{report}\n");

    differences(&mut results, values, gradient[1])?;
    results.finish()
}
