//! Where a forward pass first left the numbers: the layer, the gate and the step.

use composer_tensor::Scalar;

use crate::{Recurrent, RecurrentWorkspace};

/// The first number in a forward pass that is infinite or none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Breakdown {
    /// The layer, from 0.
    pub layer: usize,
    /// Whether it is in the direction from the last step to the first.
    pub reverse: bool,
    /// The gate by name, or `"h"` or `"c"` where all gates were still numbers.
    pub gate: &'static str,
    /// The step, from 0.
    pub step: usize,
    /// The row of the batch.
    pub row: usize,
    /// What is there.
    pub value: f64,
}

/// Looks through the last forward pass in the order in which it was computed: layer by layer, and in each from the first
/// step on, gates before the states that they make. `None` if everything is finite.
pub fn first_breakdown<S: Scalar>(stack: &Recurrent, ws: &RecurrentWorkspace<S>) -> Option<Breakdown> {
    let (steps, batch) = ws.saved_size()?;
    let (cell, hidden) = (stack.config().cell, stack.config().hidden);
    let directions = stack.config().directions();
    let width = cell.spec().layout.slots.len() * hidden;
    for index in 0..stack.config().layers * directions {
        let saved = ws.activations(index)?;
        let reverse = index % directions == 1;
        for place in 0..steps {
            let step = if reverse { steps - 1 - place } else { place };
            let at = |gate, row, value: S| {
                Some(Breakdown { layer: index / directions, reverse, gate, step, row, value: value.f64() })
            };
            for (row, gates) in
                saved.gates[step * batch * width..][..batch * width].chunks_exact(width).enumerate()
            {
                for (gate, &name) in cell.gates().iter().enumerate() {
                    if let Some(value) = bad(&gates[cell.spec().gate_slot(gate) * hidden..][..hidden]) {
                        return at(name, row, value);
                    }
                }
            }
            // States have one step more: the initial one stands first, or last in the reverse direction.
            let state = if reverse { step } else { step + 1 } * batch * hidden;
            for (name, values) in [("c", &saved.c), ("h", &saved.h)] {
                let Some(values) = values.get(state..state + batch * hidden) else { continue };
                for (row, values) in values.chunks_exact(hidden).enumerate() {
                    if let Some(value) = bad(values) {
                        return at(name, row, value);
                    }
                }
            }
        }
    }
    None
}

fn bad<S: Scalar>(values: &[S]) -> Option<S> {
    values.iter().copied().find(|value| !value.f64().is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cell, Init, Input, Mode, Parameters, RecurrentConfig, State};
    use ndarray::Array3;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    /// The first breakdown of a stack of two layers that reads twos, after `spoil` changed its weights.
    fn breakdown(cell: Cell, spoil: impl Fn(&mut Parameters<f32>)) -> Option<(usize, &'static str)> {
        let config = RecurrentConfig { cell, input: 3, hidden: 4, layers: 2, ..Default::default() };
        let mut params = Parameters::<f32>::new();
        let stack = Recurrent::new(config.clone(), "", &mut params).unwrap();
        stack.init(&mut params, &Init::PYTORCH, &mut ChaCha8Rng::seed_from_u64(1));
        spoil(&mut params);
        let (mut ws, mut state, x) =
            (RecurrentWorkspace::new(), State::zeros(&config, 2), Array3::from_elem((5, 2, 3), 2.0));
        state.h.fill(2.0);
        stack.forward(&params, Input::Dense(x.view()), &mut state, None, Mode::Eval, &mut ws).unwrap();
        first_breakdown(&stack, &ws).map(|found| (found.layer, found.gate))
    }

    #[test]
    fn the_gate_that_broke_first_is_found() {
        for cell in Cell::ALL {
            assert_eq!(breakdown(cell, |_| ()), None, "{cell} with healthy weights");
            for (gate, &name) in cell.gates().iter().enumerate() {
                // The products overflow, to ∞ and −∞, and their sum is no number. (One product alone would not do: with
                // fused multiply-add, ∞ − MAX · 2 stays ∞.)
                let spoil = |params: &mut Parameters<f32>| {
                    let (weight_ih, weight_hh) =
                        (params.id("weight_ih_l0").unwrap(), params.id("weight_hh_l0").unwrap());
                    params.value_mut(weight_ih)[(gate * 4 + 1) * 3] = f32::MAX;
                    params.value_mut(weight_hh)[(gate * 4 + 1) * 4] = f32::MIN;
                };
                assert_eq!(breakdown(cell, spoil), Some((0, name)), "{cell}");
            }
        }
        let spoil = |params: &mut Parameters<f32>| {
            for (name, values) in [("weight_ih_l0", [1e20; 4]), ("weight_ih_l1", [1e30, -1e30, 1e30, -1e30])]
            {
                let weight = params.id(name).unwrap();
                params.value_mut(weight)[..4].copy_from_slice(&values);
                params.value_mut(weight)[4..8].copy_from_slice(&values);
            }
        };
        assert_eq!(breakdown(Cell::RnnRelu, spoil), Some((1, "h")), "a rectifier passes large numbers up");
    }
}
