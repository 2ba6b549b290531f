//! Is a gradient right? Central differences in double precision say so, for any layer.
//!
//! [`check`] compares the gradient of any function with differences of its values:
//!
//! ```
//! use composer_bptt::gradcheck::{Options, Part, check};
//!
//! // loss(a, b) = a² b, whose gradient is (2ab, a²).
//! let values = [3.0, 2.0];
//! let parts = [Part::new("a", 0..1), Part::new("b", 1..2)];
//! let loss = |v: &[f64]| v[0] * v[0] * v[1];
//! assert!(check(&parts, &values, &[12.0, 9.0], loss, &Options::default()).passed());
//!
//! let wrong = check(&parts, &values, &[12.0, 9.1], loss, &Options::default());
//! assert_eq!(wrong.failures().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["b"]);
//! ```
//!
//! For a layer of your own: put its parameters, its input and its initial state into one vector, let `loss` write them back,
//! run forward and sum the output with fixed random factors, and hand in what backward gives for those factors.
//! [`CellProblem`] does that for the recurrent stacks of this crate, and [`check_cells`] for several of them.

use std::fmt;
use std::ops::Range;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use crate::{
    Cell, Error, Input, Mask, Mode, Parameters, Recurrent, RecurrentConfig, RecurrentWorkspace, State,
};

/// How differences are taken and judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// The step of the differences.
    pub step: f64,
    /// The largest relative error that passes.
    pub tolerance: f64,
    /// Gradients smaller than this share of the largest one are measured against that share: differences know them no better.
    pub floor: f64,
}

impl Default for Options {
    fn default() -> Self {
        Options { step: 2e-4, tolerance: 1e-6, floor: 1e-5 }
    }
}

/// A named part of the values.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Its name, for the report.
    pub name: String,
    /// Where it lies.
    pub range: Range<usize>,
    /// The names of its equal blocks, if it is gated.
    pub gates: &'static [&'static str],
}

impl Part {
    /// A part without gates.
    pub fn new(name: impl Into<String>, range: Range<usize>) -> Self {
        Part { name: name.into(), range, gates: &[] }
    }

    /// The gate that the `index`-th element belongs to.
    fn gate(&self, index: usize) -> Option<&'static str> {
        let block = self.range.len().checked_div(self.gates.len())?;
        self.gates.get(index / block).copied()
    }
}

/// How far one part's gradient is from the differences.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The part.
    pub name: String,
    /// The largest absolute error.
    pub max_abs: f64,
    /// The largest relative error.
    pub max_rel: f64,
    /// The element with the largest relative error.
    pub index: usize,
    /// Its gate, if the part is gated.
    pub gate: Option<&'static str>,
    /// The gradient there, and what the differences say.
    pub found: f64,
    /// What the differences say.
    pub expected: f64,
    /// Whether the error is within the tolerance. (NaN is not.)
    pub passed: bool,
}

/// The comparison of all parts.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// One row per part.
    pub rows: Vec<Row>,
}

impl Report {
    /// Whether there is something, and all of it is right.
    pub fn passed(&self) -> bool {
        !self.rows.is_empty() && self.rows.iter().all(|row| row.passed)
    }

    /// The rows that are wrong.
    pub fn failures(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| !row.passed)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|row| row.name.len()).max().unwrap_or(0).max(9);
        writeln!(f, "{:width$}  {:>9}  {:>9}  worst at", "parameter", "max abs", "max rel")?;
        for row in &self.rows {
            let gate = row.gate.map_or(String::new(), |gate| format!(", gate {gate}"));
            let verdict = if row.passed { "" } else { "  WRONG" };
            let Row { name, max_abs, max_rel, index, .. } = row;
            writeln!(f, "{name:width$}  {max_abs:9.2e}  {max_rel:9.2e}  [{index}]{gate}{verdict}")?;
        }
        let wrong = self.failures().count();
        match wrong {
            0 if self.rows.is_empty() => write!(f, "nothing was checked"),
            0 => write!(f, "all {} gradients are right", self.rows.len()),
            _ => write!(f, "{wrong} of {} gradients are wrong", self.rows.len()),
        }
    }
}

