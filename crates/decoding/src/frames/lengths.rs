//! The notes that begin at a step, by a model that decides how long each lasts; those that are held follow from what was decided before.
//!
//! ```text
//! whether    nothing more begins, or a note does
//! what       which note, given that
//! how long   its length, given the note; then its velocity, if the model decides it
//! ```
//!
//! Each has a temperature of its own, as in `note_wise`. Limits close notes and lengths; what remains possible keeps its proportions.

use super::context::FrameContext;
use super::held::{HeldNotes, NewNote};
use super::note_wise::NoteScratch;
use super::open::{Ending, Open};
use super::options::FrameOptions;
use super::weights::{drop_unlikely, keep_nucleus, place_of, tempered};
use crate::Error;
use composer_models::note_lengths::{begun, velocity_bin, velocity_of};
use composer_models::{NextNote, NotePosition};
use composer_music::representation::frames::{Frame, FrameRepresentation, pitches};
use rand::{Rng, RngExt};

/// What the choice of the notes that begin depends on.
#[derive(Clone, Copy, Debug)]
pub struct LengthChoice<'a> {
    /// Which pitches there are.
    pub representation: &'a FrameRepresentation,
    /// The row of the batch of the model's last step.
    pub row: usize,
    /// The frames before.
    pub context: &'a FrameContext,
    /// The notes that go on, as the model read them.
    pub held: &'a HeldNotes,
    /// How to choose.
    pub options: &'a FrameOptions,
    /// What may sound.
    pub open: Open,
    /// Steps to the end of the piece, this one among them: a note that reaches it may be longer. `None`: there is no end.
    pub to_end: Option<u32>,
}

/// A step that is written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WrittenStep {
    /// What sounds.
    pub frame: Frame,
    /// What begins.
    pub notes: Vec<NewNote>,
    /// −ln P of that under the model itself, in nats.
    pub nll: f64,
}

