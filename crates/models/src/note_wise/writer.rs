//! A frame note by note: the distribution of the next note, given those below.

use super::layout::{Decided, Read};
use super::{NoteWise, lengths};
use crate::Error;
use composer_bptt::arrays::view_mut;
use composer_bptt::{Input, LinearWorkspace, Parameters, State, StepWorkspace};
use composer_music::representation::frames::Frame;
use ndarray::ArrayView1;

/// Where a frame is that is being written, from its lowest note up.
#[derive(Clone, Debug, Default)]
pub struct NotePosition {
    /// ln P of each class that may come next, −∞ of the others. `0..P`: the pitch `pitch_low + k` is held (without an onset plane: sounds);
    /// `P..2P`, with an onset plane: it is struck; the last: the frame ends.
    pub log_probs: Vec<f64>,
    /// ln P that the last note lasts 1, 2 … steps; empty where that is decided, or is never.
    pub lengths: Vec<f64>,
    /// ln P of each velocity of the last note; empty where its length is not decided or its velocity is, or never is.
    pub velocities: Vec<f64>,
    /// What the note stack said after the last note; where lengths are decided.
    outputs: Vec<f32>,
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
        if !(self.lengths.is_empty() && self.velocities.is_empty()) {
            return Err(Error::Unsupported("the length and velocity of a note come before the next note"));
        }
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

    /// The longest note in steps, for a model that decides how long each note lasts, and writes only notes that begin; 0: it does not.
    fn note_lengths(&self) -> usize {
        0
    }

    /// After [`push`](Self::push), for a model that decides lengths: lets the note last so many steps.
    ///
    /// # Errors
    /// It has no such length, or no length is to be decided.
    fn set_length(&mut self, _steps: usize, _position: &mut NotePosition) -> Result<(), Error> {
        Err(Error::Unsupported("the model decides no lengths of notes"))
    }

    /// After [`set_length`](Self::set_length), for a model that decides velocities: gives the note the velocity of this bin.
    ///
    /// # Errors
    /// It has no such velocity, or no velocity is to be decided.
    fn set_velocity(&mut self, _bin: usize, _position: &mut NotePosition) -> Result<(), Error> {
        Err(Error::Unsupported("the model decides no velocities of notes"))
    }
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
    /// The sounding plane of the frame before it, or what is held where lengths are decided; what the network read, and the features of conditions.
    before: u128,
    read: Read,
    told: Vec<u32>,
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
        scratch.before = match self.space.lengths {
            0 => self.space.representation.offsets(previous.sounding),
            _ => self.space.held(features),
        };
        scratch.read = self.space.planes(features);
        scratch.told.clear();
        scratch.told.extend(self.space.told(features));
        self.begin(&scratch.bridged, 1, &mut position.state);
        position.decided = Decided::default();
        position.lengths.clear();
        position.velocities.clear();
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
        let class = if self.space.writes_held() { class } else { self.space.offset(class) };
        position.decided = position.decided.and(class, &self.space);
        self.next_note(params, position, scratch)
    }

    /// Takes the length of the last note.
    pub fn set_length(
        &self,
        params: &Parameters<f32>,
        steps: usize,
        position: &mut NotePosition,
        scratch: &mut NoteScratch,
    ) -> Result<(), Error> {
        let (Some(id), space) = (self.after_length, &self.space) else { return Err(NO_LENGTH) };
        if steps == 0 || steps > position.lengths.len() {
            return Err(NO_LENGTH);
        }
        position.lengths.clear();
        position.decided.lengths[0] = Some(steps - 1);
        let after = lengths::after((id, space), steps - 1, params);
        let NoteScratch { from_context, logits, .. } = scratch;
        if space.velocities > 0 {
            logits.clear();
            logits.resize(space.velocities, 0.0);
            lengths::velocity_logits(space, (&position.outputs, from_context, after), logits);
            write_log_probs(logits, &mut position.velocities);
        }
        self.write_classes(Some(after), position, scratch);
        Ok(())
    }

    /// Takes the velocity of the last note.
    pub fn set_velocity(&self, bin: usize, position: &mut NotePosition) -> Result<(), Error> {
        if bin >= position.velocities.len() {
            return Err(Error::Unsupported("the note has no such velocity, or has one"));
        }
        position.velocities.clear();
        position.decided.velocities[0] = Some(bin);
        Ok(())
    }

    /// Reads what is decided; says what may come next: a note, or where lengths are decided that of the last note.
    fn next_note(
        &self,
        params: &Parameters<f32>,
        position: &mut NotePosition,
        scratch: &mut NoteScratch,
    ) -> Result<(), Error> {
        let NoteScratch { recurrent, output, from_context, before, read, told, logits, features, .. } =
            scratch;
        features.clear();
        self.space.push_features(position.decided, (read, *before), features);
        features.extend_from_slice(told);
        let input = Input::MultiHot { indices: features, offsets: &[0, features.len()] };
        let hidden = self.notes.step(params, input, &mut position.state, recurrent)?;
        let outputs = &mut position.outputs;
        outputs.resize(self.output.outputs(), 0.0);
        self.output.forward(params, hidden, view_mut((1, self.output.outputs()), outputs), output)?;
        if self.space.lengths > 0 && position.decided.last.is_some() {
            logits.clear();
            logits.resize(self.space.lengths, 0.0);
            lengths::length_logits(&self.space, outputs, from_context, logits);
            write_log_probs(logits, &mut position.lengths);
            return Ok(());
        }
        self.write_classes(None, position, scratch);
        Ok(())
    }

    /// Says which note may come next; `after` is what the length of the last one adds.
    fn write_classes(&self, after: Option<&[f32]>, position: &mut NotePosition, scratch: &mut NoteScratch) {
        let NoteScratch { from_context, before, read, logits, .. } = scratch;
        let (space, outputs) = (&self.space, &position.outputs);
        let classes = space.classes();
        logits.clear();
        logits.extend(outputs[..classes].iter().zip(&*from_context).map(|(&y, &context)| y + context));
        space.each_added(position.decided, read, |output, class| logits[class] += outputs[output]);
        if let Some(after) = after {
            logits.iter_mut().zip(after).for_each(|(logit, &after)| *logit += after);
        }
        space.mask(position.decided, *before, logits);
        write_log_probs(logits, &mut position.log_probs);
        if space.lengths > 0 {
            // No note is held by a choice.
            position.log_probs.splice(0..0, std::iter::repeat_n(f64::NEG_INFINITY, space.pitches));
        }
    }
}

/// Overwrites `log_probs` by ln softmax of `logits`.
fn write_log_probs(logits: &[f32], log_probs: &mut Vec<f64>) {
    let largest = logits.iter().fold(f64::NEG_INFINITY, |max, &logit| max.max(f64::from(logit)));
    let total = logits.iter().map(|&logit| (f64::from(logit) - largest).exp()).sum::<f64>().ln();
    log_probs.clear();
    log_probs.extend(logits.iter().map(|&logit| f64::from(logit) - largest - total));
}

const NO_LENGTH: Error = Error::Unsupported("the note has no such length, or has one");
