//! The three implementations behind one interface, so that one harness checks any of them.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::arrays::as_slice_or_copy;
use crate::problem::{Problem, Run};
use crate::{
    Cell, Error, Input, Mode, Parameters, Recurrent, RecurrentWorkspace, State, reference, textbook,
};

/// Which implementation computes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Implementation {
    /// Plain loops, to read: [`crate::textbook`].
    Textbook,
    /// What runs: [`crate::fused`].
    #[default]
    Fused,
    /// The tape: [`mod@crate::reference`].
    Reference,
}

impl Implementation {
    /// All of them.
    pub const ALL: [Implementation; 3] =
        [Implementation::Textbook, Implementation::Fused, Implementation::Reference];

    /// Forward and backward over a problem.
    ///
    /// # Errors
    /// The parameters are not those of the configuration, a size does not fit, or the textbook is asked for layer normalisation or
    /// zoneout.
    pub fn run(self, problem: &Problem<'_, f64>) -> Result<Run<f64>, Error> {
        match self {
            Implementation::Textbook => textbook::run(problem),
            Implementation::Reference => Ok(reference::run(problem)),
            Implementation::Fused => run_fused(problem),
        }
    }

    /// Forward alone: the output `[T, B, H·D]` and the final state.
    ///
    /// # Errors
    /// As for [`Implementation::run`].
    pub fn run_forward(self, problem: &Problem<'_, f64>) -> Result<(Vec<f64>, State<f64>), Error> {
        match self {
            Implementation::Textbook => textbook::run_forward(problem),
            Implementation::Reference => Ok(reference::run_forward(problem)),
            Implementation::Fused => {
                let (_, stack) = fused_stack(problem)?;
                let (ws, state) = fused_forward(&stack, problem.params, problem)?;
                Ok((as_slice_or_copy(ws.output()).into_owned(), state))
            }
        }
    }
}

/// A stack of the same shape, and its parameters with the values of the problem.
fn fused_stack(problem: &Problem<'_, f64>) -> Result<(Parameters<f64>, Recurrent), Error> {
    let mut params = Parameters::new();
    let stack = Recurrent::new(problem.config.clone(), "", &mut params)?;
    crate::error::check_len("the parameters", problem.params.len(), &[("those of the stack", params.len())])?;
    params.values_mut().copy_from_slice(problem.params.values());
    Ok((params, stack))
}

fn fused_forward(
    stack: &Recurrent,
    params: &Parameters<f64>,
    problem: &Problem<'_, f64>,
) -> Result<(RecurrentWorkspace<f64>, State<f64>), Error> {
    let (mut ws, mut state) = (RecurrentWorkspace::new(), problem.state.clone());
    stack.forward(params, Input::Dense(problem.input), &mut state, problem.mask, Mode::Eval, &mut ws)?;
    Ok((ws, state))
}

fn run_fused(problem: &Problem<'_, f64>) -> Result<Run<f64>, Error> {
    let (mut params, stack) = fused_stack(problem)?;
    let (mut ws, state_n) = fused_forward(&stack, &params, problem)?;
    ws.request_d_input(true);
    let input = Input::Dense(problem.input);
    stack.backward(&mut params, input, problem.d_output, Some(problem.d_state_n), &mut ws)?;
    Ok(Run {
        output: as_slice_or_copy(ws.output()).into_owned(),
        state_n,
        grads: params.grads().to_vec(),
        d_input: as_slice_or_copy(ws.d_input()).into_owned(),
        d_state: ws.d_state().clone(),
    })
}

impl fmt::Display for Implementation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Implementation::Textbook => "textbook",
            Implementation::Fused => "fused",
            Implementation::Reference => "reference",
        })
    }
}

impl FromStr for Implementation {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let is = |implementation: &Implementation| implementation.to_string() == name;
        Implementation::ALL.into_iter().find(is).ok_or_else(|| Error::Config {
            name: "implementation",
            value: name.to_string(),
            expected: "it must be textbook, fused or reference",
        })
    }
}

/// Where the textbook computes a gradient: the file, the line and the equation that a wrong gradient points to.
///
/// `name` is a parameter (`weight_hh_l0`), `input`, `h_0` or `c_0`; `gate` is the gate of the wrong element, if it has one.
pub fn equation(cell: Cell, name: &str, gate: Option<&str>) -> Option<String> {
    let spec = cell.spec();
    let stem = name.rsplit('.').next().unwrap_or(name);
    let stem = stem.strip_prefix("d_").unwrap_or(stem);
    let of_cell = textbook::of(cell).source();
    let line = |variable: &str| of_cell.line(variable);
    if let Some(diagonal) = spec.diagonals.iter().find(|diagonal| stem.starts_with(diagonal.name)) {
        return line(&format!("d_{}", diagonal.name));
    }
    match (stem, gate) {
        ("input", _) => textbook::layer::SOURCE.line("d_x"),
        ("h_0", _) if spec.passes_h => line("d_h_prev"),
        ("h_0", _) => textbook::layer::SOURCE.line("d_x"),
        ("c_0", _) => line("d_c_prev"),
        // A gate between the two products of the candidate: the recurrence has a gradient of its own.
        (stem, Some(gate)) if stem.contains("_hh") && spec.gates[spec.candidate] == gate => {
            line(&format!("d_h{gate}")).or_else(|| line(&format!("d_gate_{gate}")))
        }
        (_, Some(gate)) => line(&format!("d_gate_{gate}")),
        (_, None) => None,
    }
}
