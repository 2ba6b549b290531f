//! [`Steering`]: what a composition is told of density, polyphony and register so that as a whole it has what was asked for.

use super::measure::counts;
use super::{Condition, ConditionValues};
use composer_music::representation::frames::Frame;

/// Quarters over which a difference is to be made up for, as in training attributes are those of the next eight bars.
const WINDOW_QUARTERS: f64 = 32.0;

/// Semitones by which the register that is told may differ from the one that is asked for.
const MOST_SEMITONES: f64 = 12.0;

/// Sums over what a composition has written so far.
///
/// A network that is told a density writes music that is near to it, and small differences add up, because it reads its own music. So what it is told
/// is not the value that was asked for, but the one that the next 32 quarters must have for the whole to come out at that value, at
/// least half of it and at most twice as much.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Steering {
    steps: u64,
    /// Of [`counts`].
    sums: [u64; 4],
}

impl Steering {
    /// Takes a frame of the composition, of whose pitches `begun` begin.
    pub fn push(&mut self, frame: Frame, begun: u128) {
        self.steps += 1;
        self.sums.iter_mut().zip(counts(frame, begun)).for_each(|(sum, count)| *sum += count);
    }

    /// What is told of an attribute; `None` where it is not asked for.
    pub fn towards(
        &self,
        attribute: Condition,
        asked: &ConditionValues,
        steps_per_quarter: u32,
    ) -> Option<f64> {
        let value = asked.attribute(attribute)?;
        if self.steps == 0 {
            return Some(value);
        }
        let per_quarter = f64::from(steps_per_quarter.max(1));
        let window = WINDOW_QUARTERS * per_quarter;
        let [notes, pitches, sounding, filled] = self.sums.map(|sum| sum as f64);
        // A mean over so many so far and so many in the window.
        let missing = |(sum, count): (f64, f64), more: f64| (value * (count + more) - sum) / more;
        let told = match attribute {
            Condition::Density => missing((notes, self.steps as f64 / per_quarter), WINDOW_QUARTERS),
            Condition::Polyphony => missing((sounding, filled), window),
            _ => {
                let expected = (WINDOW_QUARTERS * asked.density.unwrap_or(1.0)).max(1.0);
                return Some(
                    missing((pitches, notes), expected).clamp(value - MOST_SEMITONES, value + MOST_SEMITONES),
                );
            }
        };
        Some(told.clamp(0.5 * value, 2.0 * value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_told_until_it_is_made_up_for() {
        let asked = ConditionValues::asked(None, [Some(4.0), Some(2.0), Some(60.0)]);
        let told = |steering: &Steering| {
            [Condition::Density, Condition::Polyphony, Condition::Register]
                .map(|attribute| steering.towards(attribute, &asked, 4).unwrap())
        };
        let mut steering = Steering::default();
        assert_eq!(told(&steering), [4.0, 2.0, 60.0]);
        // Eight quarters with one note of pitch 48 each, alone.
        let held = Frame { sounding: 1 << 48, onsets: 0 };
        for step in 0..32 {
            steering.push(held, if step % 4 == 0 { 1 << 48 } else { 0 });
        }
        assert_eq!(told(&steering)[0], (4.0 * 40.0 - 8.0) / 32.0);
        assert_eq!(told(&steering)[1], (2.0 * 160.0 - 32.0) / 128.0);
        assert_eq!(told(&steering)[2], (60.0 * 136.0 - 8.0 * 48.0) / 128.0);
        // As many steps as make up for it.
        let chord = (1 << 60) | (1 << 63) | (1 << 66);
        for _ in 0..32 {
            steering.push(Frame { sounding: chord, onsets: chord }, chord);
        }
        assert!(told(&steering)[0] < 4.0 && told(&steering)[1] == 2.0 && told(&steering)[2] < 60.0);
        (0..4000).for_each(|_| steering.push(held, 0));
        assert_eq!(told(&steering)[..2], [8.0, 4.0], "no more than twice as much");
    }
}
