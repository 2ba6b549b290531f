//! What drums hear of a bass line: when it plays and which way it moves, whatever its key.
//!
//! Some dozens of songs are too few to learn from that a C and a D flat mean the same to a drummer. A frame of a contour has four
//! places instead of pitches.

use super::grid::{STEPS_PER_QUARTER, pitched};
use composer_music::Score;
use composer_music::representation::frames::{Frame, FrameRepresentation};

/// A note sounds; in the plane of onsets, one is struck.
const SOUNDS: u128 = 1;
/// A note begins that is higher than the one that began before.
const RISES: u128 = 1 << 1;
/// A note begins that is lower.
const FALLS: u128 = 1 << 2;
/// It is more than a major third away.
const LEAPS: u128 = 1 << 3;
const WIDEST_STEP: i16 = 4;

/// The grid and the places.
pub fn representation() -> FrameRepresentation {
    FrameRepresentation {
        steps_per_quarter: STEPS_PER_QUARTER,
        pitch_low: 0,
        pitch_high: 3,
        onset_plane: true,
    }
}

/// The contour of a part, of its lowest notes where several begin together.
pub fn encode(score: &Score) -> Vec<Frame> {
    let mut before: Option<i16> = None;
    let contour = |frame: Frame| {
        let mut contour = Frame::default();
        if frame.sounding != 0 {
            contour.sounding = SOUNDS;
        }
        if frame.onsets != 0 {
            contour.onsets = SOUNDS;
            let pitch = frame.onsets.trailing_zeros() as i16;
            let moved = pitch - before.replace(pitch).unwrap_or(pitch);
            for (place, is) in [(RISES, moved > 0), (FALLS, moved < 0), (LEAPS, moved.abs() > WIDEST_STEP)] {
                contour.sounding |= if is { place } else { 0 };
            }
        }
        contour
    };
    pitched().encode(score).into_iter().map(contour).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use composer_music::{Note, Track};

    #[test]
    fn a_contour_is_the_same_in_every_key() {
        let line = |lowest: u8| {
            let mut score = Score::new(4);
            let note = |(onset, above): (u64, u8)| Note {
                onset,
                duration: 2,
                pitch: lowest + above,
                velocity: 90,
                channel: 0,
                program: 33,
            };
            let notes = [(0, 0), (2, 2), (6, 2), (8, 12)].map(note).to_vec();
            score.tracks.push(Track { name: None, notes });
            score
        };
        let frames = encode(&line(30));
        assert_eq!(frames, encode(&line(37)));
        let sounding: Vec<u128> = frames.iter().map(|frame| frame.sounding).collect();
        assert_eq!(sounding, [1, 1, 1 | RISES, 1, 0, 0, 1, 1, 1 | RISES | LEAPS, 1]);
        let struck: Vec<u128> = frames.iter().map(|frame| frame.onsets).collect();
        assert_eq!(struck, [1, 0, 1, 0, 0, 0, 1, 0, 1, 0]);
    }
}
