//! [`SequenceModel`]: features → recurrent stack → linear layer (→ coupling of the bits of a frame) or note stack → logits of the next symbol.

mod passes;
mod workspace;

pub use crate::head::{COUPLING_PREFIX, MIXTURE_PREFIX, OUTPUT_PREFIX};
pub use workspace::Workspace;

use crate::Error;
use crate::bar_attention::{BarAttention, PastBars, SequenceState};
use crate::config::ModelConfig;
use crate::encoding::{Encoding, Sequence};
use crate::head::{Head, Layers};
use crate::output_bias::output_bias;
use crate::streams::{Purpose, stream};
use crate::token_input::TokenInput;
use composer_bptt::{Coupled, Init, Linear, ParamId, Parameters, Recurrent, State};
use composer_tensor::Scalar;
use ndarray::{ArrayViewD, ArrayViewMutD};

/// A recurrent language model of music: P(symbol_t | symbols before t).
///
/// It computes in single precision; [`SequenceModel::cast`] gives a copy in double precision, to check gradients with.
#[derive(Clone)]
pub struct SequenceModel<S = f32> {
    config: ModelConfig,
    pub(crate) params: Parameters<S>,
    /// Where tokens are read as vectors.
    pub(crate) embedding: Option<TokenInput>,
    pub(crate) recurrent: Recurrent,
    /// What joins past bars to the output of the stack.
    pub(crate) bars: Option<BarAttention>,
    pub(crate) head: Head,
}

/// Prefix of the recurrent stack's parameters in a model file.
pub const RECURRENT_PREFIX: &str = "recurrent";

impl SequenceModel<f32> {
    /// A model with all parameters zero: for loading weights into.
    pub fn zeros(config: ModelConfig) -> Result<Self, Error> {
        Self::build(config, Parameters::new())
    }

    /// The names, shapes and places of the parameters of such a model, without the memory that they take.
    ///
    /// # Errors
    /// The configuration contradicts itself.
    pub fn shapes(config: ModelConfig) -> Result<Parameters<f32>, Error> {
        Ok(Self::build(config, Parameters::shapes_only())?.params)
    }

    fn build(config: ModelConfig, mut params: Parameters<f32>) -> Result<Self, Error> {
        config.check()?;
        let recurrent = Recurrent::new(config.recurrent.clone(), RECURRENT_PREFIX, &mut params)?;
        let embedding =
            TokenInput::new(&config.token_network, &config.encoding, config.features(), &mut params)?;
        let tied = embedding.filter(|_| config.token_network.tied).map(|embedding| embedding.tokens());
        let layers = Layers::new(&config, tied, &mut params)?;
        let head = Head { layers, dropout: config.output_dropout };
        let bars = BarAttention::new(&config, &mut params)?;
        Ok(Self { config, params, embedding, recurrent, bars, head })
    }

    /// A model with random weights: a function of the configuration and the seed alone.
    pub fn new(config: ModelConfig, init: &Init, seed: u64) -> Result<Self, Error> {
        let mut model = Self::zeros(config)?;
        let mut rng = stream(seed, Purpose::Initialisation, 0);
        model.recurrent.init(&mut model.params, init, &mut rng);
        match &model.head.layers {
            Layers::Linear { output, .. } => output.init(&mut model.params, init, &mut rng),
            Layers::Mixture(layer) => {
                layer.output().init(&mut model.params, init, &mut rng);
                layer.init(&mut model.params, init, &mut rng);
            }
            Layers::NoteWise(notes) => notes.init(&mut model.params, init, &mut rng),
            Layers::Biaxial(tied) => tied.init(&mut model.params, init, &mut rng),
        }
        if let Some(embedding) = model.embedding {
            embedding.init(&mut model.params, &mut rng);
        }
        if let Some(bars) = &model.bars {
            bars.init(&mut model.params, init, &mut rng);
        }
        Ok(model)
    }

    /// Output bias initialisation: makes an untrained model predict how often each symbol occurs in `sequences`, or the mean
    /// of real values. See [`mod@crate::output_bias`].
    pub fn init_output_bias(&mut self, sequences: &[Sequence]) {
        match &self.head.layers {
            Layers::Linear { output, .. } => self.init_bias_of(*output, sequences),
            Layers::Mixture(layer) => self.init_bias_of(*layer.output(), sequences),
            Layers::NoteWise(notes) => {
                notes.init_output_bias(&mut self.params, &self.config.encoding, sequences);
            }
            Layers::Biaxial(tied) => {
                let log_odds = output_bias(&self.config.encoding, sequences);
                tied.init_output_bias(&mut self.params, &log_odds);
            }
        }
    }
}

