//! burn: its recurrent modules on the backend `flex`, `Autodiff` over it for training, its loss and its Adam. The norm of all gradients is
//! clipped here, as burn clips each tensor by itself.

use burn::backend::{Autodiff, Flex};
use burn::module::{Module, ModuleVisitor, Param};
use burn::nn::gru::{Gru, GruConfig};
use burn::nn::loss::{BinaryCrossEntropyLoss, BinaryCrossEntropyLossConfig};
use burn::nn::{GateController, Linear, LinearConfig, Lstm, LstmConfig, LstmState, Rnn, RnnConfig, RnnState};
use burn::optim::{AdamConfig, GradientsParams, Optimizer};
use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor, TensorData};

use crate::network::{Matrix, Network};
use crate::{Error, Run};

type Training = Autodiff<Flex>;

#[derive(Module, Debug)]
enum Layer<B: Backend> {
    Lstm(Lstm<B>),
    Gru(Gru<B>),
    Vanilla(Rnn<B>),
}

/// `h`, and `c` of an LSTM.
type State<B> = (Tensor<B, 2>, Option<Tensor<B, 2>>);

impl<B: Backend> Layer<B> {
    /// Outputs `[B, T, H]` of the input `[B, T, F]`, and the state after it.
    fn forward(&self, x: Tensor<B, 3>, state: Option<State<B>>) -> (Tensor<B, 3>, State<B>) {
        match self {
            Layer::Lstm(layer) => {
                let state = state.and_then(|(h, c)| c.map(|c| LstmState::new(c, h)));
                let (y, state) = layer.forward(x, state);
                (y, (state.hidden, Some(state.cell)))
            }
            Layer::Gru(layer) => {
                let y = layer.forward(x, state.map(|(h, _)| h));
                let [batch, steps, hidden] = y.dims();
                let h = y.clone().slice([0..batch, steps - 1..steps, 0..hidden]).reshape([batch, hidden]);
                (y, (h, None))
            }
            Layer::Vanilla(layer) => {
                let (y, state) = layer.forward(x, state.map(|(h, _)| RnnState::new(h)));
                (y, (state.hidden, None))
            }
        }
    }
}

#[derive(Module, Debug)]
struct Model<B: Backend> {
    layers: Vec<Layer<B>>,
    output: Linear<B>,
}

/// The gate `gate` of a layer; burn keeps weights `[F, H]`.
fn fill<B: Backend>(controller: &mut GateController<B>, layer: &[Matrix; 4], gate: usize, hidden: usize) {
    let part = |matrix: &Matrix| {
        if matrix.rows == 1 {
            return Matrix {
                rows: 1,
                columns: hidden,
                values: matrix.values[gate * hidden..(gate + 1) * hidden].to_vec(),
            };
        }
        let width = matrix.columns;
        let values = matrix.values[gate * hidden * width..(gate + 1) * hidden * width].to_vec();
        Matrix { rows: hidden, columns: width, values }
    };
    set(&mut controller.input_transform, &part(&layer[0]), &part(&layer[2]));
    set(&mut controller.hidden_transform, &part(&layer[1]), &part(&layer[3]));
}

fn set<B: Backend>(linear: &mut Linear<B>, weight: &Matrix, bias: &Matrix) {
    let device = Default::default();
    let (rows, columns) = (weight.rows, weight.columns);
    let transposed: Vec<f32> =
        (0..rows * columns).map(|at| weight.values[at % rows * columns + at / rows]).collect();
    linear.weight =
        Param::from_tensor(Tensor::from_data(TensorData::new(transposed, [columns, rows]), &device));
    let bias = TensorData::new(bias.values.clone(), [rows]);
    linear.bias = Some(Param::from_tensor(Tensor::from_data(bias, &device)));
}

impl<B: Backend> Model<B> {
    fn new(net: &Network) -> Model<B> {
        let (device, hidden) = (Default::default(), net.hidden);
        let make = |matrices: &[Matrix; 4]| {
            let width = matrices[0].columns;
            match net.cell.as_str() {
                "lstm" => {
                    let mut layer = LstmConfig::new(width, hidden, true).init(&device);
                    fill(&mut layer.input_gate, matrices, 0, hidden);
                    fill(&mut layer.forget_gate, matrices, 1, hidden);
                    fill(&mut layer.cell_gate, matrices, 2, hidden);
                    fill(&mut layer.output_gate, matrices, 3, hidden);
                    Layer::Lstm(layer)
                }
                "gru" => {
                    let mut layer = GruConfig::new(width, hidden, true).init(&device);
                    fill(&mut layer.reset_gate, matrices, 0, hidden);
                    fill(&mut layer.update_gate, matrices, 1, hidden);
                    fill(&mut layer.new_gate, matrices, 2, hidden);
                    Layer::Gru(layer)
                }
                _ => {
                    let mut layer = RnnConfig::new(width, hidden, true).init(&device);
                    fill(&mut layer.gate, matrices, 0, hidden);
                    Layer::Vanilla(layer)
                }
            }
        };
        let layers = net.layers.iter().map(make).collect();
        let mut output = LinearConfig::new(hidden, net.features).init(&device);
        set(&mut output, &net.output[0], &net.output[1]);
        Model { layers, output }
    }

