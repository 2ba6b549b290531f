//! [`SequenceModel`]: features → recurrent stack → linear layer (→ coupling of the bits of a frame) → logits of the next symbol.

use crate::Error;
use crate::batch::{SequenceBatch, Targets};
use crate::encoding::{Encoding, Sequence};
use crate::prior;
use crate::streams::{Purpose, stream};
use composer_bptt::divergence::{self, Breakdown};
use composer_bptt::{
    Coupled, Coupling, Init, Input, Linear, LinearWorkspace, Mode, Parameters, Recurrent, RecurrentConfig,
    RecurrentWorkspace, State, StepWorkspace, loss,
};
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// Everything that says what a model is, apart from its weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelConfig {
    /// What the input and the output mean.
    pub encoding: Encoding,
    /// The recurrent stack. Its `input` always equals [`Encoding::inputs`].
    pub recurrent: RecurrentConfig,
    /// Probability that an output of the stack is dropped on its way to the output layer, while training. The `dropout`
    /// of the stack itself, as in PyTorch, is between its layers only.
    #[serde(default)]
    pub output_dropout: f64,
    /// Whether the bits of a frame see each other ([`Coupling`]): lower pitches first, then which of them are struck. For
    /// frames only.
    #[serde(default)]
    pub coupled: bool,
}

impl ModelConfig {
    /// A configuration whose stack fits the encoding, whatever `recurrent.input` was.
    pub fn new(encoding: Encoding, recurrent: RecurrentConfig) -> Self {
        let recurrent = RecurrentConfig { input: encoding.inputs(), ..recurrent };
        Self { encoding, recurrent, output_dropout: 0.0, coupled: false }
    }

    fn check(&self) -> Result<(), Error> {
        if self.recurrent.input != self.encoding.inputs() {
            return Err(Error::Features { stack: self.recurrent.input, encoding: self.encoding.inputs() });
        }
        if !(0.0..1.0).contains(&self.output_dropout) {
            return Err(Error::OutputDropout(self.output_dropout));
        }
        if self.coupled && self.encoding.first_plane().is_none() {
            return Err(Error::CoupledTokens);
        }
        Ok(())
    }
}

/// A recurrent language model of music: P(symbol_t | symbols before t).
pub struct SequenceModel {
    config: ModelConfig,
    params: Parameters<f32>,
    recurrent: Recurrent,
    output: Linear,
    coupling: Option<Coupling>,
}

/// Scratch of a forward and a backward pass, reused from step to step: it grows at first and then allocates nothing.
#[derive(Default)]
pub struct Workspace {
    recurrent: RecurrentWorkspace<f32>,
    linear: LinearWorkspace<f32>,
    /// What the output layer reads `[T·B, H]`, after dropout.
    hidden: Vec<f32>,
    /// What dropout multiplied it by; empty without dropout.
    keep: Vec<f32>,
    /// `[T·B, V]`; after [`SequenceModel::loss`] the gradient of the loss with respect to the logits.
    logits: Vec<f32>,
    d_hidden: Vec<f32>,
    /// Targets with label smoothing; empty without.
    smoothed: Vec<f32>,
}

/// Prefix of the recurrent stack's parameters in a model file.
pub const RECURRENT_PREFIX: &str = "recurrent";
/// Prefix of the output layer's parameters in a model file.
pub const OUTPUT_PREFIX: &str = "output";
/// Prefix of the coupling's weight in a model file.
pub const COUPLING_PREFIX: &str = "coupling";

impl SequenceModel {
    /// A model with all parameters zero: for loading weights into.
    pub fn zeros(config: ModelConfig) -> Result<Self, Error> {
        config.check()?;
        let mut params = Parameters::new();
        let recurrent = Recurrent::new(config.recurrent.clone(), RECURRENT_PREFIX, &mut params)?;
        let output = Linear::new(
            recurrent.config().output(),
            config.encoding.outputs(),
            true,
            OUTPUT_PREFIX,
            &mut params,
        )?;
        let planes = config.encoding.first_plane().filter(|_| config.coupled);
        let couple = |first| Coupling::new(config.encoding.outputs(), first, COUPLING_PREFIX, &mut params);
        let coupling = planes.map(couple).transpose()?;
        Ok(Self { config, params, recurrent, output, coupling })
    }

    /// A model with random weights: a function of the configuration and the seed alone.
    pub fn new(config: ModelConfig, init: &Init, seed: u64) -> Result<Self, Error> {
        let mut model = Self::zeros(config)?;
        let mut rng = stream(seed, Purpose::Initialisation, 0);
        model.recurrent.init(&mut model.params, init, &mut rng);
        model.output.init(&mut model.params, init, &mut rng);
        Ok(model)
    }

