//! rten: runs `model.onnx`, with weights packed when it is loaded.

use rten::{ModelOptions, NodeId, Value, ValueOrView};
use rten_tensor::Tensor;
use rten_tensor::prelude::*;

use crate::network::Network;
use crate::{Error, Run};

pub fn load(mode: &str, net: &Network) -> Result<Run, Error> {
    if mode == "train" {
        return Err("it does not train".into());
    }
    let mut options = ModelOptions::with_all_ops();
    options.prepack_weights(true);
    let model = options.load_file(net.folder.join("model.onnx"))?;
    let x = model.node_id("x")?;
    let logits = model.node_id("logits")?;
    let shape = |steps| [steps, net.batch, net.features];
    if mode == "sequence" {
        let input = Tensor::from_data(&shape(net.steps), net.x.clone());
        return Ok(Box::new(move || {
            let mut values = model.run(vec![(x, ValueOrView::from(input.view()))], &[logits], None)?;
            let logits: Tensor<f32> = values.remove(0).try_into()?;
            Ok(logits.to_vec())
        }));
    }
    let rows: Vec<Tensor<f32>> =
        (0..net.steps).map(|step| Tensor::from_data(&shape(1), net.row(step).to_vec())).collect();
    let (mut before, mut wanted): (Vec<NodeId>, Vec<NodeId>) = (Vec::new(), vec![logits]);
    for (old, new) in net.states() {
        before.push(model.node_id(&old)?);
        wanted.push(model.node_id(&new)?);
    }
    let zeros = || Value::from(Tensor::<f32>::zeros(&[1, net.batch, net.hidden]));
    let mut states: Vec<Value> = before.iter().map(|_| zeros()).collect();
    let mut at = 0;
    Ok(Box::new(move || {
        let mut inputs = vec![(x, ValueOrView::from(rows[at].view()))];
        inputs.extend(before.iter().copied().zip(states.drain(..).map(ValueOrView::Value)));
        let mut values = model.run(inputs, &wanted, None)?;
        states = values.split_off(1);
        at = (at + 1) % rows.len();
        let logits: Tensor<f32> = values.remove(0).try_into()?;
        Ok(logits.to_vec())
    }))
}
