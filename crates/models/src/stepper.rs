//! [`Stepper`]: a [`SequenceModel`] one step at a time, for decoding.

use crate::bar_attention::{BarWorkspace, SequenceState};
use crate::biaxial::{FeatureRows, PitchScratch};
use crate::conditions::{ConditionTrack, Steering};
use crate::head::Layers;
use crate::keep::Keep;
use crate::language_model::{LanguageModel, StepInput};
use crate::note_wise::{NextNote, NotePosition, NoteScratch};
use crate::token_input::{FeatureBag, TokenVectors};
use crate::{Encoding, Error, SequenceModel};
use composer_bptt::arrays::view;
use composer_bptt::{Coupled, Input, LinearWorkspace, MixtureWorkspace, StepWorkspace};
use composer_music::representation::frames::Frame;
use ndarray::{ArrayViewMut2, Axis};

/// A [`SequenceModel`] with the scratch that single steps need.
pub struct Stepper<'a> {
    model: &'a SequenceModel,
    ws: StepWorkspace<f32>,
    bars: BarWorkspace<f32>,
    linear: LinearWorkspace<f32>,
    mixture: MixtureWorkspace<f32>,
    /// The output of the stack in the last step `[B, H]`, tied across pitch `[B·P, H]`, where notes are written one by one.
    contexts: Vec<f32>,
    /// What it read, as [`StepInput::MultiHot`], with conditions.
    indices: Vec<u32>,
    offsets: Vec<usize>,
    /// What each sequence is told, or all of them, and the steps that there were.
    conditions: Vec<ConditionTrack>,
    /// How far each sequence that is composed is from what it is told; those that were not composed are not there.
    steering: Vec<Steering>,
    steps: usize,
    notes: NoteScratch,
    /// Where all pitches are tied.
    features: FeatureRows,
    pitches: PitchScratch,
    /// Where tokens are read as vectors.
    vectors: TokenVectors<f32>,
}

impl<'a> Stepper<'a> {
    /// Single steps of a model.
    pub fn new(model: &'a SequenceModel) -> Self {
        Self {
            model,
            ws: StepWorkspace::default(),
            bars: BarWorkspace::default(),
            linear: LinearWorkspace::default(),
            mixture: MixtureWorkspace::default(),
            contexts: Vec::new(),
            indices: Vec::new(),
            offsets: Vec::new(),
            conditions: Vec::new(),
            steering: Vec::new(),
            steps: 0,
            notes: NoteScratch::default(),
            features: FeatureRows::default(),
            pitches: PitchScratch::default(),
            vectors: TokenVectors::default(),
        }
    }

    /// Tells all sequences these conditions, from the first step that the model is asked for on. Without them, and without features of
    /// conditions in the input of a step, it is told nothing.
    #[must_use]
    pub fn with_conditions(self, conditions: ConditionTrack) -> Self {
        self.with_conditions_of_each(vec![conditions])
    }

    /// Tells sequence `b` conditions `b`, modulo their number.
    #[must_use]
    pub fn with_conditions_of_each(self, conditions: Vec<ConditionTrack>) -> Self {
        Self { conditions, ..self }
    }

    /// Keeps what is read in a step, with the conditions behind it.
    fn read(&mut self, indices: &[u32], offsets: &[usize]) {
        let (conditions, first) = (&self.model.config().conditions, self.model.encoding().inputs());
        let steps_per_quarter = match self.model.encoding() {
            Encoding::Frames { representation, .. } => representation.steps_per_quarter,
            _ => 1,
        };
        let told = if conditions.is_empty() { &[][..] } else { &self.conditions };
        self.indices.clear();
        self.offsets.clear();
        self.offsets.push(0);
        for (b, row) in offsets.windows(2).enumerate() {
            self.indices.extend_from_slice(&indices[row[0]..row[1]]);
            let track = (!told.is_empty()).then(|| &told[b % told.len()]);
            if let Some(values) = track.and_then(|track| track.at(self.steps)) {
                let steering = self.steering.get(b).copied().unwrap_or_default();
                conditions.push_steered(values, (&steering, steps_per_quarter), first, &mut self.indices);
            }
            self.offsets.push(self.indices.len());
        }
        self.steps += 1;
    }
}

