//! How a model chooses, by the options of its kind; those of another kind are refused.

use super::options::{ComposeOptions, FRAME_TEMPERATURE, FrameChoice, TOKEN_TEMPERATURE, TokenChoice};
use crate::error::wrong_option;
use composer_decoding::frames::FrameStrategy;
use composer_decoding::{BeamOptions, FrameOptions, TokenOptions};

impl ComposeOptions {
    /// How frames are chosen.
    pub(super) fn frame_options(&self) -> anyhow::Result<FrameOptions> {
        let TokenChoice {
            top_k,
            top_p,
            min_p,
            typical_p,
            repetition_penalty,
            no_repeat_ngram,
            beam_width,
            length_penalty,
        } = self.tokens;
        let foreign = [
            ("top_k", top_k.is_some()),
            ("top_p", top_p.is_some()),
            ("min_p", min_p.is_some()),
            ("typical_p", typical_p.is_some()),
            ("repetition_penalty", repetition_penalty.is_some()),
            ("no_repeat_ngram", no_repeat_ngram.is_some()),
            ("beam_width", beam_width.is_some()),
            ("length_penalty", length_penalty.is_some()),
        ];
        refuse_foreign(
            &foreign,
            "tokens",
            "this one writes frames: use a temperature, a threshold or top voices",
        )?;
        self.check_strategy()?;
        let defaults = FrameOptions::default();
        let min_note_steps = self.frames.min_note_steps.unwrap_or(defaults.min_note_steps);
        let strategy = match (self.frames.threshold, self.frames.top_voices) {
            (Some(threshold), _) => FrameStrategy::Threshold(threshold),
            (None, Some(voices)) => FrameStrategy::TopVoices(voices),
            (None, None) => FrameStrategy::Sample,
        };
        let options = FrameOptions {
            temperature: self.temperature.unwrap_or(FRAME_TEMPERATURE),
            max_polyphony: self.max_polyphony,
            onset_temperature: self.frames.onset_temperature,
            // Temperature is about which pitches begin; how long they are held is rhythm, and stays as learnt.
            hold_temperature: self.frames.hold_temperature,
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
        let FrameChoice { threshold, top_voices, onset_temperature, hold_temperature, .. } = self.frames;
        let given = [
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
        if let Some((name, _)) = given.iter().find(|(_, given)| *given) {
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
        let FrameChoice {
            onset_temperature, hold_temperature, threshold, top_voices, min_note_steps, ..
        } = self.frames;
        let foreign = [
            ("onset_temperature", onset_temperature.is_some()),
            ("hold_temperature", hold_temperature.is_some()),
            ("threshold", threshold.is_some()),
            ("top_voices", top_voices.is_some()),
            ("min_note_steps", min_note_steps.is_some()),
            ("no_rearticulation", self.frames.no_rearticulation),
        ];
        refuse_foreign(&foreign, "frames", "this one writes tokens: use a temperature, top k or top p")?;
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
        let TokenChoice { top_k, top_p, min_p, typical_p, repetition_penalty, no_repeat_ngram, .. } =
            self.tokens;
        let sampling = [
            ("temperature", self.temperature.is_some()),
            ("top_k", top_k.is_some()),
            ("top_p", top_p.is_some()),
            ("min_p", min_p.is_some()),
            ("typical_p", typical_p.is_some()),
            ("repetition_penalty", repetition_penalty.is_some()),
            ("no_repeat_ngram", no_repeat_ngram.is_some()),
        ];
        match (self.tokens.beam_width, sampling.iter().find(|(_, given)| *given)) {
            (Some(_), Some((name, _))) => {
                Err(wrong_option(name, "is about sampling, and has no effect on beam search"))
            }
            (None, _) if self.tokens.length_penalty.is_some() => {
                Err(wrong_option("length_penalty", "is for beam search: ask for a beam width as well"))
            }
            _ => Ok(()),
        }
    }
}

/// Refuses options that another kind of model has.
fn refuse_foreign(options: &[(&'static str, bool)], kind: &str, instead: &str) -> anyhow::Result<()> {
    match options.iter().find(|(_, given)| *given) {
        Some((name, _)) => Err(wrong_option(name, format!("is for models that write {kind}, and {instead}"))),
        None => Ok(()),
    }
}
