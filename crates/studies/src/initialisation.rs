//! Initial weights for tasks with long dependencies.

use composer_bptt::{Init, Parameters, Recurrent, RecurrentConfig};
use rand::{Rng, RngExt};

/// How the weights of a recurrent stack are initialised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Initialisation {
    /// PyTorch's uniform weights, and this bias in an LSTM's forget gate.
    ForgetBias(f64),
    /// PyTorch's uniform weights and chrono initialisation for dependencies of up to `T` steps (Tallec and Ollivier 2018): the
    /// biases of gates that keep the state (an LSTM's forget gate, a GRU's update gate) are `ln U(1, T − 1)`, those of gates that
    /// admit new values are the negative.
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
    let (keep, admit) = (cell.spec().keeps, cell.spec().admits);
    if keep.or(admit).is_none() {
        return;
    }
    for layer in 0..layers {
        let [bias_ih, bias_hh] = ["ih", "hh"].map(|of| params.id(&format!("{prefix}.bias_{of}_l{layer}")));
        let (Some(bias_ih), Some(bias_hh)) = (bias_ih, bias_hh) else { continue };
        for gate in [keep, admit].into_iter().flatten() {
            params.value_mut(bias_hh)[gate * hidden..][..hidden].fill(0.0);
        }
        for unit in 0..hidden {
            let tau = rng.random_range(1.0..(longest as f64 - 1.0).max(2.0));
            let bias = params.value_mut(bias_ih);
            if let Some(keep) = keep {
                bias[keep * hidden + unit] = tau.ln() as f32;
            }
            if let Some(admit) = admit {
                bias[admit * hidden + unit] = -tau.ln() as f32;
            }
        }
    }
}
