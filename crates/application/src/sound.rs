//! Scores as sound: WAV files.

use crate::error::wrong_input;
use anyhow::Context;
use composer_audio::{AudioBuffer, RenderOptions, render};
use composer_music::Score;
use std::path::Path;

/// Renders a score into a WAV file, with the built-in sounds or those of a SoundFont.
///
/// # Errors
/// The SoundFont cannot be used, or the file cannot be written.
pub fn write_wav(score: &Score, soundfont: Option<&Path>, path: &Path) -> crate::error::Result<()> {
    let audio = rendered(score, soundfont)?;
    Ok(composer_audio::write_wav(path, &audio).with_context(|| format!("cannot write {}", path.display()))?)
}

/// The bytes of such a file.
pub(crate) fn wav(score: &Score, soundfont: Option<&Path>) -> anyhow::Result<Vec<u8>> {
    let unusable = |error: anyhow::Error| match soundfont {
        // The second names its cause itself.
        Some(_) => wrong_input(error.chain().take(2).map(ToString::to_string).collect::<Vec<_>>().join(": ")),
        None => error,
    };
    Ok(composer_audio::wav_bytes(&rendered(score, soundfont).map_err(unusable)?))
}

fn rendered(score: &Score, soundfont: Option<&Path>) -> anyhow::Result<AudioBuffer> {
    let options = RenderOptions { soundfont: soundfont.map(Path::to_owned), ..RenderOptions::default() };
    render(score, &options).context("cannot turn the music into sound")
}
