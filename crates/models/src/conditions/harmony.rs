//! [`Harmony`]: which pitch classes a stretch of music has, and [`HarmonyPlan`]: those of each bar of a piece.

use crate::digits::{digit_of, value_of_digit};
use crate::form::excerpt;
use composer_music::representation::frames::{Frame, pitches};
use composer_music::{Bar, BarMap};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// The pitch classes of a stretch of music: all that sound in it, and among them those that sound for an eighth or more of the sounding
/// time of all, mostly the tones of its chord.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Harmony {
    all: u16,
    main: u16,
}

/// Features of a harmony: each pitch class as one that sounds, then each as one of the main ones.
pub(super) const FEATURES: usize = 24;

/// Bars of at least so many quarters whose metre counts an even number of beats have a harmony for each half.
const HALVED_QUARTERS: u64 = 3;

impl Harmony {
    /// Of frames; `None` where nothing sounds.
    pub fn of_frames(frames: &[Frame]) -> Option<Self> {
        let mut time = [0u32; 12];
        for frame in frames {
            pitches(frame.sounding).for_each(|pitch| time[usize::from(pitch) % 12] += 1);
        }
        let total: u32 = time.iter().sum();
        let those = |sound: &dyn Fn(u32) -> bool| {
            (0..12).filter(|&class| sound(time[class])).fold(0, |set, class| set | 1 << class)
        };
        let found = Self { all: those(&|time| time > 0), main: those(&|time| time > 0 && 8 * time >= total) };
        (total > 0).then_some(found)
    }

    /// Of a chord whose pitch classes alone sound, as bits from C up.
    pub fn of_chord(classes: u16) -> Self {
        Self { all: classes & 0xfff, main: classes & 0xfff }
    }

    /// With the pitch classes of both.
    fn and(self, other: Self) -> Self {
        Self { all: self.all | other.all, main: self.main | other.main }
    }

    /// Transposed by semitones.
    #[must_use]
    pub fn transpose(self, semitones: i8) -> Self {
        let up = u32::from(semitones.rem_euclid(12).unsigned_abs());
        let rotate = |set: u16| (set << up | set >> (12 - up)) & 0xfff;
        Self { all: rotate(self.all), main: rotate(self.main) }
    }

    /// The features that are on, from 0 to [`FEATURES`].
    pub(super) fn features(self) -> impl Iterator<Item = usize> {
        let bits = u32::from(self.all) | u32::from(self.main) << 12;
        (0..FEATURES).filter(move |feature| bits >> feature & 1 == 1)
    }
}

/// The steps of a bar that have a harmony each: its halves, or twice the whole of a short or odd bar.
fn halves(bar: &Bar, steps_per_quarter: u32) -> [Range<u64>; 2] {
    let length = bar.end - bar.start;
    let even = bar.metre.numerator.is_multiple_of(2) && length.is_multiple_of(2);
    if !even || length < HALVED_QUARTERS * u64::from(steps_per_quarter) {
        return [bar.start..bar.end, bar.start..bar.end];
    }
    let middle = bar.start + length / 2;
    [bar.start..middle, middle..bar.end]
}

/// The harmony of both halves of each bar of a piece, which are the same in a short bar; `None` where it is not known.
///
/// ```
/// use composer_models::{Harmony, HarmonyPlan};
///
/// let (c, g) = (Harmony::of_chord(0b1001_0001), Harmony::of_chord(0b1000_1000_0100));
/// let plan: HarmonyPlan = [[Some(c), Some(g)], [Some(c); 2]].into_iter().collect();
/// assert_eq!(plan.transpose(7).at(1, 0), Some(c.transpose(7)));
/// assert_eq!(c.transpose(7), g);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct HarmonyPlan(Vec<[Option<Harmony>; 2]>);

impl FromIterator<[Option<Harmony>; 2]> for HarmonyPlan {
    fn from_iter<I: IntoIterator<Item = [Option<Harmony>; 2]>>(bars: I) -> Self {
        Self(bars.into_iter().collect())
    }
}

impl HarmonyPlan {
    /// Of a piece of frames in bars on their grid.
    pub fn of_frames(frames: &[Frame], bars: &BarMap) -> Self {
        let find = |bar: u64| {
            halves(&bars.bar(bar), bars.ticks_per_quarter()).map(|steps| {
                let end = (steps.end as usize).min(frames.len());
                Harmony::of_frames(&frames[(steps.start as usize).min(end)..end])
            })
        };
        (0..bars.count(frames.len() as u64)).map(find).collect()
    }

    /// How many bars there are.
    pub fn bars(&self) -> usize {
        self.0.len()
    }

    /// The harmony of a half of a bar, 0 or 1.
    pub fn at(&self, bar: usize, half: usize) -> Option<Harmony> {
        self.0.get(bar).and_then(|halves| halves[half])
    }