impl LengthChoice<'_> {
    /// Draws the notes that begin, or takes the likeliest one after the other at temperature 0.
    ///
    /// # Errors
    /// The model fails.
    pub fn choose<R: Rng>(
        &self,
        model: &mut dyn NextNote,
        scratch: &mut NoteScratch,
        rng: &mut R,
    ) -> Result<WrittenStep, Error> {
        let NoteScratch { position, weights } = scratch;
        model.begin(self.row, self.context.previous(), position)?;
        let mut step = self.held_only();
        while let Some(offset) = self.draw(position, &mut step, weights, rng) {
            let pitch = self.representation.pitch_low + offset as u8;
            model.push(self.representation.num_pitches() + offset, position)?;
            // The lowest note of the last chord lasts to the end.
            let lasts = self.to_end.filter(|_| step.notes.is_empty() && self.begins_last_chord());
            let number = rng.random::<f64>();
            let steps = lasts.unwrap_or_else(|| self.draw_length(&position.lengths, number));
            let note = NewNote { pitch, steps, velocity: None };
            self.set_end(model, position, note, rng.random::<f64>(), &mut step)?;
        }
        Ok(step)
    }

    /// Lets the model write given notes.
    ///
    /// # Errors
    /// The model fails, or cannot have one of the notes there.
    pub fn write(
        &self,
        model: &mut dyn NextNote,
        notes: &[NewNote],
        scratch: &mut NoteScratch,
    ) -> Result<WrittenStep, Error> {
        let position = &mut scratch.position;
        model.begin(self.row, self.context.previous(), position)?;
        let (mut step, pitches) = (self.held_only(), self.representation.num_pitches());
        for &note in notes {
            let class = pitches + usize::from(note.pitch - self.representation.pitch_low);
            step.nll -= position.log_probs[class];
            model.push(class, position)?;
            let known = NewNote { velocity: note.velocity.or(Some(MIDDLE_VELOCITY)), ..note };
            self.set_end(model, position, known, 0.0, &mut step)?;
        }
        step.nll -= position.log_probs.last().copied().unwrap_or(0.0);
        Ok(step)
    }

    /// The notes that began at an earlier step, as they begin again: with the lengths that they had.
    pub fn again(&self, past: &[Frame], step: usize) -> Vec<NewNote> {
        let before = step.checked_sub(1).map_or(Frame::default(), |before| past[before]);
        let begins = begun(before, past[step]) & !self.held.plane() & self.representation.range_mask();
        let goes_on = |at: &usize, pitch: u8| {
            past[*at].sounding >> pitch & 1 == 1 && begun(past[at - 1], past[*at]) >> pitch & 1 == 0
        };
        let note = |pitch| {
            let steps = 1 + (step + 1..past.len()).take_while(|at| goes_on(at, pitch)).count() as u32;
            NewNote { pitch, steps, velocity: None }
        };
        pitches(begins).map(note).collect()
    }

    /// Whether limits and rules leave given notes open. The last chord is chosen, never given.
    pub fn allows(&self, notes: &[NewNote]) -> bool {
        let (count, lengths) = (self.held.plane().count_ones() as usize + notes.len(), self.note_steps());
        self.open.ending == Ending::Before
            && self.open.begins.is_none_or(|begins| begins != notes.is_empty())
            && !(notes.is_empty() && self.must_sound())
            && count <= self.options.max_polyphony
            && notes.iter().all(|note| self.may_begin() >> note.pitch & 1 == 1)
            && notes.iter().all(|note| (lengths[0]..=lengths[1]).contains(&(note.steps as usize)))
    }

    /// What is held, and nothing that begins.
    fn held_only(&self) -> WrittenStep {
        WrittenStep { frame: Frame { sounding: self.held.plane(), onsets: 0 }, ..WrittenStep::default() }
    }

    fn begins_last_chord(&self) -> bool {
        matches!(self.open.ending, Ending::Begins(_))
    }

    /// Whether silence would last too long.
    fn must_sound(&self) -> bool {
        self.context.silence >= self.options.max_silence && self.held.plane() == 0
    }

    /// The pitches that may begin.
    fn may_begin(&self) -> u128 {
        // What sounded in the step before could only be struck again.
        let closed = if self.options.rearticulate { 0 } else { self.context.previous().sounding };
        let Open { pitches, begin, .. } = self.open;
        pitches & begin & !closed & !self.held.plane() & self.representation.range_mask()
    }

    /// Least and most steps of a note.
    fn note_steps(&self) -> [usize; 2] {
        [self.options.min_note_steps, self.options.max_note_steps]
    }

    /// Draws the pitch of the next note, from the lowest, and adds its cost; `None`: the step is written.
    fn draw<R: Rng>(
        &self,
        position: &NotePosition,
        step: &mut WrittenStep,
        weights: &mut Vec<f64>,
        rng: &mut R,
    ) -> Option<usize> {
        let pitches = self.representation.num_pitches();
        let stop = self.allowed(position, &step.notes, step.frame, weights);
        drop_unlikely(weights, self.options.min_p);
        let kinds = [weights[pitches], weights[..pitches].iter().sum()];
        let FrameOptions { temperature, onset_temperature, whether_temperature, .. } = *self.options;
        let greedy = self.options.is_zero();
        // Both numbers are drawn always, so that the stream does not depend on what was chosen.
        let (whether, what) = (rng.random::<f64>(), rng.random::<f64>());
        let chosen = place_of(&tempered(&kinds, if greedy { 0.0 } else { whether_temperature }), whether);
        weights.truncate(pitches);
        let drawn = (chosen == Some(1)).then(|| {
            let mut likely = tempered(weights, onset_temperature.unwrap_or(temperature));
            keep_nucleus(&mut likely, self.options.top_p);
            place_of(&likely, what)
        });
        let drawn = drawn.flatten();
        step.nll -= drawn.map_or(stop, |offset| position.log_probs[pitches + offset]);
        drawn
    }

    /// Writes P of each pitch that may begin next, 0 of the others, and of nothing more. ln P of the latter under the model.
    fn allowed(
        &self,
        position: &NotePosition,
        notes: &[NewNote],
        frame: Frame,
        weights: &mut Vec<f64>,
    ) -> f64 {
        let pitches = self.representation.num_pitches();
        let stop = position.log_probs.last().copied().unwrap_or(0.0);
        let (none_yet, silent) = (notes.is_empty(), self.must_sound());
        let begins = if silent || self.begins_last_chord() { Some(true) } else { self.open.begins };
        let full = frame.sounding.count_ones() as usize >= self.options.max_polyphony;
        let mut may = if full || begins == Some(false) { 0 } else { self.may_begin() };
        if let (Ending::Begins(bass), true) = (self.open.ending, none_yet)
            && may & bass != 0
        {
            may &= bass;
        }
        let may = self.representation.offsets(may);
        weights.clear();
        weights.extend((0..pitches).map(|offset| match may >> offset & 1 {
            1 => position.log_probs[pitches + offset].exp(),
            _ => 0.0,
        }));
        let must = none_yet && begins == Some(true) && weights.iter().any(|&weight| weight > 0.0);
        weights.push(if must { 0.0 } else { stop.exp().max(f64::MIN_POSITIVE) });
        stop
    }

    /// Draws a length in steps by a number from 0 to 1.
    fn draw_length(&self, log_probs: &[f64], number: f64) -> u32 {
        let [least, most] = self.note_steps();
        let range = least.min(log_probs.len())..=most.min(log_probs.len());
        let open = |steps: usize| range.contains(&steps);
        let weight = |(class, log_prob): (usize, &f64)| if open(class + 1) { log_prob.exp() } else { 0.0 };
        let mut weights: Vec<f64> = log_probs.iter().enumerate().map(weight).collect();
        drop_unlikely(&mut weights, self.options.min_p);
        let likely = tempered(&weights, self.options.length_temperature());
        place_of(&likely, number).map_or(*range.start(), |class| class + 1) as u32
    }

    /// Tells the model how the last note ends, and adds it to the step: its velocity, where it is not known, by a number from 0 to 1.
    fn set_end(
        &self,
        model: &mut dyn NextNote,
        position: &mut NotePosition,
        note: NewNote,
        number: f64,
        step: &mut WrittenStep,
    ) -> Result<(), Error> {
        // What reaches the end of the piece is only known to last so long.
        let last = self.to_end.map_or(usize::MAX, |steps| steps as usize);
        let longest = position.lengths.len();
        let steps = (note.steps as usize).min(last);
        let (told, open) = (steps.min(longest), steps == last);
        let likely = &position.lengths[told - 1..if open { longest } else { told }];
        step.nll -= likely.iter().map(|log_prob| log_prob.exp()).sum::<f64>().ln();
        model.set_length(told, position)?;
        let (mut velocity, bins) = (note.velocity, position.velocities.len());
        if bins > 0 {
            let weights: Vec<f64> = position.velocities.iter().map(|log_prob| log_prob.exp()).collect();
            let temperature = if self.options.is_zero() { 0.0 } else { 1.0 };
            let drawn = || place_of(&tempered(&weights, temperature), number).unwrap_or(0);
            let bin = velocity.map_or_else(drawn, |velocity| velocity_bin(velocity, bins) as usize);
            step.nll -= position.velocities[bin];
            model.set_velocity(bin, position)?;
            velocity = Some(velocity_of(bin as u32, bins));
        }
        step.frame.sounding |= 1 << note.pitch;
        step.frame.onsets |= 1 << note.pitch;
        step.notes.push(NewNote { velocity, steps: steps as u32, ..note });
        Ok(())
    }
}

/// The velocity of a given note of which none is known.
const MIDDLE_VELOCITY: u8 = 64;
