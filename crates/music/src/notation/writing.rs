//! One function that writes every [`Format`].

use super::format::Format;
use super::{abc, musicxml, sheet};
use crate::midi;
use crate::score::Score;

/// Why a score cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// MIDI cannot hold it.
    #[error(transparent)]
    Midi(#[from] midi::Error),
    /// Notation, or one of its formats, cannot hold it.
    #[error("the score cannot be written as {format}: {reason}")]
    Notation {
        /// The format.
        format: Format,
        /// What it cannot hold.
        reason: String,
    },
}

/// Writes a score as a file of a format, the same bytes every time. MusicXML and ABC hold the music as notation: times are those of
/// [`super::quantised`].
///
/// ```
/// use composer_music::notation::{Format, write};
///
/// let piece = &composer_music::corpus::shipped::piano().pieces[0];
/// let bytes = write(&piece.score, Format::MusicXml)?;
/// assert!(String::from_utf8_lossy(&bytes).contains("<score-partwise version=\"4.0\">"));
/// # Ok::<(), composer_music::notation::WriteError>(())
/// ```
///
/// # Errors
/// A value is out of range, the music is longer than notation can show, or ABC has no sign for it.
pub fn write(score: &Score, format: Format) -> Result<Vec<u8>, WriteError> {
    let notation = |reason| WriteError::Notation { format, reason };
    Ok(match format {
        Format::Midi => midi::write(score)?,
        Format::MusicXml => musicxml::write(&sheet::notate(score).map_err(notation)?),
        Format::CompressedMusicXml => {
            let text = musicxml::write(&sheet::notate(score).map_err(notation)?);
            musicxml::compress(&text).map_err(|error| notation(error.to_string()))?
        }
        Format::Abc => abc::write(&sheet::notate(score).map_err(notation)?).map_err(notation)?.into_bytes(),
    })
}

/// The score that MusicXML written of a score says: its times on the grid of notation, 3,360 ticks to a quarter, one track for each
/// staff, and one channel for each part.
///
/// Times that are on the grid of their beat (down to 128ths, triplets, quintuplets and septuplets) stay as they are, and the others move
/// to it. Notes of one pitch that overlap within one voice are cut, and hits of drums last to the next one.
///
/// # Errors
/// As for [`write()`].
pub fn quantised(score: &Score) -> Result<Score, WriteError> {
    sheet::quantised::quantised(score)
        .map_err(|reason| WriteError::Notation { format: Format::MusicXml, reason })
}
