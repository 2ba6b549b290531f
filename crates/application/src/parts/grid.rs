//! The grids of parts.

use composer_music::representation::frames::{FrameParts, FrameRepresentation};

/// Steps in a quarter of the models' grid.
pub const STEPS_PER_QUARTER: u32 = 4;

/// The grid of pitched parts.
pub fn pitched() -> FrameRepresentation {
    FrameRepresentation { steps_per_quarter: STEPS_PER_QUARTER, ..FrameRepresentation::default() }
}

/// The grid of drums: General MIDI's 47 of them, and hits alone, because drums are not held.
pub fn drums() -> FrameRepresentation {
    let (pitch_low, pitch_high) = FrameParts::Drums.pitches();
    FrameRepresentation {
        steps_per_quarter: STEPS_PER_QUARTER,
        pitch_low,
        pitch_high,
        onset_plane: false,
        ..FrameRepresentation::default()
    }
}
