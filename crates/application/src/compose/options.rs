//! What to compose, and how to steer the model while it does.

use super::carried;
use crate::error::{Result, wrong_input, wrong_option};
use anyhow::Context;
use composer_audio::{RenderOptions, render};
use composer_decoding::harmony::Key;
use composer_decoding::primer::{self, read_notes};
use composer_models::ConditionValues;
use composer_music::midi::OtherEvent;
use composer_music::notation::{self, Format};
use composer_music::{Metre, Score, input};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Temperature of frames whose pitches are drawn at once, where none is given. It is only about which pitches begin; with the quick start's model seven of
/// twelve pieces lost their key at 0.8, ten of thirty-six at 0.6.
pub const FRAME_TEMPERATURE: f64 = 0.6;
/// Temperature of frames that are written note by note where none is given, with [`NOTE_TOP_P`]: chosen on validation chorales.
pub const NOTE_TEMPERATURE: f64 = 1.0;
/// Nucleus of the notes that begin in frames that are written note by note, where neither it nor a temperature is given.
pub const NOTE_TOP_P: f64 = 0.95;
/// Share of the likeliest below which everything is left out at steps whose rhythm a model is told, where `--min-p` is not given: 0.1 suits chorales as well, and leaves piano music with too small a range.
pub const NOTE_RHYTHM_MIN_P: f64 = 0.05;
/// Temperature of tokens where none is given. It is about everything, rhythm too.
pub const TOKEN_TEMPERATURE: f64 = 0.9;

/// What to compose. Where an option is `None`, the default of the kind of model holds.
#[derive(Clone, Debug)]
pub struct ComposeOptions {
    /// Number of pieces.
    pub num_outputs: usize,
    /// Length of each piece.
    pub length: Length,
    /// Metre of the bars; `None`: that of the primer; else, for models that are told metres, that of a training piece, drawn for each piece; else
    /// that of the training music.
    pub metre: Option<Metre>,
    /// Temperature: 1 is the model's own distribution, lower is safer, higher is riskier, 0 is greedy.
    pub temperature: Option<f64>,
    /// Notes that may sound together, at most.
    pub max_polyphony: usize,
    /// Seed of the random numbers.
    pub seed: u64,
    /// Tempo in quarter notes per minute; `None`: that of the training music, or of the primer.
    pub qpm: Option<f64>,
    /// Sounds of a SoundFont file instead of the built-in ones.
    pub soundfont: Option<PathBuf>,
    /// How each piece begins.
    pub primer: Primer,
    /// Only notes of this key; the lowest note of the last chord is its tonic.
    pub key: Option<Key>,
    /// Only notes of these chords, one for each bar, in a cycle: "Dm Gm A7 Dm".
    pub chords: Option<String>,
    /// Lowest and highest pitch.
    pub range: (u8, u8),
    /// What the model is told, if it was trained with these conditions; its metre follows from the bars.
    pub conditions: ConditionValues,
    /// The form, a letter for each section, for a model that was trained with the condition `form`; `None`: that of a training piece.
    pub form: Option<String>,
    /// Whether the piece comes to an end, instead of breaking off at its length.
    pub ending: bool,
    /// For models of frames.
    pub frames: FrameChoice,
    /// For models of tokens.
    pub tokens: TokenChoice,
}

impl Default for ComposeOptions {
    fn default() -> Self {
        Self {
            num_outputs: 3,
            length: Length::Usual,
            metre: None,
            temperature: None,
            max_polyphony: 8,
            seed: 1,
            qpm: None,
            soundfont: None,
            primer: Primer::None,
            key: None,
            chords: None,
            range: (0, 127),
            conditions: ConditionValues::default(),
            form: None,
            ending: true,
            frames: FrameChoice::default(),
            tokens: TokenChoice::default(),
        }
    }
}

/// The music that a piece begins with, or that the model reads before it begins.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Primer {
    /// None.
    #[default]
    None,
    /// The music of a MIDI file.
    Midi {
        /// The file.
        path: PathBuf,
        /// Whether the piece begins with the primer; otherwise the model only conditions on it.
        inject: bool,
    },
    /// Notes as text: "C4:1 E4:1 G4+C5:2 R:1", pitches and lengths in quarters.
    Notes {
        /// The notes.
        text: String,
        /// Whether the piece begins with the primer; otherwise the model only conditions on it.
        inject: bool,
    },
}

