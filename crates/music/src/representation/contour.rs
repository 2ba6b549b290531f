//! `contour`: what a drummer needs of a bass line, when it plays and which way it moves, whatever its key.
//!
//! Some dozens of songs are too few for a network to learn that a C and a D flat mean the same to a drummer. A contour has four
//! features per step instead of one per pitch. A bass line `C2 D2 – D3` in quarters, at two steps per quarter:
//!
//! ```text
//! step      0 1 2 3 4 5 6 7
//! sounds    ● ● ● ● · · ● ●
//! rises     · · ● · · · ● ·
//! falls     · · · · · · · ·
//! leaps     · · · · · · ● ·
//! struck    ● · ● · · · ● ·
//! ```
//!
//! A contour is a source to condition on. It cannot be decoded, because it does not hold the pitches.
//!
//! ```
//! use composer_music::representation::contour::{BassContour, Direction};
//! use composer_music::{Note, Score, Track};
//!
//! let note = |onset, pitch| Note { onset, duration: 2, pitch, velocity: 90, channel: 0, program: 33 };
//! let mut score = Score::new(2);
//! score.tracks.push(Track { name: None, notes: vec![note(0, 36), note(2, 38), note(6, 50)] });
//! let steps = BassContour { steps_per_quarter: 2 }.encode(&score);
//! assert_eq!(steps[2].direction, Some(Direction::Rises));
//! assert!(!steps[2].leaps && steps[6].leaps);
//! ```

use super::frames::{Frame, FrameRepresentation};
use crate::score::Score;

/// Widest interval that is no leap, in semitones: a major third.
pub const WIDEST_STEP: i16 = 4;

/// Whether a note begins higher or lower than the note that began before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Higher.
    Rises,
    /// Lower.
    Falls,
}

/// What a bass line does during one time step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ContourStep {
    /// A note sounds.
    pub sounds: bool,
    /// A note begins.
    pub struck: bool,
    /// Where the note that begins lies from the one before; `None` for the same pitch, for the first note, and where none begins.
    pub direction: Option<Direction>,
    /// The note that begins is more than [`WIDEST_STEP`] semitones from the one before.
    pub leaps: bool,
}

/// How a bass line becomes a contour: the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BassContour {
    /// Steps in a quarter note: 4 for sixteenths.
    pub steps_per_quarter: u32,
}

impl BassContour {
    /// Features of a step in the first plane: sounds, rises, falls, leaps.
    pub const NUM_FEATURES: usize = 4;

    /// The contour of a part, of its lowest notes where several begin together. Drums are left out.
    pub fn encode(&self, score: &Score) -> Vec<ContourStep> {
        let mut previous: Option<i16> = None;
        let step = |frame: Frame| {
            let mut step = ContourStep { sounds: frame.sounding != 0, ..ContourStep::default() };
            if frame.onsets != 0 {
                let pitch = frame.onsets.trailing_zeros() as i16;
                let interval = pitch - previous.replace(pitch).unwrap_or(pitch);
                step.struck = true;
                step.leaps = interval.abs() > WIDEST_STEP;
                step.direction = match interval {
                    0 => None,
                    1.. => Some(Direction::Rises),
                    _ => Some(Direction::Falls),
                };
            }
            step
        };
        let pitched = FrameRepresentation {
            steps_per_quarter: self.steps_per_quarter,
            ..FrameRepresentation::default()
        };
        pitched.encode(score).into_iter().map(step).collect()
    }

    /// The layout of a contour as multi-hot frames, in which networks take it and model files name it: the bits 0–3 of
    /// [`Frame::sounding`] are sounds, rises, falls, leaps; bit 0 of [`Frame::onsets`] is struck.
    pub fn layout(&self) -> FrameRepresentation {
        FrameRepresentation {
            steps_per_quarter: self.steps_per_quarter,
            pitch_low: 0,
            pitch_high: Self::NUM_FEATURES as u8 - 1,
            onset_plane: true,
            ..FrameRepresentation::default()
        }
    }
}

