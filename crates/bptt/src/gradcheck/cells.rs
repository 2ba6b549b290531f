//! The check of the recurrent stacks of this crate.

use super::{CellProblem, Options, Report, check};
use crate::implementation::{Implementation, equation};
use crate::{Cell, Error, RecurrentConfig};

/// Which recurrent stacks to check.
#[derive(Clone, Debug, PartialEq)]
pub struct CellOptions {
    /// Whose gradients are checked.
    pub implementation: Implementation,
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
            implementation: Implementation::default(),
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

/// Checks an implementation of the cells of this crate: every parameter, the input, and the initial state. A row that is wrong
/// names gate, unit, and the line of the textbook that computes that gradient.
///
/// # Errors
/// A size is zero, or the textbook is asked for layer normalisation.
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
        problem.implementation = options.implementation;
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
        for (row, part) in rows.iter_mut().zip(&parts) {
            if row.gate.is_some() {
                // Gates are blocks of H rows.
                let block = part.range.len() / part.gates.len();
                row.unit = Some(row.index % block / (block / options.hidden));
            }
            if !row.passed {
                row.equation = equation(cell, &row.name, row.gate);
            }
            row.name = format!("{cell} {}", row.name);
        }
        report.rows.append(&mut rows);
    }
    Ok(report)
}
