//! Lesson 2: a recurrent network of one unit, forward: two steps by hand, and what a pulse leaves behind.

mod common;

use common::{Outcome, Results};
use composer_bptt::textbook::rnn::Rnn;
use composer_bptt::textbook::{TextbookCell, UnitInput};
use composer_report::charts::{self, Axes, BLUE, GREY, Line, OCHRE, PLUM, plain};

// ANCHOR: step
/// One step of one unit: `h = tanh(w_ih x + b_ih + w_hh h_prev + b_hh)`.
fn step(x: f64, h_prev: f64, w_ih: f64, w_hh: f64, b_ih: f64, b_hh: f64) -> f64 {
    let unit = UnitInput {
        input: [w_ih * x + b_ih],
        recurrent: [w_hh * h_prev + b_hh],
        h_prev,
        c_prev: 0.0,
        diagonal: [],
    };
    Rnn::forward(unit).0.h
}
// ANCHOR_END: step

/// The state after a pulse of 1 at the first step and zeros after it.
fn after_pulse(w_hh: f64, steps: usize) -> Vec<f64> {
    let mut h = 0.0;
    (0..steps)
        .map(|t| {
            h = step(if t == 0 { 1.0 } else { 0.0 }, h, 1.0, w_hh, 0.0, 0.0);
            h
        })
        .collect()
}

fn main() -> Outcome<()> {
    let mut results = Results::of("lesson_2");
    // The example of the derivation: x = 0.5, −1, and h_0 = 0.1.
    let h_1 = step(0.5, 0.1, 0.8, -0.5, 0.1, 0.2);
    let h_2 = step(-1.0, h_1, 0.8, -0.5, 0.1, 0.2);
    results.number("h_1", h_1);
    results.number("h_2", h_2);
    results.number("a_1", h_1.atanh());
    results.number("a_2", h_2.atanh());

    let steps = 24;
    let weights =
        [(0.5, "w = 0.5", GREY), (1.0, "w = 1", OCHRE), (1.5, "w = 1.5", BLUE), (-0.9, "w = −0.9", PLUM)];
    let mut lines = Vec::new();
    for (w_hh, name, color) in weights {
        let states = after_pulse(w_hh, steps);
        results.number(format!("pulse.{w_hh}.first"), states[0]);
        results.number(format!("pulse.{w_hh}.tenth"), states[10]);
        results.number(format!("pulse.{w_hh}.last"), states[steps - 1]);
        let points = states.iter().enumerate().map(|(t, &h)| (t as f64, h)).collect();
        lines.push(Line::new(name, color, points).with_points());
    }
    let axes = Axes {
        size: (600, 420),
        x: "steps after the pulse",
        y: "state h",
        x_range: 0.0..(steps - 1) as f64,
        y_range: -1.0..1.0,
        log: false,
        x_labels: 12,
        x_label: &plain,
        levels: &[],
    };
    results.figure("pulse", charts::lines(&axes, &lines)?);
    results.finish()
}
