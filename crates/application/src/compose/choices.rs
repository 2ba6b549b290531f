//! How a model chooses, by the options of its kind; those of another kind are refused.

use super::options::{
    ComposeOptions, FRAME_TEMPERATURE, FrameChoice, NOTE_RHYTHM_MIN_P, NOTE_TEMPERATURE, NOTE_TOP_P,
    TOKEN_TEMPERATURE, TokenChoice,
};
use crate::error::wrong_option;
use composer_decoding::frames::FrameStrategy;
use composer_decoding::{BeamOptions, FrameOptions, TokenOptions};

impl ComposeOptions {
    /// How frames are chosen; by a model that writes them note by note, if `note_wise`.
    pub(super) fn frame_options(&self, note_wise: bool) -> anyhow::Result<FrameOptions> {
        let foreign = self.tokens.sampling().into_iter().chain(self.tokens.search());
        refuse_foreign(
            foreign.filter(|(name, _)| !(note_wise && ["top_p", "min_p"].contains(name))),
            "tokens",
            "this one writes frames: use a temperature, a threshold or top voices",
        )?;
        if !note_wise && self.frames.whether_temperature.is_some() {
            let problem = "is for models that write frames note by note, and this one does not";
            return Err(wrong_option("whether_temperature", problem));
        }
        if !note_wise && self.frames.length_temperature.is_some() {
            let problem = "is for models that write frames note by note and decide how long each note lasts, and this one does not";
            return Err(wrong_option("length_temperature", problem));
        }
        self.check_strategy()?;
        let defaults = FrameOptions::default();
        let min_note_steps = self.frames.min_note_steps.unwrap_or(defaults.min_note_steps);
        let strategy = match (self.frames.threshold, self.frames.top_voices) {
            (Some(threshold), _) => FrameStrategy::Threshold(threshold),
            (None, Some(voices)) => FrameStrategy::TopVoices(voices),
            (None, None) => FrameStrategy::Sample,
        };
        let options = FrameOptions {
            temperature: self.temperature.unwrap_or(if note_wise {
                NOTE_TEMPERATURE
            } else {
                FRAME_TEMPERATURE
            }),
            max_polyphony: self.max_polyphony,
            onset_temperature: self.frames.onset_temperature,
            // Temperature is about which pitches begin; how long they are held is rhythm, and stays as learnt.
            hold_temperature: self.frames.hold_temperature,
            length_temperature: self.frames.length_temperature,
            whether_temperature: self.frames.whether_temperature.unwrap_or(defaults.whether_temperature),
            // Where a temperature is given, it is the whole answer.
            top_p: self.tokens.top_p.unwrap_or(if note_wise && self.temperature.is_none() {
                NOTE_TOP_P
            } else {
                defaults.top_p
            }),
            min_p: self.tokens.min_p.unwrap_or(defaults.min_p),
            rhythm_min_p: if note_wise && self.tokens.min_p.is_none() { NOTE_RHYTHM_MIN_P } else { 0.0 },
            strategy,
            min_note_steps,
            max_note_steps: defaults.max_note_steps.max(min_note_steps),
            rearticulate: !self.frames.no_rearticulation,
            ..defaults
        };
        options.check()?;
        Ok(options)
    }

    /// A deterministic choice of frames leaves other options without an effect.
    fn check_strategy(&self) -> anyhow::Result<()> {
        let FrameChoice {
            threshold,
            top_voices,
            onset_temperature,
            hold_temperature,
            whether_temperature,
            length_temperature,
            ..
        } = self.frames;
        let given = [
            ("top_p", self.tokens.top_p.is_some()),
            ("whether_temperature", whether_temperature.is_some()),
            ("length_temperature", length_temperature.is_some()),
            ("temperature", self.temperature.is_some()),
            ("onset_temperature", onset_temperature.is_some()),
            ("hold_temperature", hold_temperature.is_some()),
        ];
        let strategy = match (threshold, top_voices) {
            (Some(_), Some(_)) => return Err(wrong_option("threshold", "and top voices exclude each other")),
            (Some(_), None) => "a threshold",
            (None, Some(_)) => "the choice of the top voices",
            (None, None) => return Ok(()),
        };
        if let Some(name) = first_given(given) {
            return Err(wrong_option(name, format!("has no effect with {strategy}, which is deterministic")));
        }
        match top_voices.filter(|&voices| voices > self.max_polyphony) {
            Some(voices) => {
                Err(wrong_option("top_voices", format!("is {voices}, more than the maximum polyphony")))
            }
            None => Ok(()),
        }
    }

