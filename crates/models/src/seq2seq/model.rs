//! [`Seq2Seq`], its memory and its forward pass.

use super::bridge::{by_layer, by_row};
use super::targets::CastTargets;
use super::{AttentionConfig, PairBatch, Seq2SeqConfig};
use crate::head::{Goal, Head, HeadWorkspace, Layers, OUTPUT_PREFIX};
use crate::mode::reborrow;
use crate::note_wise::NoteWise;
use crate::output_bias::output_bias;
use crate::streams::{Purpose, stream};
use crate::{Encoding, Error, Sequence};
use composer_bptt::arrays::{as_slice_or_copy, view, view_mut};
use composer_bptt::divergence::{self, Breakdown};
use composer_bptt::{
    Attention, AttentionWorkspace, Init, Input, Linear, LinearWorkspace, Mode, Parameters, Recurrent,
    RecurrentWorkspace, State,
};
use composer_tensor::Scalar;

/// An encoder and a decoder.
#[derive(Clone)]
pub struct Seq2Seq<S = f32> {
    pub(super) config: Seq2SeqConfig,
    pub(super) params: Parameters<S>,
    pub(super) encoder: Recurrent,
    pub(super) decoder: Recurrent,
    pub(super) bridge: Option<Linear>,
    pub(super) attention: Option<Attention>,
    pub(super) combine: Option<Linear>,
    pub(super) head: Head,
}

/// Scratch of a forward and a backward pass, reused from step to step.
#[derive(Default)]
pub struct Seq2SeqWorkspace<S> {
    pub(super) encoder: RecurrentWorkspace<S>,
    pub(super) decoder: RecurrentWorkspace<S>,
    pub(super) attention: AttentionWorkspace<S>,
    pub(super) linears: [LinearWorkspace<S>; 2],
    /// The encoder's output `[S, B, K]`.
    pub(super) memory: Vec<S>,
    /// The encoder's final state as the bridge reads it, and what it makes of it, row by row of the batch.
    pub(super) encoded: Vec<S>,
    pub(super) bridged: Vec<S>,
    /// What the decoder reads, `[T, B, F]`.
    pub(super) input: Vec<S>,
    /// `[h; context]` and, after the combining layer (or without one), what the head reads.
    pub(super) joined: Vec<S>,
    pub(super) combined: Vec<S>,
    pub(super) head: HeadWorkspace<S>,
    pub(super) targets: CastTargets<S>,
    pub(super) d_combined: Vec<S>,
    pub(super) d_joined: Vec<S>,
    pub(super) d_memory: Vec<S>,
}

impl<S: Scalar> Seq2SeqWorkspace<S> {
    /// Logits `[T, B, V]` of the last forward pass; after [`Seq2Seq::loss`] their gradient. Empty for a model that writes frames note by note.
    pub fn logits(&self) -> &[S] {
        &self.head.logits
    }

    /// The attention weights `[T, S]` of one row of the batch in the last forward pass: which source steps each target step
    /// looked at. Only with attention.
    pub fn attention(&self, row: usize) -> &[S] {
        self.attention.weights(row).to_slice().unwrap_or_default()
    }
}

impl Seq2Seq<f32> {
    /// Output bias initialisation: makes an untrained model predict how often each symbol occurs in `targets`.
    /// See [`mod@crate::output_bias`].
    pub fn init_output_bias(&mut self, targets: &[Sequence]) {
        match &self.head.layers {
            Layers::NoteWise(notes) => {
                notes.init_output_bias(&mut self.params, &self.config.target, targets);
            }
            Layers::Linear { output, .. } => {
                let Some(bias) = output.bias() else { return };
                self.params.value_mut(bias).copy_from_slice(&output_bias(&self.config.target, targets));
            }
            Layers::Mixture(_) | Layers::Biaxial(_) => {}
        }
    }
}

