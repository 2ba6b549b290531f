//! Frame files as the polyphonic music benchmarks use them: JSON `{"train": …, "valid": …, "test": …}`, in which a
//! piece is a list of frames and a frame a list of MIDI pitches; −1, where four voices have fixed places, is a rest.
//!
//! Such files say what sounds, not what is struck: [`FrameSets`] marks as struck what begins to sound, which suits a
//! [`crate::representation::frames::FrameRepresentation`] without onset plane.

use std::path::Path;

use crate::input;
use crate::representation::frames::{Frame, strike_rising_edges};
pub use crate::representation::voices::VoiceSteps;

/// A data set that comes with its split.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrameSets {
    /// Pieces to learn from.
    pub train: Vec<Vec<Frame>>,
    /// Pieces to choose a model by.
    pub valid: Vec<Vec<Frame>>,
    /// Pieces to score once.
    pub test: Vec<Vec<Frame>>,
}

/// A four-voice data set that comes with its split.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VoiceSets {
    /// Pieces to learn from.
    pub train: Vec<VoiceSteps>,
    /// Pieces to choose a model by.
    pub valid: Vec<VoiceSteps>,
    /// Pieces to score once.
    pub test: Vec<VoiceSteps>,
}

/// Why a frame file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file could not be read.
    #[error("cannot read {path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The file is not JSON of the expected form.
    #[error("{path} is not {{\"train\", \"valid\", \"test\"}} of pieces of frames of pitches: {source}")]
    Form {
        /// The file.
        path: String,
        /// Where and how the JSON differs.
        source: serde_json::Error,
    },
    /// The JSON ends in the middle.
    #[error("{0} is damaged or cut off: it ends in the middle of its JSON")]
    CutOff(String),
    /// A number that is no pitch.
    #[error(
        "{path}: {set} piece {piece}, frame {frame}: {value} is no MIDI pitch (0 to 127, or -1 for a rest)"
    )]
    Pitch {
        /// The file.
        path: String,
        /// Which set: train, valid or test.
        set: &'static str,
        /// Piece in the set, from 0.
        piece: usize,
        /// Frame in the piece, from 0.
        frame: usize,
        /// What stands there.
        value: i64,
    },
    /// A frame without four voices, in a file that is read as voices.
    #[error("{path}: {set} piece {piece}, frame {frame} has {found} voices instead of four")]
    Voices {
        /// The file.
        path: String,
        /// Which set: train, valid or test.
        set: &'static str,
        /// Piece in the set, from 0.
        piece: usize,
        /// Frame in the piece, from 0.
        frame: usize,
        /// How many it has.
        found: usize,
    },
}

/// Most bytes of a frame file: the largest of the published data sets has 40 MB.
const MAX_BYTES: u64 = 1 << 30;

type Pieces = Vec<Vec<Vec<i64>>>;

#[derive(serde::Deserialize)]
struct Sets {
    train: Pieces,
    valid: Pieces,
    test: Pieces,
}

/// Reads a frame file.
///
/// # Errors
/// When the file cannot be read, is not of the form, or holds a number that is no pitch: said with its place.
pub fn read_frame_json(path: impl AsRef<Path>) -> Result<FrameSets, Error> {
    let (sets, path) = read_sets(path.as_ref())?;
    let frames = |pieces: Pieces| {
        let frames = |piece: Vec<Vec<i64>>| {
            let plane =
                |frame: &Vec<i64>| frame.iter().filter(|&&p| p >= 0).fold(0u128, |plane, p| plane | 1 << p);
            let mut frames: Vec<Frame> =
                piece.iter().map(|frame| Frame { sounding: plane(frame), onsets: 0 }).collect();
            strike_rising_edges(&mut frames);
            frames
        };
        pieces.into_iter().map(frames).collect()
    };
    check_pitches(&sets, &path)?;
    Ok(FrameSets { train: frames(sets.train), valid: frames(sets.valid), test: frames(sets.test) })
}

/// Reads a frame file in which every frame has four voices in fixed places.
///
/// # Errors
/// As for [`read_frame_json`], and when a frame does not have four voices.
pub fn read_voice_json(path: impl AsRef<Path>) -> Result<VoiceSets, Error> {
    let (sets, path) = read_sets(path.as_ref())?;
    check_pitches(&sets, &path)?;
    let voices = |set: &'static str, pieces: Pieces| -> Result<Vec<VoiceSteps>, Error> {
        let steps = |(piece, frames): (usize, Vec<Vec<i64>>)| {
            let step = |(frame, pitches): (usize, Vec<i64>)| match pitches[..] {
                // Checked above: −1 to 127.
                [a, b, c, d] => Ok([a, b, c, d].map(|pitch| pitch as i16)),
                _ => Err(Error::Voices { path: path.clone(), set, piece, frame, found: pitches.len() }),
            };
            frames.into_iter().enumerate().map(step).collect()
        };
        pieces.into_iter().enumerate().map(steps).collect()
    };
    Ok(VoiceSets {
        train: voices("train", sets.train)?,
        valid: voices("valid", sets.valid)?,
        test: voices("test", sets.test)?,
    })
}

fn read_sets(path: &Path) -> Result<(Sets, String), Error> {
    let name = input::shown(path);
    let bytes =
        input::read_named(path, MAX_BYTES).map_err(|source| Error::Io { path: name.clone(), source })?;
    let sets =
        serde_json::from_slice(&bytes).map_err(|source| match source.is_eof() && !bytes.is_empty() {
            true => Error::CutOff(name.clone()),
            false => Error::Form { path: name.clone(), source },
        })?;
    Ok((sets, name))
}

fn check_pitches(sets: &Sets, path: &str) -> Result<(), Error> {
    for (set, pieces) in [("train", &sets.train), ("valid", &sets.valid), ("test", &sets.test)] {
        for (piece, frames) in pieces.iter().enumerate() {
            for (frame, pitches) in frames.iter().enumerate() {
                if let Some(&value) = pitches.iter().find(|pitch| !(-1..128).contains(*pitch)) {
                    return Err(Error::Pitch { path: path.to_owned(), set, piece, frame, value });
                }
            }
        }
    }
    Ok(())
}
