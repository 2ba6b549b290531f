//! [`VoiceInputs`]: what a network of the tokens of voices is told besides the last token.

use crate::place::Place;
use composer_music::BarMap;
use composer_music::representation::voices::{HOLD, REST};
use serde::{Deserialize, Serialize};

/// Most voices that inputs are computed for.
pub const MAX_VOICES: usize = 8;

/// From so many steps on each, up to the next, lengths of a note are told apart.
const LENGTHS: [u8; 8] = [1, 2, 3, 4, 6, 8, 12, 16];

/// Inputs of a network of the tokens of `voices` ([`composer_music::representation::voices`]), whose tokens have a fixed order: step by step, in each step
/// voice by voice. With `V` voices and a vocabulary of `N` tokens, the features are, in this order,
///
/// | feature | on if |
/// |---|---|
/// | `V` | it is this voice's turn |
/// | `V · N` | the voice sings the note of this token: in this step, if its turn is over, or in the step before |
/// | `V` | the note of the voice, whose turn is over, begins in this step |
/// | 8 | the note of the voice whose turn it is has lasted 1, 2, 3, 4, 6, 8, 12, 16 steps or more |
/// | `metre` | the step is so many steps after its bar line, modulo `metre` |
/// | `bar_line` | so many steps are left to the next bar line; the last: `bar_line` or more |
/// | 1 | a beat begins |
///
/// All of it follows from the tokens before and from the bars. It spares the network to remember the chord, to count voices and to count beats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoiceInputs {
    /// How many voices there are, 1 to [`MAX_VOICES`].
    pub voices: usize,
    /// Steps in a quarter note.
    pub steps_per_quarter: u32,
    /// Features that tell the place in the bar.
    pub metre: usize,
    /// Features that tell the steps to the bar line.
    pub bar_line: usize,
}

impl VoiceInputs {
    /// How many features there are, for a vocabulary of so many tokens.
    pub fn features(&self, vocabulary: usize) -> usize {
        let Self { voices, metre, bar_line, .. } = *self;
        voices * (2 + vocabulary) + LENGTHS.len() + metre + bar_line + 1
    }

    /// Refuses what no representation has.
    pub(crate) fn check(&self) -> Result<(), String> {
        match (1..=MAX_VOICES).contains(&self.voices) {
            true => Ok(()),
            false => Err(format!("there are {} voices, and can be 1 to {MAX_VOICES}", self.voices)),
        }
    }

    /// Appends the features that are on after `state`, counted from `first`.
    pub(crate) fn push_features(
        &self,
        state: &VoiceState,
        bars: Option<&BarMap>,
        (first, vocabulary): (usize, usize),
        features: &mut Vec<u32>,
    ) {
        let Self { voices, metre, bar_line, .. } = *self;
        let turn = state.place % voices;
        features.push((first + turn) as u32);
        let notes = first + voices;
        let begins = notes + voices * vocabulary;
        for (voice, singing) in state.singing[..voices].iter().enumerate() {
            if singing.note != 0 {
                features.push((notes + voice * vocabulary + usize::from(singing.note)) as u32);
            }
            if voice < turn && singing.note != 0 && singing.lasts == 1 {
                features.push((begins + voice) as u32);
            }
        }
        let lengths = begins + voices;
        let own = state.singing[turn];
        let length = LENGTHS.iter().rposition(|&from| own.note != 0 && from <= own.lasts);
        features.extend(length.map(|length| (lengths + length) as u32));
        let place = Place::of(state.place / voices, bars, self.steps_per_quarter, true);
        let places = lengths + LENGTHS.len();
        features.extend(place.from_start.checked_rem(metre).map(|place| (places + place) as u32));
        if bar_line > 0 {
            features.push((places + metre + place.left.clamp(1, bar_line) - 1) as u32);
        }
        features.extend(place.beat.then_some((places + metre + bar_line) as u32));
    }
}

/// What a voice sings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Singing {
    /// The token of its note; 0: none. Representations have fewer than 256 tokens.
    note: u8,
    /// Steps that it has lasted.
    lasts: u8,
}

/// What all voices sing after some tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VoiceState {
    singing: [Singing; MAX_VOICES],
    /// How many tokens there were.
    place: usize,
}

impl VoiceState {
    /// Takes the next token.
    pub fn push(&mut self, token: u32, inputs: &VoiceInputs) {
        let singing = &mut self.singing[self.place % inputs.voices];
        match token {
            REST => *singing = Singing::default(),
            HOLD if singing.note == 0 => {}
            HOLD => singing.lasts = singing.lasts.saturating_add(1),
            note => *singing = Singing { note: note.min(255) as u8, lasts: 1 },
        }
        self.place += 1;
    }

    /// The states before each of some tokens.
    pub(crate) fn before_each(tokens: &[u32], inputs: &VoiceInputs) -> Vec<Self> {
        let mut state = Self::default();
        let before = |&token: &u32| {
            let before = state;
            state.push(token, inputs);
            before
        };
        tokens.iter().map(before).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INPUTS: VoiceInputs = VoiceInputs { voices: 2, steps_per_quarter: 4, metre: 4, bar_line: 3 };
    const VOCABULARY: usize = 10;

    fn features(tokens: &[u32]) -> Vec<u32> {
        let mut state = VoiceState::default();
        tokens.iter().for_each(|&token| state.push(token, &INPUTS));
        let mut features = Vec::new();
        INPUTS.push_features(&state, None, (100, VOCABULARY), &mut features);
        features
    }

    #[test]
    fn a_network_is_told_turn_chord_lengths_and_place() {
        // 100: turn, 102: notes, 122: begins, 124: lengths, 132: place, 136: left, 139: beat, 140 is one too many.
        assert_eq!(INPUTS.features(VOCABULARY), 40);
        assert_eq!(features(&[]), [100, 132, 138, 139]);
        assert_eq!(features(&[7]), [101, 109, 122, 132, 138, 139], "the first voice begins its note");
        assert_eq!(features(&[7, 5]), [100, 109, 117, 124, 133, 138], "its note has lasted a step");
        assert_eq!(features(&[7, 5, HOLD, REST]), [100, 109, 125, 134, 138]);
        assert_eq!(features(&[7, 5, HOLD, REST, REST]), [101, 134, 138], "neither voice sings");
        assert_eq!(features(&[HOLD]), [101, 132, 138, 139], "there is no note to hold");
    }

    #[test]
    fn states_before_each_token_are_those_of_single_steps() {
        let tokens = [7, 5, HOLD, 6, 9, HOLD, REST];
        let mut state = VoiceState::default();
        for (before, &token) in VoiceState::before_each(&tokens, &INPUTS).iter().zip(&tokens) {
            assert_eq!(*before, state);
            state.push(token, &INPUTS);
        }
    }
}
