//! [`SequenceModel`]: features → recurrent stack → linear layer (→ coupling of the bits of a frame) or note stack → logits of the next symbol.

mod workspace;

pub use crate::head::{COUPLING_PREFIX, MIXTURE_PREFIX, OUTPUT_PREFIX};
pub use workspace::Workspace;

use crate::Error;
use crate::bar_attention::{BarAttention, PastBars, SequenceState};
use crate::batch::SequenceBatch;
use crate::config::ModelConfig;
use crate::encoding::{Encoding, Sequence};
use crate::head::{Head, Layers};
use crate::mode::reborrow;
use crate::output_bias::output_bias;
use crate::stack_input::StackInput;
use crate::streams::{Purpose, stream};
use crate::targets::TargetRows;
use crate::token_input::TokenInput;
use composer_bptt::arrays::view_mut;
use composer_bptt::divergence::{self, Breakdown};
use composer_bptt::{Checkpointed, Coupled, Init, Linear, Mode, ParamId, Parameters, Recurrent, State};
use composer_tensor::Scalar;
use ndarray::{ArrayViewD, ArrayViewMutD};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::ops::Range;

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

    /// Runs a batch from `state` and leaves the final state there and the logits `[T, B, V]` in `ws`; with a coupling, those given
    /// the bits of the targets that are decided before.
    pub fn forward(
        &self,
        batch: &SequenceBatch<S>,
        state: &mut SequenceState<S>,
        mut mode: Mode<'_>,
        ws: &mut Workspace<S>,
    ) -> Result<(), Error> {
        self.below().write(&self.params, batch, &mut ws.features, &mut ws.vectors)?;
        self.recurrent.forward(
            &self.params,
            self.below().read(batch, &ws.features, &ws.vectors),
            &mut state.stack,
            None,
            reborrow(&mut mode),
            &mut ws.recurrent,
        )?;
        let (hidden, outputs) = (self.config.recurrent.output(), self.config.encoding.outputs());
        ws.shape = [batch.steps, batch.batch, hidden, outputs];
        let targets = self.targets(batch, 0..batch.steps);
        let mut read = ws.recurrent.output();
        if let Some(bars) = &self.bars {
            let features = (&batch.indices[..], &batch.offsets[..]);
            read = bars.forward(&self.params, read, features, &mut state.bars, &mut ws.bars)?;
        }
        self.head.forward(&self.params, read, targets, mode, &mut ws.head)?;
        Ok(())
    }

    /// What is before the recurrent stack.
    fn below(&self) -> StackInput<'_> {
        StackInput { embedding: &self.embedding, head: &self.head }
    }

    /// What some steps of a batch should predict.
    fn targets<'b>(&self, batch: &'b SequenceBatch<S>, steps: Range<usize>) -> TargetRows<'b, S> {
        let rows = steps.start * batch.batch..steps.end * batch.batch;
        batch.target_rows(rows, self.config.encoding.outputs())
    }

    /// How the bits of a frame see each other; `None`: they do not.
    pub fn coupling(&self) -> Option<Coupled<'_, S>> {
        self.head.coupling().map(|coupling| coupling.view(&self.params))
    }

    /// After [`SequenceModel::forward`]: the negative log-likelihood of the batch in nats, summed over all target steps.
    /// Turns the logits in `ws` into the gradient of the *mean over target steps*.
    pub fn loss(&self, batch: &SequenceBatch<S>, ws: &mut Workspace<S>) -> Result<f64, Error> {
        self.smoothed_loss(batch, 0.0, ws)
    }

    /// [`SequenceModel::loss`] with label smoothing: the share `smoothing` of every target is spread evenly over all
    /// tokens, or over yes and no of every bit.
    pub fn smoothed_loss(
        &self,
        batch: &SequenceBatch<S>,
        smoothing: f64,
        ws: &mut Workspace<S>,
    ) -> Result<f64, Error> {
        let targets = self.targets(batch, 0..batch.steps);
        Ok(self.head.loss(targets, batch.target_steps, smoothing, &mut ws.head)?)
    }

    /// After [`SequenceModel::forward`]: the first gate or state of the stack that is infinite or not a number.
    pub fn first_breakdown(&self, ws: &Workspace<S>) -> Option<Breakdown> {
        let notes = || match &self.head.layers {
            Layers::NoteWise(notes) => notes.first_breakdown(&ws.head.notes),
            Layers::Biaxial(tied) => tied.first_breakdown(&ws.head.biaxial),
            Layers::Linear { .. } | Layers::Mixture(_) => None,
        };
        divergence::first_breakdown(&self.recurrent, &ws.recurrent).or_else(notes)
    }

    /// After [`SequenceModel::loss`]: adds the gradient of the mean loss to the parameters' gradients.
    pub fn backward(&mut self, batch: &SequenceBatch<S>, ws: &mut Workspace<S>) -> Result<(), Error> {
        let targets = self.targets(batch, 0..batch.steps);
        let hidden = ws.recurrent.output();
        ws.d_hidden.resize(hidden.len(), S::zero());
        let mut d_hidden = view_mut(hidden.raw_dim(), &mut ws.d_hidden);
        let read = self.bars.as_ref().map_or(hidden, |_| ws.bars.joined(hidden.dim()));
        self.head.backward(&mut self.params, read, targets, d_hidden.view_mut(), &mut ws.head)?;
        if let Some(bars) = &self.bars {
            bars.backward(&mut self.params, hidden, d_hidden.view_mut(), &mut ws.bars)?;
        }
        let Self { params, embedding, recurrent, head, .. } = self;
        let below = StackInput { embedding, head };
        let (input, d_hidden) = (below.read(batch, &ws.features, &ws.vectors), d_hidden.view());
        ws.recurrent.request_d_input(embedding.is_some());
        recurrent.backward(params, input, d_hidden, None, &mut ws.recurrent)?;
        below.backward(params, batch, ws.recurrent.d_input());
        Ok(())
    }

    /// [`SequenceModel::forward`], [`SequenceModel::smoothed_loss`] and [`SequenceModel::backward`] in one, which keeps the
    /// activations of about √T steps at a time and computes them again on the way back: less memory, for about a third more time.
    /// Gradients are the same within rounding. Dropout draws other masks, of the same kind.
    ///
    /// # Errors
    /// The batch does not fit the model, or the model attends to past bars, which are needed at all steps.
    pub fn learn_with_checkpointing(
        &mut self,
        batch: &SequenceBatch<S>,
        state: &mut SequenceState<S>,
        smoothing: f64,
        mut mode: Mode<'_>,
        ws: &mut Workspace<S>,
    ) -> Result<f64, Error> {
        let Self { config, params, embedding, recurrent, bars, head } = self;
        if bars.is_some() {
            return Err(Error::Unsupported(
                "a network that attends to past bars keeps its activations: set training.recompute to false, or \
                 model.bar_attention to 0",
            ));
        }
        let below = StackInput { embedding, head };
        // Segments come to the head from the last to the first, after the stack has drawn for all of them.
        let mut masks = match &mut mode {
            Mode::Train { rng } if head.draws() => Some(ChaCha8Rng::from_rng(rng)),
            _ => None,
        };
        let (segment, outputs) =
            (recurrent.segment_steps(batch.steps, batch.batch * config.rows()), config.encoding.outputs());
        ws.shape = [0; 4]; // no logits of all steps
        let mut nats = 0.0;
        below.write(params, batch, &mut ws.features, &mut ws.vectors)?;
        ws.segments.request_d_input(embedding.is_some());
        recurrent.train_with_checkpointing(
            params,
            Checkpointed { input: below.read(batch, &ws.features, &ws.vectors), mask: None, segment },
            &mut state.stack,
            mode,
            |params, steps, hidden, d_hidden| {
                let targets = batch.target_rows(steps.start * batch.batch..steps.end * batch.batch, outputs);
                let mode = masks.as_mut().map_or(Mode::Eval, |rng| Mode::Train { rng });
                head.forward(params, hidden, targets, mode, &mut ws.head)?;
                nats += head.loss(targets, batch.target_steps, smoothing, &mut ws.head)?;
                head.backward(params, hidden, targets, d_hidden, &mut ws.head)
            },
            &mut ws.segments,
        )?;
        below.backward(params, batch, ws.segments.d_input());
        Ok(nats)
    }

    /// After [`SequenceModel::learn_with_checkpointing`] of the same batch: the first gate or state of the stack that is infinite or not
    /// a number.
    pub fn first_breakdown_with_checkpointing(
        &self,
        batch: &SequenceBatch<S>,
        ws: &mut Workspace<S>,
    ) -> Result<Option<Breakdown>, Error> {
        let segment = self.recurrent.segment_steps(batch.steps, batch.batch * self.config.rows());
        self.below().write(&self.params, batch, &mut ws.features, &mut ws.vectors)?;
        let input = self.below().read(batch, &ws.features, &ws.vectors);
        let sequence = Checkpointed { input, mask: None, segment };
        Ok(self.recurrent.first_breakdown_with_checkpointing(&self.params, sequence, &mut ws.segments)?)
    }
}

impl<S: Scalar> SequenceModel<S> {
    /// The recurrent stack, for what [`composer_bptt::probe`] says of it.
    pub fn stack(&self) -> &Recurrent {
        &self.recurrent
    }
}
