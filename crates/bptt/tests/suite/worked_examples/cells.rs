//! The worked examples of the cells: plain arithmetic against the pages, against central differences and against the crate.

use super::page::{Example, Rows};
use composer_bptt::arrays::{as_slice_or_copy, view};
use composer_bptt::{Cell, Input, Mode, Parameters, Recurrent, RecurrentConfig, RecurrentWorkspace, State};

const STEPS: usize = 2;

fn sigmoid(a: f64) -> f64 {
    1.0 / (1.0 + (-a).exp())
}

/// What is given, and what has been computed so far.
struct Run<'a> {
    given: &'a Rows,
    gates: &'a [&'a str],
    n: Rows,
}

impl Run<'_> {
    fn at(&self, name: &str, t: usize) -> f64 {
        self.n.row(name)[t]
    }

    fn put(&mut self, name: &str, t: usize, value: f64) -> f64 {
        self.n.put(name, STEPS, t, value);
        value
    }

    /// `W_ih x + b_ih` of a gate.
    fn input(&self, gate: usize, t: usize) -> f64 {
        self.given.row("weight_ih")[gate] * self.given.row("x")[t] + self.given.row("bias_ih")[gate]
    }

    /// `W_hh h_prev + b_hh` of a gate.
    fn recurrent(&self, gate: usize, t: usize) -> f64 {
        self.given.row("weight_hh")[gate] * self.h_prev(t) + self.given.row("bias_hh")[gate]
    }

    fn h_prev(&self, t: usize) -> f64 {
        if t == 0 { self.given.one("h_0") } else { self.at("h", t - 1) }
    }

    fn c_prev(&self, t: usize) -> f64 {
        if t == 0 { self.given.one("c_0") } else { self.at("c", t - 1) }
    }

    fn output(&mut self, t: usize, h: f64) {
        self.put("h", t, h);
        self.put("loss", t, 0.5 * (h - self.given.row("target")[t]).powi(2));
    }

    /// `d_h = d_output + d_h_prev of the next step`
    fn d_h(&mut self, t: usize) -> f64 {
        let d_output = self.put("d_output", t, self.at("h", t) - self.given.row("target")[t]);
        let d_h_next = if t + 1 < STEPS { self.at("d_h_prev", t + 1) } else { 0.0 };
        self.put("d_h", t, d_output + d_h_next)
    }

    fn d_c_next(&self, t: usize) -> f64 {
        if t + 1 < STEPS { self.at("d_c_prev", t + 1) } else { 0.0 }
    }

    /// From the gradients of the sums to all that all cells share; `past` is what reaches `h_prev` past the products.
    fn products(&mut self, t: usize, d_input: &[f64], d_recurrent: &[f64], past: f64) {
        let (x, h_prev) = (self.given.row("x")[t], self.h_prev(t));
        let (mut d_h_prev, mut d_x) = (past, 0.0);
        for (gate, (&d_in, &d_re)) in d_input.iter().zip(d_recurrent).enumerate() {
            d_h_prev += self.given.row("weight_hh")[gate] * d_re;
            d_x += self.given.row("weight_ih")[gate] * d_in;
            for (name, d) in
                [("weight_ih", d_in * x), ("weight_hh", d_re * h_prev), ("bias_ih", d_in), ("bias_hh", d_re)]
            {
                self.parameter(name, self.gates[gate], t, d);
            }
        }
        self.put("d_h_prev", t, d_h_prev);
        self.put("d_x", t, d_x);
    }

    /// What a step adds to the gradient of a parameter, and the sum over all steps.
    fn parameter(&mut self, name: &str, gate: &str, t: usize, d: f64) {
        let name = if gate.is_empty() { format!("d_{name}") } else { format!("d_{name}[{gate}]") };
        self.n.put(&name, STEPS + 1, t, d);
        let sum = self.n.row(&name)[..STEPS].iter().sum();
        self.n.put(&name, STEPS + 1, STEPS, sum);
    }
}

fn rnn(run: &mut Run<'_>, relu: bool) {
    for t in 0..STEPS {
        let a = run.put("a", t, run.input(0, t) + run.recurrent(0, t));
        run.output(t, if relu { a.max(0.0) } else { a.tanh() });
    }
    for t in (0..STEPS).rev() {
        let (d_h, h) = (run.d_h(t), run.at("h", t));
        let slope = if relu { f64::from(u8::from(h > 0.0)) } else { 1.0 - h * h };
        let d_gates = run.put("d_gates", t, d_h * slope);
        run.products(t, &[d_gates], &[d_gates], 0.0);
    }
}

