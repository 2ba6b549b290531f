//! What the numbers of a model mean: [`Encoding`] turns sequences into input features and output targets.

use crate::Error;
use crate::form;
use crate::place::Place;
pub use crate::sequence::{FrameSequence, Sequence, Symbol, TokenSequence};
use crate::voices::VoiceInputs;
use composer_bptt::arrays::check_shape;
use composer_music::BarMap;
use composer_music::representation::frames::{self, Frame, FrameRepresentation};
use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// How sequences become features and targets.
///
/// # Features of symbols
/// An input row is multi-hot. For frames, the features are, in this order,
///
/// | feature | on if |
/// |---|---|
/// | `0..P` | pitch `pitch_low + p` sounded in the step before |
/// | `P..2P` | it was struck there (with an onset plane only) |
/// | `V` | there is no step before: the *start* feature |
/// | `V + 1..V + 1 + metre` | the step is so many steps after its bar line, modulo `metre` |
/// | then `bar_line` features | so many steps, at least 1, are left to the next bar line; the last: `bar_line` or more |
/// | then one, if `bar_line` is not 0 | a beat begins at the step: a note of the metre's denominator, in 6/8, 9/8 and 12/8 three of them |
/// | then `V` for each of the first `look_back` of [`LOOK_BACK`] | the pitch sounded, or was struck, at this place of the bar that many bars ago |
/// | then, with `longest_match`, `V` | the pitch sounded, or was struck, after the longest earlier passage that equals the last steps |
/// | then `V`, with `returns` | the pitch sounded, or was struck, at this place of the bar that the bar returns to |
/// | then one of six, with `longest_match` | 1, 2, 4, 8, 16, 32 steps or more are equal |
/// | then one of four, with `returns` | the bar is new, or returns in its rhythm, varied, or the same ([`Form`](crate::Form)) |
/// | then 11, with `rhythm` | no note begins; one begins; the next one after it begins 1, 2, 3, 4, 5, 6, 7 to 8, 9 to 12 or more steps later |
/// | then `P + note_lengths`, if that is not 0 | the pitch is held into the step; a note that is held ends after so many steps, this one among them |
/// | last `note_velocities` | of the notes that began last, one has a velocity of this bin |
///
/// Bars are those of the sequence ([`FrameSequence::bars`]), through changes of metre and after an upbeat. `V`, the number of outputs, is `P` or `2P`. The start feature tells the beginning of a piece from a silence within it.
/// For tokens, feature `v` is the token before, and `V` the start; then, with `longest_match`, come `V` features for the token that
/// followed the longest earlier passage that equals the last tokens, and six for its length; then, for the tokens of voices, those of
/// [`VoiceInputs`]. Outputs have the order of the features below `V`. The features of
/// conditions ([`crate::conditions::Conditions`]) follow on all of these.
///
/// # Real values
/// An input row is dense: with feedback, the `V` values of the step before (zeros at the start) and the start feature, 1 at the
/// start and 0 later; then the `G` given values of the same step. The `V` outputs are the means of normal distributions with
/// variance 1. So what is called nats is `½ Σ_v (y_v − ŷ_v)² + V · ½ ln 2π` per step: the squared error and a constant, `0.919 V`,
/// below which no prediction falls. The mean squared error is twice what is above it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Encoding {
    /// Frames: a plane of pitches that sound and, where the representation has it, a plane of onsets; sigmoid outputs.
    Frames {
        /// The grid and the range of pitches.
        representation: FrameRepresentation,
        /// The network is told the place of a step in its bar, modulo so many steps (16 sixteenths are a bar of 4/4); 0: it is
        /// not. Where the bars of a sequence are not known, the place is counted from its first step.
        #[serde(default)]
        metre: usize,
        /// The network is told how many steps are left to the bar line, if fewer than this, and whether a beat begins; 0: it is not.
        /// With it, bars of 3/4, 5/4 and 6/8 differ.
        #[serde(default, skip_serializing_if = "is_zero")]
        bar_line: usize,
        /// The network is told what sounded and was struck at this place of so many earlier bars: of the first of [`LOOK_BACK`].
        #[serde(default, skip_serializing_if = "is_zero")]
        look_back: usize,
        /// The network is told what followed the longest earlier passage that equals the last steps ([`Past`](crate::Past)).
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        longest_match: bool,
        /// The network is told of the form: which earlier bar each bar returns to, and what that had at the same place.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        returns: bool,
        /// With the form, the network is told whether notes begin at the step, and how many steps later the next ones do, where the form knows.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        rhythm: bool,
        /// Longest note in steps, for a network that decides how long each note lasts where it begins ([`mod@crate::note_lengths`]); 0: it
        /// decides at every step which notes are held.
        #[serde(default, skip_serializing_if = "is_zero")]
        note_lengths: usize,
        /// Velocities that are told apart, for a network that decides that of each note, after its length; 0: it does not.
        #[serde(default, skip_serializing_if = "is_zero")]
        note_velocities: usize,
    },
    /// Tokens of a vocabulary; a softmax.
    Tokens {
        /// `V`, the number of symbols.
        vocabulary: usize,
        /// Identity of the representation and its options: two models understand each other's tokens if and only if
        /// their fingerprints are equal.
        fingerprint: String,
        /// The network is told what followed the longest earlier passage that equals the last tokens ([`Past`](crate::Past)).
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        longest_match: bool,
        /// What else the network is told of the tokens of `voices`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        voices: Option<VoiceInputs>,
    },
    /// Real numbers; a linear output with squared error.
    Values {
        /// `V`: how many numbers each step predicts.
        features: usize,
        /// `G`: how many further numbers each step is given when it predicts; 0: none.
        #[serde(default)]
        given: usize,
        /// Whether the predicted values of the step before are read.
        #[serde(default = "yes")]
        feedback: bool,
    },
}

