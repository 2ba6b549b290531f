//! Loads the state of a PyTorch network and computes what PyTorch computes.
//!
//! `examples/data/pytorch_state.py` is the other side: an `nn.LSTM` named `recurrent` under an `nn.Linear` named `output`, saved by
//! `save_file(network.state_dict(), path)`. Prints the outputs of both, and the largest difference.

use composer::prelude::*;
use std::path::Path;

/// Printed by `examples/data/pytorch_state.py`: torch 2.15.0, seed 7.
const PYTORCH: [f32; 3] = [-2.1070948, -2.1560447, -2.3393266];

/// The largest difference between our outputs and PyTorch's.
pub fn run() -> Result<f32> {
    let stack = RecurrentConfig { cell: Cell::Lstm, hidden: 4, layers: 2, ..Default::default() };
    let mut model = SequenceModel::mapping(2, 1, stack, 1)?;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/pytorch_state.safetensors");
    load_state(model.params_mut(), "", &path)?;

    let inputs = array![[[0.5, -1.0]], [[2.0, 0.25]], [[-0.75, 1.5]]]; // [T, B, F]
    let outputs = model.predict(inputs.view())?;
    println!("here:    {:?}\nPyTorch: {PYTORCH:?}", outputs.as_slice().unwrap_or_default());
    Ok(outputs.iter().zip(PYTORCH).map(|(here, there)| (here - there).abs()).fold(0.0, f32::max))
}

fn main() -> Result<()> {
    println!("largest difference: {:.0e}", run()?);
    Ok(())
}
