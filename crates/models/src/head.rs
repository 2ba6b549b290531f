//! What stands on the recurrent stack: dropout, the output layer, the coupling of the bits of a frame, and the loss.

use crate::batch::TargetRows;
use composer_bptt::arrays::{view, view_mut};
use composer_bptt::{Coupling, Error, Linear, LinearWorkspace, Mode, Parameters, loss};
use composer_tensor::Scalar;
use ndarray::{ArrayView3, ArrayViewMut3, Zip};
use rand::RngExt;

/// The layers, and where their parameters are.
#[derive(Clone)]
pub(crate) struct Head {
    pub output: Linear,
    pub coupling: Option<Coupling>,
    /// Probability that an output of the stack is dropped, while training.
    pub dropout: f64,
}

/// Scratch of the head for some rows.
#[derive(Default)]
pub(crate) struct HeadWorkspace<S> {
    linear: LinearWorkspace<S>,
    /// With dropout, what the output layer reads `[rows, H]`, and what dropout multiplied it by; both empty without.
    dropped: Vec<S>,
    keep: Vec<S>,
    /// `[rows, V]`; after [`Head::loss`] the gradient of the loss with respect to the logits.
    pub logits: Vec<S>,
    /// Targets with label smoothing; empty without.
    smoothed: Vec<S>,
}

impl Head {
    /// From the output of the stack `[T, B, H]` to logits, given the bits of the targets that a coupling sees.
    pub fn forward<S: Scalar>(
        &self,
        params: &Parameters<S>,
        hidden: ArrayView3<'_, S>,
        targets: TargetRows<'_, S>,
        mode: Mode<'_>,
        ws: &mut HeadWorkspace<S>,
    ) -> Result<(), Error> {
        ws.drop_out(hidden, self.dropout, mode);
        let (steps, batch, _) = hidden.dim();
        let shape = (steps, batch, self.output.outputs());
        let HeadWorkspace { linear, dropped, keep, logits, .. } = ws;
        let hidden = if keep.is_empty() { hidden } else { view(hidden.raw_dim(), dropped) };
        logits.resize(steps * batch * self.output.outputs(), S::zero());
        let mut logits = view_mut(shape, logits);
        self.output.forward(params, hidden, logits.view_mut(), linear)?;
        if let (Some(coupling), TargetRows::Bits { on, weight }) = (&self.coupling, targets) {
            coupling.forward(params, view(shape, on), view(shape, weight), logits)?;
        }
        Ok(())
    }

    /// Nats, summed over all target steps. Turns the logits into the gradient of that sum divided by `target_steps`.
    pub fn loss<S: Scalar>(
        &self,
        targets: TargetRows<'_, S>,
        target_steps: usize,
        smoothing: f64,
        ws: &mut HeadWorkspace<S>,
    ) -> Result<f64, Error> {
        let scale = 1.0 / target_steps.max(1) as f64;
        let outputs = self.output.outputs();
        let shape = (ws.logits.len() / outputs, outputs);
        let logits = view_mut(shape, &mut ws.logits);
        let nll = match targets {
            TargetRows::Bits { on, weight } => {
                ws.smoothed.clear();
                if smoothing > 0.0 {
                    let (keep, share) = (S::of(1.0 - smoothing), S::of(0.5 * smoothing));
                    ws.smoothed.extend(on.iter().map(|&on| keep * on + share));
                }
                let on = if ws.smoothed.is_empty() { on } else { &ws.smoothed };
                loss::sigmoid_cross_entropy(logits, view(shape, on), Some(view(shape, weight)), scale)?
            }
            TargetRows::Tokens(targets) => {
                loss::softmax_cross_entropy(logits, view(targets.len(), targets), smoothing, scale)?
            }
            TargetRows::Values { .. } if smoothing > 0.0 => {
                return Err(Error::Unsupported(
                    "real values have no labels to smooth: set label smoothing to 0",
                ));
            }
            TargetRows::Values { values, weight } => {
                let error =
                    loss::squared_error(logits, view(shape, values), Some(view(shape, weight)), scale)?;
                loss::Nll { sum: error.sum + error.count * loss::UNIT_NORMAL_NLL, ..error }
            }
        };
        Ok(nll.sum)
    }

    /// After [`Head::loss`]: adds to the gradients of the parameters, overwrites that of the stack's output.
    pub fn backward<S: Scalar>(
        &self,
        params: &mut Parameters<S>,
        hidden: ArrayView3<'_, S>,
        targets: TargetRows<'_, S>,
        mut d_hidden: ArrayViewMut3<'_, S>,
        ws: &mut HeadWorkspace<S>,
    ) -> Result<(), Error> {
        let (steps, batch, _) = hidden.dim();
        let shape = (steps, batch, self.output.outputs());
        let HeadWorkspace { linear, dropped, keep, logits, .. } = ws;
        let logits = view(shape, logits);
        if let (Some(coupling), TargetRows::Bits { on, weight }) = (&self.coupling, targets) {
            coupling.backward(params, view(shape, on), view(shape, weight), logits)?;
        }
        let hidden = if keep.is_empty() { hidden } else { view(hidden.raw_dim(), dropped) };
        self.output.backward(params, hidden, logits, Some(d_hidden.view_mut()), linear)?;
        if !keep.is_empty() {
            let keep = view(hidden.raw_dim(), keep);
            Zip::from(d_hidden).and(keep).for_each(|d, &keep| *d *= keep);
        }
        Ok(())
    }
}

impl<S: Scalar> HeadWorkspace<S> {
    /// While training, copies the output of the stack with inverted dropout.
    fn drop_out(&mut self, hidden: ArrayView3<'_, S>, probability: f64, mode: Mode<'_>) {
        self.dropped.clear();
        self.keep.clear();
        if let (Mode::Train { rng }, true) = (mode, probability > 0.0) {
            let kept = S::of(1.0 / (1.0 - probability));
            let draw = |_: &S| if rng.random::<f64>() < probability { S::zero() } else { kept };
            self.keep.extend(hidden.iter().map(draw));
            self.dropped.extend(hidden.iter().zip(&self.keep).map(|(&h, &keep)| h * keep));
        }
    }
}