    /// Logits `[B, T, F]`, and the states after it.
    fn forward(
        &self,
        mut x: Tensor<B, 3>,
        states: Vec<Option<State<B>>>,
    ) -> (Tensor<B, 3>, Vec<Option<State<B>>>) {
        let mut after = Vec::with_capacity(states.len());
        for (layer, state) in self.layers.iter().zip(states) {
            let (y, state) = layer.forward(x, state);
            after.push(Some(state));
            x = y;
        }
        (self.output.forward(x), after)
    }

    fn zeros(&self) -> Vec<Option<State<B>>> {
        self.layers.iter().map(|_| None).collect()
    }
}

/// Values `[T, B, F]` as `[B, T, F]`.
fn input<B: Backend>(values: &[f32], steps: usize, net: &Network) -> Tensor<B, 3> {
    let (batch, size) = (net.batch, net.features);
    let at = |row: usize, step: usize| &values[(step * batch + row) * size..(step * batch + row + 1) * size];
    let ordered: Vec<f32> =
        (0..batch).flat_map(|row| (0..steps).flat_map(move |step| at(row, step)).copied()).collect();
    Tensor::from_data(TensorData::new(ordered, [batch, steps, size]), &Default::default())
}

fn values<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Result<Vec<f32>, Error> {
    tensor.into_data().to_vec().map_err(|error| format!("{error:?}").into())
}

/// Adds up squares of gradients, or multiplies them by a factor.
struct Clip<'a> {
    gradients: &'a mut GradientsParams,
    square: f32,
    factor: Option<f32>,
}

impl ModuleVisitor<Training> for Clip<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<Training, D>>) {
        let Some(gradient) = self.gradients.remove::<Flex, D>(param.id) else { return };
        let gradient = match self.factor {
            Some(factor) => gradient.mul_scalar(factor),
            None => {
                self.square += gradient.clone().powf_scalar(2.0).sum().into_scalar();
                gradient
            }
        };
        self.gradients.register::<Flex, D>(param.id, gradient);
    }
}

fn train(net: &Network) -> Run {
    let mut model = Some(Model::<Training>::new(net));
    let x: Tensor<Training, 3> = input(&net.x, net.steps, net);
    let y: Tensor<Training, 3, Int> = input::<Training>(&net.y, net.steps, net).int();
    let device = Default::default();
    let criterion: BinaryCrossEntropyLoss<Training> =
        BinaryCrossEntropyLossConfig::new().with_logits(true).init(&device);
    let mut adam = AdamConfig::new().with_epsilon(1e-8).init::<Training, Model<Training>>();
    Box::new(move || {
        let current = model.take().ok_or("the model was lost in a failed step")?;
        let loss = criterion.forward(current.forward(x.clone(), current.zeros()).0, y.clone());
        let mut gradients = GradientsParams::from_grads(loss.backward(), &current);
        let mut clip = Clip { gradients: &mut gradients, square: 0.0, factor: None };
        current.visit(&mut clip);
        let norm = clip.square.sqrt();
        if norm > 1.0 {
            clip.factor = Some(1.0 / (norm + 1e-6));
            current.visit(&mut clip);
        }
        model = Some(adam.step(1e-3, current, gradients));
        values(loss)
    })
}

pub fn load(mode: &str, net: &Network) -> Result<Run, Error> {
    if mode == "train" {
        return Ok(train(net));
    }
    let model = Model::<Flex>::new(net);
    if mode == "sequence" {
        let x = input(&net.x, net.steps, net);
        return Ok(Box::new(move || values(model.forward(x.clone(), model.zeros()).0.swap_dims(0, 1))));
    }
    let rows: Vec<Tensor<Flex, 3>> = (0..net.steps).map(|step| input(net.row(step), 1, net)).collect();
    let (mut states, mut at) = (model.zeros(), 0);
    Ok(Box::new(move || {
        let (logits, after) = model.forward(rows[at].clone(), std::mem::take(&mut states));
        states = after;
        at = (at + 1) % rows.len();
        values(logits)
    }))
}
