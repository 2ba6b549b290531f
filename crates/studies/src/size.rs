//! Numbers of parameters, so that cells can be compared at equal size.

use composer_bptt::{Cell, RecurrentConfig};

use crate::Error;

/// Number of parameters of a recurrent stack without layer normalisation.
pub fn stack_parameters(config: &RecurrentConfig) -> usize {
    let biases = if config.bias { 2 } else { 0 };
    let diagonals = config.cell.spec().diagonals.len() * config.hidden;
    let layer = |layer| config.gate_rows() * (config.layer_input(layer) + config.hidden + biases) + diagonals;
    (0..config.layers).map(layer).sum::<usize>() * config.directions()
}

/// Number of parameters of a recurrent stack and a linear layer with bias on top of it.
pub fn network_parameters(config: &RecurrentConfig, outputs: usize) -> usize {
    stack_parameters(config) + outputs * (config.output() + 1)
}

/// The largest number of parameters of [`widest_within`].
pub const MAX_PARAMETERS: usize = 100_000_000;

/// The largest number of layers of [`widest_within`].
pub const MAX_LAYERS: usize = 100;

/// The widest stack of a cell with which the network, linear layer included, has at most `budget` parameters.
///
/// # Errors
/// One unit per layer needs more parameters than `budget`; or `budget` is above [`MAX_PARAMETERS`] or `layers` above
/// [`MAX_LAYERS`].
pub fn widest_within(
    budget: usize,
    cell: Cell,
    input: usize,
    layers: usize,
    outputs: usize,
) -> Result<RecurrentConfig, Error> {
    let config = |hidden| RecurrentConfig { cell, input, hidden, layers, ..RecurrentConfig::default() };
    let parameters = |hidden| network_parameters(&config(hidden), outputs);
    let setting = |name, value: usize, must| Err(Error::Setting { name, value: value.to_string(), must });
    if budget > MAX_PARAMETERS {
        return setting("parameters", budget, "at most 100000000");
    }
    if !(1..=MAX_LAYERS).contains(&layers) {
        return setting("layers", layers, "between 1 and 100");
    }
    if parameters(1) > budget {
        return Err(Error::TooFewParameters { budget, cell, least: parameters(1) });
    }
    let mut hidden = 1;
    while parameters(hidden + 1) <= budget {
        hidden += 1;
    }
    Ok(config(hidden))
}

#[cfg(test)]
mod tests {
    use super::*;
    use composer_bptt::{Linear, Parameters, Recurrent};

    #[test]
    fn counts_equal_the_parameters_of_the_layers() {
        for cell in Cell::ALL {
            let config = widest_within(5000, cell, 7, 2, 3).unwrap();
            let mut params = Parameters::<f32>::new();
            Recurrent::new(config.clone(), "", &mut params).unwrap();
            assert_eq!(params.len(), stack_parameters(&config), "{cell}");
            Linear::new(config.output(), 3, true, "out", &mut params).unwrap();
            assert_eq!(params.len(), network_parameters(&config, 3), "{cell}");
            assert!(params.len() <= 5000 && params.len() > 4500, "{cell}: {}", params.len());
        }
    }

    #[test]
    fn a_budget_that_is_too_small_or_too_large_is_an_error() {
        let complaint =
            |budget, layers| widest_within(budget, Cell::Gru, 7, layers, 3).unwrap_err().to_string();
        // 3 gates with 7 + 1 weights and 2 biases, and a linear layer of 3 · (1 + 1).
        assert_eq!(complaint(35, 1), "parameters is 35, but the smallest gru has 36: allow more");
        assert_eq!(widest_within(36, Cell::Gru, 7, 1, 3).unwrap().hidden, 1);
        assert!(complaint(usize::MAX, 1).starts_with("parameters is 18"));
        assert!(complaint(5000, 0).contains("layers is 0") && complaint(5000, 101).contains("layers is 101"));
    }
}
