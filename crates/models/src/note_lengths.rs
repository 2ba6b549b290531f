//! How long notes last: what is left of each at every step of frames, and what a network that decides lengths is told of it.
//!
//! A note begins where its pitch is struck, and lasts until it ends or is struck again. A network with `note_lengths` decides this where
//! the note begins, so which notes are held into a step follows from what it decided before. A piece of `T` steps cuts what would go on
//! beyond its end: of a note that sounds in its last step, only a least length is known.

use composer_music::representation::frames::{Frame, pitches};

/// Longest note that a network may have, in steps.
pub(crate) const LONGEST: usize = 1024;
/// Velocities that MIDI tells apart.
pub(crate) const VELOCITIES: usize = 127;

/// How many steps each note of a piece has left, the step itself among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepsLeft {
    /// Where the pitches of each step begin in `left`, and their end.
    starts: Vec<usize>,
    /// Of the pitches that sound, from the lowest up.
    left: Vec<u32>,
}

/// What is decided of a note besides its pitch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoteEnd {
    /// Steps that it lasts.
    pub steps: u32,
    /// Whether it ends with the piece, so that it may be longer.
    pub open: bool,
    /// Its velocity, as a bin ([`velocity_bin`]); 0 where velocities are not told apart.
    pub velocity: u32,
}

/// The pitches of `frame` that begin, after `previous`.
pub fn begun(previous: Frame, frame: Frame) -> u128 {
    frame.sounding & (frame.onsets | !previous.sounding)
}

impl StepsLeft {
    /// Of the frames of a whole piece.
    pub fn of(frames: &[Frame]) -> Self {
        let mut starts = vec![0];
        starts.extend(frames.iter().scan(0, |sum, frame| {
            *sum += frame.sounding.count_ones() as usize;
            Some(*sum)
        }));
        let mut left = vec![0; starts[frames.len()]];
        // Of each pitch, from the end to the beginning.
        let mut after = [0u32; 128];
        for (step, &frame) in frames.iter().enumerate().rev() {
            let next = frames.get(step + 1).copied().unwrap_or_default();
            let held = next.sounding & !begun(frame, next);
            for (pitch, left) in pitches(frame.sounding).zip(&mut left[starts[step]..]) {
                let steps = &mut after[usize::from(pitch)];
                *steps = 1 + if held >> pitch & 1 == 1 { *steps } else { 0 };
                *left = *steps;
            }
        }
        Self { starts, left }
    }

    /// The pitches that sound at a step, from the lowest up, and the steps that each has left; `frame` is that of the step.
    pub fn at(&self, step: usize, frame: Frame) -> impl Iterator<Item = (u8, u32)> {
        pitches(frame.sounding).zip(self.left[self.starts[step]..self.starts[step + 1]].iter().copied())
    }

    /// Steps of the longest note.
    pub fn longest(&self) -> usize {
        self.left.iter().copied().max().unwrap_or(0) as usize
    }
}

/// Ends all notes after at most so many steps.
pub fn cut_notes(frames: &mut [Frame], longest: usize) {
    let mut ages = [0usize; 128];
    let mut previous = Frame::default();
    for frame in frames {
        let (now, begun) = (*frame, begun(previous, *frame));
        for pitch in pitches(now.sounding) {
            let age = &mut ages[usize::from(pitch)];
            *age = if begun >> pitch & 1 == 1 { 1 } else { *age + 1 };
            if *age > longest {
                frame.sounding &= !(1 << pitch);
                frame.onsets &= !(1 << pitch);
            }
        }
        previous = now;
    }
}

/// The bin of a MIDI velocity among `bins` of about equal width.
pub fn velocity_bin(velocity: u8, bins: usize) -> u32 {
    let from_zero = usize::from(velocity.clamp(1, 127)) - 1;
    (from_zero * bins / VELOCITIES) as u32
}

/// The velocity in the middle of a bin.
pub fn velocity_of(bin: u32, bins: usize) -> u8 {
    let middle = (2 * bin as usize + 1) * VELOCITIES / (2 * bins.max(1));
    (1 + middle).min(127) as u8
}
