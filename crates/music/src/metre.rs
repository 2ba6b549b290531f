//! [`Metre`] and [`BarMap`]: which bar and which beat a moment of a piece is in.

use crate::representation::grid::Grid;
use crate::score::{Score, Ticks, TimeSignature};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A metre: `numerator` notes of the value 1/`denominator` fill a bar. As text, and in files, `3/4`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Metre {
    /// Beats in a bar, as they are written.
    pub numerator: u8,
    /// The note value of a beat: 4 is a quarter. A power of two.
    pub denominator: u8,
}

impl Metre {
    /// 4/4, which holds where a file states no metre.
    pub const COMMON: Metre = Metre { numerator: 4, denominator: 4 };

    /// Length of a bar in quarter notes.
    pub fn quarters(&self) -> f64 {
        4.0 * f64::from(self.numerator) / f64::from(self.denominator.max(1))
    }

    /// Whether beats are grouped in threes, as in 6/8, 9/8 and 12/8.
    pub fn is_compound(&self) -> bool {
        self.denominator >= 8 && self.numerator > 3 && self.numerator.is_multiple_of(3)
    }

    /// Steps in a bar of a grid; `None` where a bar is no whole number of steps.
    ///
    /// ```
    /// use composer_music::Metre;
    ///
    /// let jig = Metre { numerator: 6, denominator: 8 };
    /// assert_eq!((jig.steps_per_bar(4), jig.steps_per_bar(1)), (Some(12), Some(3)));
    /// assert_eq!(Metre { numerator: 5, denominator: 8 }.steps_per_bar(1), None);
    /// ```
    pub fn steps_per_bar(&self, steps_per_quarter: u32) -> Option<u64> {
        let (whole, value) = self.bar_fraction(steps_per_quarter);
        (whole > 0 && whole.is_multiple_of(value)).then_some((whole / value) as u64)
    }

    /// Whether a beat begins so many units after the bar line. A beat is a note of the denominator; in a compound metre, three.
    ///
    /// ```
    /// use composer_music::Metre;
    ///
    /// let beats = |metre: &str| -> Vec<u64> {
    ///     let metre: Metre = metre.parse().expect("a metre");
    ///     (0..12).filter(|&sixteenth| metre.is_beat(sixteenth, 4)).collect()
    /// };
    /// assert_eq!((beats("3/4"), beats("6/8")), (vec![0, 4, 8], vec![0, 6]));
    /// ```
    pub fn is_beat(&self, units: u64, units_per_quarter: u32) -> bool {
        let notes = if self.is_compound() { 3 } else { 1 };
        let whole = 4 * u128::from(units_per_quarter.max(1)) * notes;
        let value = u128::from(self.denominator.max(1));
        // Beat k begins at the unit ⌊k · whole / value⌋; this is the first k that begins at or after `units`.
        let beat = (u128::from(units) * value).div_ceil(whole);
        beat * whole / value == u128::from(units)
    }

    /// A bar in units of which `units_per_quarter` make a quarter, as a fraction.
    fn bar_fraction(&self, units_per_quarter: u32) -> (u128, u128) {
        let whole = 4 * u128::from(units_per_quarter.max(1)) * u128::from(self.numerator.max(1));
        (whole, u128::from(self.denominator.max(1)))
    }
}

impl From<Metre> for String {
    fn from(metre: Metre) -> String {
        metre.to_string()
    }
}

impl TryFrom<String> for Metre {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<&TimeSignature> for Metre {
    fn from(signature: &TimeSignature) -> Self {
        Self { numerator: signature.numerator.max(1), denominator: signature.denominator.max(1) }
    }
}

impl fmt::Display for Metre {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.numerator, self.denominator)
    }
}

impl FromStr for Metre {
    type Err = String;

    /// `3/4`, `6/8`.
    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/');
        let number = |part: &str| part.trim().parse::<u8>().ok().filter(|&number| number > 0);
        match parts.map(|(above, below)| (number(above), number(below))) {
            Some((Some(numerator), Some(denominator))) if denominator.is_power_of_two() => {
                Ok(Self { numerator, denominator })
            }
            _ => Err(format!("\"{text}\" is no metre: write for example 3/4 or 6/8")),
        }
    }
}

