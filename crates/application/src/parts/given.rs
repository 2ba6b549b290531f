//! The file that a new part is written for, which stays as it is.

use super::grid::STEPS_PER_QUARTER;
use crate::error::{Result, wrong_input};
use composer_music::input;
use composer_music::midi::{self, MidiFile, RawFile};
use composer_music::notation::{self, Format};
use composer_music::{Score, Track};
use std::path::Path;

/// A MIDI file to which a part is added: its bytes, and the music in them.
///
/// Where its ticks are too coarse for the model's grid they are finer here, by a whole factor: nothing moves.
#[derive(Clone, Debug)]
pub struct GivenFile {
    bytes: Vec<u8>,
    /// The music, and what else was found in the file.
    pub file: MidiFile,
    /// What was done to the file, or was odd about it, in sentences.
    pub remarks: Vec<String>,
}

impl GivenFile {
    /// Reads a file of music from disk, MusicXML and ABC as the MIDI that they play; `-` is the standard input.
    ///
    /// # Errors
    /// It cannot be read; the text names it.
    pub fn read(path: &Path) -> Result<Self> {
        let fault = |error: &dyn std::fmt::Display| wrong_input(format!("{}: {error}", input::shown(path)));
        let bytes = notation::bytes_of(path).map_err(|error| fault(&error))?;
        let name = path.to_string_lossy();
        if notation::format_of(&bytes, &name) == Format::Midi {
            return Ok(Self::open(&bytes).map_err(|error| fault(&error))?);
        }
        let MidiFile { score, report, .. } =
            notation::read_bytes(&bytes, &name, &notation::Options::default())
                .map_err(|error| fault(&error))?;
        let mut given = Self::from_score(&score)?;
        given.file.report.notation = report.notation;
        Ok(given)
    }

    /// Takes the bytes of a MIDI file.
    ///
    /// # Errors
    /// They are no MIDI file.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Ok(Self::open(bytes).map_err(wrong_input)?)
    }

    /// Takes a score, as if it had been read from a file.
    ///
    /// # Errors
    /// MIDI cannot express it.
    pub fn from_score(score: &Score) -> Result<Self> {
        Self::from_bytes(&midi::write(score).map_err(wrong_input)?)
    }

    fn open(bytes: &[u8]) -> std::result::Result<Self, midi::Error> {
        let mut file = midi::read(bytes)?;
        let mut remarks = remarks(&file);
        let mut raw = RawFile::parse(bytes)?;
        let factor = raw.factor(STEPS_PER_QUARTER as u16);
        if factor == 1 {
            return Ok(Self { bytes: bytes.to_vec(), file, remarks });
        }
        raw.refine(factor)?;
        let bytes = raw.to_bytes();
        file = MidiFile { report: file.report, ..midi::read(&bytes)? };
        remarks.push(format!(
            "The ticks of the file are too coarse for the new part; they are {factor} times as fine now, and nothing of the file moves."
        ));
        Ok(Self { bytes, file, remarks })
    }

    /// The music.
    pub fn score(&self) -> &Score {
        &self.file.score
    }

    /// The bytes, for changes.
    pub(super) fn raw(&self) -> anyhow::Result<RawFile<'_>> {
        RawFile::parse(&self.bytes).map_err(wrong_input)
    }
}

/// A file with a new track behind its own, as bytes and as a score.
pub(super) fn with_track(mut raw: RawFile, track: &Track) -> anyhow::Result<(Vec<u8>, Score)> {
    raw.append(track).map_err(wrong_input)?;
    let bytes = raw.to_bytes();
    let score = midi::read(&bytes).map_err(wrong_input)?.score;
    Ok((bytes, score))
}

/// What is odd about a file and matters for a part.
fn remarks(file: &MidiFile) -> Vec<String> {
    let report = &file.report;
    let damage = report.damage_in_words().map(|damage| {
        format!("The file is damaged, and the result has what can be read of it. Damage at {damage}.")
    });
    let patterns = (report.format == 2).then(|| {
        "The file has patterns instead of parts (format 2); they are laid one after the other, and a part goes with all of them."
            .to_owned()
    });
    let smpte = report.smpte.map(|frames| {
        format!("The file counts film frames ({frames} per second) and says no tempo; 120 quarter notes per minute are assumed.")
    });
    [damage, patterns, smpte].into_iter().flatten().collect()
}