/// Lengths of the longest match that are told apart: 1, 2, 4, 8, 16, 32 steps or more.
pub(crate) const MATCH_LENGTHS: usize = 6;

/// How many bars ago a network may look.
pub const LOOK_BACK: [u64; 3] = [1, 2, 4];

fn yes() -> bool {
    true
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl Encoding {
    /// Frames of a representation; the network is told nothing of bars.
    pub fn frames(representation: FrameRepresentation) -> Self {
        Encoding::Frames {
            representation,
            metre: 0,
            bar_line: 0,
            look_back: 0,
            longest_match: false,
            returns: false,
            rhythm: false,
            note_lengths: 0,
            note_velocities: 0,
        }
    }

    /// Tokens `0..vocabulary` of your own, which no representation of music explains: their fingerprint is empty.
    pub fn tokens(vocabulary: usize) -> Self {
        Encoding::Tokens { vocabulary, fingerprint: String::new(), longest_match: false, voices: None }
    }

    /// `features` real numbers per step, predicted from those before.
    pub fn values(features: usize) -> Self {
        Encoding::Values { features, given: 0, feedback: true }
    }

    /// `outputs` real numbers per step, predicted from `inputs` others up to the same step, and not from each other.
    pub fn mapping(inputs: usize, outputs: usize) -> Self {
        Encoding::Values { features: outputs, given: inputs, feedback: false }
    }

    /// `V`: how many values the output layer has.
    pub fn outputs(&self) -> usize {
        match self {
            Encoding::Frames { representation, .. } => representation.num_outputs(),
            Encoding::Tokens { vocabulary, .. } => *vocabulary,
            Encoding::Values { features, .. } => *features,
        }
    }

    /// How many of the outputs say which pitches sound; the others say which are struck. `None` for all but frames.
    pub fn first_plane(&self) -> Option<usize> {
        match self {
            Encoding::Frames { representation, .. } => Some(representation.num_pitches()),
            Encoding::Tokens { .. } | Encoding::Values { .. } => None,
        }
    }

    /// `F`: how many input features there are.
    pub fn inputs(&self) -> usize {
        match self {
            Encoding::Values { features, given, feedback } => {
                given + if *feedback { features + 1 } else { 0 }
            }
            _ => self.first_held() + self.held_features(),
        }
    }

    /// Features that tell the place in the bar; 0: none.
    pub fn metre(&self) -> usize {
        match self {
            Encoding::Frames { metre, .. } => *metre,
            Encoding::Tokens { .. } | Encoding::Values { .. } => 0,
        }
    }

    /// Features that tell the steps to the bar line; 0: none, and none that tells a beat.
    pub fn bar_line(&self) -> usize {
        match self {
            Encoding::Frames { bar_line, .. } => *bar_line,
            Encoding::Tokens { .. } | Encoding::Values { .. } => 0,
        }
    }

    /// How many earlier bars the network is told of; 0: none.
    pub fn look_back(&self) -> usize {
        match self {
            Encoding::Frames { look_back, .. } => *look_back,
            Encoding::Tokens { .. } | Encoding::Values { .. } => 0,
        }
    }

    /// Whether the network is told what followed the longest match.
    pub fn longest_match(&self) -> bool {
        match self {
            Encoding::Frames { longest_match, .. } | Encoding::Tokens { longest_match, .. } => *longest_match,
            Encoding::Values { .. } => false,
        }
    }

    /// What else the network is told of the tokens of voices.
    pub fn voices(&self) -> Option<&VoiceInputs> {
        match self {
            Encoding::Tokens { voices, .. } => voices.as_ref(),
            Encoding::Frames { .. } | Encoding::Values { .. } => None,
        }
    }

    /// The first of the features that tell of voices.
    pub(crate) fn first_of_voices(&self) -> usize {
        self.first_past() + self.past_planes() * self.outputs() + self.past_levels()
    }

    /// Whether the network is told of the form.
    pub fn returns(&self) -> bool {
        matches!(self, Encoding::Frames { returns: true, .. })
    }

    /// Times `V` features that tell of what is longer ago than the last frame: earlier bars, the longest match, and the bar that is returned
    /// to.
    pub(crate) fn past_planes(&self) -> usize {
        self.look_back() + usize::from(self.longest_match()) + usize::from(self.returns())
    }

    /// Features, after these, that tell the length of the longest match, how near a return is, and the rhythm; 0: none.
    pub(crate) fn past_levels(&self) -> usize {
        let lengths = if self.longest_match() { MATCH_LENGTHS } else { 0 };
        lengths + self.rhythm_features() + if self.returns() { form::LEVELS } else { 0 }
    }

    /// Whether the network is told the rhythm.
    pub fn tells_rhythm(&self) -> bool {
        matches!(self, Encoding::Frames { rhythm: true, .. })
    }

    /// The last features of frames, which tell of the rhythm; 0: none.
    pub(crate) fn rhythm_features(&self) -> usize {
        if self.tells_rhythm() { form::rhythm::RHYTHM } else { 0 }
    }

    /// Whether the network is told of more than the last frame and its place.
    pub(crate) fn reads_past(&self) -> bool {
        self.past_planes() > 0
    }

    /// The first of the features that tell of earlier bars.
    pub(crate) fn first_past(&self) -> usize {
        self.outputs() + 1 + self.metre() + self.bar_line() + usize::from(self.bar_line() > 0)
    }

    /// "frames", "tokens" or "real values".
    pub fn kind(&self) -> &'static str {
        match self {
            Encoding::Frames { .. } => "frames",
            Encoding::Tokens { .. } => "tokens",
            Encoding::Values { .. } => "real values",
        }
    }

    /// Appends the features that are on at `step` (from 0) of a sequence with these bars, when `previous` is the symbol before it
    /// (`None`: the start). For symbols only: real values have [`Encoding::write_values`].
    pub fn push_features(
        &self,
        step: usize,
        bars: Option<&BarMap>,
        previous: Option<Symbol>,
        features: &mut Vec<u32>,
    ) {
        if let Encoding::Frames { representation, metre, bar_line, .. } = self {
            let place = Place::of(step, bars, representation.steps_per_quarter, *metre > 0 || *bar_line > 0);
            let first = self.outputs() + 1;
            if let Some(place) = place.from_start.checked_rem(*metre) {
                features.push((first + place) as u32);
            }
            if *bar_line > 0 {
                features.push((first + metre + place.left.clamp(1, *bar_line) - 1) as u32);
                features.extend(place.beat.then_some((first + metre + bar_line) as u32));
            }
        }
        match (self, previous) {
            (_, None) => features.push(self.outputs() as u32),
            (Encoding::Frames { representation, .. }, Some(Symbol::Frame(frame))) => {
                push_planes(representation, frame, features);
            }
            (_, Some(Symbol::Token(token))) => features.push(token),
            (_, Some(Symbol::Frame(_))) => debug_assert!(false, "checked by `check`"),
        }
    }

    /// Overwrites the input row `[F]` of a step of real values: `previous` `[V]` is what was predicted or true at the step
    /// before (`None`: the start), `given` `[G]` is of the step itself.
    ///
    /// # Errors
    /// A length does not fit.
    pub fn write_values(
        &self,
        previous: Option<ArrayView1<'_, f32>>,
        given: ArrayView1<'_, f32>,
        row: &mut [f32],
    ) -> Result<(), Error> {
        let Encoding::Values { features, given: count, feedback } = *self else {
            return Err(Error::WrongSequence { expected: self.kind(), given: "real values" });
        };
        if let Some(previous) = previous {
            check_shape("the values before", previous.shape(), &[("V", features)])?;
        }
        check_shape("the given values", given.shape(), &[("G", count)])?;
        check_shape("the input row", &[row.len()], &[("F", self.inputs())])?;
        let (before, now) = row.split_at_mut(row.len() - count);
        now.iter_mut().zip(given).for_each(|(to, &value)| *to = value);
        if feedback {
            before.fill(0.0);
            match previous {
                Some(previous) => before.iter_mut().zip(previous).for_each(|(to, &value)| *to = value),
                None => before[features] = 1.0,
            }
        }
        Ok(())
    }

    /// Refuses a sequence of the wrong kind, with unknown symbols or with values that are not finite.
    pub fn check(&self, sequence: &Sequence) -> Result<(), Error> {
        match (self, sequence) {
            (Encoding::Frames { .. }, Sequence::Frames(frames)) => self.check_lengths(frames),
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
            (&Encoding::Values { features: predicted, given, .. }, Sequence::Values(values)) => {
                if values.ncols() != predicted + given {
                    return Err(Error::Columns { found: values.ncols(), predicted, given });
                }
                match values.indexed_iter().find(|(_, value)| !value.is_finite()) {
                    None => Ok(()),
                    Some(((step, column), &value)) => Err(Error::NonFiniteValue { step, column, value }),
                }
            }
            _ => Err(Error::WrongSequence { expected: self.kind(), given: sequence.kind() }),
        }
    }
}

impl Encoding {
    /// Semitones, at most `limit` either way, that keep every pitch of a sequence in range; none for all but frames.
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

/// The bits of `plane` within the representation's range, as pitch offsets from its lowest pitch.
pub fn pitches_in_range(representation: &FrameRepresentation, plane: u128) -> impl Iterator<Item = usize> {
    let lowest = representation.pitch_low;
    frames::pitches(plane & representation.range_mask()).map(move |pitch| usize::from(pitch - lowest))
}

pub(crate) fn push_planes(representation: &FrameRepresentation, frame: Frame, features: &mut Vec<u32>) {
    features.extend(pitches_in_range(representation, frame.sounding).map(|pitch| pitch as u32));
    if representation.onset_plane {
        let offset = representation.num_pitches() as u32;
        features.extend(pitches_in_range(representation, frame.onsets).map(|pitch| offset + pitch as u32));
    }
}
