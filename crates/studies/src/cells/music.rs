//! The same music, written as frames and as events.

use std::fmt;
use std::str::FromStr;

use composer_decoding::grammar::Meaning;
use composer_models::{Encoding, Sequence};
use composer_music::Score;
use composer_music::representation::events::{EventRepresentation, Time};
use composer_music::representation::frames::{DecodeOptions, Frame, FrameRepresentation};
use composer_music::representation::{AnyRepresentation, Representation, Vocabulary};
use serde::Serialize;

use crate::Error;

/// Steps of a quarter note: sixteenths.
pub const STEPS_PER_QUARTER: usize = 4;

/// Steps of a bar of four quarters.
pub const BAR: usize = 4 * STEPS_PER_QUARTER;

/// How music is written for a network. Both hold the same: pitches, onsets and ends on a grid of sixteenths, nothing else. So
/// the likelihood of the same music can be compared; events have several orders to write a chord in, of which the network
/// learns one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// One multi-hot frame per sixteenth; the bits of a frame are coupled.
    Frames,
    /// NOTE_ON, NOTE_OFF and TIME_SHIFT tokens; all notes are equally loud.
    Events,
}

impl Form {
    /// Both.
    pub const ALL: [Form; 2] = [Form::Frames, Form::Events];

    /// What symbols mean.
    pub fn encoding(self) -> Encoding {
        match self {
            Form::Frames => Encoding::frames(grid()),
            Form::Events => {
                let events = AnyRepresentation::Events(events());
                Encoding::Tokens { vocabulary: events.vocabulary().size(), fingerprint: events.fingerprint() }
            }
        }
    }

    /// What a step is called.
    pub fn step_name(self) -> &'static str {
        match self {
            Form::Frames => "frame",
            Form::Events => "token",
        }
    }

    /// Frames in this form.
    pub fn write(self, frames: &[Frame]) -> Sequence {
        match self {
            Form::Frames => Sequence::Frames(frames.to_vec()),
            Form::Events => {
                let score = grid().decode(frames, &DecodeOptions::default());
                // Frames of a piece that could be read are never too long for events.
                Sequence::Tokens(events().encode_tokens(&score).unwrap_or_default())
            }
        }
    }

    /// The sixteenth at which every symbol of a sequence stands, from 0; a TIME_SHIFT stands where it begins.
    pub fn clock(self, sequence: &Sequence) -> Vec<usize> {
        let shifts = match self {
            Form::Frames => return (0..sequence.len()).collect(),
            Form::Events => shifts(),
        };
        let Sequence::Tokens(tokens) = sequence else { return Vec::new() };
        let mut now = 0;
        let stand = |&token: &u32| {
            let here = now;
            now += shifts.get(token as usize).copied().unwrap_or(0);
            here
        };
        tokens.iter().map(stand).collect()
    }
}

/// Sixteenths that each token moves on by.
fn shifts() -> Vec<usize> {
    let Vocabulary::Tokens { names } = events().vocabulary() else { return Vec::new() };
    let shift = |name: &String| match Meaning::read(name).as_slice() {
        [Meaning::Shift(steps)] => *steps as usize,
        _ => 0,
    };
    names.iter().map(shift).collect()
}

/// The frames of both forms.
pub(crate) fn grid() -> FrameRepresentation {
    FrameRepresentation { steps_per_quarter: STEPS_PER_QUARTER as u32, ..FrameRepresentation::default() }
}

/// The events of the second form.
pub(crate) fn events() -> EventRepresentation {
    EventRepresentation {
        time: Time::Metrical { steps_per_quarter: STEPS_PER_QUARTER as u32 },
        ..EventRepresentation::default()
    }
}

/// Pieces on the grid of both forms; those without pitched notes are left out.
pub fn frames(scores: &[Score]) -> Vec<Vec<Frame>> {
    scores.iter().map(|score| grid().encode(score)).filter(|frames| !frames.is_empty()).collect()
}

/// At most `count` stretches of `steps` steps, evenly spread over the pieces, which begin at bar lines and have a note.
pub fn stretches(pieces: &[Vec<Frame>], steps: usize, count: usize) -> Vec<&[Frame]> {
    let all: Vec<&[Frame]> = pieces
        .iter()
        .flat_map(|piece| (0..piece.len()).step_by(BAR).filter_map(|bar| piece.get(bar..bar + steps)))
        .filter(|stretch| stretch.iter().any(|frame| !frame.is_silent()))
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
    fn both_forms_hold_the_same_music() {
        let frames = piece();
        let Sequence::Tokens(tokens) = Form::Events.write(&frames) else { panic!("events are tokens") };
        assert_eq!(grid().encode(&events().decode_tokens(&tokens)), frames);
        for form in Form::ALL {
            form.encoding().check(&form.write(&frames)).unwrap();
        }
    }

    #[test]
    fn every_symbol_knows_its_time() {
        assert_eq!(Form::Frames.clock(&Form::Frames.write(&piece())), (0..8).collect::<Vec<_>>());
        // VELOCITY ON ON SHIFT_2 OFF ON SHIFT_2 OFF OFF SHIFT_2 ON SHIFT_2 OFF
        let clock = Form::Events.clock(&Form::Events.write(&piece()));
        assert_eq!(clock, [0, 0, 0, 0, 2, 2, 2, 4, 4, 4, 6, 6, 8]);
    }

    #[test]
    fn stretches_are_spread_over_the_pieces() {
        let note = Frame { sounding: 1 << 60, onsets: 0 };
        let pieces = vec![vec![note; 5 * BAR], vec![Frame::default(); 9 * BAR], vec![note; BAR]];
        let starts: Vec<usize> = stretches(&pieces, 2 * BAR, 2).iter().map(|s| s.len()).collect();
        assert_eq!(starts, [2 * BAR; 2]);
        assert_eq!(stretches(&pieces, 2 * BAR, 100).len(), 4, "silence and what is too short are left out");
    }
}
