//! Notes on a grid of steps, and the account of what the grid does to them.

use std::collections::BTreeMap;

use super::Error;
use super::grid::Grid;
use crate::score::{Note, Score};
use crate::tempo_map::TempoMap;

/// A note on a grid: what every representation encodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sound {
    /// First step.
    pub start: u64,
    /// Who plays it: a program, a voice, or 0 where the representation does not hold it.
    pub part: u16,
    /// MIDI pitch.
    pub pitch: u8,
    /// First step after it, at least `start + 1`.
    pub end: u64,
    /// MIDI velocity.
    pub velocity: u8,
}

/// A score as a representation can hold it, and what that cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantised {
    /// The score that decoding gives back.
    pub score: Score,
    /// What it differs in from the original.
    pub loss: Loss,
}

/// What a representation does to a score.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct Loss {
    /// Notes in the original.
    pub notes: usize,
    /// Notes that begin earlier or later than in the original.
    pub moved: usize,
    /// The largest of these shifts, in seconds.
    pub largest_shift: f64,
    /// Notes that became one with another note of the same pitch and start.
    pub merged: usize,
    /// Notes cut short because the same pitch was struck again while they sounded.
    pub cut: usize,
    /// Tempos that became the nearest of a scale.
    pub tempos_rounded: usize,
    /// The largest of these changes, as a share of the tempo.
    pub largest_tempo_change: f64,
    /// Notes left out, by reason.
    pub dropped: BTreeMap<&'static str, usize>,
    /// What else is not held, with its number: velocities, programs, tempo changes ….
    pub not_held: BTreeMap<&'static str, usize>,
}

impl Loss {
    /// All notes left out.
    pub fn dropped_notes(&self) -> usize {
        self.dropped.values().sum()
    }

    /// Counts something that is not held, if there is any.
    pub fn count(&mut self, what: &'static str, number: usize) {
        if number > 0 {
            *self.not_held.entry(what).or_default() += number;
        }
    }

    /// Counts a tempo, in microseconds per quarter note, that becomes another.
    pub(super) fn tempo_rounded(&mut self, from: u32, to: u32) {
        if from != to {
            self.tempos_rounded += 1;
            let change = (f64::from(from.max(1)) / f64::from(to.max(1)) - 1.0).abs();
            self.largest_tempo_change = self.largest_tempo_change.max(change);
        }
    }

    /// Adds the loss of another piece.
    pub fn add(&mut self, other: &Loss) {
        self.notes += other.notes;
        self.moved += other.moved;
        self.largest_shift = self.largest_shift.max(other.largest_shift);
        self.merged += other.merged;
        self.cut += other.cut;
        self.tempos_rounded += other.tempos_rounded;
        self.largest_tempo_change = self.largest_tempo_change.max(other.largest_tempo_change);
        for (reason, number) in &other.dropped {
            *self.dropped.entry(reason).or_default() += number;
        }
        for (what, number) in &other.not_held {
            self.count(what, *number);
        }
    }
}

/// Time in steps: of a quarter note, or of ten milliseconds.
#[derive(Clone, Debug)]
pub enum Clock {
    /// So many steps in a quarter note, whatever the tempo.
    Metrical(Grid),
    /// Hundredths of a second, through every tempo change.
    Performance(TempoMap),
}

/// Steps of the performance clock in a second.
pub const STEPS_PER_SECOND: u64 = 100;

impl Clock {
    /// First step of a note and first step after it; at least one step.
    pub fn span(&self, note: &Note) -> (u64, u64) {
        match self {
            Clock::Metrical(grid) => grid.span(note),
            Clock::Performance(map) => {
                let step = |tick| (map.seconds(tick) * STEPS_PER_SECOND as f64).round() as u64;
                let start = step(note.onset);
                (start, step(note.end()).max(start.saturating_add(1)))
            }
        }
    }

    /// The step nearest to a tick.
    pub fn step(&self, tick: u64) -> u64 {
        match self {
            Clock::Metrical(grid) => grid.step(tick),
            Clock::Performance(map) => (map.seconds(tick) * STEPS_PER_SECOND as f64).round() as u64,
        }
    }

    /// By how many seconds a note that begins at `tick` moves when it begins at `step`.
    fn shift(&self, tick: u64, step: u64, seconds_per_quarter: f64, ticks_per_quarter: u16) -> f64 {
        match self {
            Clock::Metrical(grid) => {
                let quarters = tick as f64 / f64::from(ticks_per_quarter) - grid.quarters(step);
                quarters.abs() * seconds_per_quarter
            }
            Clock::Performance(map) => (map.seconds(tick) - step as f64 / STEPS_PER_SECOND as f64).abs(),
        }
    }
}

/// Puts notes on a grid; `part` says who plays a note, or why it is left out.
///
/// # Errors
/// [`Error::TooLong`] when a note that is kept ends after `limit` steps.
pub fn place(
    score: &Score,
    clock: &Clock,
    limit: u64,
    loss: &mut Loss,
    part: impl Fn(usize, &Note) -> Result<u16, &'static str>,
) -> Result<Vec<Sound>, Error> {
    let tempo = TempoMap::new(score);
    let mut sounds = Vec::new();
    for (track, note) in
        score.tracks.iter().enumerate().flat_map(|(i, track)| track.notes.iter().map(move |n| (i, n)))
    {
        loss.notes += 1;
        let part = match part(track, note) {
            Ok(part) => part,
            Err(reason) => {
                *loss.dropped.entry(reason).or_default() += 1;
                continue;
            }
        };
        let (start, end) = clock.span(note);
        if end > limit {
            return Err(Error::TooLong { steps: end, limit });
        }
        let shift =
            clock.shift(note.onset, start, tempo.seconds_per_quarter(note.onset), score.ticks_per_quarter);
        if shift > 1e-9 {
            loss.moved += 1;
            loss.largest_shift = loss.largest_shift.max(shift);
        }
        sounds.push(Sound { start, part, pitch: note.pitch & 127, end, velocity: note.velocity });
    }
    Ok(sounds)
}

/// Leaves at most one sound of each part and pitch at a time, sorted by start, part and pitch.
///
/// Sounds with the same start become one, as long and as loud as the most of them. A sound during which its pitch is
/// struck again ends there, and the new one lasts as long as either.
pub fn one_at_a_time(mut sounds: Vec<Sound>, loss: &mut Loss) -> Vec<Sound> {
    sounds.sort_unstable_by_key(|sound| (sound.part, sound.pitch, sound.start));
    let mut kept: Vec<Sound> = Vec::with_capacity(sounds.len());
    for mut sound in sounds {
        match kept.last_mut() {
            Some(last) if (last.part, last.pitch, last.start) == (sound.part, sound.pitch, sound.start) => {
                loss.merged += 1;
                last.end = last.end.max(sound.end);
                last.velocity = last.velocity.max(sound.velocity);
                continue;
            }
            Some(last) if (last.part, last.pitch) == (sound.part, sound.pitch) && last.end > sound.start => {
                loss.cut += 1;
                sound.end = sound.end.max(last.end);
                last.end = sound.start;
            }
            _ => {}
        }
        kept.push(sound);
    }
    kept.sort_unstable();
    kept
}
