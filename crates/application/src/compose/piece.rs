//! [`Piece`]: what was composed.

use crate::error::{Result, wrong_input};
use composer_music::Score;
use composer_music::midi::{self, OtherEvent, RawFile};
use composer_music::notation::{self, Format};

/// A composed piece.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// The music.
    pub score: Score,
    /// −ln P of each step or token under the model, in nats.
    pub nll: Vec<f64>,
    /// What one should know of it, in sentences: what the model did not read of its primer, options without an effect. The same for
    /// all pieces that were composed together.
    pub notes: Vec<String>,
    /// What the file of its primer has beside the music: lyrics, markers, controllers, pitch bends.
    pub others: Vec<OtherEvent>,
}

impl Piece {
    /// The piece as a MIDI file.
    ///
    /// # Errors
    /// MIDI cannot express it.
    pub fn to_midi(&self) -> Result<Vec<u8>> {
        let bytes = midi::write(&self.score).map_err(anyhow::Error::from)?;
        if self.others.is_empty() {
            return Ok(bytes);
        }
        let mut file = RawFile::parse(&bytes).map_err(anyhow::Error::from)?;
        file.insert(&self.others);
        Ok(file.to_bytes())
    }

    /// The piece as a file of a format. What a score does not hold is in MIDI only.
    ///
    /// # Errors
    /// The format cannot express it.
    pub fn to_bytes(&self, format: Format) -> Result<Vec<u8>> {
        match format {
            Format::Midi => self.to_midi(),
            _ => Ok(notation::write(&self.score, format).map_err(wrong_input)?),
        }
    }

    /// Mean −ln P of a step or token under the model, in nats.
    pub fn nll_per_step(&self) -> f64 {
        self.nll.iter().sum::<f64>() / self.nll.len().max(1) as f64
    }
}
