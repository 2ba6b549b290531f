//! Scores as sound: WAV files, and small ones for pages.

use anyhow::Context;
use composer_audio::{RenderOptions, render, wav_bytes};
use composer_music::Score;
use std::path::Path;

/// Renders a score into a WAV file, with the built-in sounds or those of a SoundFont.
///
/// # Errors
/// The SoundFont cannot be used, or the file cannot be written.
pub fn write_wav(score: &Score, soundfont: Option<&Path>, path: &Path) -> crate::error::Result<()> {
    let options = RenderOptions { soundfont: soundfont.map(Path::to_owned), ..RenderOptions::default() };
    let audio = render(score, &options).context("cannot turn the music into sound")?;
    Ok(composer_audio::write_wav(path, &audio).with_context(|| format!("cannot write {}", path.display()))?)
}

/// A WAV small enough for a page: mono at half the usual rate.
///
/// # Errors
/// The SoundFont cannot be used.
pub fn small_wav(score: &Score, soundfont: Option<&Path>) -> crate::error::Result<Vec<u8>> {
    let options = RenderOptions { soundfont: soundfont.map(Path::to_owned), ..RenderOptions::preview() };
    Ok(wav_bytes(&render(score, &options)?))
}
