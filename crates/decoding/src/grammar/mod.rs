//! What may follow what: the grammar of each representation, together with the [`Rules`] of the music, as a mask over the
//! vocabulary.
//!
//! | representation | grammar |
//! |---|---|
//! | `events` | no NOTE_OFF without NOTE_ON, no second NOTE_ON, a VELOCITY is followed by a note, no TIME_SHIFT beyond the end |
//! | `remi`, `bars` | BAR, METRE?, then POSITION, TEMPO?, CHORD?, notes as PROGRAM? PITCH VELOCITY DURATION; positions ascend and lie within the bar; nothing lasts beyond the end |
//! | `voices` | no HOLD without a note |
//! | `chords` | every symbol may follow every other |
//!
//! Rules add theirs: pitches, polyphony, where notes may begin, the bars whose metres are said, the one tempo, and the last chord.
//!
//! No grammar leads into a dead end: whatever was written, something may follow or the piece is finished.

mod chords;
mod events;
mod meaning;
mod remi;
mod syntax;
mod voices;

pub use meaning::{Meaning, read_pitch};

use crate::rules::Rules;
use composer_music::Metre;
use composer_music::representation::events::Time;
use composer_music::representation::{AnyRepresentation, Representation, Vocabulary};
use std::sync::Arc;
use syntax::Syntax;

/// What may follow.
pub trait Grammar: Clone {
    /// Says for every token whether it may come next; overwrites.
    fn allow(&self, allowed: &mut [bool]);

    /// A token was written.
    fn push(&mut self, token: u32);

    /// Whether the piece has come to its end.
    fn is_finished(&self) -> bool;

    /// A primer ends here: what it wrote goes on no longer.
    fn release(&mut self) {}
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
    Chords(chords::Chords),
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
        let mut rules = Rules { steps_per_quarter: steps_per_quarter(representation), ..rules };
        if let AnyRepresentation::Voices(voices) = representation {
            // The last chord counts on pitches that there are.
            let (low, high) = rules.range;
            rules.range = (low.max(voices.pitch_low), high.min(voices.pitch_high));
        }
        let state = match representation {
            AnyRepresentation::Frames(_) => return None,
            AnyRepresentation::Events(_) => State::Events(events::Events::default()),
            AnyRepresentation::Remi(_) | AnyRepresentation::Bars(_) => {
                let programs = meanings.iter().flatten().any(|meaning| *meaning == Meaning::Program(true));
                let tempo = rules.tempo.and_then(|tempo| nearest_tempo(tempo, meanings.iter().flatten()));
                State::Remi(remi::Remi::new(rules.steps_per_quarter, programs, tempo))
            }
            AnyRepresentation::Voices(voices) => State::Voices(voices::Voices::new(voices.voices.into())),
            AnyRepresentation::Chords(chords) => State::Chords(chords::Chords::new(*chords, meanings.len())),
        };
        Some(Self { meanings: Arc::new(meanings), rules: Arc::new(rules), state })
    }

    /// The step that was written to: nothing more begins before it.
    pub fn now(&self) -> u64 {
        match &self.state {
            State::Events(events) => events.now(),
            State::Remi(remi) => remi.now(),
            State::Voices(voices) => voices.step(),
            State::Chords(chords) => chords.now(),
        }
    }

    /// The tokens of a rest from what was written to a step, where silence is written at all.
    pub fn rest_until(&self, step: u64) -> Vec<u32> {
        match &self.state {
            State::Events(events) => self.shifts(step.saturating_sub(events.now())),
            State::Remi(_) => Vec::new(),
            State::Voices(voices) => {
                let steps = step.saturating_sub(voices.step()) as usize;
                let rest = self.token(Meaning::Rest);
                rest.map_or_else(Vec::new, |rest| vec![rest; steps * voices.count()])
            }
            State::Chords(chords) => {
                let spans = step.saturating_sub(chords.now()).div_ceil(chords.span());
                chords.rest().map_or_else(Vec::new, |rest| vec![rest; spans as usize])
            }
        }
    }

    /// Whether a bar of a metre can be said; true where bars are not said at all.
    pub fn says_metre(&self, metre: Metre) -> bool {
        let said = Meaning::Metre(metre.numerator.into(), metre.denominator.into());
        !matches!(self.state, State::Remi(_)) || self.token(said).is_some()
    }

    /// The token that means this and no more.
    fn token(&self, meaning: Meaning) -> Option<u32> {
        self.meanings.iter().position(|meanings| *meanings == [meaning]).map(|token| token as u32)
    }

    /// The fewest TIME_SHIFTs over so many steps.
    fn shifts(&self, mut steps: u64) -> Vec<u32> {
        let longest = self.meanings.iter().flatten().filter_map(|meaning| match meaning {
            Meaning::Shift(steps) => Some(*steps),
            _ => None,
        });
        let longest = longest.max().unwrap_or(0);
        let mut tokens = Vec::new();
        while steps > 0 {
            let Some(token) = self.token(Meaning::Shift(steps.min(longest))) else { break };
            tokens.push(token);
            steps -= steps.min(longest);
        }
        tokens
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
            State::Chords(chords) => chords.allow(allowed, &self.rules),
        }
    }

    fn push(&mut self, token: u32) {
        let Some(meanings) = self.meanings.get(token as usize) else { return };
        for &meaning in meanings {
            match &mut self.state {
                State::Events(events) => events.take(meaning, &self.rules),
                State::Remi(remi) => remi.take(meaning, &self.rules),
                State::Voices(voices) => voices.take(meaning, &self.rules),
                State::Chords(chords) => chords.take(),
            }
        }
    }

    fn is_finished(&self) -> bool {
        match &self.state {
            State::Events(events) => events.is_finished(&self.rules),
            State::Remi(remi) => remi.is_finished(&self.rules),
            State::Voices(voices) => voices.is_finished(&self.rules),
            State::Chords(chords) => chords.is_finished(&self.rules),
        }
    }

    fn release(&mut self) {
        match &mut self.state {
            State::Remi(remi) => remi.release(),
            State::Voices(voices) => voices.release(),
            // Their tokens have ended every note.
            State::Events(_) | State::Chords(_) => {}
        }
    }
}

/// The tempo of a vocabulary that is nearest on a logarithmic scale.
fn nearest_tempo<'a>(tempo: f64, meanings: impl Iterator<Item = &'a Meaning>) -> Option<u64> {
    let distance = |&said: &u64| (said as f64 / tempo).ln().abs();
    let said = meanings.filter_map(|meaning| match meaning {
        Meaning::Tempo(said) => Some(*said),
        _ => None,
    });
    said.min_by(|a, b| distance(a).total_cmp(&distance(b)))
}
