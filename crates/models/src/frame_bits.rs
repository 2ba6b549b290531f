//! A frame as bits and their loss mask, and back.

use crate::encoding::pitches_in_range;
use composer_music::representation::frames::{Frame, FrameRepresentation};
use composer_tensor::Scalar;

/// Bits and loss mask of one frame after `previous`, both `[V]` and zero before.
pub fn frame_targets(
    representation: &FrameRepresentation,
    previous: Frame,
    frame: Frame,
    on: &mut [f32],
    weight: &mut [f32],
) {
    let pitches = representation.num_pitches();
    weight[..pitches].fill(1.0);
    for pitch in pitches_in_range(representation, frame.sounding) {
        on[pitch] = 1.0;
    }
    if representation.onset_plane {
        for pitch in pitches_in_range(representation, frame.sounding & previous.sounding) {
            weight[pitches + pitch] = 1.0;
        }
        for pitch in pitches_in_range(representation, frame.onsets) {
            on[pitches + pitch] = 1.0;
        }
    }
}

/// What the targets of a frame decide, the reverse of [`frame_targets`]: the pitches that sound, and those that are struck, bit 0 for the
/// lowest of the range. Without an onset plane none is. An onset that is no term of the loss follows from the first plane.
pub(crate) fn decided_planes<S: Scalar>(pitches: usize, on: &[S], weight: &[S]) -> [u128; 2] {
    let mut planes = [0; 2];
    for pitch in (0..pitches).filter(|&pitch| on[pitch] > S::zero()) {
        planes[0] |= 1 << pitch;
        let onset = pitches + pitch;
        if onset < on.len() && (weight[onset] <= S::zero() || on[onset] > S::zero()) {
            planes[1] |= 1 << pitch;
        }
    }
    planes
}