impl From<ContourStep> for Frame {
    /// The step in the layout of [`BassContour::layout`].
    fn from(step: ContourStep) -> Frame {
        let features = [
            step.sounds,
            step.direction == Some(Direction::Rises),
            step.direction == Some(Direction::Falls),
            step.leaps,
        ];
        let bit = |(place, is): (usize, &bool)| u128::from(*is) << place;
        Frame {
            sounding: features.iter().enumerate().map(bit).fold(0, |bits, bit| bits | bit),
            onsets: u128::from(step.struck),
        }
    }
}

/// What a network conditions on: the pitches of a part, or its contour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SourceRepresentation {
    /// The pitches.
    Pitches(FrameRepresentation),
    /// The contour of a bass line.
    Contour(BassContour),
}

impl SourceRepresentation {
    /// A part as the frames that the network takes. `O(steps + notes · log notes)`.
    pub fn encode(&self, score: &Score) -> Vec<Frame> {
        match self {
            Self::Pitches(frames) => frames.encode(score),
            Self::Contour(contour) => contour.encode(score).into_iter().map(Frame::from).collect(),
        }
    }

    /// The layout of these frames, as model files name it.
    pub fn layout(&self) -> FrameRepresentation {
        match self {
            Self::Pitches(frames) => *frames,
            Self::Contour(contour) => contour.layout(),
        }
    }
}

impl From<FrameRepresentation> for SourceRepresentation {
    /// What the layout in a model file means. Four "pitches" from 0 are a contour: no instrument plays so low.
    fn from(layout: FrameRepresentation) -> Self {
        let contour = BassContour { steps_per_quarter: layout.steps_per_quarter };
        if layout == contour.layout() { Self::Contour(contour) } else { Self::Pitches(layout) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Note, Track};

    const RISES: u128 = 1 << 1;
    const FALLS: u128 = 1 << 2;
    const LEAPS: u128 = 1 << 3;

    fn line(notes: &[(u64, u8)]) -> Score {
        let note = |&(onset, pitch): &(u64, u8)| Note {
            onset,
            duration: 2,
            pitch,
            velocity: 90,
            channel: 0,
            program: 33,
        };
        let mut score = Score::new(4);
        score.tracks.push(Track { name: None, notes: notes.iter().map(note).collect() });
        score
    }

    #[test]
    fn a_contour_is_the_same_in_every_key() {
        let at = |lowest: u8| line(&[(0, lowest), (2, lowest + 2), (6, lowest + 2), (8, lowest + 12)]);
        let source = SourceRepresentation::Contour(BassContour { steps_per_quarter: 4 });
        let frames = source.encode(&at(30));
        assert_eq!(frames, source.encode(&at(37)));
        let sounding: Vec<u128> = frames.iter().map(|frame| frame.sounding).collect();
        assert_eq!(sounding, [1, 1, 1 | RISES, 1, 0, 0, 1, 1, 1 | RISES | LEAPS, 1]);
        let struck: Vec<u128> = frames.iter().map(|frame| frame.onsets).collect();
        assert_eq!(struck, [1, 0, 1, 0, 0, 0, 1, 0, 1, 0]);
    }

    #[test]
    fn a_falling_line_falls_and_the_lowest_of_a_chord_counts() {
        let steps = BassContour { steps_per_quarter: 4 }.encode(&line(&[(0, 40), (2, 38), (2, 45), (4, 30)]));
        let frames: Vec<u128> = steps.into_iter().map(|step| Frame::from(step).sounding).collect();
        assert_eq!(frames, [1, 1, 1 | FALLS, 1, 1 | FALLS | LEAPS, 1]);
    }

    #[test]
    fn layouts_in_model_files_say_what_the_source_is() {
        let contour = SourceRepresentation::Contour(BassContour { steps_per_quarter: 4 });
        let pitches = SourceRepresentation::Pitches(FrameRepresentation::default());
        for source in [contour, pitches] {
            assert_eq!(SourceRepresentation::from(source.layout()), source);
        }
        assert_eq!(contour.layout().num_pitches(), BassContour::NUM_FEATURES);
    }
}
