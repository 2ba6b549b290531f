//! [`Generator`] of a model that decides how long each note lasts where it begins.

use crate::Error;
use crate::frames::{Ending, HeldNotes, LengthChoice, NewNote, Open};
use crate::generate::{Generator, Step, Voice};
use composer_models::note_lengths::{StepsLeft, begun, cut_notes};
use composer_models::{LanguageModel, Past};
use composer_music::representation::frames::{Frame, Velocities};

impl<M: LanguageModel> Generator<M> {
    /// The MIDI velocities of the notes of a composition, by the step that was composed, from 0, and the pitch where they begin; `None` where the
    /// model decides none.
    pub fn velocities(&self, row: usize) -> Option<&Velocities> {
        self.voices.get(row).map(|voice| &voice.velocities).filter(|velocities| !velocities.is_empty())
    }

    /// The velocities of the frames that are read, by the step that is read, from 0, for a model that decides velocities; without them, all are in
    /// the middle.
    #[must_use]
    pub fn with_read_velocities(mut self, velocities: Velocities) -> Self {
        self.read_velocities = velocities;
        self
    }

    /// Refuses what reads frames without knowing how long their notes last.
    pub(crate) fn refuse_lengths(&self) -> Result<(), Error> {
        match self.encoding.note_lengths() {
            0 => Ok(()),
            _ => Err(Error::NoteLengths),
        }
    }

    /// Ends the notes that the rules let sound no longer; all, where the last chord begins.
    pub(crate) fn end_closed(&mut self) {
        let open = self.open(self.step as u64);
        let last_chord = matches!(open.ending, Ending::Begins(_));
        let ended = if last_chord { u128::MAX } else { !open.pitches };
        self.voices.iter_mut().for_each(|voice| voice.held.end(ended));
    }

    /// [`Generator::read`].
    pub(crate) fn read_lengths(&mut self, frames: &[Frame], injected: bool) -> Result<Vec<f64>, Error> {
        let mut frames = frames.to_vec();
        cut_notes(&mut frames, self.encoding.note_lengths());
        let (left, mut before) = (StepsLeft::of(&frames), Frame::default());
        let mut nll = Vec::with_capacity(frames.len());
        for (step, &frame) in frames.iter().enumerate() {
            let begins = begun(before, frame);
            let held = HeldNotes::of(&left, step, frame, begins);
            self.voices.iter_mut().for_each(|voice| voice.held = held.clone());
            let at = self.read;
            self.predict()?;
            let new = left.at(step, frame).filter(|(pitch, _)| begins >> pitch & 1 == 1);
            let new: Vec<NewNote> = new
                .map(|(pitch, steps)| NewNote {
                    pitch,
                    steps,
                    velocity: self.read_velocities.get(&(at, pitch)).copied(),
                })
                .collect();
            let Self { model, representation, voices, notes, options, .. } = self;
            let (Some(voice), Some(model)) = (voices.first(), model.next_note()) else { continue };
            let (context, open) = (&voice.context, Open::ALL);
            let to_end = Some((frames.len() - step) as u32);
            let choice = LengthChoice { representation, row: 0, context, held: &held, options, open, to_end };
            let written = choice.write(model, &new, notes)?;
            nll.push(written.nll);
            for voice in voices.iter_mut() {
                voice.push(frame);
                voice.hear(&written.notes);
            }
            self.step += usize::from(injected);
            before = frame;
        }
        self.voices.iter_mut().for_each(|voice| voice.held = HeldNotes::default());
        Ok(nll)
    }

    /// Writes one step of every composition.
    pub(crate) fn decide_lengths(&mut self) -> Result<Vec<Step>, Error> {
        let now = self.now();
        let to_end = self.rules.length.map(|length| length.saturating_sub(self.step as u64) as u32);
        let Self { model, representation, voices, notes, forms, bars, .. } = self;
        let mut steps = Vec::with_capacity(voices.len());
        for (row, voice) in voices.iter_mut().enumerate() {
            let told = now.told(forms, bars.as_ref(), row);
            let (open, options) = now.of_row(told);
            let (context, held) = (&voice.context, &voice.held);
            let choice = LengthChoice { representation, row, context, held, options, open, to_end };
            let repeated = told.and_then(|(form, bars)| form.repeated(now.at, bars));
            let again = |(step, past): (u64, &Past)| {
                let mut notes = choice.again(past.frames(), step as usize);
                let composed = (step as usize).checked_sub(past.frames().len() - self.composed);
                let velocity = |note: &NewNote| voice.velocities.get(&(composed?, note.pitch)).copied();
                notes.iter_mut().for_each(|note| note.velocity = velocity(note));
                notes
            };
            let earlier = repeated.zip(voice.past.as_ref()).map(again);
            let next = model.next_note().ok_or(Error::NoteLengths)?;
            let written = match earlier.filter(|notes| choice.allows(notes)) {
                Some(given) => choice.write(next, &given, notes)?,
                None => choice.choose(next, notes, &mut voice.rng)?,
            };
            let (frame, nll) = (written.frame, written.nll);
            steps.push(Step { frame, nll });
            model.written(row, frame, frame.onsets);
            voice.push(frame);
            voice.held.push(&written.notes);
            voice.hear(&written.notes);
            let loud = written.notes.iter();
            voice
                .velocities
                .extend(loud.filter_map(|note| Some(((self.composed, note.pitch), note.velocity?))));
        }
        self.step += 1;
        self.composed += 1;
        Ok(steps)
    }
}

impl Voice {
    /// Remembers the velocities of the notes that began last.
    fn hear(&mut self, notes: &[NewNote]) {
        if !notes.is_empty() {
            self.loud = notes.iter().filter_map(|note| note.velocity).collect();
        }
    }
}
