//! The check of the recurrent stacks of this crate.

use super::{CellProblem, Options, Report, check};
use crate::{Cell, Error, RecurrentConfig};

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
