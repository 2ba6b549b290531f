//! candle: `candle_nn::rnn` layers step by step (a vanilla one written with two products, as there is none), the loss and Adam of `candle_nn`.

use candle_core::{DType, Device, Tensor, Var};
use candle_nn::rnn::{GRU, GRUConfig, GRUState, LSTM, LSTMConfig, LSTMState};
use candle_nn::{AdamW, Optimizer, ParamsAdamW, RNN, VarBuilder, VarMap};

use crate::network::{Matrix, Network};
use crate::{Error, Run};

type Result<T> = candle_core::Result<T>;

enum Layer {
    Lstm(LSTM),
    Gru(GRU),
    Vanilla([Tensor; 4]),
}

#[derive(Clone)]
enum State {
    Lstm(LSTMState),
    Gru(GRUState),
    Vanilla(Tensor),
}

impl State {
    fn h(&self) -> &Tensor {
        match self {
            State::Lstm(state) => &state.h,
            State::Gru(state) => &state.h,
            State::Vanilla(h) => h,
        }
    }
}

impl Layer {
    fn zeros(&self, net: (usize, usize)) -> Result<State> {
        Ok(match self {
            Layer::Lstm(layer) => State::Lstm(layer.zero_state(net.0)?),
            Layer::Gru(layer) => State::Gru(layer.zero_state(net.0)?),
            Layer::Vanilla(_) => State::Vanilla(Tensor::zeros(net, DType::F32, &Device::Cpu)?),
        })
    }

    fn step(&self, x: &Tensor, state: &State) -> Result<State> {
        match (self, state) {
            (Layer::Lstm(layer), State::Lstm(state)) => Ok(State::Lstm(layer.step(x, state)?)),
            (Layer::Gru(layer), State::Gru(state)) => Ok(State::Gru(layer.step(x, state)?)),
            (Layer::Vanilla([w_ih, w_hh, b_ih, b_hh]), state) => {
                let inputs = x.matmul(&w_ih.t()?)?.broadcast_add(b_ih)?;
                let recurrent = state.h().matmul(&w_hh.t()?)?.broadcast_add(b_hh)?;
                Ok(State::Vanilla((inputs + recurrent)?.tanh()?))
            }
            _ => candle_core::bail!("a state of another cell"),
        }
    }
}

struct Model {
    layers: Vec<Layer>,
    weight: Tensor,
    bias: Tensor,
    vars: VarMap,
    /// Rows of the batch and units.
    sizes: (usize, usize),
}

const NAMES: [&str; 4] = ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"];

impl Model {
    fn new(net: &Network) -> Result<Model> {
        let vars = VarMap::new();
        let insert = |name: String, matrix: &Matrix| -> Result<Tensor> {
            let vector = matrix.rows == 1;
            let tensor = Tensor::from_slice(&matrix.values, (matrix.rows, matrix.columns), &Device::Cpu)?;
            let var = Var::from_tensor(&if vector { tensor.flatten_all()? } else { tensor })?;
            let tensor = var.as_tensor().clone();
            vars.data().lock().map_err(|_| candle_core::Error::msg("poisoned"))?.insert(name, var);
            Ok(tensor)
        };
        let mut layers = Vec::new();
        for (index, matrices) in net.layers.iter().enumerate() {
            let mut tensors = Vec::new();
            for (name, matrix) in NAMES.iter().zip(matrices) {
                tensors.push(insert(format!("l{index}.{name}"), matrix)?);
            }
            let builder = VarBuilder::from_varmap(&vars, DType::F32, &Device::Cpu).pp(format!("l{index}"));
            let width = matrices[0].columns;
            layers.push(match net.cell.as_str() {
                "lstm" => Layer::Lstm(candle_nn::lstm(width, net.hidden, LSTMConfig::default(), builder)?),
                "gru" => Layer::Gru(candle_nn::gru(width, net.hidden, GRUConfig::default(), builder)?),
                _ => {
                    let [w_ih, w_hh, b_ih, b_hh] = &tensors[..] else { candle_core::bail!("four tensors") };
                    Layer::Vanilla([w_ih.clone(), w_hh.clone(), b_ih.clone(), b_hh.clone()])
                }
            });
        }
        let weight = insert("out.weight".to_string(), &net.output[0])?;
        let bias = insert("out.bias".to_string(), &net.output[1])?;
        Ok(Model { layers, weight, bias, vars, sizes: (net.batch, net.hidden) })
    }

