//! tract: runs `model.onnx`, optimised for its shapes. It computes on one thread.

use tract_onnx::prelude::*;

use crate::network::Network;
use crate::{Error, Run};

pub fn load(mode: &str, net: &Network) -> Result<Run, Error> {
    if mode == "train" {
        return Err("it does not train".into());
    }
    let model = tract_onnx::onnx()
        .model_for_path(net.folder.join("model.onnx"))?
        .into_optimized()?
        .into_runnable()?;
    let tensor = |steps: usize, values: &[f32]| Tensor::from_shape(&[steps, net.batch, net.features], values);
    if mode == "sequence" {
        let x: TValue = tensor(net.steps, &net.x)?.into();
        return Ok(Box::new(move || {
            let values = model.run(tvec!(x.clone()))?;
            Ok(values[0].to_plain_array_view::<f32>()?.iter().copied().collect())
        }));
    }
    let rows = (0..net.steps)
        .map(|step| tensor(1, net.row(step)).map(TValue::from))
        .collect::<TractResult<Vec<_>>>()?;
    let zeros = Tensor::zero::<f32>(&[1, net.batch, net.hidden])?;
    let mut states: Vec<TValue> = net.states().iter().map(|_| zeros.clone().into()).collect();
    let mut at = 0;
    Ok(Box::new(move || {
        let mut inputs: TVec<TValue> = tvec!(rows[at].clone());
        inputs.extend(states.drain(..));
        let values = model.run(inputs)?;
        states = values[1..].to_vec();
        at = (at + 1) % rows.len();
        Ok(values[0].to_plain_array_view::<f32>()?.iter().copied().collect())
    }))
}
