//! What stands on the recurrent stack: dropout, the output layer, the coupling of the bits of a frame, and the loss.

use crate::batch::TargetRows;
use composer_bptt::{Coupling, Error, Linear, LinearWorkspace, Mode, Parameters, loss};
use rand::RngExt;

/// The layers, and where their parameters are.
pub(crate) struct Head {
    pub output: Linear,
    pub coupling: Option<Coupling>,
    /// Probability that an output of the stack is dropped, while training.
    pub dropout: f64,
}

/// Scratch of the head for some rows.
#[derive(Default)]
pub(crate) struct HeadWorkspace {
    linear: LinearWorkspace<f32>,
    /// With dropout, what the output layer reads `[rows, H]`, and what dropout multiplied it by; both empty without.
    dropped: Vec<f32>,
    keep: Vec<f32>,
    /// `[rows, V]`; after [`Head::loss`] the gradient of the loss with respect to the logits.
    pub logits: Vec<f32>,
    /// Targets with label smoothing; empty without.
    smoothed: Vec<f32>,
}

impl Head {
    /// From the output of the stack `[rows, H]` to logits, given the bits of the targets that a coupling sees.
    pub fn forward(
        &self,
        params: &Parameters<f32>,
        hidden: &[f32],
        targets: TargetRows<'_>,
        mode: Mode<'_>,
        ws: &mut HeadWorkspace,
    ) -> Result<(), Error> {
        ws.drop_out(hidden, self.dropout, mode);
        let hidden = if ws.keep.is_empty() { hidden } else { &ws.dropped };
        let rows = hidden.len() / self.output.features();
        ws.logits.resize(rows * self.output.outputs(), 0.0);
        self.output.forward(params, hidden, rows, &mut ws.logits, &mut ws.linear)?;
        if let (Some(coupling), TargetRows::Bits { on, weight }) = (&self.coupling, targets) {
            coupling.forward(params, on, weight, &mut ws.logits)?;
        }
        Ok(())
    }

    /// Nats, summed over all that is charged. Turns the logits into the gradient of that sum divided by `charged`.
    pub fn loss(
        &self,
        targets: TargetRows<'_>,
        charged: usize,
        smoothing: f64,
        ws: &mut HeadWorkspace,
    ) -> Result<f64, Error> {
        let scale = 1.0 / charged.max(1) as f64;
        let nll = match targets {
            TargetRows::Bits { on, weight } => {
                ws.smoothed.clear();
                if smoothing > 0.0 {
                    let (keep, share) = ((1.0 - smoothing) as f32, (0.5 * smoothing) as f32);
                    ws.smoothed.extend(on.iter().map(|on| keep * on + share));
                }
                let on = if ws.smoothed.is_empty() { on } else { &ws.smoothed };
                loss::sigmoid_cross_entropy(&mut ws.logits, on, Some(weight), scale)?
            }
            TargetRows::Tokens(targets) => {
                let vocabulary = self.output.outputs();
                loss::softmax_cross_entropy(&mut ws.logits, vocabulary, targets, smoothing, scale)?
            }
        };
        Ok(nll.sum)
    }

    /// After [`Head::loss`]: adds to the gradients of the parameters, overwrites that of the stack's output.
    pub fn backward(
        &self,
        params: &mut Parameters<f32>,
        hidden: &[f32],
        targets: TargetRows<'_>,
        d_hidden: &mut [f32],
        ws: &mut HeadWorkspace,
    ) -> Result<(), Error> {
        if let (Some(coupling), TargetRows::Bits { on, weight }) = (&self.coupling, targets) {
            coupling.backward(params, on, weight, &ws.logits)?;
        }
        let hidden = if ws.keep.is_empty() { hidden } else { &ws.dropped };
        let rows = hidden.len() / self.output.features();
        self.output.backward(params, hidden, rows, &ws.logits, Some(&mut *d_hidden), &mut ws.linear)?;
        d_hidden.iter_mut().zip(&ws.keep).for_each(|(d, keep)| *d *= keep);
        Ok(())
    }
}

impl HeadWorkspace {
    /// While training, copies the output of the stack with inverted dropout.
    fn drop_out(&mut self, hidden: &[f32], probability: f64, mode: Mode<'_>) {
        self.dropped.clear();
        self.keep.clear();
        if let (Mode::Train { rng }, true) = (mode, probability > 0.0) {
            let kept = (1.0 / (1.0 - probability)) as f32;
            let draw = |_: &f32| if rng.random::<f64>() < probability { 0.0 } else { kept };
            self.keep.extend(hidden.iter().map(draw));
            self.dropped.extend(hidden.iter().zip(&self.keep).map(|(h, keep)| h * keep));
        }
    }
}
