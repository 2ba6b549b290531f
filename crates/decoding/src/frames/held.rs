//! [`HeldNotes`]: which notes go on into a step, where it was decided how long they last.

use composer_models::note_lengths::StepsLeft;
use composer_music::representation::frames::{Frame, pitches};

/// A note that begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewNote {
    /// Its MIDI pitch.
    pub pitch: u8,
    /// Steps that it lasts.
    pub steps: u32,
    /// Its MIDI velocity; `None`: not known.
    pub velocity: Option<u8>,
}

/// The notes that go on into the next step, and the steps that each has left.
#[derive(Clone, Debug)]
pub struct HeldNotes {
    left: [u32; 128],
}

impl Default for HeldNotes {
    fn default() -> Self {
        Self { left: [0; 128] }
    }
}

impl HeldNotes {
    /// Those of frames that go on into a step of them, of whose pitches `begun` begin.
    pub fn of(left: &StepsLeft, step: usize, frame: Frame, begun: u128) -> Self {
        let mut held = Self::default();
        for (pitch, steps) in left.at(step, frame).filter(|(pitch, _)| begun >> pitch & 1 == 0) {
            held.left[usize::from(pitch)] = steps;
        }
        held
    }

    /// Their pitches.
    pub fn plane(&self) -> u128 {
        self.each().fold(0, |plane, (pitch, _)| plane | 1 << pitch)
    }

    /// Each pitch, and the steps that it has left.
    pub fn each(&self) -> impl Iterator<Item = (u8, u32)> {
        (0u8..).zip(self.left).filter(|&(_, left)| left > 0)
    }

    /// Ends those of a plane.
    pub fn end(&mut self, plane: u128) {
        pitches(plane).for_each(|pitch| self.left[usize::from(pitch)] = 0);
    }

    /// Goes one step on, with notes that began there.
    pub fn push(&mut self, notes: &[NewNote]) {
        self.left.iter_mut().for_each(|left| *left = left.saturating_sub(1));
        notes.iter().for_each(|note| self.left[usize::from(note.pitch)] = note.steps.saturating_sub(1));
    }
}
