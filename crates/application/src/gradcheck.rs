//! The hand-written gradients against central differences.

use crate::error::{Result, wrong_input, wrong_option};
use composer_bptt::gradcheck::check_cells;
pub use composer_bptt::gradcheck::{CellOptions, Report};
use composer_bptt::{Cell, Implementation, RecurrentConfig};
use composer_studies::size::stack_parameters;

/// Multiplications of one stack's check at most: about an hour.
const MAX_PRODUCTS: u128 = 20_000_000_000_000;
/// Layers, units, steps and rows at most.
const MAX_SIZE: usize = 10_000;

/// The cells of a name: one, or `all`.
///
/// # Errors
/// There is no such cell.
pub fn cells_named(name: &str) -> Result<Vec<Cell>> {
    match name {
        "all" => Ok(Cell::ALL.to_vec()),
        name => Ok(vec![name.parse().map_err(|error| wrong_input(format!("{error}, or all")))?]),
    }
}

/// Refuses a gate to falsify that no cell has.
fn check_gate(options: &CellOptions) -> Result<()> {
    let Some(gate) = &options.falsify else { return Ok(()) };
    let gates: Vec<&str> = options.cells.iter().flat_map(|cell| cell.gates()).copied().collect();
    if gates.contains(&gate.as_str()) {
        return Ok(());
    }
    let names = gates.join(", ");
    Err(wrong_input(format!("--falsify {gate}: there is no such gate; choose one of {names}")).into())
}

/// Checks every parameter, the input and the initial state of a stack of each cell.
///
/// ```
/// use composer_application::gradcheck::{CellOptions, gradcheck};
///
/// let report = gradcheck(&CellOptions { hidden: 3, steps: 3, ..CellOptions::default() })?;
/// assert!(report.passed(), "{report}");
/// # Ok::<(), composer_application::Error>(())
/// ```
///
/// # Errors
/// A size is out of range, no cell has the gate to falsify, or the check would take hours. A wrong gradient is no error: see [`Report::passed`].
pub fn gradcheck(options: &CellOptions) -> Result<Report> {
    check_gate(options)?;
    let CellOptions { layers, hidden, steps, batch, .. } = *options;
    for (name, size) in [("layers", layers), ("hidden", hidden), ("steps", steps), ("batch", batch)] {
        if size == 0 || size > MAX_SIZE {
            let problem = format!("is {size}, and must be between 1 and {MAX_SIZE}");
            return Err(wrong_option(name, problem).into());
        }
    }
    if options.layer_norm && options.implementation == Implementation::Textbook {
        let text = "the textbook implementation has no layer normalisation; check fused or reference";
        return Err(wrong_input(text).into());
    }
    for &cell in &options.cells {
        let (values, products) = cost(cell, options);
        if products > MAX_PRODUCTS {
            let text = format!(
                "that {cell} has {values} parameters, inputs and states, and each needs four passes, hours in all: choose \
                 a smaller --hidden, --layers, --steps or --batch"
            );
            return Err(wrong_input(text).into());
        }
    }
    Ok(check_cells(options).map_err(wrong_input)?)
}

/// The values to check, and the multiplications of four passes for each of them.
fn cost(cell: Cell, options: &CellOptions) -> (u128, u128) {
    let config = RecurrentConfig {
        cell,
        input: options.input,
        hidden: options.hidden,
        layers: options.layers,
        bidirectional: options.bidirectional,
        ..RecurrentConfig::default()
    };
    let parameters = stack_parameters(&config) as u128;
    let rows = (options.steps * options.batch) as u128;
    let states = if cell.has_c() { 2 } else { 1 } * config.layers * config.directions();
    let values = parameters + rows * config.input as u128 + (states * options.batch * config.hidden) as u128;
    (values, values * 4 * parameters * rows)
}