impl<S: Scalar> Seq2Seq<S> {
    /// A model with all parameters zero: for loading weights into.
    ///
    /// # Errors
    /// The configuration contradicts itself.
    pub fn zeros(config: Seq2SeqConfig) -> Result<Self, Error> {
        Self::build(config, Parameters::new())
    }

    /// The names, shapes and places of the parameters of such a model, without the memory that they take.
    ///
    /// # Errors
    /// As for [`Seq2Seq::zeros`].
    pub fn shapes(config: Seq2SeqConfig) -> Result<Parameters<S>, Error> {
        Ok(Self::build(config, Parameters::shapes_only())?.params)
    }

    fn build(config: Seq2SeqConfig, mut params: Parameters<S>) -> Result<Self, Error> {
        config.check()?;
        let config = config.completed();
        match (&config.source, &config.target) {
            (_, Encoding::Values { .. }) => {
                return Err(Error::Unsupported(
                    "an encoder–decoder writes frames or tokens, not real values",
                ));
            }
            (Encoding::Values { features: 0, feedback: false, .. }, _) => {}
            (Encoding::Values { .. }, _) => {
                let what =
                    "an encoder–decoder reads frames, tokens or given features, and predicts no real values";
                return Err(Error::Unsupported(what));
            }
            _ => {}
        }
        let encoder = Recurrent::new(config.encoder.clone(), "encoder", &mut params)?;
        let decoder = Recurrent::new(config.decoder.clone(), "decoder", &mut params)?;
        let (key, hidden) = (config.encoder.output(), config.decoder.output());
        if config.decoder.bidirectional {
            let what = "a decoder cannot be bidirectional: it would see what it is to write";
            return Err(composer_bptt::Error::Unsupported(what).into());
        }
        let bridge = match config.bridge {
            true => {
                let (from, to) = (config.state_width(&config.encoder), config.state_width(&config.decoder));
                Some(Linear::new(from, to, true, "bridge", &mut params)?)
            }
            false => None,
        };
        let (attention, combine) = match config.attention {
            Some(AttentionConfig { score, hidden: side }) => {
                let attention = Attention::new(score, hidden, key, side, "attention", &mut params)?;
                (Some(attention), Some(Linear::new(hidden + key, hidden, true, "combine", &mut params)?))
            }
            None => (None, None),
        };
        let layers = match &config.note_wise {
            Some(notes) => Layers::NoteWise(NoteWise::new(notes, &config.target, (hidden, 0), &mut params)?),
            None => Layers::Linear {
                output: Linear::new(hidden, config.target.outputs(), true, OUTPUT_PREFIX, &mut params)?,
                coupling: None,
            },
        };
        let head = Head { layers, dropout: config.output_dropout };
        Ok(Self { config, params, encoder, decoder, bridge, attention, combine, head })
    }

    /// A model with random weights: a function of the configuration and the seed alone.
    ///
    /// # Errors
    /// As for [`Seq2Seq::zeros`].
    pub fn new(config: Seq2SeqConfig, init: &Init, seed: u64) -> Result<Self, Error> {
        let mut model = Self::zeros(config)?;
        let mut rng = stream(seed, Purpose::Initialisation, 0);
        model.encoder.init(&mut model.params, init, &mut rng);
        model.decoder.init(&mut model.params, init, &mut rng);
        if let Some(attention) = &model.attention {
            attention.init(&mut model.params, init, &mut rng);
        }
        for linear in [model.bridge, model.combine].into_iter().flatten() {
            linear.init(&mut model.params, init, &mut rng);
        }
        match &model.head.layers {
            Layers::NoteWise(notes) => notes.init(&mut model.params, init, &mut rng),
            Layers::Linear { output, .. } => output.init(&mut model.params, init, &mut rng),
            Layers::Mixture(_) | Layers::Biaxial(_) => {}
        }
        Ok(model)
    }

    /// What the model is.
    pub fn config(&self) -> &Seq2SeqConfig {
        &self.config
    }

    /// All weights and their gradients.
    pub fn params(&self) -> &Parameters<S> {
        &self.params
    }