/// One bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// Its place among the bars, from 0. An upbeat is bar 0.
    pub index: u64,
    /// Its first tick.
    pub start: Ticks,
    /// The first tick after it. A change of metre ends a bar early.
    pub end: Ticks,
    /// Its metre.
    pub metre: Metre,
}

impl Bar {
    /// Ticks in the bar.
    pub fn length(&self) -> Ticks {
        self.end - self.start
    }
}

/// Bar and beat as people count them, both from 1. A beat is a note of the metre's denominator.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BarAndBeat {
    /// The bar; an upbeat is bar 1.
    pub bar: u64,
    /// The beat, with its fraction.
    pub beat: f64,
}

/// The bars of a piece: answers which bar and beat a tick is in, through all changes of metre.
///
/// Before the first time signature the metre is 4/4. A time signature begins a new bar, even where the bar before is not full:
/// so notation programs write an upbeat, as a first bar of a shorter metre or as one that is cut off.
///
/// Ticks are those of the score, or the steps of a grid ([`BarMap::on_grid`]).
///
/// ```
/// use composer_music::{BarMap, Metre, Score, TimeSignature};
///
/// let mut score = Score::new(480);
/// score.time_signatures = vec![
///     TimeSignature { tick: 0, numerator: 1, denominator: 4 }, // the upbeat
///     TimeSignature { tick: 480, numerator: 3, denominator: 4 },
/// ];
/// let bars = BarMap::new(&score);
/// assert_eq!(bars.upbeat(), Some(480));
/// assert_eq!(bars.bar_at(480 + 1440).start, 480 + 1440);
/// let place = bars.bar_and_beat(480 + 1440 + 720);
/// assert_eq!((place.bar, place.beat), (3, 2.5));
/// let sixteenths = bars.on_grid(4);
/// assert_eq!((sixteenths.bar_at(5).start, sixteenths.bar_at(5).end), (4, 16));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BarMap {
    ticks_per_quarter: u32,
    /// Sorted by tick, each tick once; the first begins at tick 0.
    segments: Vec<Segment>,
}

/// From `tick` on, bars of one metre.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Segment {
    tick: Ticks,
    first_bar: u64,
    metre: Metre,
}

impl BarMap {
    /// The bars of a score.
    pub fn new(score: &Score) -> Self {
        let changes = score.time_signatures.iter().map(|change| (change.tick, Metre::from(change)));
        Self::from_changes(score.ticks_per_quarter.into(), changes)
    }

    /// Bars of one metre.
    pub fn uniform(ticks_per_quarter: u32, metre: Metre) -> Self {
        Self::from_changes(ticks_per_quarter, [(0, metre)])
    }

    /// Bars by changes of metre, sorted by tick. Of changes at one tick the last holds.
    pub fn from_changes(ticks_per_quarter: u32, changes: impl IntoIterator<Item = (Ticks, Metre)>) -> Self {
        let first = Segment { tick: 0, first_bar: 0, metre: Metre::COMMON };
        let mut map = Self { ticks_per_quarter: ticks_per_quarter.max(1), segments: vec![first] };
        for (tick, metre) in changes {
            let last = map.segments.len() - 1;
            if tick <= map.segments[last].tick {
                map.segments[last].metre = metre;
            } else {
                let first_bar = map.bar_at(tick - 1).index + 1;
                map.segments.push(Segment { tick, first_bar, metre });
            }
        }
        map
    }

    /// The same bars with the steps of a grid as ticks.
    pub fn on_grid(&self, steps_per_quarter: u32) -> Self {
        if self.ticks_per_quarter == steps_per_quarter {
            return self.clone();
        }
        let ticks = u16::try_from(self.ticks_per_quarter).unwrap_or(u16::MAX);
        let grid = Grid::new(ticks, steps_per_quarter);
        let changes = self.segments.iter().map(|segment| (grid.step(segment.tick), segment.metre));
        Self::from_changes(steps_per_quarter, changes)
    }

