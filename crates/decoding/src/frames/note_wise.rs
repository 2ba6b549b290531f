//! A frame note by note, from the lowest up, by a model that gives the distribution of each note.
//!
//! Each choice has two parts, which have temperatures of their own:
//!
//! ```text
//! whether   nothing more, a note that is held, or one that begins: the sums of their probabilities
//! what      which note, given that: P(note | kind) ∝ P(note)^(1 / temperature), within the nucleus
//! ```
//!
//! So a low temperature makes likelier notes, and not fewer of them. Limits close notes, and end or go on with a frame; what remains
//! possible keeps its proportions at each choice.

use super::context::FrameContext;
use super::open::Open;
use super::options::{FrameOptions, FrameStrategy};
use super::sounding::{Certainty, Sounding};
use super::weights::{drop_unlikely, keep_nucleus, place_of, tempered};
use crate::Error;
use crate::constrained::Bounds;
use composer_models::{NextNote, NotePosition};
use composer_music::representation::frames::{Frame, FrameRepresentation, pitches};
use rand::{Rng, RngExt};

/// Frames that are drawn until one has the rhythm. After that, where a note must begin, notes are drawn until one does; where none may, all that
/// sounds is held.
const TRIES: usize = 16;

/// Scratch of [`NoteChoice::choose`].
#[derive(Clone, Debug, Default)]
pub struct NoteScratch {
    pub(super) position: NotePosition,
    pub(super) weights: Vec<f64>,
}

/// What the choice of one frame depends on.
#[derive(Clone, Copy, Debug)]
pub struct NoteChoice<'a> {
    /// Which pitches there are.
    pub representation: &'a FrameRepresentation,
    /// The row of the batch of the model's last step.
    pub row: usize,
    /// The frames before.
    pub context: &'a FrameContext,
    /// How to choose.
    pub options: &'a FrameOptions,
    /// What may sound.
    pub open: Open,
}

/// Which notes may be chosen.
pub(super) struct Limits {
    /// Whether each pitch must sound or must not.
    certain: Vec<Certainty>,
    bounds: Bounds,
    /// Pitches that may go on, and that may be struck, from the lowest of the range.
    may_hold: u128,
    may_strike: u128,
}