impl SequenceModel<f32> {
    fn init_bias_of(&mut self, output: Linear, sequences: &[Sequence]) {
        let Some(bias) = output.bias() else { return };
        let frequencies = output_bias(&self.config.encoding, sequences);
        self.params.value_mut(bias).copy_from_slice(&frequencies);
        // Tied weights are the vectors of the tokens, which must differ; so must what several softmaxes say.
        let network = &self.config.token_network;
        if !network.tied && network.softmaxes == 1 {
            self.params.value_mut(output.weight()).fill(0.0);
        }
    }
}

impl<S: Scalar> SequenceModel<S> {
    /// The same model in another precision, gradients zero.
    pub fn cast<D: Scalar>(&self) -> SequenceModel<D> {
        SequenceModel {
            config: self.config.clone(),
            params: self.params.cast(),
            embedding: self.embedding,
            recurrent: self.recurrent.clone(),
            bars: self.bars.clone(),
            head: self.head.clone(),
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
    pub fn params(&self) -> &Parameters<S> {
        &self.params
    }

    /// All weights and their gradients, for an optimiser.
    pub fn params_mut(&mut self) -> &mut Parameters<S> {
        &mut self.params
    }

    /// A parameter by its name in the model file, such as `recurrent.weight_hh_l0` `[G·H, H]` or `output.bias` `[V]`.
    ///
    /// # Errors
    /// No parameter has the name.
    pub fn weight(&self, name: &str) -> Result<ArrayViewD<'_, S>, Error> {
        let id = self.id(name)?;
        Ok(self.params.value_array(id))
    }

    /// A parameter by its name, to change.
    ///
    /// # Errors
    /// No parameter has the name.
    pub fn weight_mut(&mut self, name: &str) -> Result<ArrayViewMutD<'_, S>, Error> {
        let id = self.id(name)?;
        Ok(self.params.value_array_mut(id))
    }

    /// The gradient of a parameter by its name.
    ///
    /// # Errors
    /// No parameter has the name.
    pub fn gradient(&self, name: &str) -> Result<ArrayViewD<'_, S>, Error> {
        let id = self.id(name)?;
        Ok(self.params.grad_array(id))
    }

    fn id(&self, name: &str) -> Result<ParamId, Error> {
        self.params.id(name).ok_or_else(|| {
            let known: Vec<&str> = self.params.entries().iter().map(|entry| entry.name.as_str()).collect();
            Error::UnknownParameter { name: name.to_owned(), known: known.join(", ") }
        })
    }

    /// A state of zeros for `batch` sequences.
    pub fn zero_state(&self, batch: usize) -> SequenceState<S> {
        let rows = batch * self.config.rows();
        let bars = self.bars.as_ref().map_or_else(PastBars::default, |_| PastBars::none(rows));
        SequenceState { stack: State::zeros(&self.config.recurrent, rows), bars }
    }

    /// Sets the state of some sequences of a batch to zero: new pieces begin there.
    ///
    /// # Panics
    /// If a sequence is not below the batch.
    pub fn reset_rows(&self, state: &mut SequenceState<S>, sequences: &[usize]) {
        let rows = self.state_rows(sequences);
        state.stack.reset_rows(&rows);
        state.bars.reset_rows(&rows);
    }

    /// The state whose sequence `i` is sequence `sequences[i]` of `state`.
    ///
    /// # Panics
    /// If a sequence is not below the batch.
    pub fn gather_rows(&self, state: &SequenceState<S>, sequences: &[usize]) -> SequenceState<S> {
        let rows = self.state_rows(sequences);
        SequenceState { stack: state.stack.gather_rows(&rows), bars: state.bars.gather_rows(&rows) }
    }

    /// The rows of a state that some sequences have.
    fn state_rows(&self, sequences: &[usize]) -> Vec<usize> {
        let rows = self.config.rows();
        sequences.iter().flat_map(|sequence| sequence * rows..(sequence + 1) * rows).collect()
    }

    /// How the bits of a frame see each other; `None`: they do not.
    pub fn coupling(&self) -> Option<Coupled<'_, S>> {
        self.head.coupling().map(|coupling| coupling.view(&self.params))
    }

    /// The recurrent stack, for what [`composer_bptt::probe`] says of it.
    pub fn stack(&self) -> &Recurrent {
        &self.recurrent
    }
}
