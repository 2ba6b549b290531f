//! rust-lstm: its LSTM network, linear layer and Adam; the loss and the clipping are written here. It computes in double precision, on one thread.

use ndarray::{Array2, Axis, concatenate, s};
use rust_lstm::layers::linear::LinearLayer;
use rust_lstm::models::lstm_network::LSTMNetwork;
use rust_lstm::optimizers::Adam;

use crate::network::{Matrix, Network};
use crate::{Error, Run};

fn array(matrix: &Matrix) -> Result<Array2<f64>, Error> {
    let values = matrix.values.iter().map(|&value| f64::from(value)).collect();
    // Its vectors are columns.
    let shape = if matrix.rows == 1 { (matrix.columns, 1) } else { (matrix.rows, matrix.columns) };
    Ok(Array2::from_shape_vec(shape, values)?)
}

pub fn load(mode: &str, net: &Network) -> Result<Run, Error> {
    if net.cell != "lstm" || mode != "train" {
        return Err("only the training of its LSTM is compared".into());
    }
    let mut network = LSTMNetwork::new(net.features, net.hidden, net.layers.len());
    for (cell, [w_ih, w_hh, b_ih, b_hh]) in network.get_cells_mut().iter_mut().zip(&net.layers) {
        (cell.w_ih, cell.w_hh, cell.b_ih, cell.b_hh) =
            (array(w_ih)?, array(w_hh)?, array(b_ih)?, array(b_hh)?);
    }
    let mut output = LinearLayer::from_weights(array(&net.output[0])?, array(&net.output[1])?);
    // A matrix `[F, B]` for each step.
    let (size, batch, features) = (net.batch * net.features, net.batch, net.features);
    let columns = |values: &[f32]| {
        let matrices = values
            .chunks_exact(size)
            .map(|step| array(&Matrix { rows: batch, columns: features, values: step.to_vec() }));
        matrices
            .map(|matrix| {
                matrix.map(|matrix| matrix.into_shape((batch, features)).map(|matrix| matrix.reversed_axes()))
            })
            .collect::<Result<Result<Vec<_>, _>, _>>()
    };
    let x = columns(&net.x)??;
    let y = concatenate(Axis(1), &columns(&net.y)??.iter().map(|step| step.view()).collect::<Vec<_>>())?;
    let mut adam = Adam::new(1e-3);
    Ok(Box::new(move || {
        let (states, caches) = network.forward_sequence_with_cache(&x);
        let h: Vec<_> = states.iter().map(|(h, _)| h.view()).collect();
        let logits = output.forward(&concatenate(Axis(1), &h)?);
        let count = y.len() as f64;
        let loss: f64 =
            logits.iter().zip(&y).map(|(&z, &y)| z.max(0.0) - z * y + (-z.abs()).exp().ln_1p()).sum::<f64>()
                / count;
        let d_logits = (logits.mapv(|z| 1.0 / (1.0 + (-z).exp())) - &y) / count;
        let (mut d_output, d_h) = output.backward(&d_logits);
        let d_h: Vec<_> =
            (0..x.len()).map(|step| d_h.slice(s![.., step * batch..(step + 1) * batch]).to_owned()).collect();
        let (mut gradients, _) = network.backward_sequence(&d_h, &caches);
        let square = |matrix: &Array2<f64>| matrix.iter().map(|value| value * value).sum::<f64>();
        let norm = (gradients.iter().map(|layer| layer.squared_norm()).sum::<f64>()
            + square(&d_output.weight)
            + square(&d_output.bias))
        .sqrt();
        if norm > 1.0 {
            gradients.iter_mut().for_each(|layer| layer.scale(1.0 / (norm + 1e-6)));
            d_output.weight /= norm + 1e-6;
            d_output.bias /= norm + 1e-6;
        }
        network.update_parameters(&gradients, &mut adam);
        output.update_parameters(&d_output, &mut adam, "output");
        Ok(vec![loss as f32])
    }))
}
