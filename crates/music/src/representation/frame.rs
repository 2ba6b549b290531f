//! [`Frame`]: what sounds during one time step.

// ANCHOR: frame
/// What sounds during one time step: bit `p` of each plane stands for MIDI pitch `p`.
///
/// `onsets` is always a subset of `sounding`. A pitch that sounds without an onset is held from the step before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Frame {
    /// Pitches that sound.
    pub sounding: u128,
    /// Pitches that are struck in this step.
    pub onsets: u128,
}
// ANCHOR_END: frame

impl Frame {
    /// Whether nothing sounds.
    pub fn is_silent(&self) -> bool {
        self.sounding == 0
    }

    /// The frame moved by semitones; pitches that leave 0–127 are dropped.
    pub fn transpose(self, semitones: i8) -> Self {
        let shift = |plane: u128| {
            let by = u32::from(semitones.unsigned_abs());
            if semitones >= 0 { plane.checked_shl(by) } else { plane.checked_shr(by) }.unwrap_or(0)
        };
        Self { sounding: shift(self.sounding), onsets: shift(self.onsets) }
    }

    /// The pitches that sound, ascending.
    pub fn pitches(&self) -> impl Iterator<Item = u8> + use<> {
        pitches(self.sounding)
    }

    /// The pitches that are struck, ascending.
    pub fn struck(&self) -> impl Iterator<Item = u8> + use<> {
        pitches(self.onsets)
    }
}

/// The set bits of a plane, ascending.
pub fn pitches(mut plane: u128) -> impl Iterator<Item = u8> {
    std::iter::from_fn(move || {
        let pitch = plane.trailing_zeros();
        plane &= plane.wrapping_sub(1);
        (pitch < 128).then_some(pitch as u8)
    })
}

/// Fills in the onsets of frames that only say what sounds: a pitch is struck where it did not sound just before.
pub fn strike_rising_edges(frames: &mut [Frame]) {
    let mut before = 0;
    for frame in frames {
        frame.onsets = frame.sounding & !before;
        before = frame.sounding;
    }
}