impl Primer {
    /// The primer that is asked for: a file or notes as text, with which the piece begins unless the model only conditions on it.
    ///
    /// # Errors
    /// It is said what to do with a primer (`inject` is some), and there is none.
    pub fn asked(midi: Option<&Path>, notes: Option<&str>, inject: Option<bool>) -> Result<Self> {
        let (path, text, begins) =
            (midi.map(Path::to_owned), notes.map(str::to_owned), inject.unwrap_or(true));
        match (path, text) {
            (Some(path), _) => Ok(Self::Midi { path, inject: begins }),
            (None, Some(text)) => Ok(Self::Notes { text, inject: begins }),
            (None, None) if inject.is_some() => {
                Err(wrong_input("there is no primer: give one with --primer-midi or --primer-notes").into())
            }
            (None, None) => Ok(Self::None),
        }
    }
}

impl ComposeOptions {
    /// What is to be said of the options before it is composed by them, in a sentence; `None`: nothing.
    pub fn remark(&self) -> Option<&'static str> {
        (self.temperature == Some(0.0)).then_some(
            "Temperature 0 is greedy decoding: the most likely symbol at every step. The seed has no effect, and all outputs are identical.",
        )
    }
}

/// A primer as it was given.
#[derive(Default)]
pub(super) struct GivenPrimer {
    /// Its music.
    pub music: Option<primer::Primer>,
    /// What its file has beside its music.
    pub others: Vec<OtherEvent>,
    /// What is wrong with its file, in sentences.
    pub notes: Vec<String>,
}

impl GivenPrimer {
    fn of_file(path: &Path) -> anyhow::Result<Self> {
        let bytes = notation::bytes_of(path).map_err(wrong_input)?;
        let name = path.to_string_lossy();
        let file = notation::read_bytes(&bytes, &name, &notation::Options::default()).map_err(wrong_input)?;
        let others = match notation::format_of(&bytes, &name) {
            Format::Midi => carried::of_file(&bytes, &file).map_err(wrong_input)?,
            _ => Vec::new(),
        };
        let damage = file.report.damage.first().map(|damage| {
            format!("The primer's file is damaged, at {damage}: what could be read of it is used.")
        });
        Ok(Self { music: Some(file.score.into()), others, notes: damage.into_iter().collect() })
    }
}

/// How a model of frames chooses.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FrameChoice {
    /// Temperature with which notes begin, if it is not the general one.
    pub onset_temperature: Option<f64>,
    /// Temperature with which notes are held; 1 unless the general one is 0.
    pub hold_temperature: Option<f64>,
    /// Temperature of whether a note is held, one begins or nothing more sounds, for models that write note by note; 1 unless it is given.
    pub whether_temperature: Option<f64>,
    /// Temperature of how long a note lasts, for models that decide it where the note begins; 1 unless the general one is 0.
    pub length_temperature: Option<f64>,
    /// Deterministic: every pitch that is more likely than this sounds.
    pub threshold: Option<f64>,
    /// Deterministic: this number of the most likely pitches sounds.
    pub top_voices: Option<usize>,
    /// Least number of steps that a note lasts.
    pub min_note_steps: Option<usize>,
    /// Whether a note is never struck again while it sounds.
    pub no_rearticulation: bool,
}

/// How a model of tokens chooses.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TokenChoice {
    /// Only the k most likely tokens.
    pub top_k: Option<usize>,
    /// Only the most likely tokens, or notes that begin, that together have this probability.
    pub top_p: Option<f64>,
    /// Only tokens at least this share as likely as the most likely one.
    pub min_p: Option<f64>,
    /// Only tokens of typical surprise that together have this probability.
    pub typical_p: Option<f64>,
    /// Penalty of recent tokens: 1 none, 1.2 somewhat.
    pub repetition_penalty: Option<f64>,
    /// No sequence of so many tokens occurs twice.
    pub no_repeat_ngram: Option<usize>,
    /// Beam search of this width instead of sampling.
    pub beam_width: Option<usize>,
    /// How much beam search favours long pieces: 0 not at all, 1 by likelihood per token.
    pub length_penalty: Option<f64>,
}

