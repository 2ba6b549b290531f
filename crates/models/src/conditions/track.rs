//! [`ConditionTrack`]: the conditions of a sequence, step by step.

use super::ConditionValues;
use super::harmony::HarmonyPlan;
use super::measure::{Sums, key_of};
use composer_music::representation::frames::Frame;
use composer_music::{BarMap, Metre};
use std::ops::Range;

/// Bars over which the attributes of frames are measured.
pub const WINDOW_BARS: u64 = 8;

/// The values of conditions from some steps on, until the next of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConditionTrack(Vec<(usize, ConditionValues)>);

impl From<ConditionValues> for ConditionTrack {
    /// The same through all steps.
    fn from(values: ConditionValues) -> Self {
        Self(vec![(0, values)])
    }
}

impl ConditionTrack {
    /// What a piece of frames is. In each bar, the attributes are those of the eight bars that begin with it, [`WINDOW_BARS`]; in the last
    /// seven bars those of the last eight. The key is that of the whole piece, the harmony that of each half of a bar. Without `bars` it is in 4/4.
    pub fn of_frames(
        frames: &[Frame],
        bars: Option<&BarMap>,
        steps_per_quarter: u32,
        style: Option<&str>,
    ) -> Self {
        let common = BarMap::uniform(steps_per_quarter, Metre::COMMON);
        let bars = bars.unwrap_or(&common);
        let sums = Sums::of(frames, steps_per_quarter);
        let count = bars.count(frames.len() as u64);
        let key = key_of(frames);
        let step = |bar: u64| (bars.bar(bar).start as usize).min(frames.len());
        let mut track = Self::default();
        for bar in 0..count {
            let first = bar.min(count.saturating_sub(WINDOW_BARS));
            let values = ConditionValues {
                style: style.map(str::to_owned),
                metre: Some(bars.bar(bar).metre),
                key,
                bars_left: Some(count - bar),
                form: true,
                ..sums.within(step(first)..step(first + WINDOW_BARS))
            };
            track.push(step(bar), values);
        }
        track.with_harmony(&HarmonyPlan::of_frames(frames, bars), bars)
    }

    /// The track of a piece in these bars, told the harmony of its first ones besides.
    #[must_use]
    pub fn with_harmony(&self, plan: &HarmonyPlan, bars: &BarMap) -> Self {
        let end = bars.bar(plan.bars() as u64).start;
        let later = self.0.iter().map(|&(step, _)| step as u64).filter(|&step| step > end);
        let mut track = Self::default();
        for (step, harmony) in
            plan.places(bars).chain([end].into_iter().chain(later).map(|step| (step, None)))
        {
            if let Some(values) = self.at(step as usize) {
                track.push(step as usize, ConditionValues { harmony, ..values.clone() });
            }
        }
        track
    }

    /// The same values in these bars, of a piece that ends before step `end`; without an end it is not told how many bars are left.
    pub fn in_bars(values: &ConditionValues, bars: &BarMap, end: Option<u64>) -> Self {
        let mut track = Self::default();
        let Some(end) = end else {
            for (step, metre) in bars.changes() {
                track.push(step as usize, ConditionValues { metre: Some(metre), ..values.clone() });
            }
            return track;
        };
        let count = bars.count(end);
        for number in 0..count {
            let bar = bars.bar(number);
            let (metre, bars_left) = (Some(bar.metre), Some(count - number));
            track.push(bar.start as usize, ConditionValues { metre, bars_left, ..values.clone() });
        }
        track
    }

    fn push(&mut self, step: usize, values: ConditionValues) {
        if self.0.last().is_none_or(|(_, last)| *last != values) {
            self.0.push((step, values));
        }
    }

    /// The track with other values in each stretch.
    #[must_use]
    pub fn map(&self, values: impl Fn(&ConditionValues) -> ConditionValues) -> Self {
        Self(self.0.iter().map(|(step, known)| (*step, values(known))).collect())
    }

    /// The same for a sequence that has so many symbols in each step.
    #[must_use]
    pub fn with_symbols_per_step(&self, symbols: usize) -> Self {
        Self(self.0.iter().map(|(step, known)| (step * symbols, known.clone())).collect())
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The values at a step.
    pub fn at(&self, step: usize) -> Option<&ConditionValues> {
        self.0[..self.0.partition_point(|&(from, _)| from <= step)].last().map(|(_, values)| values)
    }

    /// The stretches of a sequence of so many steps with the same values.
    pub fn stretches(&self, length: usize) -> impl Iterator<Item = (Range<usize>, &ConditionValues)> {
        let ends = self.0.iter().skip(1).map(|&(step, _)| step).chain([length]);
        self.0.iter().zip(ends).map(|((from, values), end)| (*from..end.max(*from), values))
    }

    /// The bars of a sequence of so many steps, which are told apart by how many are left.
    pub fn bars(&self, length: usize) -> Vec<Range<usize>> {
        let mut bars: Vec<(Option<u64>, Range<usize>)> = Vec::new();
        for (steps, values) in self.stretches(length).filter(|(steps, _)| !steps.is_empty()) {
            match bars.last_mut().filter(|(left, _)| *left == values.bars_left) {
                Some((_, bar)) => bar.end = steps.end,
                None => bars.push((values.bars_left, steps)),
            }
        }
        bars.into_iter().map(|(_, bar)| bar).collect()
    }

    /// The harmony of its bars in a sequence of so many steps.
    pub(super) fn harmony(&self, length: usize) -> HarmonyPlan {
        let told = |step: usize| self.at(step).and_then(|values| values.harmony);
        self.bars(length).iter().map(|bar| [told(bar.start), told(bar.end - 1)]).collect()
    }

    /// The track of the sequence from a step on.
    pub fn from_step(&self, start: usize) -> Self {
        let mut track = Self::default();
        for (from, values) in self.stretches(usize::MAX).filter(|(steps, _)| steps.end > start) {
            track.push(from.start.saturating_sub(start), values.clone());
        }
        track
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_has_the_attributes_of_the_eight_that_begin_with_it() {
        // A note in each step of the first ten bars of 1/4, one in each bar of the last ten.
        let note = |step: usize| step < 40 || step.is_multiple_of(4);
        let frame = |step| Frame { sounding: 1 << 60, onsets: if note(step) { 1 << 60 } else { 0 } };
        let frames: Vec<Frame> = (0..80).map(frame).collect();
        let bars = BarMap::uniform(4, "1/4".parse().expect("a metre"));
        let track = ConditionTrack::of_frames(&frames, Some(&bars), 4, Some("rag"));
        let density = |step| track.at(step).and_then(|values| values.density);
        assert_eq!(
            (density(0), density(11), density(12)),
            (Some(4.0), Some(4.0), Some((7.0 * 4.0 + 1.0) / 8.0))
        );
        assert_eq!((density(48), density(79)), (Some(1.0), Some(1.0)));
        assert_eq!(track.at(5).and_then(|values| values.style.as_deref()), Some("rag"));
        let later = track.from_step(13);
        assert_eq!((later.at(0), later.at(50)), (track.at(13), track.at(63)));
        assert_eq!(track.stretches(80).map(|(steps, _)| steps.len()).sum::<usize>(), 80);
        assert_eq!(ConditionTrack::default().at(3), None);
    }
}
