//! Equal numbers of parameters: the only fair way to put cells side by side.

use composer_bptt::{Cell, RecurrentConfig};

/// Parameters of a recurrent stack (without layer normalisation).
pub fn stack_parameters(config: &RecurrentConfig) -> usize {
    let biases = if config.bias { 2 } else { 0 };
    let layer = |layer| config.gate_rows() * (config.layer_input(layer) + config.hidden + biases);
    (0..config.layers).map(layer).sum::<usize>() * config.directions()
}

/// Parameters of a recurrent stack and a linear layer with bias on top of it.
pub fn network_parameters(config: &RecurrentConfig, outputs: usize) -> usize {
    stack_parameters(config) + outputs * (config.output() + 1)
}

/// The stack of this cell, as wide as a network of at most `budget` parameters allows; at least one unit.
pub fn widest_within(
    budget: usize,
    cell: Cell,
    input: usize,
    layers: usize,
    outputs: usize,
) -> RecurrentConfig {
    let config = |hidden| RecurrentConfig { cell, input, hidden, layers, ..RecurrentConfig::default() };
    let fits = |hidden| network_parameters(&config(hidden), outputs) <= budget;
    let mut hidden = 1;
    while fits(hidden + 1) {
        hidden += 1;
    }
    config(hidden)
}

#[cfg(test)]
mod tests {
    use super::*;
    use composer_bptt::{Linear, Parameters, Recurrent};

    #[test]
    fn counted_are_the_parameters_that_the_layers_have() {
        for cell in Cell::ALL {
            let config = widest_within(5000, cell, 7, 2, 3);
            let mut params = Parameters::<f32>::new();
            Recurrent::new(config.clone(), "", &mut params).unwrap();
            assert_eq!(params.len(), stack_parameters(&config), "{cell}");
            Linear::new(config.output(), 3, true, "out", &mut params).unwrap();
            assert_eq!(params.len(), network_parameters(&config, 3), "{cell}");
            assert!(params.len() <= 5000 && params.len() > 4500, "{cell}: {}", params.len());
        }
    }
}
