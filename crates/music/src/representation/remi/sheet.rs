//! [`Sheet`]: what stands between a score and its tokens.

use super::super::quantise::Sound;
use crate::metre::Bar;

/// Longest note in quarter notes.
pub(super) const MAX_QUARTERS: u64 = 64;

/// The part that plays drums; the others are programs.
pub(super) const DRUMS: u16 = 128;

/// Everything that tokens say, on the grid.
#[derive(Debug, PartialEq)]
pub(super) struct Sheet {
    pub(super) bars: Vec<Bar>,
    /// Step and number of every change of tempo.
    pub(super) tempos: Vec<(u64, u32)>,
    pub(super) sounds: Vec<Sound>,
}
