//! What stands on the recurrent stack: dropout, then an output layer (→ coupling of the bits of a frame), a mixture of softmaxes
//! or a note stack; and the loss.

use crate::biaxial::{Biaxial, BiaxialWorkspace};
use crate::config::ModelConfig;
use crate::dropout::Dropped;
use crate::mode::reborrow;
use crate::note_wise::{NoteWise, NoteWorkspace};
use crate::targets::TargetRows;
use composer_bptt::arrays::{view, view_mut};
use composer_bptt::{
    Coupling, Error, Linear, LinearWorkspace, Mixture, MixtureWorkspace, Mode, ParamId, Parameters, loss,
};
use composer_tensor::Scalar;
use ndarray::{ArrayView3, ArrayViewMut3};

/// Prefix of the output layer's parameters in a model file.
pub const OUTPUT_PREFIX: &str = "output";
/// Prefix of what a mixture of softmaxes has besides the output layer, in a model file.
pub const MIXTURE_PREFIX: &str = "mixture";
/// Prefix of the coupling's weight in a model file.
pub const COUPLING_PREFIX: &str = "coupling";

/// The layers, and where their parameters are.
#[derive(Clone)]
pub(crate) struct Head {
    pub layers: Layers,
    /// Probability that an output of the stack is dropped, while training.
    pub dropout: f64,
}

/// How an output of the stack becomes a distribution.
#[derive(Clone)]
pub(crate) enum Layers {
    /// All logits `V` at once.
    Linear {
        output: Linear,
        /// What the bits of a frame say of each other.
        coupling: Option<Coupling>,
    },
    /// A mixture of softmaxes over the tokens, whose logits are log-probabilities.
    Mixture(Mixture),
    /// The notes of a frame one by one.
    NoteWise(NoteWise),
    /// The pitches of a frame one by one; the stack has a row for each.
    Biaxial(Biaxial),
}

impl Layers {
    /// The layers of a model, with parameters that are zero; `tied` is the weight that its output layer shares with another layer, if it does.
    pub fn new(
        config: &ModelConfig,
        tied: Option<ParamId>,
        params: &mut Parameters<f32>,
    ) -> Result<Self, crate::Error> {
        let (encoding, hidden) = (&config.encoding, config.recurrent.output());
        let told = (hidden, config.conditions.features());
        if let Some(notes) = &config.note_wise {
            return Ok(Layers::NoteWise(NoteWise::new(notes, encoding, told, params)?));
        }
        if let Some(tied) = &config.biaxial {
            return Ok(Layers::Biaxial(Biaxial::new(tied, encoding, told, params)?));
        }
        let network = &config.token_network;
        let output = match tied {
            Some(weight) => Linear::tied(weight, true, OUTPUT_PREFIX, params)?,
            None => {
                let features = network.output_features(hidden);
                Linear::new(features, encoding.outputs(), true, OUTPUT_PREFIX, params)?
            }
        };
        if network.softmaxes > 1 {
            return Ok(Layers::Mixture(Mixture::new(
                hidden,
                network.softmaxes,
                output,
                MIXTURE_PREFIX,
                params,
            )?));
        }
        let planes = encoding.first_plane().filter(|_| config.coupled);
        let couple = |first| Coupling::new(encoding.outputs(), first, COUPLING_PREFIX, params);
        Ok(Layers::Linear { output, coupling: planes.map(couple).transpose()? })
    }
}

/// Scratch of the head for some rows.
#[derive(Default)]
pub(crate) struct HeadWorkspace<S> {
    linear: LinearWorkspace<S>,
    mixture: MixtureWorkspace<S>,
    /// What the output layer reads `[T, B, H]`.
    dropped: Dropped<S>,
    /// `[rows, V]`; after [`Head::loss`] the gradient of the loss with respect to the logits. Empty for a note stack.
    pub logits: Vec<S>,
    /// Targets with label smoothing; empty without.
    smoothed: Vec<S>,
    pub notes: NoteWorkspace<S>,
    pub biaxial: BiaxialWorkspace<S>,
}

impl Head {
    /// How the bits of a frame see each other, if all logits come at once.
    pub fn coupling(&self) -> Option<&Coupling> {
        match &self.layers {
            Layers::Linear { coupling, .. } => coupling.as_ref(),
            Layers::Mixture(_) | Layers::NoteWise(_) | Layers::Biaxial(_) => None,
        }
    }

