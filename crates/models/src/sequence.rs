//! [`Sequence`]: what a model reads, step by step.

use crate::Error;
use crate::conditions::ConditionTrack;
use crate::form::Form;
use crate::note_lengths::{self, StepsLeft};
use crate::past::{Match, Matches};
use crate::voices::{VoiceInputs, VoiceState};
use composer_bptt::arrays::check_shape;
use composer_music::BarMap;
use composer_music::representation::frames::{Frame, Velocities, pitches};
use ndarray::{Array2, ArrayView2, Axis, concatenate};
use std::ops::Deref;
use std::sync::OnceLock;

/// A sequence as a model reads it, for example a piece of music.
#[derive(Clone, Debug, PartialEq)]
pub enum Sequence {
    /// One multi-hot frame per time step, and the bars that they are in.
    Frames(FrameSequence),
    /// One token per step.
    Tokens(TokenSequence),
    /// Real numbers `[T, V + G]`: in each row the `V` values that a model predicts, then the `G` that it is given. See
    /// [`Encoding::Values`](crate::Encoding::Values).
    Values(Array2<f32>),
}

/// The velocity of notes whose own is not known.
const MIDDLE_VELOCITY: u8 = 64;

/// Frames, and the bars that they are in.
#[derive(Clone, Debug, Default)]
pub struct FrameSequence {
    frames: Vec<Frame>,
    bars: Option<BarMap>,
    /// What a model with conditions is told; empty: nothing.
    pub conditions: ConditionTrack,
    /// Of each note, by the step and the pitch where it begins; `None`: not known.
    velocities: Option<Velocities>,
    /// Computed once, when it is first asked for.
    matches: OnceLock<Matches>,
    /// The same.
    form: OnceLock<Option<Form>>,
    /// The same.
    steps_left: OnceLock<StepsLeft>,
}

impl PartialEq for FrameSequence {
    fn eq(&self, other: &Self) -> bool {
        (&self.frames, &self.bars, &self.conditions, &self.velocities)
            == (&other.frames, &other.bars, &other.conditions, &other.velocities)
    }
}

/// Tokens.
#[derive(Clone, Debug, Default)]
pub struct TokenSequence {
    tokens: Vec<u32>,
    /// What a model with conditions is told; empty: nothing.
    pub conditions: ConditionTrack,
    /// Of tokens whose places are steps of a grid: its bars, if they are known.
    bars: Option<BarMap>,
    /// Computed once, when it is first asked for.
    matches: OnceLock<Matches>,
    /// The same.
    voices: OnceLock<(VoiceInputs, Vec<VoiceState>)>,
}

impl PartialEq for TokenSequence {
    fn eq(&self, other: &Self) -> bool {
        (&self.tokens, &self.bars, &self.conditions) == (&other.tokens, &other.bars, &other.conditions)
    }
}

impl From<Vec<Frame>> for FrameSequence {
    fn from(frames: Vec<Frame>) -> Self {
        Self::new(frames, None)
    }
}

impl From<Vec<u32>> for TokenSequence {
    fn from(tokens: Vec<u32>) -> Self {
        Self { tokens, ..Self::default() }
    }
}

impl Deref for TokenSequence {
    type Target = [u32];

    fn deref(&self) -> &[u32] {
        &self.tokens
    }
}

impl TokenSequence {
    /// The longest earlier passage that equals the tokens before a step.
    pub fn longest_match(&self, step: usize) -> Option<Match<u32>> {
        self.matches.get_or_init(|| Matches::of(&self.tokens)).at(step, &self.tokens)
    }

    /// What voices sing before a step. The states are computed once, for the inputs of the first model that asks.
    pub fn voices(&self, step: usize, inputs: &VoiceInputs) -> VoiceState {
        let (known, states) =
            self.voices.get_or_init(|| (*inputs, VoiceState::before_each(&self.tokens, inputs)));
        match known.voices == inputs.voices {
            true => states[step],
            false => {
                let mut state = VoiceState::default();
                self.tokens[..step].iter().for_each(|&token| state.push(token, inputs));
                state
            }
        }
    }
}

impl FrameSequence {
    /// One frame per step, and the bars, whose ticks are the steps ([`BarMap::on_grid`]). `None`: not known; steps are counted from the
    /// first frame, and bars are taken to be of 4/4.
    pub fn new(frames: Vec<Frame>, bars: Option<BarMap>) -> Self {
        Self { frames, bars, ..Self::default() }
    }

