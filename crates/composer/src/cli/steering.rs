//! Options that steer a model while it composes.

use clap::Args;
use composer::compose::{ComposeOptions, FrameChoice, Primer, TokenChoice, pitch_range, register};
use composer_decoding::harmony::Key;
use composer_models::ConditionValues;
use composer_music::Metre;
use std::path::PathBuf;

/// Options of `composer compose` beyond those that all music has.
#[derive(Clone, Debug, Args)]
pub struct SteerArgs {
    /// Metre of the bars, such as 3/4 or 6/8 [default: that of the primer; of a training piece that is drawn for each composition, for
    /// models that are told metres; else that of the training music]
    #[arg(long)]
    pub metre: Option<Metre>,

    /// Begin with the music of this file (MIDI, MusicXML, ABC); - is the standard input
    #[arg(long, value_name = "FILE", conflicts_with = "primer_notes", help_heading = "Primer")]
    pub primer_midi: Option<PathBuf>,

    /// Begin with these notes: "C4:1 E4:1 G4+C5:2 R:1", pitches and lengths in quarters
    #[arg(long, value_name = "NOTES", help_heading = "Primer")]
    pub primer_notes: Option<String>,

    /// Condition on the primer, without writing it
    #[arg(long, help_heading = "Primer")]
    pub condition_on_primer: bool,

    /// Begin each piece with the primer (the default)
    #[arg(long, help_heading = "Primer")]
    pub inject_primer: bool,

    /// Style, one of those that the model was trained with
    #[arg(long, value_name = "NAME", help_heading = "Conditions, for models that were trained with them")]
    pub style: Option<String>,

    /// Notes that begin, per quarter, on average
    #[arg(long, value_name = "N", help_heading = "Conditions, for models that were trained with them")]
    pub density: Option<f64>,

    /// Notes that sound together, on average, where any does
    #[arg(long, value_name = "N", help_heading = "Conditions, for models that were trained with them")]
    pub polyphony: Option<f64>,

    /// Mean pitch, such as C4, or a range with it in the middle: C3-C5
    #[arg(long, value_name = "PITCH", value_parser = register, help_heading = "Conditions, for models that were trained with them")]
    pub register: Option<f64>,

    /// Sections of equal length, such as AABA: a letter that comes again is its first section again, with ' behind it varied
    #[arg(long, value_name = "LETTERS", help_heading = "Conditions, for models that were trained with them")]
    pub form: Option<String>,

    /// Only notes of this key, such as "D minor"; the lowest note of the last chord is its tonic
    #[arg(long, help_heading = "Constraints")]
    pub key: Option<Key>,

    /// Only notes of these chords, one for each bar, in a cycle: "Dm Gm A7 Dm"
    #[arg(long, help_heading = "Constraints")]
    pub chords: Option<String>,

    /// Only notes between these two: C3-C6
    #[arg(long, value_parser = pitch_range, help_heading = "Constraints")]
    pub range: Option<(u8, u8)>,

    /// Let the piece break off at its length instead of coming to an end
    #[arg(long, help_heading = "Constraints")]
    pub no_ending: bool,

    /// Temperature with which notes begin, if it is not --temperature
    #[arg(long, value_name = "T", help_heading = "Models of frames")]
    pub onset_temperature: Option<f64>,

    /// Temperature with which notes are held [default: 1, or 0 if --temperature is 0]
    #[arg(long, value_name = "T", help_heading = "Models of frames")]
    pub hold_temperature: Option<f64>,

    /// Temperature of whether a note begins, is held or nothing more sounds, for models that write note by note [default: 1]
    #[arg(long, value_name = "T", help_heading = "Models of frames")]
    pub whether_temperature: Option<f64>,

    /// Temperature of how long a note lasts, for models that decide it where the note begins [default: 1, or 0 if --temperature is 0]
    #[arg(long, value_name = "T", help_heading = "Models of frames")]
    pub length_temperature: Option<f64>,

    /// Deterministic: every pitch more likely than this sounds
    #[arg(long, value_name = "P", conflicts_with = "top_voices", help_heading = "Models of frames")]
    pub threshold: Option<f64>,

    /// Deterministic: this number of the most likely pitches sounds
    #[arg(long, value_name = "N", help_heading = "Models of frames")]
    pub top_voices: Option<usize>,

    /// Least number of steps that a note lasts
    #[arg(long, value_name = "N", help_heading = "Models of frames")]
    pub min_note_steps: Option<usize>,

    /// Never strike a note again while it sounds
    #[arg(long, help_heading = "Models of frames")]
    pub no_rearticulation: bool,

    /// Only the N most likely tokens
    #[arg(long, value_name = "N", help_heading = "Models of tokens")]
    pub top_k: Option<usize>,

    /// Only the most likely tokens that together have this probability; of models that write note by note, notes that begin
    #[arg(long, value_name = "P", help_heading = "Models of tokens")]
    pub top_p: Option<f64>,

    /// Only tokens at least this share as likely as the most likely one; of models that write note by note, whatever comes next
    #[arg(long, value_name = "P", help_heading = "Models of tokens")]
    pub min_p: Option<f64>,

    /// Locally typical sampling: only the tokens whose surprisal is closest to the entropy and that together have this probability
    #[arg(long, value_name = "P", help_heading = "Models of tokens")]
    pub typical_p: Option<f64>,

    /// Repetition penalty of recent tokens: 1 is none, 1.2 is moderate
    #[arg(long, value_name = "X", help_heading = "Models of tokens")]
    pub repetition_penalty: Option<f64>,

    /// No sequence of N tokens occurs twice
    #[arg(long, value_name = "N", help_heading = "Models of tokens")]
    pub no_repeat_ngram: Option<usize>,

    /// Beam search of width N instead of sampling
    #[arg(long, value_name = "N", help_heading = "Models of tokens")]
    pub beam_width: Option<usize>,

    /// Length penalty of beam search: 0 is none, 1 ranks by log-likelihood per token
    #[arg(long, value_name = "X", requires = "beam_width", help_heading = "Models of tokens")]
    pub length_penalty: Option<f64>,
}

impl SteerArgs {
    /// Lays the options on others.
    pub fn over(&self, options: ComposeOptions) -> anyhow::Result<ComposeOptions> {
        let asked = self.inject_primer || self.condition_on_primer;
        let inject = asked.then_some(self.inject_primer || !self.condition_on_primer);
        Ok(ComposeOptions {
            metre: self.metre,
            primer: Primer::asked(self.primer_midi.as_deref(), self.primer_notes.as_deref(), inject)?,
            key: self.key,
            chords: self.chords.clone(),
            range: self.range.unwrap_or(options.range),
            ending: !self.no_ending,
            form: self.form.clone(),
            conditions: ConditionValues::asked(
                self.style.clone(),
                [self.density, self.polyphony, self.register],
            ),
            frames: FrameChoice {
                onset_temperature: self.onset_temperature,
                hold_temperature: self.hold_temperature,
                whether_temperature: self.whether_temperature,
                length_temperature: self.length_temperature,
                threshold: self.threshold,
                top_voices: self.top_voices,
                min_note_steps: self.min_note_steps,
                no_rearticulation: self.no_rearticulation,
            },
            tokens: TokenChoice {
                top_k: self.top_k,
                top_p: self.top_p,
                min_p: self.min_p,
                typical_p: self.typical_p,
                repetition_penalty: self.repetition_penalty,
                no_repeat_ngram: self.no_repeat_ngram,
                beam_width: self.beam_width,
                length_penalty: self.length_penalty,
            },
            ..options
        })
    }
}
