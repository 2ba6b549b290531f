//! The ticks of a score that is read from notation: fine enough for everything written in it, where MIDI's 15 bits hold that.

use crate::score::{Score, Ticks};

/// Most ticks in a quarter: a MIDI file counts them in 15 bits.
const MOST: Ticks = 0x7FFF;
/// Ticks in a quarter that a score has at least, and a multiple of which it has if possible: MIDI programs expect it.
pub(super) const USUAL: Ticks = 480;
/// Ticks where nothing holds everything: divisible by 2⁵, 3³, 5 and 7.
const ROUNDED: Ticks = 30_240;

/// From the ticks of a written piece to those of a score: multiplied by `numerator`, divided by `denominator`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scale {
    numerator: Ticks,
    denominator: Ticks,
    ticks_per_quarter: u16,
}

impl Scale {
    /// For a score whose quarter has `resolution` ticks: exact if a quarter of up to 32,767 ticks holds its times, otherwise rounded.
    pub fn for_score(resolution: Ticks, score: &Score) -> Self {
        let common = if resolution > MOST { times(score).fold(resolution, gcd) } else { 1 };
        let needed = resolution / common;
        let ticks = if needed > MOST {
            ROUNDED
        } else {
            [USUAL, USUAL / 5, 1]
                .map(|usual| lcm(needed, usual))
                .into_iter()
                .find(|&ticks| ticks <= MOST)
                .unwrap_or(needed)
        };
        let common = gcd(ticks, resolution);
        Self { numerator: ticks / common, denominator: resolution / common, ticks_per_quarter: ticks as u16 }
    }

    /// A time, rounded if it must be.
    pub fn tick(&self, time: Ticks) -> Ticks {
        let scaled = u128::from(time) * u128::from(self.numerator) + u128::from(self.denominator / 2);
        (scaled / u128::from(self.denominator)) as Ticks
    }

    /// Converts a score; how many times had to be rounded.
    pub fn apply(&self, score: &mut Score) -> usize {
        let rounded =
            times(score).filter(|time| !(time * self.numerator).is_multiple_of(self.denominator)).count();
        for note in score.tracks.iter_mut().flat_map(|track| &mut track.notes) {
            let end = self.tick(note.end());
            note.onset = self.tick(note.onset);
            note.duration = (end - note.onset).max(1);
        }
        score.tempos.iter_mut().for_each(|change| change.tick = self.tick(change.tick));
        score.time_signatures.iter_mut().for_each(|change| change.tick = self.tick(change.tick));
        score.key_signatures.iter_mut().for_each(|change| change.tick = self.tick(change.tick));
        score.chord_symbols.iter_mut().for_each(|chord| chord.tick = self.tick(chord.tick));
        score.ticks_per_quarter = self.ticks_per_quarter;
        rounded
    }
}

/// Every time in a score.
fn times(score: &Score) -> impl Iterator<Item = Ticks> + '_ {
    let notes = score.notes().flat_map(|note| [note.onset, note.end()]);
    let metres = score.time_signatures.iter().map(|change| change.tick);
    let chords = score.chord_symbols.iter().map(|chord| chord.tick);
    notes.chain(metres).chain(chords)
}

/// The greatest common divisor.
pub(super) fn gcd(mut a: Ticks, mut b: Ticks) -> Ticks {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

/// The least common multiple; the largest number where it is none.
pub(super) fn lcm(a: Ticks, b: Ticks) -> Ticks {
    (a / gcd(a, b)).checked_mul(b).unwrap_or(Ticks::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::{Note, Track};

    #[test]
    fn ticks_hold_what_is_written() {
        let note = |onset| Note { onset, duration: 1, pitch: 60, velocity: 80, channel: 0, program: 0 };
        for (resolution, onset, ticks, rounded) in [
            (1, 3, 480, 0),
            (12, 7, 480, 0),
            (7, 3, 3360, 0),
            (264, 5, 5280, 0),
            (10_080, 1, 10_080, 0),
            (6240, 1, 6240, 0),
            (65_537, 65_536, ROUNDED as u16, 1),
        ] {
            let mut score = Score::new(1);
            score.tracks.push(Track { name: None, notes: vec![note(onset)] });
            let scale = Scale::for_score(resolution, &score);
            assert_eq!((scale.apply(&mut score), score.ticks_per_quarter), (rounded, ticks), "{resolution}");
        }
    }
}
