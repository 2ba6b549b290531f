//! The grammar of `remi` and, pattern by pattern, of `bars`.

use super::meaning::Meaning;
use super::syntax::{Syntax, furthest};
use crate::rules::{LastChord, Rules};

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

/// A note that was written.
#[derive(Clone, Copy, Debug)]
struct Sounding {
    pitch: u8,
    drums: bool,
    /// First step after it.
    end: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Remi {
    steps_per_quarter: u64,
    /// Whether there are programs, and drums among them.
    programs: bool,
    /// The one tempo of the piece, if it has one, and whether it was said.
    tempo: Option<u64>,
    tempo_said: bool,
    last: Last,
    bar_start: u64,
    bar_length: u64,
    metre: Option<(u64, u64)>,
    /// Step within the bar, once a POSITION was said.
    position: Option<u64>,
    drums: bool,
    /// Pitches that began at this position with this program.
    here: u128,
    /// The note that is being written, and its length so far.
    note: (u8, u64),
    /// The notes that sound.
    sounding: Vec<Sounding>,
    finished: bool,
    /// Pitches that may begin at this position, and steps that the note may go on; see [`Syntax::look_ahead`].
    free: u128,
    furthest: u64,
}

impl Remi {
    pub(super) fn new(steps_per_quarter: u64, programs: bool, tempo: Option<u64>) -> Self {
        Self {
            steps_per_quarter,
            programs,
            tempo,
            tempo_said: false,
            last: Last::Nothing,
            bar_start: 0,
            bar_length: 4 * steps_per_quarter,
            metre: None,
            position: None,
            drums: false,
            here: 0,
            note: (0, 0),
            sounding: Vec::new(),
            finished: false,
            free: 0,
            furthest: 0,
        }
    }

    /// The last note gets no longer.
    pub(super) fn release(&mut self) {
        if let Last::Duration(_) = self.last {
            self.last = Last::Duration(false);
        }
    }

    /// One DURATION says a whole note at most.
    fn longest(&self) -> u64 {
        4 * self.steps_per_quarter
    }

    pub(super) fn now(&self) -> u64 {
        self.bar_start + self.position.unwrap_or(0)
    }

    /// Pitches that may begin at a step; rules of pitch do not hold for drums.
    fn free_at(&self, step: u64, drums: bool, rules: &Rules) -> u128 {
        let sounding = self.sounding.iter().filter(|note| note.end > step).count();
        if sounding >= rules.max_polyphony || !rules.may_begin(step) {
            return 0;
        }
        let free = if drums { u128::MAX } else { rules.pitches(step) };
        match rules.last_chord().filter(|last| last.begin == step) {
            None => free,
            Some(last) => (0..128)
                .filter(|&pitch| free >> pitch & 1 == 1 && self.suits_last_chord(pitch, drums, last, rules))
                .fold(0, |plane, pitch| plane | 1 << pitch),
        }
    }

    /// Whether any note may begin at a step, drums included where there are some.
    fn is_free_at(&self, step: u64, rules: &Rules) -> bool {
        self.free_at(step, self.drums, rules) != 0
            || (self.programs && self.free_at(step, !self.drums, rules) != 0)
    }

    fn note_is_complete(&self) -> bool {
        matches!(self.last, Last::Duration(_))
    }

    /// The metre that a bar which has just begun still has to state.
    fn metre_due(&self, rules: &Rules) -> Option<(u64, u64)> {
        let metre = rules.bars.as_ref()?.metre_at(self.bar_start);
        let metre = (metre.numerator.into(), metre.denominator.into());
        (self.last == Last::Bar && self.metre != Some(metre)).then_some(metre)
    }

    /// Whether the one tempo still has to be said.
    fn tempo_due(&self) -> bool {
        self.tempo.is_some() && !self.tempo_said
    }
}

/// The last chord.
impl Remi {
    /// The notes that go on after the last chord has begun.
    fn at_last(&self, last: LastChord) -> impl Iterator<Item = &Sounding> {
        self.sounding.iter().filter(move |note| note.end > last.begin)
    }

    /// The lowest pitch of those notes; above all pitches without any.
    fn lowest_at_last(&self, last: LastChord) -> u8 {
        self.at_last(last).filter(|note| !note.drums).map(|note| note.pitch).min().unwrap_or(u8::MAX)
    }

    /// Whether the lowest note of the last chord is one that it may have, and lasts to the end.
    fn is_complete(&self, last: LastChord, rules: &Rules) -> bool {
        let lowest = self.lowest_at_last(last);
        let to_end = |note: &&Sounding| rules.length.is_none_or(|length| note.end >= length);
        lowest < 128
            && last.bass >> lowest & 1 == 1
            && self.at_last(last).filter(to_end).any(|note| !note.drums && note.pitch == lowest)
    }