    /// The changes of metre as a score with so many ticks in a quarter states them.
    pub fn time_signatures(&self, ticks_per_quarter: u16) -> Vec<TimeSignature> {
        let grid = Grid::new(ticks_per_quarter, self.ticks_per_quarter);
        let signature = |segment: &Segment| TimeSignature {
            tick: grid.tick(segment.tick),
            numerator: segment.metre.numerator,
            denominator: segment.metre.denominator,
        };
        self.segments.iter().map(signature).collect()
    }

    /// Ticks in a quarter note.
    pub fn ticks_per_quarter(&self) -> u32 {
        self.ticks_per_quarter
    }

    /// Changes of metre, the first at tick 0.
    pub fn changes(&self) -> impl Iterator<Item = (Ticks, Metre)> + '_ {
        self.segments.iter().map(|segment| (segment.tick, segment.metre))
    }

    /// The metre at a tick.
    pub fn metre_at(&self, tick: Ticks) -> Metre {
        self.segments[self.segment_at(tick)].metre
    }

    /// The bar that holds a tick.
    pub fn bar_at(&self, tick: Ticks) -> Bar {
        let place = self.segment_at(tick);
        let segment = self.segments[place];
        let (whole, value) = segment.metre.bar_fraction(self.ticks_per_quarter);
        // Bar k begins at the tick ⌊k · whole / value⌋ of the segment: this is the last k with a start at or before `tick`.
        let number = ((u128::from(tick - segment.tick) + 1) * value - 1) / whole;
        self.bar_of_segment(place, number)
    }

    /// A bar by its index, from 0.
    pub fn bar(&self, index: u64) -> Bar {
        let place = self.segments.partition_point(|segment| segment.first_bar <= index) - 1;
        self.bar_of_segment(place, u128::from(index - self.segments[place].first_bar))
    }

    /// Bar and beat of a tick, as people count them.
    pub fn bar_and_beat(&self, tick: Ticks) -> BarAndBeat {
        let bar = self.bar_at(tick);
        let beat = 4.0 * f64::from(self.ticks_per_quarter) / f64::from(bar.metre.denominator.max(1));
        BarAndBeat { bar: bar.index + 1, beat: (tick - bar.start) as f64 / beat + 1.0 }
    }

    /// The bars that begin before `end`, in order.
    pub fn bars(&self, end: Ticks) -> impl Iterator<Item = Bar> + '_ {
        let mut next = self.bar(0);
        std::iter::from_fn(move || {
            let bar = next;
            next = self.bar(bar.index + 1);
            (bar.start < end).then_some(bar)
        })
    }

    /// How many bars begin before `end`.
    pub fn count(&self, end: Ticks) -> u64 {
        end.checked_sub(1).map_or(0, |last| self.bar_at(last).index + 1)
    }

    /// Length of the upbeat, if the piece begins with one: a first bar that is shorter than a bar of the metre after it.
    pub fn upbeat(&self) -> Option<Ticks> {
        let first = self.bar(0);
        let next = self.segments.get(1).filter(|next| next.tick == first.end)?;
        let (whole, value) = next.metre.bar_fraction(self.ticks_per_quarter);
        (u128::from(first.length()) * value < whole).then(|| first.length())
    }

    fn segment_at(&self, tick: Ticks) -> usize {
        // The first segment begins at tick 0, so there is always one at or before `tick`.
        self.segments.partition_point(|segment| segment.tick <= tick) - 1
    }

    fn bar_of_segment(&self, place: usize, number: u128) -> Bar {
        let segment = self.segments[place];
        let (whole, value) = segment.metre.bar_fraction(self.ticks_per_quarter);
        let limit = self.segments.get(place + 1).map_or(Ticks::MAX, |next| next.tick);
        let start = |number: u128| {
            let inside = number.saturating_mul(whole) / value;
            u64::try_from(u128::from(segment.tick).saturating_add(inside)).unwrap_or(Ticks::MAX).min(limit)
        };
        Bar {
            index: segment.first_bar.saturating_add(u64::try_from(number).unwrap_or(u64::MAX)),
            start: start(number),
            end: start(number + 1),
            metre: segment.metre,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(changes: &[(u64, u8, u8)]) -> BarMap {
        let changes = changes.iter().map(|&(tick, numerator, denominator)| {
            let metre = Metre { numerator, denominator };
            (tick, metre)
        });
        BarMap::from_changes(480, changes)
    }

    fn starts(map: &BarMap, end: u64) -> Vec<u64> {
        map.bars(end).map(|bar| bar.start).collect()
    }

    #[test]
    fn bars_follow_every_change_of_metre() {
        let bars = map(&[(1920, 3, 4), (4800, 6, 8), (6720, 4, 4)]);
        assert_eq!(starts(&bars, 9000), [0, 1920, 3360, 4800, 6240, 6720, 8640]);
        assert_eq!(bars.metre_at(0), Metre::COMMON, "before the first time signature");
        let cut = bars.bar_at(6300);
        assert_eq!((cut.index, cut.length(), cut.metre.to_string()), (4, 480, "6/8".into()));
        assert_eq!((bars.count(0), bars.count(1920), bars.count(1921)), (0, 1, 2));
    }

    #[test]
    fn every_tick_lies_in_the_bar_that_is_said_to_hold_it() {
        for changes in [&[(0, 5, 16), (1000, 7, 8)][..], &[(0, 1, 64), (37, 3, 4)], &[(0, 2, 2), (100, 2, 2)]]
        {
            for ticks_per_quarter in [1, 7, 480] {
                let list = changes.iter().map(|&(tick, numerator, denominator): &(u64, u8, u8)| {
                    (tick, Metre { numerator, denominator })
                });
                let bars = BarMap::from_changes(ticks_per_quarter, list);
                for tick in 0..3000 {
                    let bar = bars.bar_at(tick);
                    assert!((bar.start..bar.end).contains(&tick), "{bar:?} for {tick}");
                    assert_eq!(bars.bar(bar.index), bar);
                    assert!(tick == 0 || bars.bar_at(tick - 1).index <= bar.index);
                }
            }
        }
    }

    #[test]
    fn an_upbeat_is_a_first_bar_that_is_short() {
        assert_eq!(map(&[(0, 1, 4), (480, 4, 4)]).upbeat(), Some(480), "as a metre of its own");
        assert_eq!(map(&[(0, 4, 4), (480, 4, 4)]).upbeat(), Some(480), "as a bar that is cut off");
        for none in [
            &[(0, 4, 4)][..],
            &[(0, 4, 4), (1920, 3, 4)],
            &[(0, 1, 4), (960, 4, 4)],
            &[(0, 3, 4), (1440, 3, 4)],
        ] {
            assert_eq!(map(none).upbeat(), None, "{none:?}");
        }
    }

    #[test]
    fn hostile_metres_neither_overflow_nor_divide_by_zero() {
        let bars = BarMap::from_changes(u32::MAX, [(0, Metre { numerator: 0, denominator: 0 })]);
        assert_eq!(bars.bar_at(u64::MAX - 1).metre.numerator, 0);
        let tiny = BarMap::from_changes(1, [(5, Metre { numerator: 1, denominator: 128 })]);
        assert!(tiny.bar_at(u64::MAX - 1).start < u64::MAX);
        assert_eq!(tiny.bar(u64::MAX).metre.denominator, 128);
    }

    #[test]
    fn metres_are_read_as_people_write_them() {
        assert_eq!("6/8".parse(), Ok(Metre { numerator: 6, denominator: 8 }));
        for wrong in ["", "3", "3/5", "0/4", "a/b", "300/4"] {
            assert!(wrong.parse::<Metre>().expect_err("refused").contains("3/4"), "{wrong}");
        }
        let compound: Vec<bool> = [(6, 8), (3, 8), (12, 8), (6, 4)]
            .map(|(numerator, denominator)| Metre { numerator, denominator }.is_compound())
            .into();
        assert_eq!(compound, [true, false, true, false]);
    }
}