    /// Makes an untrained model predict how often each symbol occurs in `sequences`: see [`crate::prior`].
    pub fn set_prior(&mut self, sequences: &[Sequence]) {
        if let Some(bias) = self.output.bias() {
            let prior = prior::output_bias(&self.config.encoding, sequences);
            self.params.value_mut(bias).copy_from_slice(&prior);
            self.params.value_mut(self.output.weight()).fill(0.0);
        }
    }

    /// What the model is.
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// What the numbers mean.
    pub fn encoding(&self) -> &Encoding {
        &self.config.encoding
    }

    /// All weights and their gradients.
    pub fn params(&self) -> &Parameters<f32> {
        &self.params
    }

    /// All weights and their gradients, for an optimiser.
    pub fn params_mut(&mut self) -> &mut Parameters<f32> {
        &mut self.params
    }

    /// A state of zeros for `batch` sequences.
    pub fn zero_state(&self, batch: usize) -> State<f32> {
        State::zeros(&self.config.recurrent, batch)
    }

    /// Runs a batch from `state` and leaves the final state there and the logits `[T·B, V]` in `ws`; with a coupling, those given
    /// the bits of the targets that are decided before.
    pub fn forward(
        &self,
        batch: &SequenceBatch,
        state: &mut State<f32>,
        mut mode: Mode<'_>,
        ws: &mut Workspace,
    ) -> Result<(), Error> {
        let (steps, rows) = (batch.steps, batch.steps * batch.batch);
        self.recurrent.forward(
            &self.params,
            batch.input(),
            steps,
            batch.batch,
            state,
            None,
            reborrow(&mut mode),
            &mut ws.recurrent,
        )?;
        ws.drop_out(self.config.output_dropout, mode);
        ws.logits.resize(rows * self.config.encoding.outputs(), 0.0);
        self.output.forward(&self.params, &ws.hidden, rows, &mut ws.logits, &mut ws.linear)?;
        if let (Some(coupling), Targets::Bits { on, weight }) = (&self.coupling, &batch.targets) {
            coupling.forward(&self.params, on, weight, &mut ws.logits)?;
        }
        Ok(())
    }

    /// How the bits of a frame see each other; `None`: they do not.
    pub fn coupling(&self) -> Option<Coupled<'_, f32>> {
        self.coupling.as_ref().map(|coupling| coupling.view(&self.params))
    }

    /// After [`SequenceModel::forward`]: the negative log-likelihood of the batch in nats, summed over all that is charged.
    /// Turns the logits in `ws` into the gradient of the *mean over charged steps*.
    pub fn loss(&self, batch: &SequenceBatch, ws: &mut Workspace) -> Result<f64, Error> {
        self.smoothed_loss(batch, 0.0, ws)
    }

    /// [`SequenceModel::loss`] with label smoothing: the share `smoothing` of every target is spread evenly over all
    /// tokens, or over yes and no of every bit.
    pub fn smoothed_loss(
        &self,
        batch: &SequenceBatch,
        smoothing: f64,
        ws: &mut Workspace,
    ) -> Result<f64, Error> {
        let scale = 1.0 / batch.charged.max(1) as f64;
        let nll = match &batch.targets {
            Targets::Bits { on, weight } => {
                ws.smoothed.clear();
                if smoothing > 0.0 {
                    let (keep, share) = ((1.0 - smoothing) as f32, (0.5 * smoothing) as f32);
                    ws.smoothed.extend(on.iter().map(|on| keep * on + share));
                }
                let on = if ws.smoothed.is_empty() { on } else { &ws.smoothed };
                loss::sigmoid_cross_entropy(&mut ws.logits, on, Some(weight), scale)?
            }
            Targets::Tokens(targets) => {
                let vocabulary = self.config.encoding.outputs();
                loss::softmax_cross_entropy(&mut ws.logits, vocabulary, targets, smoothing, scale)?
            }
        };
        Ok(nll.sum)
    }

    /// After [`SequenceModel::forward`]: the first gate or state of the stack that is infinite or not a number.
    pub fn first_breakdown(&self, ws: &Workspace) -> Option<Breakdown> {
        divergence::first_breakdown(&self.recurrent, &ws.recurrent)
    }

    /// After [`SequenceModel::loss`]: adds the gradient of the mean loss to the parameters' gradients.
    pub fn backward(&mut self, batch: &SequenceBatch, ws: &mut Workspace) -> Result<(), Error> {
        let rows = batch.steps * batch.batch;
        if let (Some(coupling), Targets::Bits { on, weight }) = (&self.coupling, &batch.targets) {
            coupling.backward(&mut self.params, on, weight, &ws.logits)?;
        }
        ws.d_hidden.resize(ws.hidden.len(), 0.0);
        self.output.backward(
            &mut self.params,
            &ws.hidden,
            rows,
            &ws.logits,
            Some(&mut ws.d_hidden),
            &mut ws.linear,
        )?;
        for (d, keep) in ws.d_hidden.iter_mut().zip(&ws.keep) {
            *d *= keep;
        }
        self.recurrent.backward(&mut self.params, batch.input(), &ws.d_hidden, None, &mut ws.recurrent)?;
        Ok(())
    }
}

