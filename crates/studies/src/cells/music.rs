//! The same music as frames and as events.

use std::fmt;
use std::str::FromStr;

use composer_decoding::grammar::Meaning;
use composer_models::{Encoding, Sequence};
use composer_music::Score;
use composer_music::representation::events::{EventRepresentation, Time};
use composer_music::representation::frames::{DecodeOptions, Frame, FrameRepresentation};
use composer_music::representation::{AnyRepresentation, Representation, Vocabulary};
use serde::{Deserialize, Serialize};

use crate::Error;

/// Steps per quarter note: a step is a sixteenth.
pub const STEPS_PER_QUARTER: usize = 4;

/// Steps per bar of four quarters.
pub const BAR: usize = 4 * STEPS_PER_QUARTER;

/// A representation of music. Both hold the same information: pitches, onsets and ends on a grid of sixteenths. So the likelihoods
/// of the same music can be compared. The likelihood of events is a lower bound, because a chord can be written in several
/// orders and only one of them is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// One multi-hot frame per sixteenth; the bits of a frame are coupled.
    Frames,
    /// NOTE_ON, NOTE_OFF and TIME_SHIFT tokens; all notes have one velocity.
    Events,
}

impl Form {
    /// Both representations.
    pub const ALL: [Form; 2] = [Form::Frames, Form::Events];

    /// The encoding of a model's inputs and outputs.
    pub fn encoding(self) -> Encoding {
        match self {
            Form::Frames => Encoding::frames(grid()),
            Form::Events => {
                let events = AnyRepresentation::Events(events());
                Encoding::Tokens {
                    vocabulary: events.vocabulary().size(),
                    fingerprint: events.fingerprint(),
                    longest_match: false,
                    voices: None,
                }
            }
        }
    }

    /// The name of a step.
    pub fn step_name(self) -> &'static str {
        match self {
            Form::Frames => "frame",
            Form::Events => "token",
        }
    }

    /// Encodes frames in this representation.
    pub fn write(self, frames: &[Frame]) -> Sequence {
        match self {
            Form::Frames => Sequence::frames(frames.to_vec()),
            Form::Events => {
                let score = grid().decode(frames, &DecodeOptions::default());
                // Encoding fails only for pieces longer than any that can be read.
                Sequence::tokens(events().encode_tokens(&score).unwrap_or_default())
            }
        }
    }

    /// The time of every symbol of a sequence in sixteenths from 0. A TIME_SHIFT has the time before the shift.
    pub fn times(self, sequence: &Sequence) -> Vec<usize> {
        let shifts = match self {
            Form::Frames => return (0..sequence.len()).collect(),
            Form::Events => shifts(),
        };
        let Sequence::Tokens(tokens) = sequence else { return Vec::new() };
        let mut now = 0;
        let time = |&token: &u32| {
            let before = now;
            now += shifts.get(token as usize).copied().unwrap_or(0);
            before
        };
        tokens.iter().map(time).collect()
    }
}

/// The number of sixteenths by which each token advances the time.
fn shifts() -> Vec<usize> {
    let Vocabulary::Tokens { names } = events().vocabulary() else { return Vec::new() };
    let shift = |name: &String| match Meaning::read(name).as_slice() {
        [Meaning::Shift(steps)] => *steps as usize,
        _ => 0,
    };
    names.iter().map(shift).collect()
}

/// The frame representation: the grid of both forms.
pub(crate) fn grid() -> FrameRepresentation {
    FrameRepresentation { steps_per_quarter: STEPS_PER_QUARTER as u32, ..FrameRepresentation::default() }
}

/// The event representation.
pub(crate) fn events() -> EventRepresentation {
    EventRepresentation {
        time: Time::Metrical { steps_per_quarter: STEPS_PER_QUARTER as u32 },
        ..EventRepresentation::default()
    }
}

/// Pieces on the grid, without those that have no pitched notes.
pub fn frames(scores: &[Score]) -> Vec<Vec<Frame>> {
    scores.iter().map(|score| grid().encode(score)).filter(|frames| !frames.is_empty()).collect()
}

/// At most `count` excerpts of `steps` steps, spread evenly over the pieces. Each begins at a bar line and has a note.
pub fn excerpts(pieces: &[Vec<Frame>], steps: usize, count: usize) -> Vec<&[Frame]> {
    let all: Vec<&[Frame]> = pieces
        .iter()
        .flat_map(|piece| (0..piece.len()).step_by(BAR).filter_map(|bar| piece.get(bar..bar + steps)))
        .filter(|excerpt| excerpt.iter().any(|frame| !frame.is_silent()))
        .collect();
    let taken = count.min(all.len());
    (0..taken).map(|index| all[index * all.len() / taken]).collect()
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Form::Frames => "frames",
            Form::Events => "events",
        })
    }
}

impl FromStr for Form {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Form::ALL.into_iter().find(|form| form.to_string() == name).ok_or_else(|| Error::UnknownName {
            kind: "representation",
            name: name.into(),
            known: "frames or events",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// C4 for a beat under E4 struck twice, a rest, and G4.
    fn piece() -> Vec<Frame> {
        let mut frames = vec![Frame::default(); 8];
        frames[..4].iter_mut().for_each(|frame| frame.sounding = 1 << 60 | 1 << 64);
        frames[0].onsets = 1 << 60 | 1 << 64;
        frames[2].onsets = 1 << 64;
        frames[6] = Frame { sounding: 1 << 67, onsets: 1 << 67 };
        frames[7] = Frame { sounding: 1 << 67, onsets: 0 };
        frames
    }

    #[test]
    fn both_representations_hold_the_same_music() {
        let frames = piece();
        let Sequence::Tokens(tokens) = Form::Events.write(&frames) else { panic!("events are tokens") };
        assert_eq!(grid().encode(&events().decode_tokens(&tokens)), frames);
        for form in Form::ALL {
            form.encoding().check(&form.write(&frames)).unwrap();
        }
    }

    #[test]
    fn every_symbol_has_its_time() {
        assert_eq!(Form::Frames.times(&Form::Frames.write(&piece())), (0..8).collect::<Vec<_>>());
        // VELOCITY ON ON SHIFT_2 OFF ON SHIFT_2 OFF OFF SHIFT_2 ON SHIFT_2 OFF
        let times = Form::Events.times(&Form::Events.write(&piece()));
        assert_eq!(times, [0, 0, 0, 0, 2, 2, 2, 4, 4, 4, 6, 6, 8]);
    }

    #[test]
    fn excerpts_are_spread_over_the_pieces() {
        let note = Frame { sounding: 1 << 60, onsets: 0 };
        let pieces = vec![vec![note; 5 * BAR], vec![Frame::default(); 9 * BAR], vec![note; BAR]];
        let starts: Vec<usize> = excerpts(&pieces, 2 * BAR, 2).iter().map(|s| s.len()).collect();
        assert_eq!(starts, [2 * BAR; 2]);
        assert_eq!(excerpts(&pieces, 2 * BAR, 100).len(), 4, "silent and short pieces are left out");
    }
}
