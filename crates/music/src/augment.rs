//! Augmentation at training time: the same music in other keys, faster or slower, louder or softer; seeded.

use rand::{Rng, RngExt};

use crate::representation::frames::Frame;
use crate::score::Score;

/// Into which keys music is moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transposition {
    /// It stays in its key.
    #[default]
    None,
    /// Up to so many semitones up and down, as far as the range allows.
    Within {
        /// Semitones.
        semitones: u8,
    },
    /// All twelve keys, each by the shortest way: 5 semitones down to 6 up, as far as the range allows.
    AllKeys,
}

/// What is done to a piece each time it is learnt from.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Augmentation {
    /// Into which keys it is moved.
    pub transposition: Transposition,
    /// The range of the instrument, inclusive: no note is moved out of it.
    pub range: (u8, u8),
    /// Durations are multiplied by a factor between `1 / stretch` and `stretch`; 1 leaves them alone. Changes seconds,
    /// not the notation: for representations that count quarter notes it changes nothing.
    pub stretch: f64,
    /// Velocities are moved by up to so much up and down, all notes of a piece by the same.
    pub velocity: u8,
}

impl Default for Augmentation {
    /// Nothing is changed; the range is that of the piano.
    fn default() -> Self {
        Self { transposition: Transposition::None, range: (21, 108), stretch: 1.0, velocity: 0 }
    }
}

impl Augmentation {
    /// The transpositions, in semitones, that keep pitches from `lowest` to `highest` in the range; always 0 too.
    pub fn shifts(&self, lowest: u8, highest: u8) -> Vec<i8> {
        let wanted = match self.transposition {
            Transposition::None => 0..=0,
            Transposition::Within { semitones } => {
                let most = semitones.min(127) as i8;
                -most..=most
            }
            Transposition::AllKeys => -5..=6,
        };
        let fits = |by: &i8| {
            let moved = |pitch: u8| i16::from(pitch) + i16::from(*by);
            *by == 0 || moved(lowest) >= i16::from(self.range.0) && moved(highest) <= i16::from(self.range.1)
        };
        wanted.filter(fits).collect()
    }

    /// A random variant of a score. Drums are not transposed.
    pub fn apply(&self, score: &Score, random: &mut impl Rng) -> Score {
        let pitches = score.notes().filter(|note| !note.is_drum()).map(|note| note.pitch);
        let (lowest, highest) = pitches.fold((127, 0), |(low, high): (u8, u8), p| (low.min(p), high.max(p)));
        let shifts = self.shifts(lowest, highest);
        let by = shifts[random.random_range(0..shifts.len())];
        let louder = random.random_range(-i16::from(self.velocity)..=i16::from(self.velocity));
        let stretch = self.stretch.max(1.0).powf(random.random_range(-1.0..=1.0));
        let mut varied = transposed(score, by);
        for note in varied.tracks.iter_mut().flat_map(|track| &mut track.notes) {
            note.velocity = (i16::from(note.velocity) + louder).clamp(1, 127) as u8;
        }
        if stretch != 1.0 {
            slow_down(&mut varied, stretch);
        }
        varied
    }

    /// A random transposition of frames, all of them by the same interval.
    pub fn apply_to_frames(&self, frames: &[Frame], random: &mut impl Rng) -> Vec<Frame> {
        let all = frames.iter().fold(0u128, |all, frame| all | frame.sounding);
        let (lowest, highest) = match all {
            0 => (127, 0),
            all => (all.trailing_zeros() as u8, 127 - all.leading_zeros() as u8),
        };
        let shifts = self.shifts(lowest, highest);
        let by = shifts[random.random_range(0..shifts.len())];
        frames.iter().map(|frame| frame.transpose(by)).collect()
    }
}

/// The score moved by semitones, drums left alone; pitches stop at 0 and 127.
pub fn transposed(score: &Score, semitones: i8) -> Score {
    let mut moved = score.clone();
    for note in moved.tracks.iter_mut().flat_map(|track| &mut track.notes).filter(|note| !note.is_drum()) {
        note.pitch = (i16::from(note.pitch) + i16::from(semitones)).clamp(0, 127) as u8;
    }
    let move_class = |class: u8| (i16::from(class) + i16::from(semitones)).rem_euclid(12) as u8;
    for chord in &mut moved.chord_symbols {
        (chord.root, chord.bass) = (chord.root.map(move_class), chord.bass.map(move_class));
    }
    // A key signature moves with the music; which of two names for a key is meant, nobody can know.
    for key in &mut moved.key_signatures {
        let fifths = (i16::from(key.sharps) + 7 * i16::from(semitones)).rem_euclid(12);
        key.sharps = if fifths > 6 { fifths - 12 } else { fifths } as i8;
    }
    moved
        .tracks
        .iter_mut()
        .for_each(|track| track.notes.sort_unstable_by_key(|note| (note.onset, note.pitch)));
    moved
}

/// Multiplies every duration in seconds.
fn slow_down(score: &mut Score, factor: f64) {
    if score.tempos.first().is_none_or(|first| first.tick > 0) {
        let first =
            crate::score::Tempo { tick: 0, micros_per_quarter: crate::score::DEFAULT_MICROS_PER_QUARTER };
        score.tempos.insert(0, first);
    }
    for tempo in &mut score.tempos {
        let micros = f64::from(tempo.micros_per_quarter) * factor;
        tempo.micros_per_quarter = micros.round().clamp(1.0, f64::from((1 << 24) - 1)) as u32;
    }
}
