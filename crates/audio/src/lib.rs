//! Score to samples: a built-in synthesiser that needs no files, or any SoundFont; and WAV files of the result.
//!
//! ```
//! use composer_audio::{RenderOptions, render};
//! use composer_music::{Note, Score, Track};
//!
//! let mut score = Score::new(480);
//! let note = Note { onset: 0, duration: 480, pitch: 60, velocity: 80, channel: 0, program: 0 };
//! score.tracks.push(Track { name: None, notes: vec![note] });
//! let audio = render(&score, &RenderOptions::default())?;
//! assert!(audio.seconds() > 0.5, "half a second of note, then its tail");
//! assert!(audio.peak() <= composer_audio::PEAK);
//! # Ok::<(), composer_audio::Error>(())
//! ```

mod buffer;
mod builtin;
mod error;
mod loudness;
mod soundfont;
mod timeline;
mod wav;

use std::path::PathBuf;

use composer_music::Score;

pub use buffer::{AudioBuffer, PEAK};
pub use error::Error;
pub use loudness::Loudness;
pub use timeline::{TimedNote, sounding_notes};
pub use wav::{wav_bytes, write_wav};

/// The examples of README.md, as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExamples;

/// How a score is rendered.
#[derive(Clone, Debug, PartialEq)]
pub struct RenderOptions {
    /// Samples per second and channel, 16,000–192,000.
    pub sample_rate: u32,
    /// Two channels, or one.
    pub stereo: bool,
    /// A SoundFont file (`.sf2`) to play the notes with; `None` is the built-in synthesiser.
    pub soundfont: Option<PathBuf>,
    /// Longest piece that is rendered, in seconds; a longer one is an error rather than a full memory.
    pub max_seconds: f64,
}

impl Default for RenderOptions {
    /// 44.1 kHz stereo, built-in synthesiser, at most an hour.
    fn default() -> Self {
        Self { sample_rate: 44_100, stereo: true, soundfont: None, max_seconds: 3_600.0 }
    }
}

impl RenderOptions {
    /// A quarter of the size of the default, for players that are embedded in a page: 22.05 kHz, one channel.
    pub fn preview() -> Self {
        Self { sample_rate: 22_050, stereo: false, ..Self::default() }
    }
}

/// Plays a score. The loudest sample is at −1 dBFS ([`PEAK`]); notes and reverberation ring out; the same score and
/// options give the same bytes. A score without notes gives an empty buffer.
///
/// # Errors
/// A sample rate or length out of range; a SoundFont that cannot be read or is none.
pub fn render(score: &Score, options: &RenderOptions) -> Result<AudioBuffer, Error> {
    if !(16_000..=192_000).contains(&options.sample_rate) {
        return Err(Error::SampleRate(options.sample_rate));
    }
    let notes = timeline::sounding_notes(score);
    let seconds = notes.iter().map(|note| note.end).fold(0.0, f64::max);
    if seconds > options.max_seconds {
        return Err(Error::TooLong { seconds, limit: options.max_seconds });
    }
    let stereo = match &options.soundfont {
        Some(path) => soundfont::play(&notes, path, options.sample_rate)?,
        None => builtin::play(&notes, options.sample_rate),
    };
    Ok(stereo.into_buffer(options.sample_rate, options.stereo))
}
