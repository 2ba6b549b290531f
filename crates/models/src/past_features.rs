//! Features that tell a network of more than the last symbol: earlier bars, the longest match, the form, voices.

use crate::encoding::{Encoding, LOOK_BACK, MATCH_LENGTHS, Sequence, Symbol, push_planes};
use crate::form::{self, Form};
use crate::past::{Match, Past};
use crate::place;
use crate::voices::{VoiceInputs, VoiceState};
use composer_music::BarMap;
use composer_music::representation::frames::{Frame, FrameRepresentation};

impl Encoding {
    /// What to keep of the symbols that are read one by one, if the network is told of it.
    pub fn new_past<T: Copy + PartialEq>(&self) -> Option<Past<T>> {
        let new = if self.longest_match() { Past::default } else { Past::without_matches };
        self.reads_past().then(new)
    }

    /// Appends all features that tell of the past at `step` of a sequence in another key, but for those of its form.
    pub fn push_past_of(&self, sequence: &Sequence, step: usize, transpose: i8, features: &mut Vec<u32>) {
        match sequence {
            Sequence::Frames(frames) => {
                let frame = |step: usize| frames[step].transpose(transpose);
                let find = || Some(frames.longest_match(step)?.transpose(transpose));
                self.push_past(step, frames.bars(), frame, find, features);
            }
            Sequence::Tokens(tokens) => {
                self.push_token_past(|| tokens.longest_match(step), features);
                if let Some(voices) = self.voices() {
                    self.push_voices(|| tokens.voices(step, voices), sequence.bars(), features);
                }
            }
            Sequence::Values(_) => {}
        }
    }

    /// Appends the features that tell of the past at `step` of a sequence with these bars; `frame` gives the frame of an earlier step,
    /// and `find`, called if the network is told of it, the longest match.
    pub fn push_past(
        &self,
        step: usize,
        bars: Option<&BarMap>,
        frame: impl Fn(usize) -> Frame,
        find: impl Fn() -> Option<Match>,
        features: &mut Vec<u32>,
    ) {
        let Encoding::Frames { representation, look_back, longest_match, .. } = self else { return };
        for (lag, &ago) in LOOK_BACK.iter().take(*look_back).enumerate() {
            let Some(earlier) = place::same_place(step, bars, representation.steps_per_quarter, ago) else {
                continue;
            };
            self.push_past_planes(representation, lag, frame(earlier), features);
        }
        if let Some(found) = longest_match.then(find).flatten() {
            self.push_past_planes(representation, *look_back, found.follows, features);
            self.push_match_length(found.equal_steps, features);
        }
    }

    /// Appends the features that tell of the form at `step`, if the network is told of it; `frame` gives the frame of an earlier step. Those of the
    /// rhythm are [`Encoding::push_rhythm`]'s.
    pub fn push_returns(
        &self,
        step: usize,
        bars: &BarMap,
        form: &Form,
        frame: impl Fn(usize) -> Frame,
        features: &mut Vec<u32>,
    ) {
        let Encoding::Frames { representation, returns: true, .. } = self else { return };
        let found = form.at_step(step as u64, bars);
        let level = found.map_or(0, |(nearness, _)| 1 + nearness as usize);
        features.push((self.first_of_rhythm() - form::LEVELS + level) as u32);
        if let Some((_, Some(place))) = found {
            self.push_past_planes(representation, self.past_planes() - 1, frame(place as usize), features);
        }
    }

    /// Appends the features that tell of the rhythm at `step`, if the network is told of it and the form knows.
    pub fn push_rhythm(&self, step: usize, bars: &BarMap, form: &Form, features: &mut Vec<u32>) {
        if self.rhythm_features() > 0
            && let Some([begins, next]) = form.rhythm_at(step as u64, bars)
        {
            let first = self.first_of_rhythm();
            features.extend([(first + begins) as u32, (first + next) as u32]);
        }
    }

    fn first_of_rhythm(&self) -> usize {
        self.first_of_voices() - self.rhythm_features()
    }

    /// Whether a feature tells of the form or of the rhythm.
    pub fn is_of_returns(&self, feature: u32) -> bool {
        let (feature, end) = (feature as usize, self.first_of_voices());
        let plane = self.first_past() + (self.past_planes().max(1) - 1) * self.outputs();
        self.returns()
            && ((plane..plane + self.outputs()).contains(&feature)
                || (self.first_of_rhythm() - form::LEVELS..end).contains(&feature))
    }

    /// Appends the features that tell what voices sing after the tokens of `state`, in these bars on their grid.
    pub fn push_voices(
        &self,
        state: impl FnOnce() -> VoiceState,
        bars: Option<&BarMap>,
        features: &mut Vec<u32>,
    ) {
        if let Some(voices) = self.voices() {
            voices.push_features(&state(), bars, (self.first_of_voices(), self.outputs()), features);
        }
    }

    /// Appends the features that tell of the past of tokens: `find`, called if the network is told of it, gives the longest match.
    pub fn push_token_past(&self, find: impl FnOnce() -> Option<Match<u32>>, features: &mut Vec<u32>) {
        let Encoding::Tokens { longest_match: true, .. } = self else { return };
        if let Some(found) = find() {
            features.push(self.first_past() as u32 + found.follows);
            self.push_match_length(found.equal_steps, features);
        }
    }

    fn push_match_length(&self, equal_steps: usize, features: &mut Vec<u32>) {
        let length = (equal_steps.max(1).ilog2() as usize).min(MATCH_LENGTHS - 1);
        features.push((self.first_past() + self.past_planes() * self.outputs() + length) as u32);
    }

    fn push_past_planes(
        &self,
        representation: &FrameRepresentation,
        index: usize,
        frame: Frame,
        features: &mut Vec<u32>,
    ) {
        let first = features.len();
        push_planes(representation, frame, features);
        let offset = (self.first_past() + index * self.outputs()) as u32;
        features[first..].iter_mut().for_each(|feature| *feature += offset);
    }
}

/// What a model of tokens is told of the tokens of a piece up to a step, kept up token by token.
#[derive(Clone, Debug)]
pub struct TokenPast {
    /// The last token; `None`: the start.
    last: Option<u32>,
    matches: Option<Past<u32>>,
    voices: Option<(VoiceInputs, VoiceState)>,
}

impl TokenPast {
    /// Before the first token.
    pub fn new(encoding: &Encoding) -> Self {
        let voices = encoding.voices().map(|voices| (*voices, VoiceState::default()));
        Self { last: None, matches: encoding.new_past(), voices }
    }

    /// Takes the next token.
    pub fn push(&mut self, token: u32) {
        self.last = Some(token);
        if let Some(matches) = &mut self.matches {
            matches.push(token);
        }
        if let Some((inputs, state)) = &mut self.voices {
            state.push(token, inputs);
        }
    }

    /// Appends what the model reads before the next token. `bars` are those of the grid, for voices.
    pub fn push_features(&self, encoding: &Encoding, bars: Option<&BarMap>, features: &mut Vec<u32>) {
        encoding.push_features(0, None, self.last.map(Symbol::Token), features);
        encoding.push_token_past(|| self.matches.as_ref()?.longest_match(), features);
        if let Some((_, state)) = &self.voices {
            encoding.push_voices(|| *state, bars, features);
        }
    }
}
