//! Small pieces of music that need no file: songs with phrases that return.

use composer_music::{Note, Score, Track, midi};
use std::path::Path;
use tempfile::{TempDir, tempdir};

/// Ticks in a quarter note.
pub const QUARTER: u64 = 480;

/// A note on a piano.
pub fn note(onset: u64, duration: u64, pitch: u8) -> Note {
    Note { onset, duration, pitch, velocity: 80, channel: 0, program: 0 }
}

/// A score of tracks.
pub fn score(tracks: Vec<Vec<Note>>) -> Score {
    let mut score = Score::new(QUARTER as u16);
    score.tracks.extend(tracks.into_iter().map(|notes| Track { name: None, notes }));
    score
}

/// Numbers that look random and never change.
fn dice(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    move |sides| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) % sides
    }
}

/// A song of 32 bars in two parts: a melody of four phrases, the first of which returns, over the roots of its chords.
pub fn song(seed: u64) -> Score {
    const SCALE: [u8; 7] = [0, 2, 4, 5, 7, 9, 11];
    let mut roll = dice(seed);
    let key = 60 + roll(7) as u8;
    let mut phrase = || -> Vec<(u64, u64, u64)> {
        let mut notes = Vec::new();
        let mut degree = roll(7);
        for beat in 0..32 {
            if beat % 4 == 3 && roll(3) == 0 {
                continue;
            }
            degree = (degree + roll(3) + 6) % 7;
            let eighths = beat % 4 != 0 && roll(4) == 0;
            notes.push((beat * 2, if eighths { 1 } else { 2 }, degree));
            if eighths {
                notes.push((beat * 2 + 1, 1, (degree + 1) % 7));
            }
        }
        notes
    };
    let phrases = [phrase(), phrase(), phrase()];
    let (mut melody, mut bass) = (Vec::new(), Vec::new());
    for (at, &which) in [0usize, 1, 0, 2].iter().enumerate() {
        let start = at as u64 * 32 * QUARTER;
        for &(eighth, length, degree) in &phrases[which] {
            let pitch = key + SCALE[degree as usize];
            melody.push(note(start + eighth * QUARTER / 2, length * QUARTER / 2, pitch));
        }
        for bar in 0..8u64 {
            let root = SCALE[[0, 3, 4, 0, 5, 3, 4, 0][bar as usize]];
            bass.push(note(start + 4 * bar * QUARTER, 4 * QUARTER, key - 24 + root));
        }
    }
    score(vec![melody, bass])
}

/// Writes a MIDI file into a folder.
pub fn write(folder: &Path, name: &str, score: &Score) {
    std::fs::create_dir_all(folder).expect("a folder");
    std::fs::write(folder.join(name), midi::write(score).expect("writes")).expect("writes");
}

/// A folder with four songs in `songs`.
pub fn folder_of_songs() -> TempDir {
    let here = tempdir().expect("a folder");
    for seed in 1..=4 {
        write(&here.path().join("songs"), &format!("{seed}.mid"), &song(seed));
    }
    here
}