    /// The bars, if they are known.
    pub fn bars(&self) -> Option<&BarMap> {
        self.bars.as_ref()
    }

    /// The same with velocities; notes that have none there are of velocity 64.
    #[must_use]
    pub fn with_velocities(self, velocities: Velocities) -> Self {
        Self { velocities: Some(velocities), ..self }
    }

    /// Whether velocities are known.
    pub fn has_velocities(&self) -> bool {
        self.velocities.is_some()
    }

    /// The velocity of a note that begins at a step.
    pub(crate) fn velocity(&self, step: usize, pitch: u8) -> u8 {
        let known = self.velocities.as_ref().and_then(|all| all.get(&(step, pitch)));
        known.copied().unwrap_or(MIDDLE_VELOCITY)
    }

    /// The pitches that begin at a step.
    pub(crate) fn begun(&self, step: usize) -> u128 {
        let previous = step.checked_sub(1).map_or(Frame::default(), |before| self.frames[before]);
        note_lengths::begun(previous, self.frames[step])
    }

    /// How many steps each note has left.
    pub fn steps_left(&self) -> &StepsLeft {
        self.steps_left.get_or_init(|| StepsLeft::of(&self.frames))
    }

    /// The same where all notes end after at most so many steps.
    #[must_use]
    pub fn with_notes_cut(mut self, longest: usize) -> Self {
        if self.steps_left().longest() <= longest {
            return self;
        }
        note_lengths::cut_notes(&mut self.frames, longest);
        Self { matches: OnceLock::new(), form: OnceLock::new(), steps_left: OnceLock::new(), ..self }
    }

    /// The longest earlier passage that equals the frames before a step.
    pub fn longest_match(&self, step: usize) -> Option<Match> {
        self.matches.get_or_init(|| Matches::of(&self.frames)).at(step, &self.frames)
    }

    /// Which earlier bars its bars return to; `None` where bars are not known.
    pub fn form(&self) -> Option<&Form> {
        let find = || Some(Form::of_frames(&self.frames, self.bars.as_ref()?));
        self.form.get_or_init(find).as_ref()
    }

    /// The piece from a bar on, as a piece of its own: what sounds there begins there. `None` where bars are not known, or there is no such
    /// bar.
    pub fn from_bar(&self, index: u64) -> Option<Self> {
        let bars = self.bars.as_ref()?;
        let start = bars.bar(index).start;
        let mut frames = self.frames.get(start as usize..).filter(|frames| !frames.is_empty())?.to_vec();
        frames[0].onsets = frames[0].sounding;
        let first = std::iter::once((0, bars.metre_at(start)));
        let later =
            bars.changes().filter(|&(step, _)| step > start).map(|(step, metre)| (step - start, metre));
        let bars = BarMap::from_changes(bars.ticks_per_quarter(), first.chain(later));
        let conditions = self.conditions.from_step(start as usize);
        let velocities = self.velocities.as_ref().map(|all| self.velocities_from(start as usize, all));
        Some(Self { conditions, velocities, ..Self::new(frames, Some(bars)) })
    }

    /// The velocities of the piece from a step on, where what sounds begins.
    fn velocities_from(&self, start: usize, all: &Velocities) -> Velocities {
        let later =
            all.range((start, 0)..).map(|(&(step, pitch), &velocity)| ((step - start, pitch), velocity));
        let held = pitches(self.frames[start].sounding & !self.begun(start)).map(|pitch| {
            let began = (0..start).rev().find(|&step| self.begun(step) >> pitch & 1 == 1);
            ((0, pitch), self.velocity(began.unwrap_or(start), pitch))
        });
        later.chain(held).collect()
    }

    /// How many bars there are, the last one whole or not; 0 where they are not known.
    pub fn bar_count(&self) -> u64 {
        self.bars.as_ref().map_or(0, |bars| bars.count(self.frames.len() as u64))
    }
}

impl Deref for FrameSequence {
    type Target = [Frame];

    fn deref(&self) -> &[Frame] {
        &self.frames
    }
}

impl Sequence {
    /// Frames whose bars are not known.
    pub fn frames(frames: Vec<Frame>) -> Self {
        Sequence::Frames(frames.into())
    }

    /// Frames in bars, whose ticks are the steps of the frames ([`BarMap::on_grid`]).
    pub fn frames_in(frames: Vec<Frame>, bars: BarMap) -> Self {
        Sequence::Frames(FrameSequence::new(frames, Some(bars)))
    }

