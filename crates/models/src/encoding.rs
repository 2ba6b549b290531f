//! What the numbers of a model mean: [`Encoding`] turns symbols into input features and output targets.

use crate::Error;
use composer_music::representation::frames::{self, Frame, FrameRepresentation};
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// A piece of music as a model reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sequence {
    /// One multi-hot frame per time step.
    Frames(Vec<Frame>),
    /// One token per step.
    Tokens(Vec<u32>),
}

impl Sequence {
    /// Number of steps.
    pub fn len(&self) -> usize {
        match self {
            Sequence::Frames(frames) => frames.len(),
            Sequence::Tokens(tokens) => tokens.len(),
        }
    }

    /// Whether there is no step at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// How symbols become features and targets.
///
/// Feature `V` (the one after all symbols) is the *start* feature: it is on in the first step only, where there is no
/// previous symbol. That tells a model the beginning of a piece from a silence within it. After it, frames may have
/// features for the place in the metre.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Encoding {
    /// Frames: a plane of pitches that sound and, where the representation has it, a plane of onsets; sigmoid outputs.
    Frames {
        /// The grid and the range of pitches.
        representation: FrameRepresentation,
        /// Steps of a metrical cycle that the network is told its place in (16 sixteenths are a bar of 4/4); 0: none.
        /// The place is a count of steps from the beginning, and says nothing of the notes.
        #[serde(default)]
        metre: usize,
    },
    /// Tokens of a vocabulary; a softmax.
    Tokens {
        /// `V`, the number of symbols.
        vocabulary: usize,
        /// Identity of the representation and its options: two models understand each other's tokens if and only if
        /// their fingerprints are equal.
        fingerprint: String,
    },
}

impl Encoding {
    /// `V`: how many values the output layer has.
    pub fn outputs(&self) -> usize {
        match self {
            Encoding::Frames { representation, .. } => representation.num_outputs(),
            Encoding::Tokens { vocabulary, .. } => *vocabulary,
        }
    }

    /// How many of the outputs say which pitches sound; the others say which are struck. `None` for tokens.
    pub fn first_plane(&self) -> Option<usize> {
        match self {
            Encoding::Frames { representation, .. } => Some(representation.num_pitches()),
            Encoding::Tokens { .. } => None,
        }
    }

    /// Frames of a representation, without a metre.
    pub fn frames(representation: FrameRepresentation) -> Self {
        Encoding::Frames { representation, metre: 0 }
    }

    /// `F`: how many input features there are, those of the symbol, the start, and the place in the metre.
    pub fn inputs(&self) -> usize {
        self.outputs() + 1 + self.metre()
    }

    /// Steps of the metrical cycle; 0: none.
    pub fn metre(&self) -> usize {
        match self {
            Encoding::Frames { metre, .. } => *metre,
            Encoding::Tokens { .. } => 0,
        }
    }

    /// Appends the features that are on at `step` (from 0) when `previous` is the symbol before it (`None`: the start).
    pub fn push_features(&self, step: usize, previous: Option<Symbol>, features: &mut Vec<u32>) {
        if let Some(place) = step.checked_rem(self.metre()) {
            features.push((self.outputs() + 1 + place) as u32);
        }
        match (self, previous) {
            (_, None) => features.push(self.outputs() as u32),
            (Encoding::Frames { representation, .. }, Some(Symbol::Frame(frame))) => {
                push_planes(representation, frame, features);
            }
            (_, Some(Symbol::Token(token))) => features.push(token),
            (Encoding::Tokens { .. }, Some(Symbol::Frame(_))) => debug_assert!(false, "checked by `check`"),
        }
    }

    /// Refuses a sequence of the wrong kind or with unknown symbols.
    pub fn check(&self, sequence: &Sequence) -> Result<(), Error> {
        match (self, sequence) {
            (Encoding::Frames { .. }, Sequence::Frames(_)) => Ok(()),
            (Encoding::Tokens { vocabulary, .. }, Sequence::Tokens(tokens)) => {
                match tokens.iter().position(|&token| token as usize >= *vocabulary) {
                    None => Ok(()),
                    Some(position) => Err(Error::UnknownToken {
                        token: tokens[position],
                        position,
                        vocabulary: *vocabulary,
                    }),
                }
            }
            (Encoding::Frames { .. }, Sequence::Tokens(_)) => {
                Err(Error::WrongSequence { expected: "frames", given: "tokens" })
            }
            (Encoding::Tokens { .. }, Sequence::Frames(_)) => {
                Err(Error::WrongSequence { expected: "tokens", given: "frames" })
            }
        }
    }
}

impl Encoding {
    /// Semitones, at most `limit` either way, that keep every pitch of a sequence in range; none for tokens.
    pub fn transpositions(&self, sequence: &Sequence, limit: i8) -> RangeInclusive<i8> {
        let (Encoding::Frames { representation, .. }, Sequence::Frames(frames)) = (self, sequence) else {
            return 0..=0;
        };
        let all = frames.iter().fold(0, |all, frame| all | frame.sounding);
        if all == 0 {
            return 0..=0;
        }
        let lowest = all.trailing_zeros() as i16;
        let highest = 127 - all.leading_zeros() as i16;
        let down = (lowest - i16::from(representation.pitch_low)).clamp(0, i16::from(limit));
        let up = (i16::from(representation.pitch_high) - highest).clamp(0, i16::from(limit));
        -(down as i8)..=up as i8
    }
}

/// One step of a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Symbol {
    /// A frame.
    Frame(Frame),
    /// A token.
    Token(u32),
}

impl Sequence {
    /// The symbol at a step.
    pub fn symbol(&self, step: usize) -> Symbol {
        match self {
            Sequence::Frames(frames) => Symbol::Frame(frames[step]),
            Sequence::Tokens(tokens) => Symbol::Token(tokens[step]),
        }
    }
}

/// The bits of `plane` within the representation's range, as pitch offsets from its lowest pitch.
pub fn pitches_in_range(representation: &FrameRepresentation, plane: u128) -> impl Iterator<Item = usize> {
    let lowest = representation.pitch_low;
    frames::pitches(plane & representation.range_mask()).map(move |pitch| usize::from(pitch - lowest))
}

fn push_planes(representation: &FrameRepresentation, frame: Frame, features: &mut Vec<u32>) {
    features.extend(pitches_in_range(representation, frame.sounding).map(|pitch| pitch as u32));
    if representation.onset_plane {
        let offset = representation.num_pitches() as u32;
        features.extend(pitches_in_range(representation, frame.onsets).map(|pitch| offset + pitch as u32));
    }
}