impl NoteChoice<'_> {
    /// Chooses the frame. Overwrites `logits` `[V]` by the log-odds that each bit had when it was decided, given those below: what
    /// [`super::nll`] reads.
    ///
    /// # Errors
    /// The model fails, or gives no probabilities.
    pub fn choose<R: Rng>(
        &self,
        model: &mut dyn NextNote,
        logits: &mut [f32],
        scratch: &mut NoteScratch,
        rng: &mut R,
    ) -> Result<Frame, Error> {
        let NoteScratch { position, weights } = scratch;
        model.begin(self.row, self.context.previous(), position)?;
        self.write_logits(position, logits);
        let limits = self.limits(logits, rng);
        // A silence that is too long ends, whatever the rhythm.
        let silent = self.context.silence >= self.options.max_silence;
        let open = if silent { Open { begins: None, ..self.open } } else { self.open };
        let search = match self.options.strategy {
            FrameStrategy::Sample if self.options.is_greedy() => Some(0.0),
            FrameStrategy::Sample => None,
            FrameStrategy::Threshold(threshold) => Some((threshold / (1.0 - threshold)).ln()),
            FrameStrategy::TopVoices(_) => Some(0.0),
        };
        if let Some(cost) = search {
            let notes = self.most_likely(model, position, &limits, cost)?;
            return self.write(model, &notes, logits, position);
        }
        // Exact: of what the model draws, the frames with the rhythm keep their proportions.
        for _ in 0..TRIES {
            let frame = self.draw_frame(model, (position, logits), (&limits, false), weights, rng)?;
            if open.is_in_rhythm(frame) {
                return Ok(frame);
            }
            model.begin(self.row, self.context.previous(), position)?;
            self.write_logits(position, logits);
        }
        if open.begins == Some(true) {
            return self.draw_frame(model, (position, logits), (&limits, true), weights, rng);
        }
        let held = Frame { sounding: self.context.held() & open.pitches, onsets: 0 };
        self.read(model, held, logits, scratch)?;
        Ok(held)
    }

    /// Draws note after note; with `must_begin`, on until one begins.
    fn draw_frame<R: Rng>(
        &self,
        model: &mut dyn NextNote,
        (position, logits): (&mut NotePosition, &mut [f32]),
        (limits, must_begin): (&Limits, bool),
        weights: &mut Vec<f64>,
        rng: &mut R,
    ) -> Result<Frame, Error> {
        let (mut frame, mut count) = (Frame::default(), 0);
        while let Some(class) =
            self.draw(position, limits, (count, must_begin && frame.onsets == 0), weights, rng)
        {
            self.add(class, &mut frame);
            count += 1;
            model.push(class, position)?;
            self.write_logits(position, logits);
        }
        Ok(frame)
    }

    /// Lets the model write a given frame: overwrites `logits` as [`NoteChoice::choose`] does.
    ///
    /// # Errors
    /// The model fails, or gives no probabilities.
    pub fn read(
        &self,
        model: &mut dyn NextNote,
        frame: Frame,
        logits: &mut [f32],
        scratch: &mut NoteScratch,
    ) -> Result<(), Error> {
        let low = self.representation.pitch_low;
        let held = self.context.previous().sounding & !frame.onsets;
        let notes: Vec<usize> = pitches(frame.sounding & self.representation.range_mask())
            .map(|pitch| self.class(usize::from(pitch - low), held >> pitch & 1 == 0))
            .collect();
        self.write(model, &notes, logits, &mut scratch.position)?;
        Ok(())
    }

    /// The pitches that are likelier to sound than not, each given those of them below.
    ///
    /// # Errors
    /// As [`NoteChoice::choose`].
    pub fn expected(
        &self,
        model: &mut dyn NextNote,
        logits: &mut [f32],
        scratch: &mut NoteScratch,
    ) -> Result<u128, Error> {
        let (position, pitches) = (&mut scratch.position, self.pitches());
        let mut frame = Frame::default();
        model.begin(self.row, self.context.previous(), position)?;
        loop {
            self.write_logits(position, logits);
            let next = (position.first(pitches)..pitches).find(|&offset| logits[offset] > 0.0);
            let Some(offset) = next else { return Ok(frame.sounding) };
            let struck = self.representation.onset_plane && logits[pitches + offset] > 0.0;
            let class = self.class(offset, struck);
            self.add(class, &mut frame);
            model.push(class, position)?;
        }
    }

    /// Notes one after the other.
    fn write(
        &self,
        model: &mut dyn NextNote,
        notes: &[usize],
        logits: &mut [f32],
        position: &mut NotePosition,
    ) -> Result<Frame, Error> {
        let mut frame = Frame::default();
        model.begin(self.row, self.context.previous(), position)?;
        self.write_logits(position, logits);
        for &class in notes {
            self.add(class, &mut frame);
            model.push(class, position)?;
            self.write_logits(position, logits);
        }
        Ok(frame)
    }

    fn pitches(&self) -> usize {
        self.representation.num_pitches()
    }

    fn class(&self, offset: usize, struck: bool) -> usize {
        if struck && self.representation.onset_plane { self.pitches() + offset } else { offset }
    }

    /// Adds a note to a frame. Without an onset plane, what did not sound before begins.
    fn add(&self, class: usize, frame: &mut Frame) {
        let offset = class % self.pitches();
        let bit = 1u128 << (usize::from(self.representation.pitch_low) + offset);
        frame.sounding |= bit;
        if class >= self.pitches() || self.context.held() & bit == 0 {
            frame.onsets |= bit;
        }
    }

    /// Log-odds of the pitches above the last note, that each is the next one if none below it is; and of their being struck.
    fn write_logits(&self, position: &NotePosition, logits: &mut [f32]) {
        let (pitches, first) = (self.pitches(), position.first(self.pitches()));
        let Some(&stop) = position.log_probs.last() else { return };
        let mut above = stop.exp();
        for offset in (first..pitches).rev() {
            let held = position.log_probs[offset];
            let struck = if self.representation.onset_plane {
                position.log_probs[pitches + offset]
            } else {
                f64::NEG_INFINITY
            };
            let here = held.exp() + struck.exp();
            logits[offset] = finite(here.ln() - above.ln());
            if self.representation.onset_plane {
                logits[pitches + offset] = finite(struck - held);
            }
            above += here;
        }
    }

    /// What may be chosen; `logits` are those before any note.
    fn limits<R: Rng>(&self, logits: &[f32], rng: &mut R) -> Limits {
        let Self { representation, context, options, open, .. } = *self;
        let low_pitch = usize::from(representation.pitch_low);
        let ages = &context.ages[low_pitch..low_pitch + self.pitches()];
        // What a primer ends with could only be struck again.
        let closed = if options.rearticulate { 0 } else { context.previous.sounding };
        let open = Open { begin: open.begin & !closed, ..open };
        let sounding =
            Sounding { logits, coupling: None, ages, open, low_pitch, options, silence: context.silence };
        let certain = sounding.certainties(rng);
        let bounds = sounding.bounds(&certain);
        let (mut may_hold, mut may_strike) = (0, 0);
        for (offset, &age) in ages.iter().enumerate() {
            let (bit, age) = (1u128 << offset, age as usize);
            let may_begin = open.begin >> (low_pitch + offset) & 1 == 1;
            let again = may_begin && options.rearticulate && age >= options.min_note_steps;
            if age == 0 || again {
                may_strike |= bit;
            }
            if age > 0 && !(again && age >= options.max_note_steps) {
                may_hold |= bit;
            }
        }
        Limits { certain, bounds, may_hold, may_strike }
    }

    /// Whether a class is of a note that begins.
    fn begins(&self, class: usize) -> bool {
        let offset = class % self.pitches();
        class >= self.pitches()
            || self.context.held() >> (usize::from(self.representation.pitch_low) + offset) & 1 == 0
    }

    /// Writes P of each class that may come next, 0 of the others, and of the end last. What may sound is closed where a note that must
    /// sound would be left out, or one too many or too few would sound.
    pub(super) fn allowed(
        &self,
        position: &NotePosition,
        limits: &Limits,
        count: usize,
        weights: &mut Vec<f64>,
    ) {
        let (pitches, first) = (self.pitches(), position.first(self.pitches()));
        let Limits { certain, bounds, may_hold, may_strike } = limits;
        weights.clear();
        weights.resize(position.log_probs.len(), 0.0);
        let open = |offset: usize| (certain[offset] != Some(false)) as usize;
        let must = |offset: usize| (certain[offset] == Some(true)) as usize;
        let next_must = (first..pitches).find(|&offset| certain[offset] == Some(true));
        let last = next_must.unwrap_or(pitches.saturating_sub(1));
        let (mut open_above, mut must_above): (usize, usize) =
            ((first..pitches).map(open).sum(), (first..pitches).map(must).sum());
        for offset in first..(last + 1).min(pitches) {
            open_above -= open(offset);
            must_above -= must(offset);
            let fits = count + 1 + must_above <= bounds.high && count + 1 + open_above >= bounds.low;
            if certain[offset] == Some(false) || !fits {
                continue;
            }
            // What must sound does, however unlikely.
            let least = if certain[offset] == Some(true) { f64::MIN_POSITIVE } else { 0.0 };
            let may = |plane: u128| plane >> offset & 1 == 1;
            let (held, begins) = (position.log_probs[offset].exp().max(least), self.begins(offset));
            if !self.representation.onset_plane {
                // Such a class is held or begins by what was before.
                weights[offset] = if may(if begins { *may_strike } else { *may_hold }) { held } else { 0.0 };
                continue;
            }
            if may(*may_hold) {
                weights[offset] = held;
            }
            if may(*may_strike) {
                // What is released may sound only as a new note.
                let released = if begins { position.log_probs[offset].exp() } else { 0.0 };
                weights[pitches + offset] = position.log_probs[pitches + offset].exp() + released;
            }
        }
        if next_must.is_none() && count >= bounds.low {
            let stop = weights.len() - 1;
            weights[stop] = position.log_probs[stop].exp();
        }
    }

    /// Draws the next note; `None`: the frame ends.
    fn draw<R: Rng>(
        &self,
        position: &NotePosition,
        limits: &Limits,
        (count, must_begin): (usize, bool),
        weights: &mut Vec<f64>,
        rng: &mut R,
    ) -> Option<usize> {
        self.allowed(position, limits, count, weights);
        drop_unlikely(weights, self.options.min_p);
        let stop = weights.len() - 1;
        let kind = |class: usize| if class == stop { 0 } else { 1 + usize::from(self.begins(class)) };
        let mut kinds = [0.0; 3];
        weights.iter().enumerate().for_each(|(class, &weight)| kinds[kind(class)] += weight);
        if must_begin && kinds[2] > 0.0 {
            kinds[0] = 0.0;
        }
        // Both numbers are drawn always, so that the stream does not depend on what was chosen.
        let (whether, what) = (rng.random::<f64>(), rng.random::<f64>());
        let FrameOptions { temperature, onset_temperature, hold_temperature, whether_temperature, .. } =
            *self.options;
        let chosen = place_of(&tempered(&kinds, whether_temperature), whether)?;
        if chosen == 0 {
            return None;
        }
        let temperature = match chosen {
            1 => hold_temperature.unwrap_or(1.0),
            _ => onset_temperature.unwrap_or(temperature),
        };
        weights
            .iter_mut()
            .enumerate()
            .filter(|(class, _)| kind(*class) != chosen)
            .for_each(|(_, w)| *w = 0.0);
        let mut likely = tempered(weights, temperature);
        if chosen == 2 {
            keep_nucleus(&mut likely, self.options.top_p);
        }
        place_of(&likely, what)
    }
}

/// A log-odds that is a number, however certain.
fn finite(log_odds: f64) -> f32 {
    log_odds.clamp(-1e4, 1e4) as f32
}
