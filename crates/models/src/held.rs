//! What a network that decides the lengths of notes is told of those that are held, and what it decides of those that begin.

use crate::encoding::{Encoding, FrameSequence, Sequence};
use crate::error::Error;
use crate::note_lengths::{NoteEnd, velocity_bin};
use composer_music::representation::frames::pitches;

impl Encoding {
    /// Longest note in steps, for a network that decides how long each note lasts; 0: it does not.
    pub fn note_lengths(&self) -> usize {
        match self {
            Encoding::Frames { note_lengths, .. } => *note_lengths,
            Encoding::Tokens { .. } | Encoding::Values { .. } => 0,
        }
    }

    /// Velocities that are told apart; 0: they are not decided.
    pub fn note_velocities(&self) -> usize {
        match self {
            Encoding::Frames { note_velocities, .. } => *note_velocities,
            Encoding::Tokens { .. } | Encoding::Values { .. } => 0,
        }
    }

    /// The first feature that tells of notes that are held.
    pub(crate) fn first_held(&self) -> usize {
        self.first_of_voices() + self.voices().map_or(0, |voices| voices.features(self.outputs()))
    }

    /// Features that tell of them: the pitches, and when they end; and of the velocities of the last notes; 0: none.
    pub(crate) fn held_features(&self) -> usize {
        match self.note_lengths() {
            0 => 0,
            lengths => self.first_plane().unwrap_or(0) + lengths + self.note_velocities(),
        }
    }

    /// Appends the features of the notes that are held into a step, with the steps that each has left, if the network decides lengths.
    pub fn push_held(&self, held: impl Iterator<Item = (u8, u32)>, features: &mut Vec<u32>) {
        let Encoding::Frames { representation, note_lengths: 1.., .. } = self else { return };
        let (first, lengths) = (self.first_held() as u32, self.note_lengths() as u32);
        let ends = first + representation.num_pitches() as u32;
        let held = held.filter(|&(pitch, _)| representation.range_mask() >> pitch & 1 == 1);
        let from = features.len();
        for (pitch, left) in held {
            features.push(first + u32::from(pitch - representation.pitch_low));
            let end = ends + left.clamp(1, lengths) - 1;
            if !features[from..].contains(&end) {
                features.push(end);
            }
        }
    }

    /// Appends the features of the MIDI velocities of the notes that began last, if the network decides velocities.
    pub fn push_velocities(&self, velocities: impl Iterator<Item = u8>, features: &mut Vec<u32>) {
        let bins = self.note_velocities();
        let first = (self.first_held() + self.held_features() - bins) as u32;
        let from = features.len();
        for velocity in velocities.filter(|_| bins > 0) {
            let feature = first + velocity_bin(velocity, bins);
            if !features[from..].contains(&feature) {
                features.push(feature);
            }
        }
    }

    /// Appends the features of the notes that are held into a step of a sequence in another key, and of the velocities of those that began last.
    pub(crate) fn push_held_of(&self, frames: &FrameSequence, step: usize, transpose: i8, to: &mut Vec<u32>) {
        if self.note_lengths() == 0 {
            return;
        }
        let begun = frames.begun(step);
        let held = frames.steps_left().at(step, frames[step]).filter(|(pitch, _)| begun >> pitch & 1 == 0);
        self.push_held(held.map(|(pitch, left)| (pitch.saturating_add_signed(transpose), left)), to);
        if self.note_velocities() > 0
            && let Some(last) = (0..step).rev().find(|&last| frames.begun(last) != 0)
        {
            self.push_velocities(pitches(frames.begun(last)).map(|pitch| frames.velocity(last, pitch)), to);
        }
    }

    /// Appends what is decided of the notes of the range that begin at a step of a sequence in another key, from the lowest up.
    pub(crate) fn push_ends(
        &self,
        frames: &FrameSequence,
        step: usize,
        transpose: i8,
        ends: &mut Vec<NoteEnd>,
    ) {
        let Encoding::Frames { representation, note_lengths: 1.., note_velocities, .. } = self else {
            return;
        };
        let begun = frames.begun(step);
        for (pitch, steps) in frames.steps_left().at(step, frames[step]) {
            let there = pitch.saturating_add_signed(transpose);
            if begun >> pitch & 1 == 1 && representation.range_mask() >> there & 1 == 1 {
                let open = step + steps as usize == frames.len();
                let velocity = match *note_velocities {
                    0 => 0,
                    bins => velocity_bin(frames.velocity(step, pitch), bins),
                };
                ends.push(NoteEnd { steps, open, velocity });
            }
        }
    }

    /// Refuses notes that are longer than a network of lengths knows, and missing velocities.
    pub(crate) fn check_lengths(&self, frames: &FrameSequence) -> Result<(), Error> {
        let longest = self.note_lengths();
        if longest > 0 && frames.steps_left().longest() > longest {
            return Err(Error::Unsupported(
                "a note is longer than the longest that the network knows: cut the notes (Encoding::fit)",
            ));
        }
        if self.note_velocities() > 0 && !frames.has_velocities() && frames.iter().any(|f| !f.is_silent()) {
            return Err(Error::Unsupported(
                "the network decides velocities, and the notes of a sequence have none",
            ));
        }
        Ok(())
    }

    /// A sequence as the network can have it: where it decides lengths, notes that are too long for it are cut.
    #[must_use]
    pub fn fit(&self, sequence: Sequence) -> Sequence {
        match (self.note_lengths(), sequence) {
            (longest @ 1.., Sequence::Frames(frames)) => Sequence::Frames(frames.with_notes_cut(longest)),
            (_, sequence) => sequence,
        }
    }
}