    /// All weights and their gradients, for an optimiser.
    pub fn params_mut(&mut self) -> &mut Parameters<S> {
        &mut self.params
    }

    /// Runs the encoder; leaves the memory in `ws` and returns the decoder's first state.
    pub(super) fn encode(
        &self,
        batch: &PairBatch,
        mode: Mode<'_>,
        ws: &mut Seq2SeqWorkspace<S>,
    ) -> Result<State<S>, Error> {
        let rows = batch.target.batch;
        let mut state = State::zeros(&self.config.encoder, rows);
        let (input, mask) = (batch.source_input(), Some(&batch.source_mask));
        self.encoder.forward(&self.params, input, &mut state, mask, mode, &mut ws.encoder)?;
        ws.memory.clear();
        ws.memory.extend_from_slice(&as_slice_or_copy(ws.encoder.output()));
        let Some(bridge) = &self.bridge else { return Ok(State::zeros(&self.config.decoder, rows)) };
        by_row(&state, &self.config.encoder, &mut ws.encoded);
        ws.bridged.resize(rows * bridge.outputs(), S::zero());
        let encoded = view((rows, bridge.features()), &ws.encoded);
        let bridged = view_mut((rows, bridge.outputs()), &mut ws.bridged);
        bridge.forward(&self.params, encoded, bridged, &mut ws.linears[0])?;
        composer_tensor::maths::tanh_slice(&mut ws.bridged);
        Ok(by_layer(&ws.bridged, &self.config.decoder, rows)?)
    }

    /// Runs a batch with the true target before each step (teacher forcing) and leaves the logits `[T, B, V]` in `ws`.
    ///
    /// # Errors
    /// The batch does not fit the model.
    pub fn forward(
        &self,
        batch: &PairBatch,
        mut mode: Mode<'_>,
        ws: &mut Seq2SeqWorkspace<S>,
    ) -> Result<(), Error> {
        self.run_stacks(batch, reborrow(&mut mode), ws)?;
        let combined = view(self.hidden(batch), &ws.combined);
        let targets = ws.targets.rows(&batch.target, self.config.target.outputs());
        Ok(self.head.forward(&self.params, combined, targets, mode, &mut ws.head)?)
    }

    /// The forward pass of what is below the head.
    pub(super) fn run_stacks(
        &self,
        batch: &PairBatch,
        mut mode: Mode<'_>,
        ws: &mut Seq2SeqWorkspace<S>,
    ) -> Result<(), Error> {
        let mut state = self.encode(batch, reborrow(&mut mode), ws)?;
        let (steps, rows) = (batch.target.steps, batch.target.batch);
        self.decoder_input(batch, ws)?;
        let input = Input::Dense(view((steps, rows, self.config.decoder.input), &ws.input));
        let (params, decoder) = (&self.params, &mut ws.decoder);
        self.decoder.forward(params, input, &mut state, None, mode, decoder)?;
        self.combine(ws, batch)?;
        ws.targets.fill(&batch.target);
        Ok(())
    }

    /// `T`, `B` and `H` of what the head reads.
    pub(super) fn hidden(&self, batch: &PairBatch) -> (usize, usize, usize) {
        (batch.target.steps, batch.target.batch, self.config.decoder.output())
    }

    /// `[symbol before; memory_t]` for every step.
    fn decoder_input(&self, batch: &PairBatch, ws: &mut Seq2SeqWorkspace<S>) -> Result<(), Error> {
        let (steps, rows) = (batch.target.steps, batch.target.batch);
        let (symbols, key) = (self.config.target.inputs(), self.config.encoder.output());
        if self.config.aligned && batch.source_steps < steps {
            return Err(Error::WrongSequence {
                expected: "source and target of equal length",
                given: "a shorter source",
            });
        }
        let width = self.config.decoder.input;
        ws.input.clear();
        ws.input.resize(steps * rows * width, S::zero());
        for (row, input) in ws.input.chunks_exact_mut(width).enumerate() {
            for &index in &batch.target.indices[batch.target.offsets[row]..batch.target.offsets[row + 1]] {
                input[index as usize] = S::one();
            }
            if self.config.aligned {
                input[symbols..].copy_from_slice(&ws.memory[row * key..][..key]);
            }
        }
        Ok(())
    }