    fn zeros(&self) -> Result<Vec<State>> {
        self.layers.iter().map(|layer| layer.zeros(self.sizes)).collect()
    }

    /// One step of all layers; returns `h` of the top one.
    fn step(&self, x: &Tensor, states: &mut [State]) -> Result<Tensor> {
        let mut x = x.clone();
        for (layer, state) in self.layers.iter().zip(states) {
            *state = layer.step(&x, state)?;
            x = state.h().clone();
        }
        Ok(x)
    }

    fn output(&self, h: &Tensor) -> Result<Tensor> {
        h.matmul(&self.weight.t()?)?.broadcast_add(&self.bias)
    }

    /// Logits `[T·B, F]` of all steps from zero states.
    fn sequence(&self, rows: &[Tensor]) -> Result<Tensor> {
        let mut states = self.zeros()?;
        let outputs = rows.iter().map(|x| self.step(x, &mut states)).collect::<Result<Vec<_>>>()?;
        self.output(&Tensor::cat(&outputs, 0)?)
    }
}

fn values(tensor: &Tensor) -> Result<Vec<f32>> {
    tensor.flatten_all()?.to_vec1()
}

pub fn load(mode: &str, net: &Network) -> std::result::Result<Run, Error> {
    let mut model = Model::new(net)?;
    let (steps, batch, features) = (net.steps, net.batch, net.features);
    let row = |step| Tensor::from_slice(net.row(step), (batch, features), &Device::Cpu);
    let rows = (0..steps).map(row).collect::<Result<Vec<_>>>()?;
    if mode == "sequence" {
        detach(&mut model);
        return Ok(Box::new(move || Ok(values(&model.sequence(&rows)?)?)));
    }
    if mode == "step" {
        detach(&mut model);
        let (mut states, mut at) = (model.zeros()?, 0);
        return Ok(Box::new(move || {
            let h = model.step(&rows[at], &mut states)?;
            at = (at + 1) % rows.len();
            Ok(values(&model.output(&h)?)?)
        }));
    }
    let y = Tensor::from_slice(&net.y, (steps * batch, features), &Device::Cpu)?;
    let settings = ParamsAdamW { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.0 };
    let vars = model.vars.all_vars();
    let mut adam = AdamW::new(vars.clone(), settings)?;
    Ok(Box::new(move || {
        let loss = candle_nn::loss::binary_cross_entropy_with_logit(&model.sequence(&rows)?, &y)?;
        let mut gradients = loss.backward()?;
        let mut square = 0.0;
        for var in &vars {
            if let Some(gradient) = gradients.get(var) {
                square += gradient.sqr()?.sum_all()?.to_scalar::<f32>()?;
            }
        }
        let norm = f64::from(square.sqrt());
        if norm > 1.0 {
            for var in &vars {
                if let Some(gradient) = gradients.remove(var) {
                    gradients.insert(var, (gradient * (1.0 / (norm + 1e-6)))?);
                }
            }
        }
        adam.step(&gradients)?;
        Ok(vec![loss.to_scalar()?])
    }))
}

/// Without variables, so that no graph is kept for a backward pass.
fn detach(model: &mut Model) {
    model.weight = model.weight.detach();
    model.bias = model.bias.detach();
    for layer in &mut model.layers {
        if let Layer::Vanilla(tensors) = layer {
            for tensor in tensors {
                *tensor = tensor.detach();
            }
        }
    }
}