/// A length of music.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// What suits the model: of a built-in one what its card says, else 16 bars.
    Usual,
    /// Bars of the piece's metre; an upbeat comes on top.
    Bars(usize),
    /// Steps of the model's grid.
    Steps(usize),
}

/// Bars of [`Length::Usual`] where a model does not say another number.
pub(super) const USUAL_BARS: usize = 16;

/// A day of sixteenths at 120: nobody waits for more.
const MAX_STEPS: usize = 1_000_000;

impl FromStr for Length {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
        let number: usize = digits
            .parse()
            .map_err(|_| "write a number and a unit, for example 16bars or 256steps".to_string())?;
        if number == 0 || number > MAX_STEPS {
            return Err(format!("a length must be between 1 and {MAX_STEPS}"));
        }
        match text[digits.len()..].trim() {
            "" => Err(format!("a length needs a unit: {number}bars or {number}steps")),
            "bar" | "bars" => Ok(Length::Bars(number)),
            "step" | "steps" => Ok(Length::Steps(number)),
            unit => Err(format!("\"{unit}\" is not a unit of length: use bars or steps")),
        }
    }
}

impl std::fmt::Display for Length {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Length::Usual => f.write_str("usual"),
            Length::Bars(bars) => write!(f, "{bars}bars"),
            Length::Steps(steps) => write!(f, "{steps}steps"),
        }
    }
}

impl ComposeOptions {
    /// Refuses options that are out of range for every model, before any work is done.
    ///
    /// # Errors
    /// One of them is.
    pub fn check(&self) -> Result<()> {
        let general = Self { frames: FrameChoice::default(), tokens: TokenChoice::default(), ..self.clone() };
        general.frame_options(true)?;
        if matches!(self.length, Length::Bars(0) | Length::Steps(0)) {
            return Err(wrong_option("length", "must be at least 1").into());
        }
        if self.num_outputs == 0 || self.num_outputs > 1000 {
            return Err(wrong_option("num_outputs", "must be between 1 and 1000").into());
        }
        if let Some(qpm) = self.qpm.filter(|qpm| !(10.0..=400.0).contains(qpm)) {
            let problem = format!("is {qpm}, and must be between 10 and 400 quarters per minute");
            return Err(wrong_option("qpm", problem).into());
        }
        if let Some(soundfont) = &self.soundfont {
            let sounds = RenderOptions { soundfont: Some(soundfont.clone()), ..RenderOptions::default() };
            render(&Score::new(1), &sounds).map_err(wrong_input)?;
        }
        Ok(())
    }

    /// The primer, if there is one.
    pub(super) fn primer(&self) -> anyhow::Result<GivenPrimer> {
        match &self.primer {
            Primer::None => Ok(GivenPrimer::default()),
            Primer::Midi { path, .. } => GivenPrimer::of_file(path)
                .with_context(|| format!("cannot use the primer {}", input::shown(path))),
            Primer::Notes { text, .. } => {
                Ok(GivenPrimer { music: Some(read_notes(text)?), ..GivenPrimer::default() })
            }
        }
    }

    /// What has no effect on this music, in sentences.
    pub(super) fn without_effect(&self) -> Vec<String> {
        let search = self.tokens.beam_width.map(|_| "Beam search");
        let threshold = self.frames.threshold.map(|_| "A threshold");
        let voices = self.frames.top_voices.map(|_| "The choice of the top voices");
        let what = search.or(threshold).or(voices);
        what.map(|what| format!("{what} is deterministic: the seed has no effect.")).into_iter().collect()
    }

    /// Whether the music begins with its primer.
    pub(super) fn injects(&self) -> bool {
        match &self.primer {
            Primer::None => true,
            Primer::Midi { inject, .. } | Primer::Notes { inject, .. } => *inject,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_bars_or_steps() {
        assert_eq!("16bars".parse(), Ok(Length::Bars(16)));
        assert_eq!("1 bar".parse(), Ok(Length::Bars(1)));
        assert!("8".parse::<Length>().expect_err("no unit").contains("8bars or 8steps"));
        assert_eq!("256steps".parse(), Ok(Length::Steps(256)));
        for bad in
            ["", "bars", "0bars", "-3bars", "3miles", "99999999999999999999", "1e3bars", "10000000steps"]
        {
            assert!(bad.parse::<Length>().is_err(), "{bad}");
        }
    }
}
