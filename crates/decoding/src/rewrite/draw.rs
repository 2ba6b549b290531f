//! One frame of one candidate: drawn within its limits, or given, with the probability of what was allowed.

use super::limits::Limits;
use crate::Error;
use crate::constrained::sigmoid;
use crate::frames::weights::{place_of, tempered};
use composer_models::{Coupled, LanguageModel, NextNote, NotePosition};
use composer_music::representation::frames::{Frame, FrameRepresentation};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Where a frame comes from.
pub(super) enum Choice<'a> {
    /// It is drawn.
    Drawn(&'a mut ChaCha8Rng),
    /// It is this one.
    Given(Frame),
}

/// A frame, and its place in the distribution.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Written {
    pub frame: Frame,
    /// ln of the probability of all that was allowed, choice by choice.
    pub ln_mass: f64,
    /// ln p̃: of the frame, at the temperature, whatever is allowed.
    pub ln_prior: f64,
}

/// What one frame depends on.
pub(super) struct Draw<'a> {
    pub representation: &'a FrameRepresentation,
    pub row: usize,
    pub previous: Frame,
    pub limits: &'a Limits,
    pub temperature: f64,
}

/// What is decided of a frame, from the lowest pitch up.
#[derive(Clone, Copy, Debug, Default)]
struct Decided {
    frame: Frame,
    /// Pitches that sounded, sound, and may yet be struck again.
    optional: u128,
    written: Written,
}

/// The memory of single frames.
#[derive(Default)]
pub(super) struct DrawScratch {
    position: NotePosition,
    weights: Vec<f64>,
    allowed: Vec<f64>,
}