/// With and without peepholes, whose weights are `w_ci`, `w_cf` and `w_co`.
fn lstm(run: &mut Run<'_>, peepholes: [f64; 3]) {
    let [w_ci, w_cf, w_co] = peepholes;
    for t in 0..STEPS {
        let c_prev = run.c_prev(t);
        let a_i = run.put("a_i", t, run.input(0, t) + run.recurrent(0, t));
        let a_f = run.put("a_f", t, run.input(1, t) + run.recurrent(1, t));
        let a_g = run.put("a_g", t, run.input(2, t) + run.recurrent(2, t));
        let i = run.put("i", t, sigmoid(a_i + w_ci * c_prev));
        let f = run.put("f", t, sigmoid(a_f + w_cf * c_prev));
        let g = run.put("g", t, a_g.tanh());
        let c = run.put("c", t, f * c_prev + i * g);
        let a_o = run.put("a_o", t, run.input(3, t) + run.recurrent(3, t));
        let o = run.put("o", t, sigmoid(a_o + w_co * c));
        let tanh_c = run.put("tanh_c", t, c.tanh());
        run.output(t, o * tanh_c);
    }
    for t in (0..STEPS).rev() {
        let [i, f, g, o, c, tanh_c] = ["i", "f", "g", "o", "c", "tanh_c"].map(|name| run.at(name, t));
        let (d_h, c_prev) = (run.d_h(t), run.c_prev(t));
        let d_o = run.put("d_o", t, d_h * tanh_c);
        let d_tanh_c = run.put("d_tanh_c", t, d_h * o);
        let d_gate_o = run.put("d_gate_o", t, d_o * o * (1.0 - o));
        let d_c = run.put("d_c", t, run.d_c_next(t) + d_tanh_c * (1.0 - tanh_c * tanh_c) + d_gate_o * w_co);
        let d_i = run.put("d_i", t, d_c * g);
        let d_f = run.put("d_f", t, d_c * c_prev);
        let d_g = run.put("d_g", t, d_c * i);
        let d_gate_i = run.put("d_gate_i", t, d_i * i * (1.0 - i));
        let d_gate_f = run.put("d_gate_f", t, d_f * f * (1.0 - f));
        let d_gate_g = run.put("d_gate_g", t, d_g * (1.0 - g * g));
        run.put("d_c_prev", t, d_c * f + d_gate_i * w_ci + d_gate_f * w_cf);
        let d_gates = [d_gate_i, d_gate_f, d_gate_g, d_gate_o];
        run.products(t, &d_gates, &d_gates, 0.0);
        if run.given.has("weight_ci") {
            run.parameter("weight_ci", "", t, d_gate_i * c_prev);
            run.parameter("weight_cf", "", t, d_gate_f * c_prev);
            run.parameter("weight_co", "", t, d_gate_o * c);
        }
    }
}

fn gru(run: &mut Run<'_>) {
    for t in 0..STEPS {
        let a_r = run.put("a_r", t, run.input(0, t) + run.recurrent(0, t));
        let a_z = run.put("a_z", t, run.input(1, t) + run.recurrent(1, t));
        let r = run.put("r", t, sigmoid(a_r));
        let z = run.put("z", t, sigmoid(a_z));
        let hn = run.put("hn", t, run.recurrent(2, t));
        let a_n = run.put("a_n", t, run.input(2, t) + r * hn);
        let n = run.put("n", t, a_n.tanh());
        run.output(t, (1.0 - z) * n + z * run.h_prev(t));
    }
    for t in (0..STEPS).rev() {
        let [r, z, hn, n] = ["r", "z", "hn", "n"].map(|name| run.at(name, t));
        let (d_h, h_prev) = (run.d_h(t), run.h_prev(t));
        let d_n = run.put("d_n", t, d_h * (1.0 - z));
        let d_z = run.put("d_z", t, d_h * (h_prev - n));
        let d_gate_n = run.put("d_gate_n", t, d_n * (1.0 - n * n));
        let d_r = run.put("d_r", t, d_gate_n * hn);
        let d_hn = run.put("d_hn", t, d_gate_n * r);
        let d_gate_r = run.put("d_gate_r", t, d_r * r * (1.0 - r));
        let d_gate_z = run.put("d_gate_z", t, d_z * z * (1.0 - z));
        run.products(t, &[d_gate_r, d_gate_z, d_gate_n], &[d_gate_r, d_gate_z, d_hn], d_h * z);
    }
}

fn minimal_gated_unit(run: &mut Run<'_>) {
    for t in 0..STEPS {
        let a_f = run.put("a_f", t, run.input(0, t) + run.recurrent(0, t));
        let f = run.put("f", t, sigmoid(a_f));
        let hn = run.put("hn", t, run.recurrent(1, t));
        let a_n = run.put("a_n", t, run.input(1, t) + f * hn);
        let n = run.put("n", t, a_n.tanh());
        run.output(t, (1.0 - f) * run.h_prev(t) + f * n);
    }
    for t in (0..STEPS).rev() {
        let [f, hn, n] = ["f", "hn", "n"].map(|name| run.at(name, t));
        let (d_h, h_prev) = (run.d_h(t), run.h_prev(t));
        let d_n = run.put("d_n", t, d_h * f);
        let d_gate_n = run.put("d_gate_n", t, d_n * (1.0 - n * n));
        let d_hn = run.put("d_hn", t, d_gate_n * f);
        let d_f = run.put("d_f", t, d_h * (n - h_prev) + d_gate_n * hn);
        let d_gate_f = run.put("d_gate_f", t, d_f * f * (1.0 - f));
        run.products(t, &[d_gate_f, d_gate_n], &[d_gate_f, d_hn], d_h * (1.0 - f));
    }
}

