//! `frames`: one multi-hot vector per time step, with a second plane that tells a struck note from a held one.

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