    /// So many bars from `start` on, as [`Form::excerpt`](crate::Form::excerpt).
    #[must_use]
    pub fn excerpt(&self, start: usize, bars: usize) -> Self {
        let kept = excerpt(self.0.len(), start, bars).into_iter();
        kept.map(|place| place.map_or([None; 2], |place| self.0[place])).collect()
    }

    /// Transposed by semitones.
    #[must_use]
    pub fn transpose(&self, semitones: i8) -> Self {
        let up = |half: Option<Harmony>| half.map(|harmony| harmony.transpose(semitones));
        self.0.iter().map(|halves| halves.map(up)).collect()
    }

    /// What is told in these bars from which step on. A bar that is not halved is told what both halves have.
    pub(super) fn places<'a>(
        &'a self,
        bars: &'a BarMap,
    ) -> impl Iterator<Item = (u64, Option<Harmony>)> + 'a {
        (0..).zip(&self.0).flat_map(|(number, &told)| {
            let [first, second] = halves(&bars.bar(number), bars.ticks_per_quarter());
            let whole = told.into_iter().flatten().reduce(Harmony::and);
            match first == second {
                true => [Some((first.start, whole)), None],
                false => [Some((first.start, told[0])), Some((second.start, told[1]))],
            }
            .into_iter()
            .flatten()
        })
    }
}

impl From<HarmonyPlan> for String {
    /// Bars with spaces between them: four digits for each half, or for the whole if both are the same; what is not known is `AAAA`.
    fn from(plan: HarmonyPlan) -> Self {
        let write = |half: Option<Harmony>| {
            let bits = half.map_or(0, |half| u32::from(half.all) | u32::from(half.main) << 12);
            (0..4).map(move |digit| digit_of((bits >> (18 - 6 * digit)) as usize))
        };
        let bar = |[first, second]: [Option<Harmony>; 2]| -> String {
            write(first)
                .chain(Some(second).filter(|&second| second != first).into_iter().flat_map(write))
                .collect()
        };
        plan.0.into_iter().map(bar).collect::<Vec<_>>().join(" ")
    }
}

impl From<String> for HarmonyPlan {
    /// What no plan is written as is read as not known.
    fn from(text: String) -> Self {
        let read = |digits: &[u8]| {
            let bits = digits.iter().fold(0, |bits, &digit| bits << 6 | value_of_digit(digit));
            let found = Harmony { all: (bits & 0xfff) as u16, main: (bits >> 12 & 0xfff) as u16 };
            (found.all != 0).then_some(found)
        };
        let bar = |bar: &str| {
            let digits = bar.as_bytes();
            let first = read(&digits[..digits.len().min(4)]);
            [first, if digits.len() > 4 { read(&digits[4..digits.len().min(8)]) } else { first }]
        };
        text.split_whitespace().map(bar).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sounding(pitches: &[u8]) -> Frame {
        let sounding = pitches.iter().fold(0, |set, pitch| set | 1u128 << pitch);
        Frame { sounding, onsets: sounding }
    }

    #[test]
    fn a_passing_note_sounds_and_is_no_main_one() {
        let mut frames = vec![sounding(&[48, 64, 67]); 8];
        frames[3] = sounding(&[48, 62, 67]);
        let found = Harmony::of_frames(&frames).unwrap();
        assert_eq!(found, Harmony { all: 0b1001_0101, main: 0b1001_0001 });
        assert_eq!(found.features().collect::<Vec<_>>(), [0, 2, 4, 7, 12, 16, 19]);
        assert_eq!(found.transpose(-1).transpose(13), found.transpose(0));
        assert_eq!(Harmony::of_frames(&[Frame::default()]), None);
    }

    #[test]
    fn bars_are_halved_where_they_are_long_enough() {
        let (c, f) = (sounding(&[60]), sounding(&[65]));
        let frames: Vec<Frame> =
            [vec![c; 8], vec![f; 8], vec![c; 4], vec![f; 4], vec![Frame::default(); 8]].concat();
        let common = BarMap::from_changes(4, [(0, "4/4".parse().unwrap()), (16, "2/4".parse().unwrap())]);
        let plan = HarmonyPlan::of_frames(&frames, &common);
        let (c, f) = (Harmony::of_chord(1), Harmony::of_chord(1 << 5));
        assert_eq!(plan.0, [[Some(c), Some(f)], [Some(c.and(f)); 2], [None; 2]]);
        let text = serde_json::to_string(&plan).unwrap();
        assert_eq!(text, "\"ABABAgAg AhAh AAAA\"");
        assert_eq!(serde_json::from_str::<HarmonyPlan>(&text).unwrap(), plan);
        assert_eq!(serde_json::from_str::<HarmonyPlan>("\"é? AA\"").unwrap().at(0, 0), None);
        let places: Vec<_> = plan.places(&common).collect();
        assert_eq!(places, [(0, Some(c)), (8, Some(f)), (16, Some(c.and(f))), (24, None)]);
    }
}