    /// Whether the last chord is complete or can become so with one more note.
    fn can_complete(&self, last: LastChord, rules: &Rules) -> bool {
        let room = self.at_last(last).count() < rules.max_polyphony;
        self.is_complete(last, rules) || (room && last.has_bass_below(self.lowest_at_last(last).min(127)))
    }

    /// Whether a note may begin with the last chord, to whose end it lasts: the chord can still be completed after it.
    fn suits_last_chord(&self, pitch: u8, drums: bool, last: LastChord, rules: &Rules) -> bool {
        let mut after = self.clone();
        after.sounding.push(Sounding { pitch, drums, end: rules.length.unwrap_or(u64::MAX) });
        after.can_complete(last, rules)
    }

    /// Whether the note that is being written may have so many more steps.
    fn may_last(&self, steps: u64, rules: &Rules) -> bool {
        let Some(last) = rules.last_chord() else { return true };
        let (now, (pitch, so_far)) = (self.now(), self.note);
        if now == last.begin && !self.drums {
            let left = rules.length.map_or(u64::MAX, |length| length.saturating_sub(now + so_far));
            return steps == left.min(self.longest());
        }
        let mut after = self.clone();
        if so_far > 0 {
            after.sounding.pop();
        }
        after.sounding.push(Sounding { pitch, drums: self.drums, end: now + so_far + steps });
        now + so_far + steps <= last.begin || after.can_complete(last, rules)
    }

    /// Whether a note of the last chord still has to be prolonged to the end.
    fn is_too_short(&self, rules: &Rules) -> bool {
        rules.last_chord().is_some_and(|last| {
            self.now() == last.begin
                && !self.drums
                && rules.length.is_some_and(|length| self.now() + self.note.1 < length)
        })
    }

    /// Whether the bar may end: the last chord is not left unfinished.
    fn may_end_bar(&self, rules: &Rules) -> bool {
        self.last == Last::Nothing
            || rules.last_chord().is_none_or(|last| {
                last.begin >= self.bar_start + self.bar_length || self.is_complete(last, rules)
            })
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
        if let Some((beats, value)) = self.metre_due(rules) {
            return meaning == Meaning::Metre(beats, value);
        }
        if matches!(self.last, Last::Duration(true)) && self.is_too_short(rules) {
            return matches!(meaning, Meaning::Duration(steps) if steps <= self.furthest && self.may_last(steps, rules));
        }
        let tempo_due = self.tempo_due();
        if tempo_due && self.last == Last::Position {
            return matches!(meaning, Meaning::Tempo(tempo) if Some(tempo) == self.tempo);
        }
        let between = self.note_is_complete()
            || matches!(self.last, Last::Bar | Last::Metre | Last::Tempo | Last::Chord);
        let within = |step: u64| rules.length.is_none_or(|length| step <= length);
        match meaning {
            Meaning::Bar => {
                let begins = self.last == Last::Nothing;
                begins || (between && !tempo_due && self.may_end_bar(rules))
            }
            Meaning::Metre(beats, value) => {
                let bar = 4 * self.steps_per_quarter * beats;
                let fits = bar.is_multiple_of(value) && within(self.bar_start + bar / value);
                rules.bars.is_none() && self.last == Last::Bar && fits
            }
            Meaning::Position(step) => {
                between
                    && step < self.bar_length
                    && (!tempo_due || step == 0)
                    && self.position.is_none_or(|before| step > before)
                    && rules.last_chord().is_none_or(|last| {
                        // A position is not left open beyond the last chord.
                        self.bar_start + step <= last.begin || self.is_complete(last, rules)
                    })
                    && self.is_free_at(self.bar_start + step, rules)
            }
            Meaning::Tempo(_) => self.tempo.is_none() && self.last == Last::Position,
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
            Meaning::Duration(steps) => steps <= self.furthest && self.may_last(steps, rules),
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
                self.sounding.retain(|note| note.end > now);
                Last::Bar
            }
            Meaning::Metre(beats, value) => {
                self.bar_length = (4 * self.steps_per_quarter * beats / value.max(1)).max(1);
                self.metre = Some((beats, value));
                Last::Metre
            }
            Meaning::Position(step) => {
                (self.position, self.here) = (Some(step), 0);
                Last::Position
            }
            Meaning::Tempo(_) => {
                self.tempo_said = true;
                Last::Tempo
            }
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
                    self.sounding.pop();
                }
                self.note.1 += steps;
                let end = self.now() + self.note.1;
                self.sounding.push(Sounding { pitch: self.note.0, drums: self.drums, end });
                Last::Duration(steps == self.longest())
            }
            _ => self.last,
        };
    }

    fn is_finished(&self, _rules: &Rules) -> bool {
        self.finished
    }
}
