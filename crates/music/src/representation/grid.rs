//! The metrical grid: ticks to steps by rounding, steps back to ticks exactly.

use crate::score::{Note, Ticks};

/// Longest piece, in steps, that a grid representation takes: a damaged or hostile file can claim a length of years in
/// a few bytes, and a frame costs memory for every step of it. Sixteenths at 120 quarters per minute: 36 hours.
pub const MAX_STEPS: u64 = 1 << 20;

/// A grid of equal steps laid over a score's ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    ticks_per_quarter: u128,
    steps_per_quarter: u128,
}

impl Grid {
    /// The grid with `steps_per_quarter` steps (at least 1) for a score with `ticks_per_quarter` ticks (at least 1).
    pub fn new(ticks_per_quarter: u16, steps_per_quarter: u32) -> Self {
        Self {
            ticks_per_quarter: u128::from(ticks_per_quarter.max(1)),
            steps_per_quarter: u128::from(steps_per_quarter.max(1)),
        }
    }

    /// The step nearest to a tick; a tick halfway between two steps goes to the later one.
    pub fn step(&self, tick: Ticks) -> u64 {
        let twice = 2 * u128::from(tick) * self.steps_per_quarter + self.ticks_per_quarter;
        u64::try_from(twice / (2 * self.ticks_per_quarter)).unwrap_or(u64::MAX)
    }

    /// First step of a note and first step after it.
    ///
    /// Both ends are rounded, not the length, so that notes which touch in the score touch on the grid; a note that
    /// would vanish is one step long.
    pub fn span(&self, note: &Note) -> (u64, u64) {
        let start = self.step(note.onset);
        (start, self.step(note.end()).max(start.saturating_add(1)))
    }

    /// Quarter notes from the beginning to a step.
    pub fn quarters(&self, step: u64) -> f64 {
        step as f64 / self.steps_per_quarter as f64
    }

    /// The tick of a step, rounded down where the step lies between ticks.
    pub fn tick(&self, step: u64) -> Ticks {
        let tick = u128::from(step) * self.ticks_per_quarter / self.steps_per_quarter;
        Ticks::try_from(tick).unwrap_or(Ticks::MAX)
    }
}

/// A tick resolution near 480 in which every step of the grid is a whole number of ticks, and that number.
///
/// A grid finer than 65,535 steps per quarter is beyond what MIDI can write: the resolution stays at that limit.
pub fn resolution(steps_per_quarter: u32) -> (u16, Ticks) {
    let steps = u16::try_from(steps_per_quarter.max(1)).unwrap_or(u16::MAX).min(MAX_TICKS_PER_QUARTER);
    let ticks_per_step = (480 / steps).max(1);
    (steps * ticks_per_step, Ticks::from(ticks_per_step))
}

/// Highest resolution that a MIDI file can state (15 bits).
pub const MAX_TICKS_PER_QUARTER: u16 = 0x7FFF;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_to_the_nearest_step_and_halves_up() {
        let grid = Grid::new(480, 4);
        assert_eq!([0, 59, 60, 120, 179, 180].map(|tick| grid.step(tick)), [0, 0, 1, 1, 1, 2]);
        assert_eq!(grid.tick(3), 360);
        assert_eq!(Grid::new(1, u32::MAX).step(Ticks::MAX), u64::MAX, "saturates");
    }

    #[test]
    fn a_grace_note_keeps_one_step() {
        let note = Note { onset: 470, duration: 5, pitch: 60, velocity: 1, channel: 0, program: 0 };
        assert_eq!(Grid::new(480, 4).span(&note), (4, 5));
    }

    #[test]
    fn every_step_is_a_whole_number_of_ticks() {
        for steps in [1, 3, 4, 6, 7, 12, 24, 96, 480, 1000, 70_000] {
            let (resolution, ticks) = resolution(steps);
            assert_eq!(u64::from(resolution) % ticks, 0);
            assert!((1..=MAX_TICKS_PER_QUARTER).contains(&resolution));
        }
    }
}
