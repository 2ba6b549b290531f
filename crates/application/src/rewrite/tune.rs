//! [`Tune`]: the music to write parts of anew, with all that is in its file.

use crate::compose::{Piece, carried};
use crate::error::{Result, wrong_input};
use composer_music::midi::OtherEvent;
use composer_music::notation::{self, Format};
use composer_music::{Score, input};
use std::path::Path;

/// A tune as it was given.
#[derive(Clone, Debug)]
pub struct Tune {
    /// Its music.
    pub score: Score,
    /// The format of its file.
    pub format: Format,
    /// What its file has beside the music: lyrics, markers, controllers, pitch bends.
    pub(crate) others: Vec<OtherEvent>,
    /// What is odd about its file, in sentences.
    pub(crate) remarks: Vec<String>,
}

impl Tune {
    /// Reads a file: MIDI, MusicXML or ABC; `-` is the standard input.
    ///
    /// # Errors
    /// It cannot be read; the text names it.
    pub fn read(path: &Path) -> Result<Self> {
        let fault = |error: &dyn std::fmt::Display| wrong_input(format!("{}: {error}", input::shown(path)));
        let bytes = notation::bytes_of(path).map_err(|error| fault(&error))?;
        let name = path.to_string_lossy();
        let file = notation::read_bytes(&bytes, &name, &notation::Options::default())
            .map_err(|error| fault(&error))?;
        let format = notation::format_of(&bytes, &name);
        let others = match format {
            Format::Midi => carried::of_file(&bytes, &file).map_err(|error| fault(&error))?,
            _ => Vec::new(),
        };
        let damage = file.report.damage.first().map(|damage| {
            format!("The file is damaged, at {damage}: the result has what could be read of it.")
        });
        Ok(Self { score: file.score, format, others, remarks: damage.into_iter().collect() })
    }
}

impl Tune {
    /// The tune, perhaps with another score, as a MIDI file, with what its file has beside the music.
    ///
    /// # Errors
    /// MIDI cannot express it.
    pub fn to_midi(&self) -> Result<Vec<u8>> {
        let Self { score, others, .. } = self.clone();
        Piece { score, nll: Vec::new(), notes: Vec::new(), others }.to_midi()
    }
}

impl From<Score> for Tune {
    fn from(score: Score) -> Self {
        Self { score, format: Format::Midi, others: Vec::new(), remarks: Vec::new() }
    }
}
