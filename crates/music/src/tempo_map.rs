//! [`TempoMap`]: from ticks to seconds, through every change of tempo; and the times of a [`Score`] by it.

use crate::score::{DEFAULT_MICROS_PER_QUARTER, Score, Ticks};

/// Where in real time each tick of a score falls.
///
/// Times add up in exact integers (microseconds × ticks per quarter), so the seconds do not depend on how many
/// tempo changes lie before.
#[derive(Clone, Debug)]
pub struct TempoMap {
    ticks_per_quarter: u16,
    /// Sorted by tick; the first segment begins at tick 0.
    segments: Vec<Segment>,
}

/// From `tick` on, a tick lasts `micros_per_quarter / ticks_per_quarter` microseconds.
#[derive(Clone, Copy, Debug)]
struct Segment {
    tick: Ticks,
    /// Time at `tick`, in microseconds × ticks per quarter.
    scaled_micros: u128,
    micros_per_quarter: u32,
}

impl TempoMap {
    /// The tempo map of a score.
    pub fn new(score: &Score) -> Self {
        let mut segments =
            vec![Segment { tick: 0, scaled_micros: 0, micros_per_quarter: DEFAULT_MICROS_PER_QUARTER }];
        for tempo in &score.tempos {
            let last = segments[segments.len() - 1];
            let elapsed = u128::from(tempo.tick.saturating_sub(last.tick));
            let segment = Segment {
                tick: tempo.tick.max(last.tick),
                scaled_micros: last.scaled_micros + elapsed * u128::from(last.micros_per_quarter),
                micros_per_quarter: tempo.micros_per_quarter,
            };
            segments.push(segment);
        }
        Self { ticks_per_quarter: score.ticks_per_quarter.max(1), segments }
    }

    /// How long a quarter note lasts at a tick, in seconds.
    pub fn seconds_per_quarter(&self, tick: Ticks) -> f64 {
        f64::from(self.segment(tick).micros_per_quarter) / 1e6
    }

    fn segment(&self, tick: Ticks) -> Segment {
        // The first segment begins at tick 0, so there is always one at or before `tick`.
        let after = self.segments.partition_point(|segment| segment.tick <= tick);
        self.segments[after - 1]
    }

    /// Seconds from the beginning of the piece to a tick.
    pub fn seconds(&self, tick: Ticks) -> f64 {
        let segment = self.segment(tick);
        let inside = u128::from(tick - segment.tick) * u128::from(segment.micros_per_quarter);
        (segment.scaled_micros + inside) as f64 / (1e6 * f64::from(self.ticks_per_quarter))
    }
}

impl Score {
    /// Length of the notes in seconds, by the tempo map.
    pub fn seconds(&self) -> f64 {
        self.seconds_at(self.end())
    }

    /// The moment of a tick in seconds from the beginning. For many ticks, build one [`TempoMap`].
    pub fn seconds_at(&self, tick: Ticks) -> f64 {
        TempoMap::new(self).seconds(tick)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::Tempo;

    #[test]
    fn seconds_follow_every_tempo_change() {
        let mut score = Score::new(480);
        assert_eq!(TempoMap::new(&score).seconds(960), 1.0, "120 quarters per minute without a tempo");
        score.tempos = vec![
            Tempo { tick: 480, micros_per_quarter: 1_000_000 },
            Tempo { tick: 960, micros_per_quarter: 250_000 },
        ];
        let map = TempoMap::new(&score);
        assert_eq!(map.seconds(0), 0.0);
        assert_eq!(map.seconds(480), 0.5);
        assert_eq!(map.seconds(720), 1.0);
        assert_eq!(map.seconds(960), 1.5);
        assert_eq!(map.seconds(1440), 1.75);
    }
}