    /// What writes the notes of a frame one by one.
    pub fn note_wise(&self) -> Option<&NoteWise> {
        match &self.layers {
            Layers::NoteWise(notes) => Some(notes),
            Layers::Linear { .. } | Layers::Mixture(_) | Layers::Biaxial(_) => None,
        }
    }

    /// What is tied across pitch.
    pub fn biaxial(&self) -> Option<&Biaxial> {
        match &self.layers {
            Layers::Biaxial(layers) => Some(layers),
            Layers::Linear { .. } | Layers::Mixture(_) | Layers::NoteWise(_) => None,
        }
    }

    /// Whether a training draws random numbers.
    pub fn draws(&self) -> bool {
        self.dropout > 0.0
            || self.note_wise().is_some_and(NoteWise::draws)
            || self.biaxial().is_some_and(Biaxial::draws)
    }

    /// From the output of the stack `[T, B, H]`, tied across pitch `[T, B·P, H]`, to logits, given the bits of the targets that are decided before.
    /// For a note stack, which goes block by block from its contexts to its loss, only draws what is dropped.
    pub fn forward<S: Scalar>(
        &self,
        params: &Parameters<S>,
        hidden: ArrayView3<'_, S>,
        targets: TargetRows<'_, S>,
        mut mode: Mode<'_>,
        ws: &mut HeadWorkspace<S>,
    ) -> Result<(), Error> {
        let HeadWorkspace { linear, mixture, dropped, logits, notes, biaxial, .. } = ws;
        match (&self.layers, targets) {
            (Layers::Biaxial(layers), _) => {
                layers.draw(self.dropout, mode, biaxial);
                layers.forward(params, hidden, targets.of_frames()?, logits, biaxial)
            }
            (Layers::NoteWise(layers), _) => {
                logits.clear();
                layers.draw(hidden.len(), self.dropout, mode, notes);
                Ok(())
            }
            (Layers::Mixture(layer), _) => {
                dropped.draw(hidden, self.dropout, mode);
                let (steps, batch, _) = hidden.dim();
                logits.resize(steps * batch * layer.outputs(), S::zero());
                let logits = view_mut((steps, batch, layer.outputs()), logits);
                layer.forward(params, dropped.of(hidden), logits, mixture)
            }
            (Layers::Linear { output, coupling }, targets) => {
                dropped.draw(hidden, self.dropout, reborrow(&mut mode));
                let (steps, batch, _) = hidden.dim();
                let hidden = dropped.of(hidden);
                let shape = (steps, batch, output.outputs());
                logits.resize(steps * batch * output.outputs(), S::zero());
                let mut logits = view_mut(shape, logits);
                output.forward(params, hidden, logits.view_mut(), linear)?;
                if let (Some(coupling), TargetRows::Bits { on, weight, .. }) = (coupling, targets) {
                    coupling.forward(params, view(shape, on), view(shape, weight), logits)?;
                }
                Ok(())
            }
        }
    }

    /// After [`Head::forward`]: nats, summed over all target steps. Turns the logits, if there are any, into the gradient of that sum divided by
    /// the target steps.
    pub fn loss<S: Scalar>(
        &self,
        params: &Parameters<S>,
        hidden: ArrayView3<'_, S>,
        targets: TargetRows<'_, S>,
        goal: Goal,
        ws: &mut HeadWorkspace<S>,
    ) -> Result<f64, Error> {
        let outputs = match &self.layers {
            Layers::NoteWise(layers) => {
                goal.check_unsmoothed()?;
                return layers.loss(params, hidden, targets.of_frames()?, &mut ws.notes);
            }
            Layers::Linear { output, .. } => output.outputs(),
            Layers::Mixture(layer) => layer.outputs(),
            Layers::Biaxial(layers) => layers.outputs(),
        };
        linear_loss(outputs, targets, goal, ws)
    }