    /// From the decoder's output, with attention if there is any, to what the output layer reads.
    fn combine(&self, ws: &mut Seq2SeqWorkspace<S>, batch: &PairBatch) -> Result<(), Error> {
        let hidden = ws.decoder.output();
        let (Some(attention), Some(combine)) = (&self.attention, &self.combine) else {
            ws.combined.clear();
            ws.combined.extend_from_slice(&as_slice_or_copy(hidden));
            return Ok(());
        };
        let (steps, rows, h) = hidden.dim();
        let (k, mask) = (self.config.encoder.output(), Some(&batch.source_mask));
        let memory = view((batch.source_steps, rows, k), &ws.memory);
        attention.forward(&self.params, hidden, memory, mask, &mut ws.attention)?;
        let contexts = as_slice_or_copy(ws.attention.context());
        ws.joined.clear();
        for (h, context) in as_slice_or_copy(hidden).chunks_exact(h).zip(contexts.chunks_exact(k)) {
            ws.joined.extend_from_slice(h);
            ws.joined.extend_from_slice(context);
        }
        ws.combined.resize(steps * rows * h, S::zero());
        let joined = view((steps, rows, h + k), &ws.joined);
        let combined = view_mut((steps, rows, h), &mut ws.combined);
        combine.forward(&self.params, joined, combined, &mut ws.linears[1])?;
        composer_tensor::maths::tanh_slice(&mut ws.combined);
        Ok(())
    }

    /// After [`Seq2Seq::forward`]: the negative log-likelihood of the batch in nats, summed over all target steps. Turns the
    /// logits in `ws`, if there are any, into the gradient of the *mean over target steps*.
    ///
    /// # Errors
    /// The batch is not that of the forward pass.
    pub fn loss(&self, batch: &PairBatch, ws: &mut Seq2SeqWorkspace<S>) -> Result<f64, Error> {
        self.smoothed_loss(batch, 0.0, ws)
    }

    /// [`Seq2Seq::loss`] with label smoothing: the share `smoothing` of every target is spread evenly over all tokens, or over
    /// yes and no of every bit.
    ///
    /// # Errors
    /// The batch is not that of the forward pass.
    pub fn smoothed_loss(
        &self,
        batch: &PairBatch,
        smoothing: f64,
        ws: &mut Seq2SeqWorkspace<S>,
    ) -> Result<f64, Error> {
        let targets = ws.targets.rows(&batch.target, self.config.target.outputs());
        let combined = view(self.hidden(batch), &ws.combined);
        Ok(self.head.loss(&self.params, combined, targets, goal(batch, smoothing), &mut ws.head)?)
    }

    /// After [`Seq2Seq::forward`]: the first gate or state that is not finite, after the name of its stack, "encoder", "decoder"
    /// or, after a loss, "notes".
    pub fn first_breakdown(&self, ws: &Seq2SeqWorkspace<S>) -> Option<(&'static str, Breakdown)> {
        let of = |name, stack, ws| divergence::first_breakdown(stack, ws).map(|found| (name, found));
        let of_notes = || {
            let notes = self.head.note_wise()?;
            notes.first_breakdown(&ws.head.notes).map(|found| ("notes", found))
        };
        of("encoder", &self.encoder, &ws.encoder)
            .or_else(|| of("decoder", &self.decoder, &ws.decoder))
            .or_else(of_notes)
    }
}

/// The mean over the target steps of a batch.
pub(super) fn goal(batch: &PairBatch, smoothing: f64) -> Goal {
    Goal { target_steps: batch.target.target_steps, smoothing }
}