/// The gradients that the rows of a computation hold, under the names of what is given.
fn gradient(example: &Example, n: &Rows) -> Rows {
    let mut gradient = Rows::default();
    gradient.set("x", n.row("d_x"));
    gradient.set("h_0", &n.row("d_h_prev")[..1]);
    if example.given.has("c_0") {
        gradient.set("c_0", &n.row("d_c_prev")[..1]);
    }
    for name in ["weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_ci", "weight_cf", "weight_co"] {
        if example.given.has(name) {
            let sum = |column: &String| {
                let gate = if column == "value" { String::new() } else { format!("[{column}]") };
                n.row(&format!("d_{name}{gate}"))[STEPS]
            };
            gradient.set(name, &example.columns[name].iter().map(sum).collect::<Vec<_>>());
        }
    }
    gradient
}

/// The crate's fused implementation of the example: outputs, states and every gradient.
fn compare_with_the_crate(example: &Example, cell: Cell, n: &Rows) {
    let given = &example.given;
    let config = RecurrentConfig { cell, input: 1, hidden: 1, ..RecurrentConfig::default() };
    let mut params = Parameters::<f64>::new();
    let stack = Recurrent::new(config.clone(), "", &mut params).expect("sizes");
    for entry in params.entries().to_vec() {
        let name = entry.name.strip_suffix("_l0").expect("the first layer");
        params.values_mut()[entry.range].copy_from_slice(given.row(name));
    }
    let c_0 = if cell.has_c() { vec![given.one("c_0")] } else { Vec::new() };
    let mut state = State::from_values(&config, 1, vec![given.one("h_0")], c_0).expect("sizes");
    let (x, mut ws) = (view((STEPS, 1, 1), given.row("x")), RecurrentWorkspace::new());
    let d_output = view((STEPS, 1, 1), n.row("d_output"));
    ws.request_d_input(true);
    stack.forward(&params, Input::Dense(x), &mut state, None, Mode::Eval, &mut ws).expect("sizes");
    stack.backward(&mut params, Input::Dense(x), d_output, None, &mut ws).expect("sizes");
    let expected = gradient(example, n);
    example.agree("h", &as_slice_or_copy(ws.output()), n.row("h"));
    example.agree("h_n", &state.h, &n.row("h")[1..]);
    example.agree("d_x", &as_slice_or_copy(ws.d_input()), n.row("d_x"));
    example.agree("d_h_0", &ws.d_state().h, expected.row("h_0"));
    if cell.has_c() {
        example.agree("c_n", &state.c, &n.row("c")[1..]);
        example.agree("d_c_0", &ws.d_state().c, expected.row("c_0"));
    }
    for entry in params.entries() {
        let name = entry.name.strip_suffix("_l0").expect("the first layer");
        example.agree(&format!("d_{name}"), &params.grads()[entry.range.clone()], expected.row(name));
    }
}

/// One page: the numbers on it, central differences, and the cell of the crate.
fn check(file: &str, section: &str, cell: Option<Cell>, gates: &[&str], compute: impl Fn(&mut Run<'_>)) {
    let example = Example::read(file, section);
    let compute = |given: &Rows| {
        let mut run = Run { given, gates, n: Rows::default() };
        compute(&mut run);
        run.n
    };
    let n = compute(&example.given);
    example.compare(&n);
    example.check_gradient(&gradient(&example, &n), compute);
    if let Some(cell) = cell {
        compare_with_the_crate(&example, cell, &n);
    }
}

#[test]
fn rnn_tanh() {
    check("rnn", "Worked example: tanh", Some(Cell::RnnTanh), &[""], |run| rnn(run, false));
}

#[test]
fn rnn_relu() {
    check("rnn", "Worked example: ReLU", Some(Cell::RnnRelu), &[""], |run| rnn(run, true));
}

#[test]
fn lstm_page() {
    check("lstm", "Worked example", Some(Cell::Lstm), &["i", "f", "g", "o"], |run| lstm(run, [0.0; 3]));
}

#[test]
fn gru_page() {
    check("gru", "Worked example", Some(Cell::Gru), &["r", "z", "n"], gru);
}

#[test]
fn peephole_lstm_page() {
    check("peephole_lstm", "Worked example", Some(Cell::PeepholeLstm), &["i", "f", "g", "o"], |run| {
        lstm(run, ["weight_ci", "weight_cf", "weight_co"].map(|name| run.given.one(name)));
    });
}

#[test]
fn minimal_gated_unit_page() {
    check(
        "minimal_gated_unit",
        "Worked example",
        Some(Cell::MinimalGatedUnit),
        &["f", "n"],
        minimal_gated_unit,
    );
}
