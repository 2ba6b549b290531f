//! The grammar of `events`.

use super::{Meaning, Syntax, furthest};
use crate::rules::Rules;

/// Longest TIME_SHIFT that is looked ahead.
const LONGEST_SHIFT: u64 = 100;

#[derive(Clone, Debug, Default)]
pub(super) struct Events {
    now: u64,
    /// Pitches that sound, and those of them that began now.
    sounding: u128,
    begun: u128,
    /// Whether a VELOCITY waits for its note.
    velocity: bool,
    pedal: bool,
    /// Whether the pedal has moved now.
    pedalled: bool,
    /// Steps that may pass; see [`Syntax::look_ahead`].
    furthest: u64,
    /// Pitches that may begin now.
    free: u128,
}

impl Events {
    fn at_end(&self, rules: &Rules) -> bool {
        rules.length.is_some_and(|length| self.now >= length)
    }
}

impl Syntax for Events {
    fn look_ahead(&mut self, rules: &Rules) {
        self.furthest = furthest(rules, self.now, self.sounding, LONGEST_SHIFT);
        let voice_left =
            (self.sounding.count_ones() as usize) < rules.max_polyphony && rules.may_begin(self.now);
        self.free = if voice_left { rules.pitches(self.now) & !self.sounding } else { 0 };
    }

    fn allows(&self, meaning: Meaning, rules: &Rules) -> bool {
        match meaning {
            Meaning::NoteOn(pitch) => self.free >> pitch & 1 == 1,
            _ if self.velocity => false,
            Meaning::NoteOff(pitch) => self.sounding & !self.begun & 1 << pitch != 0,
            Meaning::Shift(steps) => steps <= self.furthest,
            Meaning::Velocity => self.free != 0,
            Meaning::Pedal(down) => down != self.pedal && !self.pedalled && !self.at_end(rules),
            _ => false,
        }
    }

    fn take(&mut self, meaning: Meaning, _rules: &Rules) {
        match meaning {
            Meaning::NoteOn(pitch) => {
                self.velocity = false;
                self.sounding |= 1 << pitch;
                self.begun |= 1 << pitch;
            }
            Meaning::NoteOff(pitch) => self.sounding &= !(1 << pitch),
            Meaning::Shift(steps) => {
                self.now += steps;
                self.begun = 0;
                self.pedalled = false;
            }
            Meaning::Velocity => self.velocity = true,
            Meaning::Pedal(down) => (self.pedal, self.pedalled) = (down, true),
            _ => {}
        }
    }

    fn is_finished(&self, rules: &Rules) -> bool {
        self.at_end(rules) && self.sounding == 0
    }
}
