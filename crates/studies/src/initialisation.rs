//! Initial weights for tasks with long dependencies.

use composer_bptt::{Cell, Init, Parameters, Recurrent, RecurrentConfig};
use rand::{Rng, RngExt};

/// How the weights of a recurrent stack are initialised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Initialisation {
    /// PyTorch's uniform weights, and this bias in an LSTM's forget gate.
    ForgetBias(f64),
    /// PyTorch's uniform weights and chrono initialisation for dependencies of up to `T` steps (Tallec and Ollivier 2018): the
    /// biases of an LSTM's forget gate and a GRU's update gate are `ln U(1, T − 1)`, the bias of an LSTM's input gate is the
    /// negative of its forget gate's.
    Chrono(usize),
}

impl Initialisation {
    /// The initialisation without the chrono biases.
    pub(crate) fn init(self) -> Init {
        let forget_bias = match self {
            Initialisation::ForgetBias(bias) => Some(bias),
            Initialisation::Chrono(_) => None,
        };
        Init { forget_bias, ..Init::PYTORCH }
    }
}

/// Sets the chrono biases of a stack whose parameters begin with `prefix`. A unit whose gate has the bias `ln τ` forgets about
/// `1/τ` of its state in each step, so its memory lasts about `τ` steps. Does nothing to an RNN, which has no gates.
pub(crate) fn set_chrono_biases<R: Rng>(
    stack: &Recurrent,
    prefix: &str,
    params: &mut Parameters<f32>,
    longest: usize,
    rng: &mut R,
) {
    let RecurrentConfig { cell, hidden, layers, .. } = *stack.config();
    let (forget, input) = match cell {
        Cell::Lstm => (1, Some(0)),
        Cell::Gru => (1, None),
        Cell::RnnTanh | Cell::RnnRelu => return,
    };
    for layer in 0..layers {
        let [bias_ih, bias_hh] = ["ih", "hh"].map(|of| params.id(&format!("{prefix}.bias_{of}_l{layer}")));
        let (Some(bias_ih), Some(bias_hh)) = (bias_ih, bias_hh) else { continue };
        for gate in [Some(forget), input].into_iter().flatten() {
            params.value_mut(bias_hh)[gate * hidden..][..hidden].fill(0.0);
        }
        for unit in 0..hidden {
            let tau = rng.random_range(1.0..(longest as f64 - 1.0).max(2.0));
            let bias = params.value_mut(bias_ih);
            bias[forget * hidden + unit] = tau.ln() as f32;
            if let Some(input) = input {
                bias[input * hidden + unit] = -tau.ln() as f32;
            }
        }
    }
}
