//! What may follow what: the grammar of each representation, together with the [`Rules`] of the music, as a mask over the
//! vocabulary.
//!
//! | representation | grammar |
//! |---|---|
//! | `events` | no NOTE_OFF without NOTE_ON, no second NOTE_ON, a VELOCITY is followed by a note, no TIME_SHIFT beyond the end |
//! | `remi`, `bars` | BAR, METRE?, then POSITION, TEMPO?, CHORD?, notes as PROGRAM? PITCH VELOCITY DURATION; positions ascend and lie within the bar; nothing lasts beyond the end |
//! | `voices` | no HOLD without a note |
//!
//! No grammar leads into a dead end: whatever was written, something may follow or the piece is finished.

mod events;
mod meaning;
mod remi;
mod voices;

pub use meaning::{Meaning, read_pitch};

use crate::rules::Rules;
use composer_music::representation::events::Time;
use composer_music::representation::{AnyRepresentation, Representation, Vocabulary};
use std::sync::Arc;

/// What may follow.
pub trait Grammar: Clone {
    /// Says for every token whether it may come next; overwrites.
    fn allow(&self, allowed: &mut [bool]);

    /// A token was written.
    fn push(&mut self, token: u32);

    /// Whether the piece has come to its end.
    fn is_finished(&self) -> bool;
}

/// Everything may follow, without end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Free;

impl Grammar for Free {
    fn allow(&self, allowed: &mut [bool]) {
        allowed.fill(true);
    }

    fn push(&mut self, _token: u32) {}

    fn is_finished(&self) -> bool {
        false
    }
}

/// What the grammar of a representation remembers.
trait Syntax: Clone {
    /// Prepares for questions about the next token.
    fn look_ahead(&mut self, rules: &Rules);
    fn allows(&self, meaning: Meaning, rules: &Rules) -> bool;
    fn take(&mut self, meaning: Meaning, rules: &Rules);
    fn is_finished(&self, rules: &Rules) -> bool;
}

/// The grammar of a representation under rules.
#[derive(Clone, Debug)]
pub struct MusicGrammar {
    meanings: Arc<Vec<Vec<Meaning>>>,
    rules: Arc<Rules>,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    Events(events::Events),
    Remi(remi::Remi),
    Voices(voices::Voices),
    /// Symbols of equal length: how many steps there were, and how many each has.
    Even(u64, u64),
}

/// Steps of a quarter note on the performance clock, which counts hundredths of a second at 120 quarters per minute.
const PERFORMANCE_STEPS: u64 = 50;

/// How many steps of a representation's clock a quarter note has; for chords, a step is a quarter.
pub fn steps_per_quarter(representation: &AnyRepresentation) -> u64 {
    match representation {
        AnyRepresentation::Frames(frames) => u64::from(frames.steps_per_quarter),
        AnyRepresentation::Voices(voices) => u64::from(voices.steps_per_quarter),
        AnyRepresentation::Remi(remi) => u64::from(remi.steps_per_quarter.clamp(1, 96)),
        AnyRepresentation::Bars(bars) => u64::from(bars.base.steps_per_quarter.clamp(1, 96)),
        AnyRepresentation::Chords(_) => 1,
        AnyRepresentation::Events(events) => match events.time {
            Time::Performance => PERFORMANCE_STEPS,
            Time::Metrical { steps_per_quarter } => u64::from(steps_per_quarter),
        },
    }
}

impl MusicGrammar {
    /// The grammar at the beginning of a piece; `None` for frames, which have no tokens. The rules' clock is that of the
    /// representation: see [`steps_per_quarter`].
    pub fn new(representation: &AnyRepresentation, rules: Rules) -> Option<Self> {
        let Vocabulary::Tokens { names } = representation.vocabulary() else { return None };
        let meanings = names.iter().map(|name| Meaning::read(name)).collect::<Vec<_>>();
        let rules = Rules { steps_per_quarter: steps_per_quarter(representation), ..rules };
        let state = match representation {
            AnyRepresentation::Frames(_) => return None,
            AnyRepresentation::Events(_) => State::Events(events::Events::default()),
            AnyRepresentation::Remi(_) | AnyRepresentation::Bars(_) => {
                State::Remi(remi::Remi::new(rules.steps_per_quarter))
            }
            AnyRepresentation::Voices(voices) => State::Voices(voices::Voices::new(voices.voices.into())),
            AnyRepresentation::Chords(chords) => State::Even(0, chords.quarters_per_chord.max(1).into()),
        };
        Some(Self { meanings: Arc::new(meanings), rules: Arc::new(rules), state })
    }

    fn mask<S: Syntax>(&self, mut syntax: S, allowed: &mut [bool]) {
        syntax.look_ahead(&self.rules);
        for (allowed, meanings) in allowed.iter_mut().zip(self.meanings.iter()) {
            *allowed = match meanings.as_slice() {
                [one] => syntax.allows(*one, &self.rules),
                pattern => follows(syntax.clone(), pattern, &self.rules),
            };
        }
    }
}

/// Whether all of a pattern may follow, one after the other.
fn follows<S: Syntax>(mut syntax: S, pattern: &[Meaning], rules: &Rules) -> bool {
    pattern.iter().all(|&meaning| {
        syntax.look_ahead(rules);
        let may = !syntax.is_finished(rules) && syntax.allows(meaning, rules);
        if may {
            syntax.take(meaning, rules);
        }
        may
    })
}

impl Grammar for MusicGrammar {
    fn allow(&self, allowed: &mut [bool]) {
        match &self.state {
            State::Events(events) => self.mask(events.clone(), allowed),
            State::Remi(remi) => self.mask(remi.clone(), allowed),
            State::Voices(voices) => self.mask(voices.clone(), allowed),
            State::Even(..) => allowed.fill(true),
        }
    }

    fn push(&mut self, token: u32) {
        let Some(meanings) = self.meanings.get(token as usize) else { return };
        for &meaning in meanings {
            match &mut self.state {
                State::Events(events) => events.take(meaning, &self.rules),
                State::Remi(remi) => remi.take(meaning, &self.rules),
                State::Voices(voices) => voices.take(meaning, &self.rules),
                State::Even(steps, each) => *steps += *each,
            }
        }
    }

    fn is_finished(&self) -> bool {
        match &self.state {
            State::Events(events) => events.is_finished(&self.rules),
            State::Remi(remi) => remi.is_finished(&self.rules),
            State::Voices(voices) => voices.is_finished(&self.rules),
            State::Even(steps, _) => self.rules.length.is_some_and(|length| *steps >= length),
        }
    }
}

/// How many of the next `limit` steps from `step` on a set of pitches may go on sounding.
fn furthest(rules: &Rules, step: u64, sounding: u128, limit: u64) -> u64 {
    let limit = rules.length.map_or(limit, |length| limit.min(length.saturating_sub(step)));
    if sounding == 0 || (rules.chords.is_none() && (rules.key.is_none() || rules.length.is_none())) {
        return limit;
    }
    (0..limit).find(|ahead| sounding & !rules.pitches(step + ahead) != 0).unwrap_or(limit)
}