impl LanguageModel for Stepper<'_> {
    type State = SequenceState;

    fn encoding(&self) -> &Encoding {
        self.model.encoding()
    }

    fn written(&mut self, row: usize, frame: Frame, begun: u128) {
        if self.steering.len() <= row {
            self.steering.resize(row + 1, Steering::default());
        }
        self.steering[row].push(frame, begun);
    }

    fn zero_state(&self, batch: usize) -> SequenceState {
        self.model.zero_state(batch)
    }

    fn gather(&self, state: &SequenceState, rows: &[usize]) -> SequenceState {
        self.model.gather_rows(state, rows)
    }

    fn coupling(&self) -> Option<Coupled<'_, f32>> {
        self.model.coupling()
    }

    fn next_note(&mut self) -> Option<&mut dyn NextNote> {
        self.model.config().notes().is_some().then_some(self)
    }

    fn step(
        &mut self,
        input: StepInput<'_>,
        state: &mut SequenceState,
        mut logits: ArrayViewMut2<'_, f32>,
    ) -> Result<(), Error> {
        let model = self.model;
        input.check(model.encoding(), &logits)?;
        if let StepInput::MultiHot { indices, offsets } = input {
            self.read(indices, offsets);
        }
        let input = match (input, &model.head.layers) {
            (StepInput::MultiHot { .. }, _) if model.embedding.is_some() => {
                let (keep, batch) = (&Keep::default(), self.offsets.len() - 1);
                let bag = FeatureBag { indices: &self.indices, offsets: &self.offsets, keep, batch };
                if let Some(embedding) = &model.embedding {
                    embedding.forward(&model.params, bag, &mut self.vectors)?;
                }
                self.vectors.input()
            }
            (StepInput::MultiHot { .. }, Layers::Biaxial(tied)) => {
                tied.write_features((&self.indices, &self.offsets), &mut self.features);
                self.features.input()
            }
            (StepInput::MultiHot { .. }, _) => {
                Input::MultiHot { indices: &self.indices, offsets: &self.offsets }
            }
            (StepInput::Dense(values), _) => Input::Dense(values.insert_axis(Axis(0))),
        };
        let mut hidden = model.recurrent.step(&model.params, input, &mut state.stack, &mut self.ws)?;
        if let Some(bars) = &model.bars {
            let (one_step, features) = (hidden.insert_axis(Axis(0)), (&self.indices[..], &self.offsets[..]));
            let joined = bars.forward(&model.params, one_step, features, &mut state.bars, &mut self.bars)?;
            hidden = joined.index_axis_move(Axis(0), 0);
        }
        match &model.head.layers {
            Layers::Linear { output, .. } => {
                output.forward(&model.params, hidden, logits, &mut self.linear)?;
            }
            Layers::Mixture(layer) => {
                layer.forward(&model.params, hidden, logits, &mut self.mixture)?;
            }
            Layers::NoteWise(_) | Layers::Biaxial(_) => {
                self.contexts.clear();
                self.contexts.extend(&hidden);
                logits.fill(0.0);
            }
        }
        Ok(())
    }
}

impl NextNote for Stepper<'_> {
    fn begin(&mut self, row: usize, previous: Frame, position: &mut NotePosition) -> Result<(), Error> {
        let model = self.model;
        let width = model.config().rows() * model.config().recurrent.output();
        let Some(context) = self.contexts.get(row * width..(row + 1) * width) else {
            return Err(Error::Unsupported("a frame was begun before its step"));
        };
        let features = &self.indices[self.offsets[row]..self.offsets[row + 1]];
        match &model.head.layers {
            Layers::NoteWise(notes) => {
                let read = (view(width, context), features);
                notes.begin_frame(&model.params, read, previous, position, &mut self.notes)
            }
            Layers::Biaxial(tied) => {
                let read = (context, features);
                tied.begin_frame(&model.params, read, previous, position, &mut self.pitches)
            }
            Layers::Linear { .. } | Layers::Mixture(_) => Err(NOT_BY_NOTE),
        }
    }

    fn push(&mut self, class: usize, position: &mut NotePosition) -> Result<(), Error> {
        let params = &self.model.params;
        match &self.model.head.layers {
            Layers::NoteWise(notes) => notes.push_note(params, class, position, &mut self.notes),
            Layers::Biaxial(tied) => tied.push_note(params, class, position, &mut self.pitches),
            Layers::Linear { .. } | Layers::Mixture(_) => Err(NOT_BY_NOTE),
        }
    }

    fn note_lengths(&self) -> usize {
        self.model.encoding().note_lengths()
    }

    fn set_length(&mut self, steps: usize, position: &mut NotePosition) -> Result<(), Error> {
        let notes = self.model.head.note_wise().ok_or(NOT_BY_NOTE)?;
        notes.set_length(&self.model.params, steps, position, &mut self.notes)
    }

    fn set_velocity(&mut self, bin: usize, position: &mut NotePosition) -> Result<(), Error> {
        self.model.head.note_wise().ok_or(NOT_BY_NOTE)?.set_velocity(bin, position)
    }
}

const NOT_BY_NOTE: Error = Error::Unsupported("the model does not write note by note");
