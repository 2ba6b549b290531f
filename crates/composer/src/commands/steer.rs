//! The options that steer a model while it composes, in words for musicians.

use crate::cli::MusicArgs;
use crate::failure::wrong_input;
use anyhow::Context;
use clap::Args;
use composer_decoding::frames::FrameStrategy;
use composer_decoding::grammar::read_pitch;
use composer_decoding::harmony::{ChordPlan, Key};
use composer_decoding::primer::read_notes;
use composer_decoding::{BeamOptions, FrameOptions, Rules, TokenOptions};
use composer_music::{Score, midi};
use std::path::PathBuf;

/// The temperatures of who names none. A frame's temperature is only about which pitches begin; in the quick start's model
/// seven of twelve pieces lost their key at 0.8, ten of thirty-six at 0.6. A token's is about everything, rhythm too.
const FRAME_TEMPERATURE: f64 = 0.6;
const TOKEN_TEMPERATURE: f64 = 0.9;

/// Options of `composer compose` beyond those that all music has.
#[derive(Clone, Debug, Default, Args)]
pub struct SteerArgs {
    /// Begin with the music of this MIDI file
    #[arg(long, value_name = "FILE", conflicts_with = "primer_notes", help_heading = "Primer")]
    pub primer_midi: Option<PathBuf>,

    /// Begin with these notes: "C4:1 E4:1 G4+C5:2 R:1", pitches and lengths in quarters
    #[arg(long, value_name = "NOTES", help_heading = "Primer")]
    pub primer_notes: Option<String>,

    /// The model hears the primer, but the music begins after it
    #[arg(long, help_heading = "Primer")]
    pub condition_on_primer: bool,

    /// The music begins with the primer, which the model hears (as it is without either option)
    #[arg(long, help_heading = "Primer")]
    pub inject_primer: bool,

    /// Only notes of this key, such as "D minor"; the piece ends on its tonic
    #[arg(long, help_heading = "Constraints")]
    pub key: Option<Key>,

    /// Only notes of these chords, one for each bar, again and again: "Dm Gm A7 Dm"
    #[arg(long, help_heading = "Constraints")]
    pub chords: Option<String>,

    /// Only notes between these two: C3-C6
    #[arg(long, value_parser = pitch_range, help_heading = "Constraints")]
    pub range: Option<(u8, u8)>,

    /// Let the piece break off at its length instead of coming to an end
    #[arg(long, help_heading = "Constraints")]
    pub no_ending: bool,

    /// How adventurous notes begin, if it is not --temperature
    #[arg(long, value_name = "T", help_heading = "Models of frames")]
    pub onset_temperature: Option<f64>,

    /// How adventurous notes are held; 1, as learnt, unless --temperature is 0
    #[arg(long, value_name = "T", help_heading = "Models of frames")]
    pub hold_temperature: Option<f64>,

    /// Draw nothing: every pitch more likely than this sounds
    #[arg(long, value_name = "P", conflicts_with = "top_voices", help_heading = "Models of frames")]
    pub threshold: Option<f64>,

    /// Draw nothing: so many of the most likely pitches sound
    #[arg(long, value_name = "N", help_heading = "Models of frames")]
    pub top_voices: Option<usize>,

    /// Steps that a note lasts at least
    #[arg(long, value_name = "N", help_heading = "Models of frames")]
    pub min_note_steps: Option<usize>,

    /// Never strike a note again while it sounds
    #[arg(long, help_heading = "Models of frames")]
    pub no_rearticulation: bool,

    /// Only the N most likely tokens
    #[arg(long, value_name = "N", help_heading = "Models of tokens")]
    pub top_k: Option<usize>,

    /// Only the most likely tokens that together have this probability
    #[arg(long, value_name = "P", help_heading = "Models of tokens")]
    pub top_p: Option<f64>,

    /// Only tokens at least this share as likely as the most likely one
    #[arg(long, value_name = "P", help_heading = "Models of tokens")]
    pub min_p: Option<f64>,

    /// Only tokens of ordinary surprise that together have this probability
    #[arg(long, value_name = "P", help_heading = "Models of tokens")]
    pub typical_p: Option<f64>,

    /// Make what was just written less likely: 1 not at all, 1.2 somewhat
    #[arg(long, value_name = "X", help_heading = "Models of tokens")]
    pub repetition_penalty: Option<f64>,

    /// No N tokens in a row occur twice
    #[arg(long, value_name = "N", help_heading = "Models of tokens")]
    pub no_repeat_ngram: Option<usize>,

    /// Search for the most likely piece along N ways instead of drawing
    #[arg(long, value_name = "N", help_heading = "Models of tokens")]
    pub beam_width: Option<usize>,

    /// How much a search favours long pieces: 0 not at all, 1 by likelihood per token
    #[arg(long, value_name = "X", requires = "beam_width", help_heading = "Models of tokens")]
    pub length_penalty: Option<f64>,
}

fn pitch_range(text: &str) -> Result<(u8, u8), String> {
    // A pitch may itself hold a minus sign (C-1): the one in the middle divides.
    let places = text.match_indices('-').map(|(place, _)| place);
    let mut read =
        places.filter_map(|place| Some((read_pitch(&text[..place])?, read_pitch(&text[place + 1..])?)));
    let range = read.next().ok_or("write two pitches, such as C3-C6")?;
    if range.0 > range.1 { Err("the lower pitch comes first, such as C3-C6".into()) } else { Ok(range) }
}