/// Compares `gradient` with differences of `loss` around `values`: for each element the five-point formula
///
/// ```text
/// d loss / d v ≈ (8 (loss(v + s) − loss(v − s)) − (loss(v + 2s) − loss(v − 2s))) / 12 s
/// ```
///
/// # Panics
/// If `gradient` and `values` differ in length, or a part lies outside of them.
pub fn check(
    parts: &[Part],
    values: &[f64],
    gradient: &[f64],
    mut loss: impl FnMut(&[f64]) -> f64,
    options: &Options,
) -> Report {
    assert_eq!(values.len(), gradient.len(), "one gradient for each value");
    let largest = gradient.iter().fold(0.0f64, |largest, g| largest.max(g.abs()));
    let floor = (options.floor * largest).max(f64::MIN_POSITIVE);
    let mut moved = values.to_vec();
    let mut difference = |at: usize, step: f64| {
        moved[at] = values[at] + step;
        let above = loss(&moved);
        moved[at] = values[at] - step;
        let below = loss(&moved);
        moved[at] = values[at];
        above - below
    };
    let mut rows = Vec::new();
    for part in parts {
        let mut row = Row {
            name: part.name.clone(),
            max_abs: 0.0,
            max_rel: 0.0,
            index: 0,
            gate: part.gate(0),
            found: 0.0,
            expected: 0.0,
            passed: true,
        };
        for (index, at) in part.range.clone().enumerate() {
            let found = gradient[at];
            let mut five_points = |step: f64| {
                let expected = (8.0 * difference(at, step) - difference(at, 2.0 * step)) / (12.0 * step);
                let abs = (found - expected).abs();
                (expected, abs, abs / found.abs().max(expected.abs()).max(floor))
            };
            let (mut expected, mut abs, mut rel) = five_points(options.step);
            // A long step may cross the kink of a relu. Shorter ones settle it: a wrong gradient agrees with none.
            for shorter in [16.0, 256.0] {
                if rel > options.tolerance {
                    let again = five_points(options.step / shorter);
                    if again.2 < rel {
                        (expected, abs, rel) = again;
                    }
                }
            }
            row.max_abs = row.max_abs.max(abs);
            // NaN is the worst of all.
            if (rel > row.max_rel || rel.is_nan()) && !row.max_rel.is_nan() {
                row = Row { max_rel: rel, index, gate: part.gate(index), found, expected, ..row };
            }
        }
        row.passed = row.max_rel <= options.tolerance;
        rows.push(row);
    }
    Report { rows }
}

/// Which recurrent stacks to check.
#[derive(Clone, Debug, PartialEq)]
pub struct CellOptions {
    /// The cells, one stack each.
    pub cells: Vec<Cell>,
    /// Features of the input.
    pub input: usize,
    /// Hidden units.
    pub hidden: usize,
    /// Layers.
    pub layers: usize,
    /// Time steps.
    pub steps: usize,
    /// Rows.
    pub batch: usize,
    /// Both directions.
    pub bidirectional: bool,
    /// Layer normalisation.
    pub layer_norm: bool,
    /// The seed of weights, inputs and factors.
    pub seed: u64,
    /// A gate whose gradients are made 1 % too large before they are checked: a check that never fails proves nothing.
    pub falsify: Option<String>,
    /// How differences are taken and judged.
    pub check: Options,
}

impl Default for CellOptions {
    fn default() -> Self {
        CellOptions {
            cells: Cell::ALL.to_vec(),
            input: 3,
            hidden: 4,
            layers: 2,
            steps: 5,
            batch: 2,
            bidirectional: false,
            layer_norm: false,
            seed: 1,
            falsify: None,
            check: Options::default(),
        }
    }
}

/// Checks the fused cells of this crate: every parameter, the input, and the initial state.
///
/// # Errors
/// A size is zero.
pub fn check_cells(options: &CellOptions) -> Result<Report, Error> {
    let mut report = Report::default();
    for &cell in &options.cells {
        let config = RecurrentConfig {
            cell,
            input: options.input,
            hidden: options.hidden,
            layers: options.layers,
            bidirectional: options.bidirectional,
            layer_norm: options.layer_norm,
            ..RecurrentConfig::default()
        };
        let mut problem = CellProblem::new(config, options.steps, options.batch, None, options.seed)?;
        let (values, mut gradient) = (problem.values.clone(), problem.gradient()?);
        let parts = problem.parts();
        for part in &parts {
            for (index, at) in part.range.clone().enumerate() {
                if options.falsify.is_some() && part.gate(index) == options.falsify.as_deref() {
                    gradient[at] *= 1.01;
                }
            }
        }
        let mut rows =
            check(&parts, &values, &gradient, |v| problem.loss(v).unwrap_or(f64::NAN), &options.check).rows;
        rows.iter_mut().for_each(|row| row.name = format!("{cell} {}", row.name));
        report.rows.append(&mut rows);
    }
    Ok(report)
}

