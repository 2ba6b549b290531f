//! A [`Seq2Seq`] with a source in hand is a language model of the target: every decoder can write with it.

use super::{Pair, PairBatch, Seq2Seq, Seq2SeqWorkspace, Window};
use crate::Error;
use crate::encoding::{Encoding, Sequence};
use crate::head::Layers;
use crate::language_model::{LanguageModel, StepInput};
use crate::note_wise::{NextNote, NotePosition, NoteScratch};
use composer_bptt::arrays::{view, view_mut};
use composer_bptt::{AttentionWorkspace, Input, LinearWorkspace, Mode, State, StepWorkspace};
use composer_music::representation::frames::Frame;
use ndarray::{ArrayView2, ArrayViewMut2, Axis};
use std::ops::Range;

/// Single steps of a model for one source.
pub struct Conditioned<'a> {
    model: &'a Seq2Seq,
    first: State<f32>,
    /// `[S, K]`
    memory: Vec<f32>,
    ws: StepWorkspace<f32>,
    attention: AttentionWorkspace<f32>,
    linears: [LinearWorkspace<f32>; 2],
    attended: Vec<AttentionWeights>,
    /// What the head read in the last step `[B, H]`, and what the decoder read, where notes are written one by one.
    contexts: Vec<f32>,
    indices: Vec<u32>,
    offsets: Vec<usize>,
    notes: NoteScratch,
}

/// Steps that a model which is aligned looks at on either side of the one that it writes. It has learnt on windows, and its
/// attention would be lost in a long piece.
const REACH: usize = 256;

/// Where a step looked.
#[derive(Clone, Debug, PartialEq)]
pub struct AttentionWeights {
    /// The first source step that it could look at.
    pub first: usize,
    /// How much it looked at each step from there; they sum to 1.
    pub weights: Vec<f32>,
}

/// The decoder's state and the step that it has come to.
#[derive(Clone)]
pub struct ConditionedState {
    state: State<f32>,
    step: usize,
}

impl<'a> Conditioned<'a> {
    /// Encodes a source.
    ///
    /// # Errors
    /// The source or the style is none of the model's, or the source is empty.
    pub fn new(model: &'a Seq2Seq, source: Sequence, style: Option<u32>) -> Result<Self, Error> {
        if source.is_empty() {
            return Err(Error::WrongSequence { expected: "a part with notes", given: "an empty one" });
        }
        let target = match model.config().target {
            Encoding::Frames { .. } => Sequence::frames(Vec::new()),
            Encoding::Tokens { .. } | Encoding::Values { .. } => Sequence::tokens(Vec::new()),
        };
        let pair = Pair { source, target, style };
        let mut batch = PairBatch::new(model.config());
        batch.fill(model.config(), &[Window::of(&pair, 0, usize::MAX)])?;
        let mut ws = Seq2SeqWorkspace::default();
        let first = model.encode(&batch, Mode::Eval, &mut ws)?;
        Ok(Self {
            model,
            first,
            memory: ws.memory,
            ws: StepWorkspace::default(),
            attention: AttentionWorkspace::new(),
            linears: Default::default(),
            attended: Vec::new(),
            contexts: Vec::new(),
            indices: Vec::new(),
            offsets: Vec::new(),
            notes: NoteScratch::default(),
        })
    }

    /// Which source steps the first row looked at, step by step; empty without attention.
    pub fn attended(&self) -> &[AttentionWeights] {
        &self.attended
    }

    fn source_steps(&self) -> usize {
        self.memory.len() / self.model.config.encoder.output()
    }

    /// The source steps that attention may look at from a step.
    fn seen(&self, step: usize) -> Range<usize> {
        let all = self.source_steps();
        if !self.model.config.aligned {
            return 0..all;
        }
        let step = step.min(all - 1);
        step.saturating_sub(REACH)..(step + REACH + 1).min(all)
    }

    /// `[symbol before; memory_t]` for every row.
    fn input(&self, indices: &[u32], offsets: &[usize], step: usize) -> Vec<f32> {
        let config = &self.model.config;
        let (width, key) = (config.decoder.input, config.encoder.output());
        let mut input = vec![0.0; (offsets.len() - 1) * width];
        for (row, bounds) in input.chunks_exact_mut(width).zip(offsets.windows(2)) {
            for &index in &indices[bounds[0]..bounds[1]] {
                row[index as usize] = 1.0;
            }
            if config.aligned {
                // Beyond its end, the source goes on as it ended.
                let step = step.min(self.source_steps() - 1);
                row[width - key..].copy_from_slice(&self.memory[step * key..][..key]);
            }
        }
        input
    }
}

