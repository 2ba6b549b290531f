//! What makes two pieces the same music.

use sha2::{Digest, Sha256};

use crate::representation::grid::Grid;
use crate::score::Score;

/// Fingerprint of a piece's content.
pub type ContentKey = [u8; 32];

/// Steps per quarter note by which contents are compared: fine enough for any notation.
const RESOLUTION: u32 = 960;

/// The fingerprint of what is played when: equal for a piece and its copies in other keys, at other resolutions, with
/// other velocities, instruments, tempos, tracks, or after a silence.
///
/// Drums keep their pitch: another key does not move them.
pub fn content_key(score: &Score) -> ContentKey {
    key(score, true)
}

/// The fingerprint of what is played when and at which pitch; see [`content_key`].
pub fn exact_content_key(score: &Score) -> ContentKey {
    key(score, false)
}

fn key(score: &Score, transposed: bool) -> ContentKey {
    let grid = Grid::new(score.ticks_per_quarter, RESOLUTION);
    let first = score.notes().map(|note| note.onset).min().unwrap_or(0);
    let lowest = score.notes().filter(|note| !note.is_drum()).map(|note| note.pitch).min().unwrap_or(0);
    let lowest = if transposed { lowest } else { 0 };
    let mut notes: Vec<[u64; 4]> = score
        .notes()
        .map(|note| {
            let pitch = if note.is_drum() { note.pitch } else { note.pitch - lowest };
            [
                grid.step(note.onset - first),
                u64::from(note.is_drum()),
                u64::from(pitch),
                grid.step(note.duration),
            ]
        })
        .collect();
    notes.sort_unstable();
    let mut hash = Sha256::new();
    notes.iter().flatten().for_each(|value| hash.update(value.to_le_bytes()));
    hash.finalize().into()
}

/// The SHA-256 of bytes, in hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