/// A recurrent stack as a function of one vector: parameters, then the input, then the initial state.
///
/// Its loss is the sum of outputs and final states times fixed random factors, so that every one of them matters.
#[derive(Clone, Debug)]
pub struct CellProblem {
    /// The stack.
    pub stack: Recurrent,
    /// Where the loss is evaluated, at first.
    pub values: Vec<f64>,
    /// If set, passes are those of training, and every one draws its masks from this seed.
    pub train: Option<u64>,
    params: Parameters<f64>,
    steps: usize,
    batch: usize,
    mask: Option<Mask>,
    /// Random factors of the output.
    d_output: Vec<f64>,
    /// Random factors of the final state.
    d_state_n: State<f64>,
    ws: RecurrentWorkspace<f64>,
}

impl CellProblem {
    /// Random weights, input, initial state and factors.
    ///
    /// # Errors
    /// A size is zero, or the mask has another one.
    pub fn new(
        config: RecurrentConfig,
        steps: usize,
        batch: usize,
        mask: Option<Mask>,
        seed: u64,
    ) -> Result<Self, Error> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut params = Parameters::new();
        let stack = Recurrent::new(config.clone(), "", &mut params)?;
        let mut random = |length: usize, bound: f64| -> Vec<f64> {
            (0..length).map(|_| rng.random_range(-bound..bound)).collect()
        };
        let mut d_state_n = State::zeros(&config, batch);
        let mut values = random(params.len(), 0.8);
        // Gains away from zero, as they are in use.
        for (id, entry) in
            params.ids().zip(params.entries()).filter(|(_, entry)| entry.name.starts_with("norm"))
        {
            let _ = id;
            values[entry.range.clone()].iter_mut().for_each(|gain| *gain += 1.0);
        }
        values.extend(random(steps * batch * config.input, 1.0));
        values.extend(random(d_state_n.h.len() + d_state_n.c.len(), 0.9));
        let d_output = random(steps * batch * config.output(), 1.0);
        d_state_n.h = random(d_state_n.h.len(), 1.0);
        d_state_n.c = random(d_state_n.c.len(), 1.0);
        let ws = RecurrentWorkspace::new();
        Ok(CellProblem { stack, values, train: None, params, steps, batch, mask, d_output, d_state_n, ws })
    }

    /// The parts of the values.
    pub fn parts(&self) -> Vec<Part> {
        let config = self.stack.config();
        let entries = self.params.entries().iter();
        let gates = config.cell.gates();
        let mut parts: Vec<Part> = entries
            .map(|entry| Part { name: entry.name.clone(), range: entry.range.clone(), gates })
            .collect();
        let mut from = self.params.len();
        let inputs = [
            ("input", self.steps * self.batch * config.input),
            ("h_0", self.d_state_n.h.len()),
            ("c_0", self.d_state_n.c.len()),
        ];
        for (name, length) in inputs.into_iter().filter(|(_, length)| *length > 0) {
            parts.push(Part::new(name, from..from + length));
            from += length;
        }
        parts
    }

    fn forward(&mut self, values: &[f64]) -> Result<State<f64>, Error> {
        let (weights, rest) = values.split_at(self.params.len());
        self.params.values_mut().copy_from_slice(weights);
        let (input, initial) = rest.split_at(self.steps * self.batch * self.stack.config().input);
        let mut state = self.d_state_n.clone();
        let (h, c) = initial.split_at(state.h.len());
        state.h.copy_from_slice(h);
        state.c.copy_from_slice(c);
        let (steps, batch, mask) = (self.steps, self.batch, self.mask.as_ref());
        self.stack.forward(
            &self.params,
            Input::Dense(input),
            steps,
            batch,
            &mut state,
            mask,
            Mode::Eval,
            &mut self.ws,
        )?;
        Ok(state)
    }

    /// The loss at `values`.
    ///
    /// # Errors
    /// A value among the weights is not finite.
    pub fn loss(&mut self, values: &[f64]) -> Result<f64, Error> {
        let state = self.forward(values)?;
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        Ok(dot(self.ws.output(), &self.d_output)
            + dot(&state.h, &self.d_state_n.h)
            + dot(&state.c, &self.d_state_n.c))
    }

    /// The gradient of the loss at the problem's own values, from the hand-written backward pass.
    ///
    /// # Errors
    /// A value among the weights is not finite.
    pub fn gradient(&mut self) -> Result<Vec<f64>, Error> {
        let values = self.values.clone();
        self.forward(&values)?;
        self.params.zero_grad();
        self.ws.request_d_input(true);
        let from = self.params.len();
        let input = Input::Dense(&values[from..from + self.steps * self.batch * self.stack.config().input]);
        self.stack.backward(&mut self.params, input, &self.d_output, Some(&self.d_state_n), &mut self.ws)?;
        let d_state = self.ws.d_state();
        Ok([self.params.grads(), self.ws.d_input(), &d_state.h, &d_state.c].concat())
    }
}
