//! Bars on a grid: where they begin and how long they are.

use super::grid::Grid;
use super::quantise::Loss;
use crate::score::Score;

/// Longest bar, in quarter notes.
pub(super) const MAX_QUARTERS: u64 = 8;
const MAX_NUMERATOR: u8 = 16;
const NOTE_VALUES: [u8; 6] = [1, 2, 4, 8, 16, 32];

/// Beats in a bar and the note value of a beat.
pub(super) type Metre = (u8, u8);

pub(super) const COMMON: Metre = (4, 4);

/// Steps in a bar of a metre, if that is a whole number and the bar is not too long.
pub(super) fn steps_per_bar(steps_per_quarter: u32, (numerator, denominator): Metre) -> Option<u64> {
    if !(1..=MAX_NUMERATOR).contains(&numerator) || !NOTE_VALUES.contains(&denominator) {
        return None;
    }
    let (whole, value) = (4 * u64::from(steps_per_quarter) * u64::from(numerator), u64::from(denominator));
    Some(whole / value)
        .filter(|&steps| whole % value == 0 && steps <= MAX_QUARTERS * u64::from(steps_per_quarter))
}

/// The metres that fit a grid, ordered by note value, then beats.
pub(super) fn metres(steps_per_quarter: u32) -> Vec<Metre> {
    NOTE_VALUES
        .into_iter()
        .flat_map(|denominator| (1..=MAX_NUMERATOR).map(move |numerator| (numerator, denominator)))
        .filter(|&metre| steps_per_bar(steps_per_quarter, metre).is_some())
        .collect()
}

/// One bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bar {
    pub(super) start: u64,
    pub(super) length: u64,
    pub(super) metre: Metre,
}

impl Bar {
    /// The first bar of a piece.
    pub(super) fn first(steps_per_quarter: u32, metre: Metre) -> Self {
        Self { start: 0, length: steps_per_bar(steps_per_quarter, metre).unwrap_or(1), metre }
    }

    /// The bar after this one.
    pub(super) fn next(&self, steps_per_quarter: u32, metre: Metre) -> Self {
        Self { start: self.start + self.length, ..Self::first(steps_per_quarter, metre) }
    }
}

/// The bars of a score up to the one that holds step `last`.
///
/// A bar has the metre that holds where it begins, so a change in the middle of a bar waits for the next bar line. A
/// metre that does not fit the grid becomes 4/4. Both are counted.
pub(super) fn bars(
    score: &Score,
    grid: &Grid,
    steps_per_quarter: u32,
    last: u64,
    loss: &mut Loss,
) -> Vec<Bar> {
    let mut changes =
        score.time_signatures.iter().map(|m| (grid.step(m.tick), (m.numerator, m.denominator))).peekable();
    let (mut metre, mut start, mut bars) = (COMMON, 0, Vec::new());
    let (mut waited, mut replaced) = (0, 0);
    while start <= last {
        while let Some((step, new)) = changes.next_if(|&(step, _)| step <= start) {
            waited += usize::from(step < start && new != metre);
            let fits = steps_per_bar(steps_per_quarter, new).is_some();
            replaced += usize::from(!fits);
            metre = if fits { new } else { COMMON };
        }
        let bar = Bar { start, ..Bar::first(steps_per_quarter, metre) };
        start += bar.length;
        bars.push(bar);
    }
    loss.count("metre changes moved to a bar line", waited);
    loss.count("metres read as 4/4", replaced);
    bars
}