fn reborrow<'a>(mode: &'a mut Mode<'_>) -> Mode<'a> {
    match mode {
        Mode::Eval => Mode::Eval,
        Mode::Train { rng } => Mode::Train { rng },
    }
}

impl Workspace {
    /// Logits `[T·B, V]` of the last [`SequenceModel::forward`].
    pub fn logits(&self) -> &[f32] {
        &self.logits
    }

    /// Copies the output of the stack to where the output layer reads it; while training, with inverted dropout.
    fn drop_out(&mut self, probability: f64, mode: Mode<'_>) {
        self.hidden.clear();
        self.hidden.extend_from_slice(self.recurrent.output());
        self.keep.clear();
        if let (Mode::Train { rng }, true) = (mode, probability > 0.0) {
            let kept = (1.0 / (1.0 - probability)) as f32;
            let draw = |_: &f32| if rng.random::<f64>() < probability { 0.0 } else { kept };
            self.keep.extend(self.hidden.iter().map(draw));
            for (h, keep) in self.hidden.iter_mut().zip(&self.keep) {
                *h *= keep;
            }
        }
    }
}

/// What decoding asks of a model: a state, and the logits of the next symbol.
///
/// Any model that implements this can be composed with.
pub trait LanguageModel {
    /// What the model remembers of `B` sequences.
    type State: Clone;

    /// What the symbols mean.
    fn encoding(&self) -> &Encoding;

    /// The state before the first step of `batch` sequences.
    fn zero_state(&self, batch: usize) -> Self::State;

    /// The state whose sequence `i` is sequence `rows[i]` of `state`, for beam search.
    fn gather(&self, state: &Self::State, rows: &[usize]) -> Self::State;

    /// Reads one multi-hot row per sequence (`indices[offsets[b]..offsets[b + 1]]`) and writes the logits `[B, V]` of
    /// the symbol that follows.
    fn step(
        &mut self,
        indices: &[u32],
        offsets: &[usize],
        state: &mut Self::State,
        logits: &mut [f32],
    ) -> Result<(), Error>;

    /// How the bits of a frame see each other, where the logits of a step are only those before any bit is decided; `None`:
    /// they do not.
    fn coupling(&self) -> Option<Coupled<'_, f32>> {
        None
    }
}

/// A [`SequenceModel`] with the scratch that single steps need.
pub struct Stepper<'a> {
    model: &'a SequenceModel,
    ws: StepWorkspace<f32>,
    linear: LinearWorkspace<f32>,
}

impl<'a> Stepper<'a> {
    /// Single steps of a model.
    pub fn new(model: &'a SequenceModel) -> Self {
        Self { model, ws: StepWorkspace::default(), linear: LinearWorkspace::default() }
    }
}

impl LanguageModel for Stepper<'_> {
    type State = State<f32>;

    fn encoding(&self) -> &Encoding {
        self.model.encoding()
    }

    fn zero_state(&self, batch: usize) -> State<f32> {
        self.model.zero_state(batch)
    }

    fn gather(&self, state: &State<f32>, rows: &[usize]) -> State<f32> {
        state.gather_rows(rows)
    }

    fn coupling(&self) -> Option<Coupled<'_, f32>> {
        self.model.coupling()
    }

    fn step(
        &mut self,
        indices: &[u32],
        offsets: &[usize],
        state: &mut State<f32>,
        logits: &mut [f32],
    ) -> Result<(), Error> {
        let model = self.model;
        let input = Input::MultiHot { indices, offsets };
        let hidden = model.recurrent.step(&model.params, input, state, &mut self.ws)?;
        model.output.forward(&model.params, hidden, offsets.len() - 1, logits, &mut self.linear)?;
        Ok(())
    }
}
