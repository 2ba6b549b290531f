//! The conditions of a piece: its style, and what is measured of its notes.

use composer_models::{ConditionTrack, ConditionValues, Sequence};
use composer_music::Score;
use composer_music::representation::AnyRepresentation;
use composer_music::representation::frames::{Frame, FrameRepresentation};

/// The conditions of a piece of frames, bar by bar.
pub(super) fn of_frames(
    sequence: &Sequence,
    frames: &[Frame],
    grid: &FrameRepresentation,
    style: Option<&str>,
) -> ConditionTrack {
    ConditionTrack::of_frames(frames, sequence.bars(), grid.steps_per_quarter, style)
}

/// The conditions of a piece of tokens: bar by bar for those of voices, of which each step has as many, and else those of the whole piece,
/// because their symbols are no time steps.
pub(super) fn of_tokens(
    tokens: &AnyRepresentation,
    score: &Score,
    grid: &FrameRepresentation,
    style: Option<&str>,
) -> ConditionTrack {
    if let AnyRepresentation::Voices(voices) = tokens {
        let grid = FrameRepresentation { steps_per_quarter: voices.steps_per_quarter, ..*grid };
        let bars = grid.bars(score);
        let track =
            ConditionTrack::of_frames(&grid.encode(score), Some(&bars), grid.steps_per_quarter, style);
        return track.with_symbols_per_step(voices.voices.into());
    }
    let measured = composer_models::conditions::measure(&grid.encode(score), grid.steps_per_quarter);
    let metre = Some(grid.bars(score).metre_at(0));
    ConditionTrack::from(ConditionValues { style: style.map(str::to_owned), metre, ..measured })
}
