//! The bars of a piece as `remi` can say them: whole bars of the metres of its vocabulary.

use super::super::quantise::Loss;
use crate::metre::{Bar, BarMap, Metre};
use crate::score::Score;

/// Longest bar, in quarter notes.
pub(super) const MAX_QUARTERS: u64 = 8;
const MAX_NUMERATOR: u8 = 16;
const NOTE_VALUES: [u8; 6] = [1, 2, 4, 8, 16, 32];

/// The metres that fit a grid, ordered by note value, then beats.
pub(super) fn metres(steps_per_quarter: u32) -> Vec<Metre> {
    NOTE_VALUES
        .into_iter()
        .flat_map(|denominator| (1..=MAX_NUMERATOR).map(move |numerator| Metre { numerator, denominator }))
        .filter(|&metre| length(steps_per_quarter, metre).is_some())
        .collect()
}

/// Steps in a bar, if a token says the metre.
fn length(steps_per_quarter: u32, metre: Metre) -> Option<u64> {
    let known = (1..=MAX_NUMERATOR).contains(&metre.numerator) && NOTE_VALUES.contains(&metre.denominator);
    let longest = MAX_QUARTERS * u64::from(steps_per_quarter);
    metre.steps_per_bar(steps_per_quarter).filter(|&steps| known && steps <= longest)
}

/// A bar that begins at a step.
pub(super) fn bar(steps_per_quarter: u32, start: u64, index: u64, metre: Metre) -> Bar {
    // A metre of the vocabulary has a length.
    let length = length(steps_per_quarter, metre).unwrap_or(1);
    Bar { index, start, end: start + length, metre }
}

/// The bars of a score up to the one that holds step `last`.
///
/// A bar that a change of metre cuts off, as an upbeat often is, becomes a bar of its own length: three quarters of a bar of 4/4 are
/// one of 3/4. Where no metre has its length, the bar is full, and the change waits for its end. A metre that does not fit the
/// grid becomes 4/4. Both are counted.
pub(super) fn bars(score: &Score, steps_per_quarter: u32, last: u64, loss: &mut Loss) -> Vec<Bar> {
    let (mut waited, mut replaced) = (0, 0);
    let fitting = |(tick, metre)| {
        let fits = length(steps_per_quarter, metre).is_some();
        replaced += usize::from(!fits);
        (tick, if fits { metre } else { Metre::COMMON })
    };
    let changes: Vec<_> = BarMap::new(score).changes().map(fitting).collect();
    let own = BarMap::from_changes(score.ticks_per_quarter.into(), changes).on_grid(steps_per_quarter);
    let (mut start, mut bars) = (0, Vec::new());
    while start <= last {
        // Where a bar could not be cut off, `start` is within a bar of the piece.
        let of_piece = own.bar_at(start);
        let metre = metre_of(steps_per_quarter, of_piece.end - start, of_piece.metre);
        waited += usize::from(metre.is_none());
        let bar = bar(steps_per_quarter, start, bars.len() as u64, metre.unwrap_or(of_piece.metre));
        start = bar.end;
        bars.push(bar);
    }
    loss.count("metre changes moved to a bar line", waited);
    loss.count("metres read as 4/4", replaced);
    bars
}

/// The metre whose bars have a length, if there is one: `usual` if it has, or else one in the same note value if there is one.
fn metre_of(steps_per_quarter: u32, steps: u64, usual: Metre) -> Option<Metre> {
    let values = [usual.denominator, 4, 8, 2, 16, 1, 32].into_iter();
    let beats = values
        .flat_map(|denominator| (1..=MAX_NUMERATOR).map(move |numerator| Metre { numerator, denominator }));
    std::iter::once(usual).chain(beats).find(|&metre| length(steps_per_quarter, metre) == Some(steps))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::TimeSignature;

    fn found(changes: &[(u64, u8, u8)], last: u64) -> (Vec<(u64, String)>, Loss) {
        let mut score = Score::new(480);
        let signature = |&(tick, numerator, denominator)| TimeSignature { tick, numerator, denominator };
        score.time_signatures = changes.iter().map(signature).collect();
        let mut loss = Loss::default();
        let bars = bars(&score, 4, last, &mut loss);
        (bars.iter().map(|bar| (bar.start, bar.metre.to_string())).collect(), loss)
    }

    #[test]
    fn bars_that_are_cut_off_are_bars_of_their_length() {
        let (bars, loss) = found(&[(0, 4, 4), (480, 4, 4), (3840, 6, 8)], 34);
        let expected = [(0, "1/4"), (4, "4/4"), (20, "3/4"), (32, "6/8")]
            .map(|(start, metre)| (start, metre.to_string()));
        assert_eq!((&bars[..], loss), (&expected[..], Loss::default()));
        let (bars, _) = found(&[(0, 3, 4), (720, 3, 4)], 10);
        assert_eq!(bars[0], (0, "3/8".into()), "in another note value");
    }

    #[test]
    fn a_change_that_no_metre_can_reach_waits_and_is_counted() {
        // 29 sixteenths: too many for x/16, odd for x/8.
        let (bars, loss) = found(&[(0, 15, 8), (29 * 120, 3, 4)], 60);
        let expected = [(0, "15/8"), (30, "11/16"), (41, "3/4"), (53, "3/4")];
        assert_eq!(bars, expected.map(|(start, metre)| (start, metre.to_string())));
        assert_eq!(loss.not_held["metre changes moved to a bar line"], 1);
        let (bars, loss) = found(&[(0, 5, 64), (1920, 3, 4)], 20);
        assert_eq!(bars, [(0, "4/4".into()), (16, "3/4".into())]);
        assert_eq!(loss.not_held["metres read as 4/4"], 1);
    }
}
