//! What can go wrong between a score and a WAV file.

use std::path::PathBuf;

/// Why a score could not be rendered or a WAV file not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The SoundFont file cannot be opened.
    #[error(
        "cannot read the SoundFont {path}: {source}; check the path, or leave it out for the built-in sound"
    )]
    SoundFontUnreadable {
        /// The file as given.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is there, but it is not a SoundFont.
    #[error("{path} is not a SoundFont that can be played ({reason}); give a .sf2 file")]
    NotASoundFont {
        /// The file as given.
        path: PathBuf,
        /// What the reader found.
        reason: String,
    },
    /// The sample rate is out of range.
    #[error("a sample rate of {0} Hz is out of range; choose 16,000 to 192,000, for example 44,100")]
    SampleRate(u32),
    /// The piece is longer than the options allow.
    #[error(
        "the piece lasts {seconds:.0} s and the longest that is rendered is {limit:.0} s; render a part of it"
    )]
    TooLong {
        /// Length of the piece in seconds.
        seconds: f64,
        /// [`RenderOptions::max_seconds`](crate::RenderOptions::max_seconds).
        limit: f64,
    },
    /// The sound is too short or too quiet to have a loudness.
    #[error("the sound has no loudness: it is silent, or shorter than 0.4 s")]
    NoLoudness,
    /// The WAV file cannot be written; nothing is left behind.
    #[error("cannot write {path}: {reason}")]
    Write {
        /// The file that was to be written.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}