impl SteerArgs {
    /// The primer, if one was asked for.
    pub fn primer(&self) -> anyhow::Result<Option<Score>> {
        match (&self.primer_midi, &self.primer_notes) {
            (Some(path), _) => {
                let file = midi::read_file(path).map_err(wrong_input);
                Ok(Some(file.with_context(|| format!("cannot use the primer {}", path.display()))?.score))
            }
            (None, Some(notes)) => Ok(Some(read_notes(notes)?)),
            (None, None) if self.condition_on_primer || self.inject_primer => {
                Err(wrong_input("there is no primer: give one with --primer-midi or --primer-notes"))
            }
            (None, None) => Ok(None),
        }
    }

    /// Whether the music begins with its primer.
    pub fn injects(&self) -> bool {
        self.inject_primer || !self.condition_on_primer
    }

    /// How frames are chosen.
    ///
    /// # Errors
    /// An option is out of range, or is for tokens.
    pub fn frame_options(&self, music: &MusicArgs) -> anyhow::Result<FrameOptions> {
        let tokens = [
            ("--top-k", self.top_k.is_some()),
            ("--top-p", self.top_p.is_some()),
            ("--min-p", self.min_p.is_some()),
            ("--typical-p", self.typical_p.is_some()),
            ("--repetition-penalty", self.repetition_penalty.is_some()),
            ("--no-repeat-ngram", self.no_repeat_ngram.is_some()),
            ("--beam-width", self.beam_width.is_some()),
        ];
        let instead = "this one writes frames: use --temperature, --threshold or --top-voices";
        refuse_foreign(&tokens, "tokens", instead)?;
        let defaults = FrameOptions::default();
        let strategy = match (self.threshold, self.top_voices) {
            (Some(threshold), _) => FrameStrategy::Threshold(threshold),
            (None, Some(voices)) => FrameStrategy::TopVoices(voices),
            (None, None) => FrameStrategy::Sample,
        };
        let options = FrameOptions {
            temperature: music.temperature.unwrap_or(FRAME_TEMPERATURE),
            max_polyphony: music.max_polyphony,
            onset_temperature: self.onset_temperature,
            // Temperature is about which pitches begin; how long they are held is rhythm, and stays as learnt.
            hold_temperature: self.hold_temperature,
            strategy,
            min_note_steps: self.min_note_steps.unwrap_or(defaults.min_note_steps),
            rearticulate: !self.no_rearticulation,
            ..defaults
        };
        options.check()?;
        Ok(options)
    }

    /// How tokens are chosen.
    ///
    /// # Errors
    /// An option is out of range, or is for frames.
    pub fn token_options(&self, music: &MusicArgs) -> anyhow::Result<TokenOptions> {
        let frames = [
            ("--onset-temperature", self.onset_temperature.is_some()),
            ("--hold-temperature", self.hold_temperature.is_some()),
            ("--threshold", self.threshold.is_some()),
            ("--top-voices", self.top_voices.is_some()),
            ("--min-note-steps", self.min_note_steps.is_some()),
            ("--no-rearticulation", self.no_rearticulation),
        ];
        let instead = "this one writes tokens: use --temperature, --top-k or --top-p";
        refuse_foreign(&frames, "frames", instead)?;
        let off = TokenOptions::default();
        let options = TokenOptions {
            temperature: music.temperature.unwrap_or(TOKEN_TEMPERATURE),
            top_k: self.top_k.unwrap_or(off.top_k),
            top_p: self.top_p.unwrap_or(off.top_p),
            min_p: self.min_p.unwrap_or(off.min_p),
            typical_p: self.typical_p.unwrap_or(off.typical_p),
            repetition_penalty: self.repetition_penalty.unwrap_or(off.repetition_penalty),
            no_repeat_ngram: self.no_repeat_ngram.unwrap_or(off.no_repeat_ngram),
            ..off
        };
        options.check()?;
        Ok(options)
    }

    /// How to search, if a search was asked for.
    ///
    /// # Errors
    /// An option is out of range.
    pub fn beam_options(&self) -> anyhow::Result<Option<BeamOptions>> {
        let Some(width) = self.beam_width else { return Ok(None) };
        let defaults = BeamOptions::default();
        let length_penalty = self.length_penalty.unwrap_or(defaults.length_penalty);
        let options = BeamOptions { width, length_penalty, ..defaults };
        options.check()?;
        Ok(Some(options))
    }

    /// What the music keeps to; `length` and `bar` are in steps.
    ///
    /// # Errors
    /// The chords cannot be read.
    pub fn rules(&self, music: &MusicArgs, length: u64, bar: u64) -> anyhow::Result<Rules> {
        let chords = self.chords.as_deref().map(|chords| ChordPlan::read(chords, bar)).transpose()?;
        Ok(Rules {
            key: self.key,
            range: self.range.unwrap_or((0, 127)),
            chords,
            max_polyphony: music.max_polyphony,
            length: (!self.no_ending).then_some(length),
            ..Rules::default()
        })
    }
}

/// Refuses options that another kind of model has.
fn refuse_foreign(options: &[(&str, bool)], kind: &str, instead: &str) -> anyhow::Result<()> {
    match options.iter().find(|(_, given)| *given) {
        Some((name, _)) => Err(wrong_input(format!("{name} is for models that write {kind}, and {instead}"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_two_pitches() {
        assert_eq!(pitch_range("C3-C6"), Ok((48, 84)));
        assert_eq!(pitch_range("C-1-C4"), Ok((0, 60)));
        assert!(pitch_range("C6-C3").is_err() && pitch_range("C3").is_err() && pitch_range("3-4").is_err());
    }
}