    /// Tokens.
    pub fn tokens(tokens: Vec<u32>) -> Self {
        Sequence::Tokens(tokens.into())
    }

    /// Tokens whose places are steps of a grid, in these bars.
    pub fn tokens_in(tokens: Vec<u32>, bars: BarMap) -> Self {
        Sequence::Tokens(TokenSequence { bars: Some(bars), ..tokens.into() })
    }

    /// The same under conditions; real values have none.
    #[must_use]
    pub fn with_conditions(mut self, track: ConditionTrack) -> Self {
        match &mut self {
            Sequence::Frames(FrameSequence { conditions, .. })
            | Sequence::Tokens(TokenSequence { conditions, .. }) => *conditions = track,
            Sequence::Values(_) => {}
        }
        self
    }

    /// The conditions that it is under, if any.
    pub fn conditions(&self) -> Option<&ConditionTrack> {
        let (Sequence::Frames(FrameSequence { conditions, .. })
        | Sequence::Tokens(TokenSequence { conditions, .. })) = self
        else {
            return None;
        };
        Some(conditions).filter(|track| !track.is_empty())
    }

    /// The bars of a sequence of frames, or of the tokens of voices, if they are known.
    pub fn bars(&self) -> Option<&BarMap> {
        match self {
            Sequence::Frames(sequence) => sequence.bars.as_ref(),
            Sequence::Tokens(sequence) => sequence.bars.as_ref(),
            Sequence::Values(_) => None,
        }
    }

    /// Real numbers that follow from others at the same step: `given` `[T, G]`, `predicted` `[T, V]`. For
    /// [`Encoding::mapping`](crate::Encoding::mapping), and for [`Encoding::Values`](crate::Encoding::Values) with given columns.
    ///
    /// # Errors
    /// The numbers of steps differ.
    pub fn mapping(given: ArrayView2<'_, f32>, predicted: ArrayView2<'_, f32>) -> Result<Self, Error> {
        let expected = [("T", given.nrows()), ("V", predicted.ncols())];
        check_shape("the predicted values", predicted.shape(), &expected)?;
        match concatenate(Axis(1), &[predicted, given]) {
            Ok(values) => Ok(Sequence::Values(values)),
            Err(_) => Err(Error::Unsupported("the arrays are too large")),
        }
    }

    /// Number of steps.
    pub fn len(&self) -> usize {
        match self {
            Sequence::Frames(frames) => frames.len(),
            Sequence::Tokens(tokens) => tokens.len(),
            Sequence::Values(values) => values.nrows(),
        }
    }

    /// Whether there is no step at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The symbol at a step; `None` for real values, which are no symbols.
    pub fn symbol(&self, step: usize) -> Option<Symbol> {
        match self {
            Sequence::Frames(frames) => Some(Symbol::Frame(frames[step])),
            Sequence::Tokens(tokens) => Some(Symbol::Token(tokens[step])),
            Sequence::Values(_) => None,
        }
    }

    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Sequence::Frames(_) => "frames",
            Sequence::Tokens(_) => "tokens",
            Sequence::Values(_) => "real values",
        }
    }
}

/// One step of a sequence of symbols.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Symbol {
    /// A frame.
    Frame(Frame),
    /// A token.
    Token(u32),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_begins_at_a_bar_with_notes_that_begin() {
        let changes = [(0, "1/8"), (2, "3/4"), (26, "6/8")];
        let changes = changes.map(|(step, metre)| (step, metre.parse().expect("a metre")));
        let held = Frame { sounding: 1 << 60, onsets: 0 };
        let piece = FrameSequence::new(vec![held; 50], Some(BarMap::from_changes(4, changes)));
        assert_eq!(piece.bar_count(), 5);
        let excerpt = piece.from_bar(2).expect("a bar");
        assert_eq!((excerpt.len(), excerpt[0].onsets, excerpt[1].onsets), (36, 1 << 60, 0));
        let bars = excerpt.bars.as_ref().expect("bars");
        assert_eq!((bars.bar(0).end, bars.bar(1).end), (12, 24));
        assert_eq!(bars.bar(1).metre, "6/8".parse().expect("a metre"));
        assert!(piece.from_bar(9).is_none());
        assert!(FrameSequence::from(vec![held; 9]).from_bar(1).is_none());
    }
}
