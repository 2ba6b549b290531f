//! A frame note by note: the distribution of the next note, given those below.

use super::NoteWise;
use super::layout::{Decided, Read};
use crate::Error;
use composer_bptt::arrays::{view, view_mut};
use composer_bptt::{Input, LinearWorkspace, Parameters, State, StepWorkspace};
use composer_music::representation::frames::Frame;
use ndarray::ArrayView1;

/// Where a frame is that is being written, from its lowest note up.
#[derive(Clone, Debug, Default)]
pub struct NotePosition {
    /// ln P of each class that may come next, −∞ of the others. `0..P`: the pitch `pitch_low + k` is held (without an onset plane: sounds);
    /// `P..2P`, with an onset plane: it is struck; the last: the frame ends.
    pub log_probs: Vec<f64>,
    pub(crate) decided: Decided,
    /// The pitches that sound so far, and those that are struck, bit 0 the lowest; for a model that is tied across pitch.
    pub(crate) planes: [u128; 2],
    pub(crate) state: State<f32>,
}

impl NotePosition {
    /// The lowest pitch that is open, from the representation's lowest; `pitches` are those of the representation.
    pub fn first(&self, pitches: usize) -> usize {
        self.decided.last.map_or(0, |last| last % pitches + 1)
    }

    /// Refuses a class that is not of a note above the last one.
    pub(crate) fn check(&self, class: usize, pitches: usize) -> Result<(), Error> {
        let stop = self.log_probs.len().saturating_sub(1);
        match class < stop && class % pitches >= self.first(pitches) {
            true => Ok(()),
            false => Err(Error::Unsupported("a note must be above the last one and within the range")),
        }
    }
}

/// What a model that writes frames note by note, or pitch by pitch, is asked for, after each step in time.
pub trait NextNote {
    /// Begins the frame of a row of the batch of the last step, where `previous` is the frame before.
    ///
    /// # Errors
    /// There was no such row.
    fn begin(&mut self, row: usize, previous: Frame, position: &mut NotePosition) -> Result<(), Error>;

    /// Lets the frame that [`begin`](Self::begin) began last have one more note, of this class, above the last one.
    ///
    /// # Errors
    /// It is no such note, or the model fails.
    fn push(&mut self, class: usize, position: &mut NotePosition) -> Result<(), Error>;
}

/// The memory of single notes.
#[derive(Default)]
pub struct NoteScratch {
    recurrent: StepWorkspace<f32>,
    bridge: LinearWorkspace<f32>,
    output: LinearWorkspace<f32>,
    context: LinearWorkspace<f32>,
    bridged: Vec<f32>,
    /// What the context says of each class in the frame at hand.
    from_context: Vec<f32>,
    /// The sounding plane of the frame before it, what the network read, and the features of conditions.
    before: u128,
    read: Read,
    told: Vec<u32>,
    outputs: Vec<f32>,
    logits: Vec<f32>,
    features: Vec<u32>,
}

impl NoteWise {
    /// Begins a frame from its context `[H]` and the features that the network read.
    pub fn begin_frame(
        &self,
        params: &Parameters<f32>,
        (context, features): (ArrayView1<'_, f32>, &[u32]),
        previous: Frame,
        position: &mut NotePosition,
        scratch: &mut NoteScratch,
    ) -> Result<(), Error> {
        let read = context.insert_axis(ndarray::Axis(0));
        scratch.bridged.resize(self.bridge.outputs(), 0.0);
        let bridged = view_mut((1, self.bridge.outputs()), &mut scratch.bridged);
        self.bridge.forward(params, read, bridged, &mut scratch.bridge)?;
        composer_tensor::maths::tanh_slice(&mut scratch.bridged);
        scratch.from_context.resize(self.context.outputs(), 0.0);
        let from_context = view_mut((1, self.context.outputs()), &mut scratch.from_context);
        self.context.forward(params, read, from_context, &mut scratch.context)?;
        scratch.before = self.space.representation.offsets(previous.sounding);
        scratch.read = self.space.planes(features);
        scratch.told.clear();
        scratch.told.extend(self.space.told(features));
        self.begin(&scratch.bridged, 1, &mut position.state);
        position.decided = Decided::default();
        self.next_note(params, position, scratch)
    }

    /// Takes one more note.
    pub fn push_note(
        &self,
        params: &Parameters<f32>,
        class: usize,
        position: &mut NotePosition,
        scratch: &mut NoteScratch,
    ) -> Result<(), Error> {
        position.check(class, self.space.pitches)?;
        position.decided = position.decided.and(class, &self.space);
        self.next_note(params, position, scratch)
    }

    /// Reads what is decided; says what may come next.
    fn next_note(
        &self,
        params: &Parameters<f32>,
        position: &mut NotePosition,
        scratch: &mut NoteScratch,
    ) -> Result<(), Error> {
        let NoteScratch {
            recurrent,
            output,
            from_context,
            before,
            read,
            told,
            outputs,
            logits,
            features,
            ..
        } = scratch;
        features.clear();
        self.space.push_features(position.decided, read, features);
        features.extend_from_slice(told);
        let input = Input::MultiHot { indices: features, offsets: &[0, features.len()] };
        let hidden = self.notes.step(params, input, &mut position.state, recurrent)?;
        outputs.resize(self.output.outputs(), 0.0);
        self.output.forward(params, hidden, view_mut((1, self.output.outputs()), outputs), output)?;
        let classes = self.space.classes();
        logits.clear();
        logits.extend(outputs[..classes].iter().zip(&*from_context).map(|(&y, &context)| y + context));
        self.space.each_added(position.decided, read, |output, class| logits[class] += outputs[output]);
        self.space.mask(position.decided, *before, logits);
        let largest = view(classes, logits).fold(f64::NEG_INFINITY, |max, &logit| max.max(f64::from(logit)));
        let total = logits.iter().map(|&logit| (f64::from(logit) - largest).exp()).sum::<f64>().ln();
        position.log_probs.clear();
        position.log_probs.extend(logits.iter().map(|&logit| f64::from(logit) - largest - total));
        Ok(())
    }
}
