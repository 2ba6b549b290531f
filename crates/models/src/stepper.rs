//! [`Stepper`]: a [`SequenceModel`] one step at a time, for decoding.

use crate::head::Layers;
use crate::language_model::{LanguageModel, StepInput};
use crate::note_wise::{NextNote, NotePosition, NoteScratch};
use crate::{Encoding, Error, SequenceModel};
use composer_bptt::arrays::view;
use composer_bptt::{Coupled, Input, LinearWorkspace, State, StepWorkspace};
use composer_music::representation::frames::Frame;
use ndarray::{ArrayViewMut2, Axis};

/// A [`SequenceModel`] with the scratch that single steps need.
pub struct Stepper<'a> {
    model: &'a SequenceModel,
    ws: StepWorkspace<f32>,
    linear: LinearWorkspace<f32>,
    /// The output of the stack in the last step `[B, H]`, where notes are written one by one.
    contexts: Vec<f32>,
    /// What it read, as [`StepInput::MultiHot`].
    indices: Vec<u32>,
    offsets: Vec<usize>,
    notes: NoteScratch,
}

impl<'a> Stepper<'a> {
    /// Single steps of a model.
    pub fn new(model: &'a SequenceModel) -> Self {
        Self {
            model,
            ws: StepWorkspace::default(),
            linear: LinearWorkspace::default(),
            contexts: Vec::new(),
            indices: Vec::new(),
            offsets: Vec::new(),
            notes: NoteScratch::default(),
        }
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

    fn next_note(&mut self) -> Option<&mut dyn NextNote> {
        self.model.head.note_wise().is_some().then_some(self)
    }

    fn step(
        &mut self,
        input: StepInput<'_>,
        state: &mut State<f32>,
        mut logits: ArrayViewMut2<'_, f32>,
    ) -> Result<(), Error> {
        let model = self.model;
        input.check(model.encoding(), &logits)?;
        let input = match input {
            StepInput::MultiHot { indices, offsets } => {
                if model.head.note_wise().is_some() {
                    self.indices.clear();
                    self.indices.extend(indices);
                    self.offsets.clear();
                    self.offsets.extend(offsets);
                }
                Input::MultiHot { indices, offsets }
            }
            StepInput::Dense(values) => Input::Dense(values.insert_axis(Axis(0))),
        };
        let hidden = model.recurrent.step(&model.params, input, state, &mut self.ws)?;
        match &model.head.layers {
            Layers::Linear { output, .. } => {
                output.forward(&model.params, hidden, logits, &mut self.linear)?;
            }
            Layers::NoteWise(_) => {
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
        let hidden = self.model.config().recurrent.output();
        let (Some(notes), Some(context)) =
            (self.model.head.note_wise(), self.contexts.get(row * hidden..(row + 1) * hidden))
        else {
            return Err(Error::Unsupported("a frame was begun before its step"));
        };
        let features = &self.indices[self.offsets[row]..self.offsets[row + 1]];
        let read = (view(hidden, context), features);
        notes.begin_frame(&self.model.params, read, previous, position, &mut self.notes)
    }

    fn push(&mut self, class: usize, position: &mut NotePosition) -> Result<(), Error> {
        let Some(notes) = self.model.head.note_wise() else {
            return Err(Error::Unsupported("the model does not write note by note"));
        };
        notes.push_note(&self.model.params, class, position, &mut self.notes)
    }
}