    /// After [`Head::loss`]: adds to the gradients of the parameters, overwrites that of the stack's output. What writes note by note or pitch by
    /// pitch goes forward once more.
    pub fn backward<S: Scalar>(
        &self,
        params: &mut Parameters<S>,
        hidden: ArrayView3<'_, S>,
        targets: TargetRows<'_, S>,
        goal: Goal,
        mut d_hidden: ArrayViewMut3<'_, S>,
        ws: &mut HeadWorkspace<S>,
    ) -> Result<(), Error> {
        let (steps, batch, _) = hidden.dim();
        let HeadWorkspace { linear, mixture, dropped, logits, notes, biaxial, .. } = ws;
        match &self.layers {
            Layers::Biaxial(layers) => {
                layers.backward(params, hidden, targets.of_frames()?, logits, d_hidden, biaxial)?;
            }
            Layers::NoteWise(layers) => {
                layers.learn(params, hidden, targets.of_frames()?, goal.scale(), d_hidden, notes)?;
            }
            Layers::Mixture(layer) => {
                let logits = view((steps, batch, layer.outputs()), logits);
                let hidden = dropped.of(hidden);
                layer.backward(params, hidden, logits, d_hidden.view_mut(), mixture)?;
                dropped.backward(d_hidden);
            }
            Layers::Linear { output, coupling } => {
                let shape = (steps, batch, output.outputs());
                let logits = view(shape, logits);
                if let (Some(coupling), TargetRows::Bits { on, weight, .. }) = (coupling, targets) {
                    coupling.backward(params, view(shape, on), view(shape, weight), logits)?;
                }
                let hidden = dropped.of(hidden);
                output.backward(params, hidden, logits, Some(d_hidden.view_mut()), linear)?;
                dropped.backward(d_hidden);
            }
        }
        Ok(())
    }

    /// [`Head::forward`], [`Head::loss`] and, if that is finite, [`Head::backward`] in one. What writes note by note or pitch by pitch goes forward
    /// only once, and leaves no logits.
    pub fn learn<S: Scalar>(
        &self,
        params: &mut Parameters<S>,
        hidden: ArrayView3<'_, S>,
        targets: TargetRows<'_, S>,
        goal: Goal,
        mode: Mode<'_>,
        d_hidden: ArrayViewMut3<'_, S>,
        ws: &mut HeadWorkspace<S>,
    ) -> Result<f64, Error> {
        match &self.layers {
            Layers::NoteWise(layers) => {
                goal.check_unsmoothed()?;
                ws.logits.clear();
                layers.draw(hidden.len(), self.dropout, mode, &mut ws.notes);
                layers.learn(params, hidden, targets.of_frames()?, goal.scale(), d_hidden, &mut ws.notes)
            }
            Layers::Biaxial(layers) => {
                ws.logits.clear();
                layers.draw(self.dropout, mode, &mut ws.biaxial);
                let goal = (goal.scale(), goal.smoothing);
                layers.learn(params, hidden, targets.of_frames()?, goal, d_hidden, &mut ws.biaxial)
            }
            Layers::Linear { .. } | Layers::Mixture(_) => {
                self.forward(params, hidden, targets, mode, ws)?;
                let nats = self.loss(params, hidden, targets, goal, ws)?;
                if nats.is_finite() {
                    self.backward(params, hidden, targets, goal, d_hidden, ws)?;
                }
                Ok(nats)
            }
        }
    }
}

/// What is learnt: the mean over so many target steps, with so much label smoothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Goal {
    pub target_steps: usize,
    pub smoothing: f64,
}

impl Goal {
    /// What the gradient of a sum over all target steps is multiplied by.
    fn scale(self) -> f64 {
        1.0 / self.target_steps.max(1) as f64
    }

    fn check_unsmoothed(self) -> Result<(), Error> {
        match self.smoothing > 0.0 {
            true => {
                Err(Error::Unsupported("notes one by one are learnt without label smoothing: set it to 0"))
            }
            false => Ok(()),
        }
    }
}

/// [`Head::loss`] of logits that came all at once.
fn linear_loss<S: Scalar>(
    outputs: usize,
    targets: TargetRows<'_, S>,
    goal: Goal,
    ws: &mut HeadWorkspace<S>,
) -> Result<f64, Error> {
    let (scale, smoothing) = (goal.scale(), goal.smoothing);
    let shape = (ws.logits.len() / outputs, outputs);
    let logits = view_mut(shape, &mut ws.logits);
    let nll = match targets {
        TargetRows::Bits { on, weight, .. } => {
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
            return Err(Error::Unsupported("real values have no labels to smooth: set label smoothing to 0"));
        }
        TargetRows::Values { values, weight } => {
            let error = loss::squared_error(logits, view(shape, values), Some(view(shape, weight)), scale)?;
            loss::Nll { sum: error.sum + error.count * loss::UNIT_NORMAL_NLL, ..error }
        }
    };
    Ok(nll.sum)
}