impl LanguageModel for Conditioned<'_> {
    type State = ConditionedState;

    fn encoding(&self) -> &Encoding {
        &self.model.config.target
    }

    fn zero_state(&self, batch: usize) -> ConditionedState {
        ConditionedState { state: self.first.gather_rows(&vec![0; batch]), step: 0 }
    }

    fn gather(&self, state: &ConditionedState, rows: &[usize]) -> ConditionedState {
        ConditionedState { state: state.state.gather_rows(rows), step: state.step }
    }

    fn step(
        &mut self,
        input: StepInput<'_>,
        state: &mut ConditionedState,
        logits: ArrayViewMut2<'_, f32>,
    ) -> Result<(), Error> {
        input.check(self.encoding(), &logits)?;
        let StepInput::MultiHot { indices, offsets } = input else {
            return Err(Error::Unsupported("an encoder–decoder reads symbols, not real values"));
        };
        let rows = offsets.len() - 1;
        let model = self.model;
        if model.head.note_wise().is_some() {
            self.indices.clear();
            self.indices.extend_from_slice(indices);
            self.offsets.clear();
            self.offsets.extend_from_slice(offsets);
        }
        let input = self.input(indices, offsets, state.step);
        let seen = self.seen(state.step);
        state.step += 1;
        let input = Input::Dense(view((1, rows, model.config.decoder.input), &input));
        let hidden = model.decoder.step(&model.params, input, &mut state.state, &mut self.ws)?;
        let (Some(attention), Some(combine)) = (&model.attention, &model.combine) else {
            return head(model, hidden, logits, &mut self.linears[1], &mut self.contexts);
        };
        // All rows look at the one source: to attention they are steps of one row.
        let (h, k) = (model.config.decoder.output(), model.config.encoder.output());
        let memory = view((seen.len(), 1, k), &self.memory[seen.start * k..seen.end * k]);
        let queries = hidden.insert_axis(Axis(1));
        attention.forward(&model.params, queries, memory, None, &mut self.attention)?;
        let weights = self.attention.weights(0).row(0).to_vec();
        self.attended.push(AttentionWeights { first: seen.start, weights });
        let contexts = self.attention.context();
        let each = hidden.rows().into_iter().zip(contexts.rows());
        let mut joined = Vec::with_capacity(rows * (h + k));
        each.for_each(|(h, context)| joined.extend(h.iter().chain(context)));
        let mut combined = vec![0.0; rows * h];
        let (joined, linear) = (view((rows, h + k), &joined), &mut self.linears[0]);
        combine.forward(&model.params, joined, view_mut((rows, h), &mut combined), linear)?;
        composer_tensor::maths::tanh_slice(&mut combined);
        head(model, view((rows, h), &combined), logits, &mut self.linears[1], &mut self.contexts)
    }

    fn next_note(&mut self) -> Option<&mut dyn NextNote> {
        self.model.head.note_wise().is_some().then_some(self)
    }
}

/// The logits `[B, V]` of what the head reads `[B, H]`; where notes come one by one it is kept in `contexts`, and they are zero.
fn head(
    model: &Seq2Seq,
    combined: ArrayView2<'_, f32>,
    mut logits: ArrayViewMut2<'_, f32>,
    linear: &mut LinearWorkspace<f32>,
    contexts: &mut Vec<f32>,
) -> Result<(), Error> {
    if let Layers::Linear { output, .. } = &model.head.layers {
        output.forward(&model.params, combined, logits, linear)?;
    } else {
        contexts.clear();
        contexts.extend(combined);
        logits.fill(0.0);
    }
    Ok(())
}

const NOT_BY_NOTE: Error = Error::Unsupported("the model does not write note by note");

impl NextNote for Conditioned<'_> {
    fn begin(&mut self, row: usize, previous: Frame, position: &mut NotePosition) -> Result<(), Error> {
        let notes = self.model.head.note_wise().ok_or(NOT_BY_NOTE)?;
        let width = self.model.config.decoder.output();
        let Some(context) = self.contexts.get(row * width..(row + 1) * width) else {
            return Err(Error::Unsupported("a frame was begun before its step"));
        };
        let features = &self.indices[self.offsets[row]..self.offsets[row + 1]];
        let read = (view(width, context), features);
        notes.begin_frame(&self.model.params, read, previous, position, &mut self.notes)
    }

    fn push(&mut self, class: usize, position: &mut NotePosition) -> Result<(), Error> {
        let notes = self.model.head.note_wise().ok_or(NOT_BY_NOTE)?;
        notes.push_note(&self.model.params, class, position, &mut self.notes)
    }
}
