//! The grammar of `remi` and, pattern by pattern, of `bars`.

use super::{Meaning, Syntax, furthest};
use crate::rules::Rules;

/// The last token, as far as it matters for the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    Nothing,
    Bar,
    Metre,
    Position,
    Tempo,
    Chord,
    Program,
    Pitch,
    Velocity,
    /// A length; true if it is the longest, which may be followed by more of it.
    Duration(bool),
}

#[derive(Clone, Debug)]
pub(super) struct Remi {
    steps_per_quarter: u64,
    last: Last,
    bar_start: u64,
    bar_length: u64,
    /// Step within the bar, once a POSITION was said.
    position: Option<u64>,
    drums: bool,
    /// Pitches that began at this position with this program.
    here: u128,
    /// The note that is being written, and its length so far.
    note: (u8, u64),
    /// Ends of the notes that sound.
    ends: Vec<u64>,
    finished: bool,
    /// Pitches that may begin at this position, and steps that the note may go on; see [`Syntax::look_ahead`].
    free: u128,
    furthest: u64,
}

impl Remi {
    pub(super) fn new(steps_per_quarter: u64) -> Self {
        Self {
            steps_per_quarter,
            last: Last::Nothing,
            bar_start: 0,
            bar_length: 4 * steps_per_quarter,
            position: None,
            drums: false,
            here: 0,
            note: (0, 0),
            ends: Vec::new(),
            finished: false,
            free: 0,
            furthest: 0,
        }
    }

    /// One DURATION says a whole note at most.
    fn longest(&self) -> u64 {
        4 * self.steps_per_quarter
    }

    fn now(&self) -> u64 {
        self.bar_start + self.position.unwrap_or(0)
    }

    /// Pitches that may begin at a step; rules of pitch do not hold for drums.
    fn free_at(&self, step: u64, drums: bool, rules: &Rules) -> u128 {
        let sounding = self.ends.iter().filter(|&&end| end > step).count();
        if sounding >= rules.max_polyphony || !rules.may_begin(step) {
            return 0;
        }
        if drums { u128::MAX } else { rules.pitches(step) }
    }

    fn note_is_complete(&self) -> bool {
        matches!(self.last, Last::Duration(_))
    }
}

impl Syntax for Remi {
    fn look_ahead(&mut self, rules: &Rules) {
        let now = self.now();
        self.free =
            if self.position.is_some() { self.free_at(now, self.drums, rules) & !self.here } else { 0 };
        let (pitch, so_far) = self.note;
        let sounding = if self.drums { 0 } else { 1 << pitch };
        self.furthest = match self.last {
            Last::Velocity | Last::Duration(true) => furthest(rules, now + so_far, sounding, self.longest()),
            _ => 0,
        };
    }

    fn allows(&self, meaning: Meaning, rules: &Rules) -> bool {
        let between = self.note_is_complete()
            || matches!(self.last, Last::Bar | Last::Metre | Last::Tempo | Last::Chord);
        let within = |step: u64| rules.length.is_none_or(|length| step <= length);
        match meaning {
            Meaning::Bar => between || self.last == Last::Nothing,
            Meaning::Metre(beats, value) => {
                let bar = 4 * self.steps_per_quarter * beats;
                self.last == Last::Bar && bar.is_multiple_of(value) && within(self.bar_start + bar / value)
            }
            Meaning::Position(step) => {
                between
                    && step < self.bar_length
                    && self.position.is_none_or(|before| step > before)
                    && self.free_at(self.bar_start + step, self.drums, rules) != 0
            }
            Meaning::Tempo => self.last == Last::Position,
            Meaning::Chord => matches!(self.last, Last::Position | Last::Tempo),
            Meaning::Program(drums) => {
                let place = matches!(self.last, Last::Position | Last::Tempo | Last::Chord)
                    || (self.note_is_complete() && self.position.is_some());
                place && self.free_at(self.now(), drums, rules) != 0
            }
            Meaning::Pitch(pitch) => {
                let place = matches!(self.last, Last::Position | Last::Tempo | Last::Chord | Last::Program);
                (place || self.note_is_complete()) && self.free >> pitch & 1 == 1
            }
            Meaning::Velocity => self.last == Last::Pitch,
            Meaning::Duration(steps) => steps <= self.furthest,
            _ => false,
        }
    }

    fn take(&mut self, meaning: Meaning, rules: &Rules) {
        self.last = match meaning {
            Meaning::Bar => {
                if self.last != Last::Nothing {
                    self.bar_start += self.bar_length;
                }
                self.position = None;
                self.finished = rules.length.is_some_and(|length| self.bar_start >= length);
                let now = self.bar_start;
                self.ends.retain(|&end| end > now);
                Last::Bar
            }
            Meaning::Metre(beats, value) => {
                self.bar_length = (4 * self.steps_per_quarter * beats / value.max(1)).max(1);
                Last::Metre
            }
            Meaning::Position(step) => {
                (self.position, self.here) = (Some(step), 0);
                Last::Position
            }
            Meaning::Tempo => Last::Tempo,
            Meaning::Chord => Last::Chord,
            Meaning::Program(drums) => {
                (self.drums, self.here) = (drums, 0);
                Last::Program
            }
            Meaning::Pitch(pitch) => {
                self.here |= 1 << pitch;
                self.note = (pitch, 0);
                Last::Pitch
            }
            Meaning::Velocity => Last::Velocity,
            Meaning::Duration(steps) => {
                if self.note.1 > 0 {
                    self.ends.pop();
                }
                self.note.1 += steps;
                self.ends.push(self.now() + self.note.1);
                Last::Duration(steps == self.longest())
            }
            _ => self.last,
        };
    }

    fn is_finished(&self, _rules: &Rules) -> bool {
        self.finished
    }
}
