//! [`Voices`]: which voice sings which note of a chord, where no track says so.

use super::super::quantise::Sound;

/// Cost in semitones of an inner note that is left out, more than any movement; the highest and the lowest cost twice as much.
const LEFT_OUT: i32 = 100_000;

/// Cost in semitones of crossing a held note.
const CROSSING: i32 = 24;

/// What each voice sings, the highest voice first.
pub(super) struct Voices {
    all: Vec<Voice>,
}

#[derive(Clone, Copy)]
struct Voice {
    /// The last pitch; before the first note the voices lie evenly between C5 and C3.
    last: i32,
    /// First step at which it may sing again.
    free_from: u64,
}

impl Voices {
    pub fn new(count: usize) -> Self {
        let last = |voice| 72 - (24 * voice / count.max(2)) as i32;
        Self { all: (0..count).map(|voice| Voice { last: last(voice), free_from: 0 }).collect() }
    }

    /// The voice of each note of a chord, notes that begin together from high to low; they keep their order in the voices, and the sum of all
    /// movements is the least. `None`: left out, an inner note if possible.
    pub fn of(&mut self, chord: &[Sound]) -> Vec<Option<usize>> {
        let start = chord.first().map_or(0, |sound| sound.start);
        let free: Vec<usize> = (0..self.all.len()).filter(|&v| self.all[v].free_from <= start).collect();
        // least[n][f]: the least cost of notes n.. in the free voices f..
        let (notes, places) = (chord.len(), free.len());
        let left_out = |n: usize| if n == 0 || n + 1 == notes { 2 * LEFT_OUT } else { LEFT_OUT };
        let mut least = vec![vec![0; places + 1]; notes + 1];
        for n in (0..notes).rev() {
            least[n][places] = least[n + 1][places] + left_out(n);
            for f in (0..places).rev() {
                let sung = least[n + 1][f + 1] + self.cost(chord[n].pitch, free[f], start);
                least[n][f] = sung.min(least[n][f + 1]).min(least[n + 1][f] + left_out(n));
            }
        }
        let mut f = 0;
        let mut dealt = Vec::with_capacity(notes);
        for (n, sound) in chord.iter().enumerate() {
            while f < places && least[n][f] == least[n][f + 1] {
                f += 1;
            }
            let sings =
                f < places && least[n][f] == least[n + 1][f + 1] + self.cost(sound.pitch, free[f], start);
            dealt.push(sings.then(|| free[f]));
            f += usize::from(sings);
        }
        for (sound, voice) in chord.iter().zip(&dealt) {
            if let Some(voice) = *voice {
                self.all[voice] = Voice { last: sound.pitch.into(), free_from: sound.end };
            }
        }
        dealt
    }

    fn cost(&self, pitch: u8, voice: usize, start: u64) -> i32 {
        let pitch = i32::from(pitch);
        let held = |other: &usize| self.all[*other].free_from > start;
        let above = (0..voice).filter(held).filter(|&other| self.all[other].last < pitch).count();
        let below = (voice + 1..self.all.len()).filter(held).filter(|&v| self.all[v].last > pitch).count();
        (self.all[voice].last - pitch).abs() + CROSSING * (above + below) as i32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dealt(voices: &mut Voices, start: u64, end: u64, pitches: &[u8]) -> Vec<Option<usize>> {
        let sound = |&pitch: &u8| Sound { start, part: 0, pitch, end, velocity: 80 };
        voices.of(&pitches.iter().map(sound).collect::<Vec<_>>())
    }

    #[test]
    fn chords_are_dealt_by_height_and_held_notes_are_not_crossed() {
        let mut voices = Voices::new(4);
        assert_eq!(dealt(&mut voices, 0, 4, &[76, 67, 60, 48]), [Some(0), Some(1), Some(2), Some(3)]);
        // The soprano falls below where the alto was, and stays the soprano.
        assert_eq!(dealt(&mut voices, 4, 8, &[65, 62, 57, 53]), [Some(0), Some(1), Some(2), Some(3)]);
        // Three notes: the voice that would move most is silent.
        assert_eq!(dealt(&mut voices, 8, 12, &[65, 62, 53]), [Some(0), Some(1), Some(3)]);
        // Of five notes one is left out, and not an outer one.
        let five = dealt(&mut voices, 12, 16, &[72, 66, 65, 60, 48]);
        assert_eq!((five[0], five[4]), (Some(0), Some(3)));
        assert_eq!(five.iter().filter(|voice| voice.is_none()).count(), 1);
        // Soprano and bass are held; what is between them goes to the inner voices.
        assert_eq!(dealt(&mut voices, 16, 24, &[72]), [Some(0)]);
        assert_eq!(dealt(&mut voices, 16, 24, &[48]), [Some(3)]);
        assert_eq!(dealt(&mut voices, 18, 20, &[71, 50]), [Some(1), Some(2)]);
    }
}
