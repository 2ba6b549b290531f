//! Where in its bar a step of a sequence is.

use composer_music::BarMap;

/// Where in its bar a step is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Place {
    /// Steps since the bar line; where bars are not known, since the beginning.
    pub from_start: usize,
    /// Steps to the next bar line, at least 1.
    pub left: usize,
    /// Whether a beat begins.
    pub beat: bool,
}

impl Place {
    /// Nothing is computed where nobody `asks`.
    pub fn of(step: usize, bars: Option<&BarMap>, steps_per_quarter: u32, asks: bool) -> Self {
        if !asks {
            return Self::default();
        }
        let Some(bars) = bars else {
            let (quarter, bar) = (steps_per_quarter.max(1) as usize, 4 * steps_per_quarter.max(1) as usize);
            return Self { from_start: step, left: bar - step % bar, beat: step.is_multiple_of(quarter) };
        };
        let step = step as u64;
        let bar = bars.bar_at(step);
        let from_start = step - bar.start;
        Self {
            from_start: from_start as usize,
            left: (bar.end - step) as usize,
            beat: bar.metre.is_beat(from_start, bars.ticks_per_quarter()),
        }
    }
}

/// The step at the same place of the bar that lies `ago` bars before that of `step`; `None` if there is none.
pub(crate) fn same_place(
    step: usize,
    bars: Option<&BarMap>,
    steps_per_quarter: u32,
    ago: u64,
) -> Option<usize> {
    let Some(bars) = bars else {
        return step.checked_sub(4 * steps_per_quarter.max(1) as usize * ago as usize);
    };
    let bar = bars.bar_at(step as u64);
    let earlier = bars.bar(bar.index.checked_sub(ago)?);
    let place = earlier.start + (step as u64 - bar.start);
    (place < earlier.end).then_some(place as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(bars: Option<&BarMap>, steps: usize) -> Vec<(usize, usize, bool)> {
        let place = |step| Place::of(step, bars, 4, true);
        (0..steps).map(|step| (place(step).from_start, place(step).left, place(step).beat)).collect()
    }

    fn bars(changes: &[(u64, &str)]) -> BarMap {
        BarMap::from_changes(4, changes.iter().map(|&(step, metre)| (step, metre.parse().expect("a metre"))))
    }

    #[test]
    fn an_upbeat_a_jig_and_a_bar_that_is_cut_off_are_told_apart() {
        let map = bars(&[(0, "1/8"), (2, "6/8"), (14, "3/4"), (20, "5/4")]);
        let found = places(Some(&map), 42);
        assert_eq!(found[..3], [(0, 2, true), (1, 1, false), (0, 12, true)]);
        let beats: Vec<usize> = (0..42).filter(|&step| found[step].2).collect();
        assert_eq!(beats, [0, 2, 8, 14, 18, 20, 24, 28, 32, 36, 40]);
        assert_eq!(found[19], (5, 1, false), "three quarters, cut off after six sixteenths");
        assert_eq!((found[39], found[40]), ((19, 1, false), (0, 20, true)));
    }

    #[test]
    fn the_same_place_of_an_earlier_bar_is_found_if_there_is_one() {
        let map = bars(&[(0, "1/8"), (2, "6/8"), (14, "3/4"), (20, "5/4")]);
        let found = |step, ago| same_place(step, Some(&map), 4, ago);
        assert_eq!((found(3, 1), found(4, 1)), (Some(1), None), "an upbeat is short");
        assert_eq!((found(15, 1), found(15, 2), found(15, 4)), (Some(3), Some(1), None));
        assert_eq!((found(25, 1), found(26, 1)), (Some(19), None), "three quarters were cut off");
        assert_eq!((same_place(17, None, 4, 1), same_place(15, None, 4, 1)), (Some(1), None));
    }

    #[test]
    fn without_bars_a_piece_is_in_four_quarters_and_counted_from_its_beginning() {
        let known = places(Some(&bars(&[(0, "4/4")])), 40);
        let unknown = places(None, 40);
        for (step, (known, unknown)) in known.iter().zip(&unknown).enumerate() {
            assert_eq!((known.0, unknown.0), (step % 16, step));
            assert_eq!((known.1, known.2), (unknown.1, unknown.2));
        }
    }
}