    /// How tokens are chosen.
    pub(super) fn token_options(&self) -> anyhow::Result<TokenOptions> {
        refuse_foreign(
            self.frames.given(),
            "frames",
            "this one writes tokens: use a temperature, top k or top p",
        )?;
        self.check_search()?;
        let off = TokenOptions::default();
        let options = TokenOptions {
            temperature: self.temperature.unwrap_or(TOKEN_TEMPERATURE),
            top_k: self.tokens.top_k.unwrap_or(off.top_k),
            top_p: self.tokens.top_p.unwrap_or(off.top_p),
            min_p: self.tokens.min_p.unwrap_or(off.min_p),
            typical_p: self.tokens.typical_p.unwrap_or(off.typical_p),
            repetition_penalty: self.tokens.repetition_penalty.unwrap_or(off.repetition_penalty),
            no_repeat_ngram: self.tokens.no_repeat_ngram.unwrap_or(off.no_repeat_ngram),
            ..off
        };
        options.check()?;
        Ok(options)
    }

    /// How to search, if a search is wanted.
    pub(super) fn beam_options(&self) -> anyhow::Result<Option<BeamOptions>> {
        let Some(width) = self.tokens.beam_width else { return Ok(None) };
        let defaults = BeamOptions::default();
        let length_penalty = self.tokens.length_penalty.unwrap_or(defaults.length_penalty);
        let options = BeamOptions { width, length_penalty, ..defaults };
        options.check()?;
        Ok(Some(options))
    }

    /// Beam search leaves the options of sampling without an effect, and only it has a length penalty.
    fn check_search(&self) -> anyhow::Result<()> {
        let sampling =
            std::iter::once(("temperature", self.temperature.is_some())).chain(self.tokens.sampling());
        match (self.tokens.beam_width, first_given(sampling)) {
            (Some(_), Some(name)) => {
                Err(wrong_option(name, "is about sampling, and has no effect on beam search"))
            }
            (None, _) if self.tokens.length_penalty.is_some() => {
                Err(wrong_option("length_penalty", "is for beam search: ask for a beam width as well"))
            }
            _ => Ok(()),
        }
    }
}

/// Names of options, and whether each is given.
type Given<const N: usize> = [(&'static str, bool); N];

impl TokenChoice {
    /// The options of sampling.
    fn sampling(&self) -> Given<6> {
        [
            ("top_k", self.top_k.is_some()),
            ("top_p", self.top_p.is_some()),
            ("min_p", self.min_p.is_some()),
            ("typical_p", self.typical_p.is_some()),
            ("repetition_penalty", self.repetition_penalty.is_some()),
            ("no_repeat_ngram", self.no_repeat_ngram.is_some()),
        ]
    }

    /// The options of beam search.
    fn search(&self) -> Given<2> {
        [("beam_width", self.beam_width.is_some()), ("length_penalty", self.length_penalty.is_some())]
    }
}

impl FrameChoice {
    fn given(&self) -> Given<8> {
        [
            ("length_temperature", self.length_temperature.is_some()),
            ("whether_temperature", self.whether_temperature.is_some()),
            ("onset_temperature", self.onset_temperature.is_some()),
            ("hold_temperature", self.hold_temperature.is_some()),
            ("threshold", self.threshold.is_some()),
            ("top_voices", self.top_voices.is_some()),
            ("min_note_steps", self.min_note_steps.is_some()),
            ("no_rearticulation", self.no_rearticulation),
        ]
    }
}

/// The first option that is given.
fn first_given(options: impl IntoIterator<Item = (&'static str, bool)>) -> Option<&'static str> {
    options.into_iter().find_map(|(name, given)| given.then_some(name))
}

/// Refuses options that another kind of model has.
fn refuse_foreign(
    options: impl IntoIterator<Item = (&'static str, bool)>,
    kind: &str,
    instead: &str,
) -> anyhow::Result<()> {
    match first_given(options) {
        Some(name) => Err(wrong_option(name, format!("is for models that write {kind}, and {instead}"))),
        None => Ok(()),
    }
}
