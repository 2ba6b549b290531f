//! The grammar of `events`.

use super::meaning::Meaning;
use super::syntax::{Syntax, furthest};
use crate::rules::{LastChord, Rules, range_plane};

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
    /// Pitches that may begin now, and those that must not end now.
    free: u128,
    kept: u128,
}

impl Events {
    pub(super) fn now(&self) -> u64 {
        self.now
    }

    fn at_end(&self, rules: &Rules) -> bool {
        rules.length.is_some_and(|length| self.now >= length)
    }

    /// The last chord stops time until it is complete, opens the pitches with which it still can become so, and keeps its lowest
    /// note to the end.
    fn look_ahead_to(&mut self, last: LastChord, rules: &Rules) {
        if self.now < last.begin {
            self.furthest = self.furthest.min(last.begin - self.now);
        } else if self.now == last.begin {
            let complete = lowest(self.sounding) & last.bass != 0;
            self.furthest = if complete { self.furthest } else { 0 };
            // What began now stays; what sounded before may still end and make room.
            let room = (self.begun.count_ones() as usize) + 2 <= rules.max_polyphony;
            let fits = |pitch: u8| {
                let begun = self.begun | 1 << pitch;
                let below = lowest(begun).trailing_zeros() as u8;
                let there = (self.sounding | 1 << pitch) & last.bass & range_plane((0, below)) != 0;
                there || (room && last.has_bass_below(below))
            };
            self.free = (0..128)
                .filter(|&pitch| self.free >> pitch & 1 == 1 && fits(pitch))
                .fold(0, |plane, pitch| plane | 1 << pitch);
        } else if !self.at_end(rules) {
            self.kept = lowest(self.sounding);
        }
    }
}

/// The lowest pitch of a plane.
fn lowest(plane: u128) -> u128 {
    plane & plane.wrapping_neg()
}

impl Syntax for Events {
    fn look_ahead(&mut self, rules: &Rules) {
        self.furthest = furthest(rules, self.now, self.sounding, LONGEST_SHIFT);
        let voice_left =
            (self.sounding.count_ones() as usize) < rules.max_polyphony && rules.may_begin(self.now);
        self.free = if voice_left { rules.pitches(self.now) & !self.sounding } else { 0 };
        self.kept = 0;
        if let Some(last) = rules.last_chord() {
            self.look_ahead_to(last, rules);
        }
    }

    fn allows(&self, meaning: Meaning, rules: &Rules) -> bool {
        match meaning {
            Meaning::NoteOn(pitch) => self.free >> pitch & 1 == 1,
            _ if self.velocity => false,
            Meaning::NoteOff(pitch) => self.sounding & !self.begun & !self.kept & 1 << pitch != 0,
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