impl Draw<'_> {
    /// Writes the frame by any model of frames, whose last step gave `logits` `[V]`; overwrites these. `None`: nothing is allowed, or not
    /// what is given.
    pub fn write<M: LanguageModel>(
        &self,
        model: &mut M,
        logits: &mut [f32],
        choice: Choice<'_>,
        scratch: &mut DrawScratch,
    ) -> Result<Option<Written>, Error> {
        match model.next_note() {
            Some(notes) => self.by_note(notes, choice, scratch),
            None => Ok(self.by_pitch(model.coupling(), logits, choice)),
        }
    }

    fn bit(&self, offset: usize) -> u128 {
        1 << (usize::from(self.representation.pitch_low) + offset)
    }

    /// Pitches up to that of an offset.
    fn up_to(&self, offset: usize) -> u128 {
        self.bit(offset) | (self.bit(offset) - 1)
    }

    /// Whether one more note may sound when these do, those above left aside that must.
    fn fits(&self, sounding: u128, bit: u128) -> bool {
        let above = self.limits.must() & !(bit | (bit - 1));
        (sounding.count_ones() + 1 + above.count_ones()) as usize <= self.limits.most
    }

    fn by_note(
        &self,
        model: &mut dyn NextNote,
        mut choice: Choice<'_>,
        scratch: &mut DrawScratch,
    ) -> Result<Option<Written>, Error> {
        let DrawScratch { position, weights, allowed } = scratch;
        model.begin(self.row, self.previous, position)?;
        let mut decided = Decided::default();
        loop {
            self.prior(position, weights)?;
            self.allow(position.first(self.pitches()), decided.frame, weights, allowed);
            let mass: f64 = allowed.iter().sum();
            let class = match &mut choice {
                Choice::Drawn(rng) => place_of(allowed, rng.random()),
                Choice::Given(frame) => Some(self.next_of(*frame, decided.frame)),
            };
            let Some(class) = class.filter(|&class| allowed[class] > 0.0) else { return Ok(None) };
            decided.written.ln_mass += mass.ln();
            decided.written.ln_prior += weights[class].ln();
            if class + 1 == weights.len() {
                return Ok(Some(Written { frame: decided.frame, ..decided.written }));
            }
            let bit = self.bit(class % self.pitches());
            decided.frame.sounding |= bit;
            if self.strikes(class) {
                decided.frame.onsets |= bit;
            }
            model.push(class, position)?;
        }
    }

    fn pitches(&self) -> usize {
        self.representation.num_pitches()
    }

    /// Whether the note of a class begins.
    fn strikes(&self, class: usize) -> bool {
        if self.representation.onset_plane {
            return class >= self.pitches();
        }
        self.previous.sounding & self.bit(class) == 0
    }

    /// p̃ of each class. A temperature is that of the notes that begin among themselves.
    fn prior(&self, position: &NotePosition, weights: &mut Vec<f64>) -> Result<(), Error> {
        weights.clear();
        weights.extend(position.log_probs.iter().map(|log_prob| log_prob.exp().max(smallest(*log_prob))));
        if let Some(index) = weights.iter().position(|weight| weight.is_nan()) {
            return Err(Error::NotANumber { what: "pitch", index, step: 0, value: f32::NAN });
        }
        if self.temperature == 1.0 {
            return Ok(());
        }
        let stop = weights.len() - 1;
        let begins: Vec<usize> = (0..stop).filter(|&class| self.strikes(class)).collect();
        let own: Vec<f64> = begins.iter().map(|&class| weights[class]).collect();
        let changed = tempered(&own, self.temperature);
        let scale = own.iter().sum::<f64>() / changed.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        begins.iter().zip(changed).for_each(|(&class, weight)| weights[class] = weight * scale);
        Ok(())
    }

    /// Keeps the weights of what is allowed.
    fn allow(&self, first: usize, frame: Frame, weights: &[f64], allowed: &mut Vec<f64>) {
        let (limits, pitches) = (self.limits, self.pitches());
        allowed.clear();
        allowed.resize(weights.len(), 0.0);
        let below = if first == 0 { self.bit(0) - 1 } else { self.up_to(first - 1) };
        for offset in first..pitches {
            let bit = self.bit(offset);
            if self.fits(frame.sounding, bit) {
                let decided = self.up_to(offset);
                let hold = limits.may_hold & bit != 0 && limits.feasible(frame.onsets, 0, decided);
                let strike = limits.may_strike & bit != 0 && limits.feasible(frame.onsets | bit, 0, decided);
                if self.representation.onset_plane {
                    allowed[offset] = if hold { weights[offset] } else { 0.0 };
                    allowed[pitches + offset] = if strike { weights[pitches + offset] } else { 0.0 };
                } else {
                    let may = if self.strikes(offset) { strike } else { hold };
                    allowed[offset] = if may { weights[offset] } else { 0.0 };
                }
            }
            if limits.must() & bit != 0 {
                return;
            }
        }
        let stop = weights.len() - 1;
        if limits.must() & !below & self.representation.range_mask() == 0
            && limits.feasible(frame.onsets, 0, u128::MAX)
        {
            allowed[stop] = weights[stop];
        }
    }

    /// The class with which a given frame goes on after the notes of `written`.
    fn next_of(&self, frame: Frame, written: Frame) -> usize {
        let pitches = self.pitches();
        let left = self.representation.offsets(frame.sounding & !written.sounding);
        if left == 0 {
            return self.representation.num_outputs();
        }
        let offset = left.trailing_zeros() as usize;
        let struck = self.representation.onset_plane && frame.onsets & self.bit(offset) != 0;
        if struck { pitches + offset } else { offset }
    }

    /// The frame of a model that says at once what each pitch does: first which sound, then which that sounded are struck again.
    fn by_pitch(
        &self,
        coupling: Option<Coupled<'_, f32>>,
        logits: &mut [f32],
        mut choice: Choice<'_>,
    ) -> Option<Written> {
        let (limits, mut decided) = (self.limits, Decided::default());
        for offset in 0..self.pitches() {
            let (bit, up_to) = (self.bit(offset), self.up_to(offset));
            let sounded = self.previous.sounding & bit != 0;
            let (hold, strike) = (limits.may_hold & bit != 0, limits.may_strike & bit != 0);
            let again = sounded && strike && self.representation.onset_plane;
            let (certain, optional) = match (sounded, hold) {
                (false, _) => (if strike { bit } else { 0 }, 0),
                (true, true) => (0, if again { bit } else { 0 }),
                (true, false) => (if again { bit } else { 0 }, 0),
            };
            let open = if sounded { hold || again } else { strike };
            let on = open
                && self.fits(decided.frame.sounding, bit)
                && limits.feasible(decided.frame.onsets | certain, decided.optional | optional, up_to);
            let off =
                limits.must() & bit == 0 && limits.feasible(decided.frame.onsets, decided.optional, up_to);
            let given = |frame: Frame| frame.sounding & bit != 0;
            if decided.either(logits[offset], (on, off), &mut choice, given)? {
                decided.frame.sounding |= bit;
                decided.frame.onsets |= certain;
                decided.optional |= optional;
                if let Some(coupling) = coupling {
                    coupling.condition_on(offset, false, logits);
                }
            }
        }
        if !self.representation.onset_plane {
            return Some(Written { frame: decided.frame, ..decided.written });
        }
        self.strike_again(coupling, logits, choice, decided)
    }

    /// Which of the pitches that sounded and sound are struck again.
    fn strike_again(
        &self,
        coupling: Option<Coupled<'_, f32>>,
        logits: &mut [f32],
        mut choice: Choice<'_>,
        mut decided: Decided,
    ) -> Option<Written> {
        let (limits, pitches, sounding) = (self.limits, self.pitches(), decided.frame.sounding);
        let sounded = self.previous.sounding;
        if let Some(coupling) = coupling {
            for offset in (0..pitches).filter(|&offset| sounding & !sounded & self.bit(offset) != 0) {
                coupling.condition_on(pitches + offset, true, logits);
            }
        }
        for offset in (0..pitches).filter(|&offset| sounding & sounded & self.bit(offset) != 0) {
            let bit = self.bit(offset);
            let must = decided.frame.onsets & bit != 0;
            let optional = decided.optional & !bit;
            let on = must
                || decided.optional & bit != 0
                    && limits.feasible(decided.frame.onsets | bit, optional, u128::MAX);
            let off = !must && limits.feasible(decided.frame.onsets, optional, u128::MAX);
            let given = |frame: Frame| frame.onsets & bit != 0;
            if decided.either(logits[pitches + offset], (on, off), &mut choice, given)? {
                decided.frame.onsets |= bit;
                if let Some(coupling) = coupling {
                    coupling.condition_on(pitches + offset, false, logits);
                }
            }
            decided.optional = optional;
        }
        Some(Written { frame: decided.frame, ..decided.written })
    }
}

impl Decided {
    /// One choice between on and off by a logit, as far as both are allowed.
    fn either(
        &mut self,
        logit: f32,
        (on, off): (bool, bool),
        choice: &mut Choice<'_>,
        given: impl Fn(Frame) -> bool,
    ) -> Option<bool> {
        let logit = f64::from(logit);
        let (ln_on, ln_off) = (-softplus(-logit), -softplus(logit));
        let chosen = match choice {
            Choice::Drawn(rng) => {
                let number = rng.random::<f64>();
                if on && off { number < sigmoid(logit) } else { on }
            }
            Choice::Given(frame) => given(*frame),
        };
        if !(if chosen { on } else { off }) {
            return None;
        }
        self.written.ln_prior += if chosen { ln_on } else { ln_off };
        if !(on && off) {
            self.written.ln_mass += if on { ln_on } else { ln_off };
        }
        Some(chosen)
    }
}

/// ln(1 + e^x)
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// The least probability of what is not impossible: what must sound can, however unlikely.
fn smallest(log_prob: f64) -> f64 {
    if log_prob == f64::NEG_INFINITY { 0.0 } else { f64::MIN_POSITIVE }
}
