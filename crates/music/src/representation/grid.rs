//! The metrical grid: ticks to steps by rounding, steps back to ticks exactly.
//!
//! Steps are equal but for the grid of six in a quarter, which has those of sixteenths and of triplet eighths together:
//!
//! ```text
//! twelfths of a quarter   0 · · 3 4 · 6 · 8 9 · ·
//! sixteenths              ●     ●     ●     ●
//! triplet eighths         ●       ●       ●
//! steps                   0     1 2   3   4 5
//! ```
//!
//! Six equal steps would hold triplets and no sixteenths, and twelve take twice as many.

use crate::score::{Note, Ticks};

/// Longest piece, in steps, that a grid representation takes: a damaged or hostile file can claim a length of years in
/// a few bytes, and a frame costs memory for every step of it. Sixteenths at 120 quarters per minute: 36 hours.
pub const MAX_STEPS: u64 = 1 << 20;

/// Steps in a quarter of the grid that has sixteenths and triplet eighths.
pub const SIXTEENTHS_AND_TRIPLETS: u32 = 6;

/// Its steps, in twelfths of a quarter.
const TWELFTHS: [u128; 6] = [0, 3, 4, 6, 8, 9];

/// A grid of steps laid over a score's ticks.
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
        if self.is_uneven() {
            let (quarter, rest) =
                (u128::from(tick) / self.ticks_per_quarter, u128::from(tick) % self.ticks_per_quarter);
            let nearer = |pair: &&[u128]| 24 * rest >= (pair[0] + pair[1]) * self.ticks_per_quarter;
            let ends: [u128; 7] = std::array::from_fn(|step| TWELFTHS.get(step).copied().unwrap_or(12));
            let step = ends.windows(2).take_while(nearer).count();
            return u64::try_from(quarter * 6 + step as u128).unwrap_or(u64::MAX);
        }
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
        if self.is_uneven() {
            return (u128::from(step / 6) * 12 + TWELFTHS[(step % 6) as usize]) as f64 / 12.0;
        }
        step as f64 / self.steps_per_quarter as f64
    }

    /// The tick of a step, rounded down where the step lies between ticks.
    pub fn tick(&self, step: u64) -> Ticks {
        let tick = match self.is_uneven() {
            true => {
                let twelfths = u128::from(step / 6) * 12 + TWELFTHS[(step % 6) as usize];
                twelfths * self.ticks_per_quarter / 12
            }
            false => u128::from(step) * self.ticks_per_quarter / self.steps_per_quarter,
        };
        Ticks::try_from(tick).unwrap_or(Ticks::MAX)
    }

    /// The ticks from one step to another.
    pub fn ticks(&self, from: u64, to: u64) -> Ticks {
        self.tick(to).saturating_sub(self.tick(from))
    }

    fn is_uneven(&self) -> bool {
        self.steps_per_quarter == u128::from(SIXTEENTHS_AND_TRIPLETS)
    }
}

/// The grid of a score that is made of steps, at a tick resolution near 480 in which every step is a whole number of ticks.
pub fn of_steps(steps_per_quarter: u32) -> (u16, Grid) {
    let (ticks_per_quarter, _) = resolution(steps_per_quarter);
    (ticks_per_quarter, Grid::new(ticks_per_quarter, steps_per_quarter))
}

/// A tick resolution near 480 in which every step of the grid is a whole number of ticks, and that number where all are equal.
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
    fn sixteenths_and_triplets_share_a_grid() {
        let grid = Grid::new(480, SIXTEENTHS_AND_TRIPLETS);
        assert_eq!(
            [0, 120, 160, 240, 320, 360, 480, 600].map(|tick| grid.step(tick)),
            [0, 1, 2, 3, 4, 5, 6, 7]
        );
        assert_eq!([59, 60, 139, 140, 200, 419, 420].map(|tick| grid.step(tick)), [0, 1, 1, 2, 3, 5, 6]);
        for step in 0..40 {
            assert_eq!(grid.step(grid.tick(step)), step);
            assert_eq!(grid.quarters(step), grid.tick(step) as f64 / 480.0);
        }
        assert_eq!((grid.ticks(2, 4), grid.ticks(4, 6), of_steps(6).0), (160, 160, 480));
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
