//! [`Finding`]: one fault of a piece, in words.

use std::ops::Range;

use serde::Serialize;

use super::fault::Fault;

/// One failure that was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// Which.
    pub mode: Fault,
    /// How bad: see [`Detectors`](super::Detectors); for a figure outside the reference, the figure.
    pub score: f64,
    /// The limit that it is beyond.
    pub threshold: f64,
    /// Lower and upper end of what 95 % of the reference has, for a figure outside it.
    pub usual: Option<[f64; 2]>,
    /// Share of real music that is less bad, 0–1.
    pub percentile: f64,
    /// The bars that it points at, counted from 0; empty if it is about the whole piece.
    pub bars: Vec<Range<usize>>,
    /// What is wrong, in words for a musician.
    pub sentence: String,
    /// Why it may be so.
    pub cause: &'static str,
    /// What to try next.
    pub remedy: &'static str,
    /// Whether an earlier finding may have brought it about.
    pub secondary: bool,
}

/// Ranges in order, joined where they touch.
pub(super) fn merged(ranges: impl Iterator<Item = Range<usize>>) -> Vec<Range<usize>> {
    let mut all: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match all.last_mut() {
            Some(last) if last.end >= range.start => last.end = last.end.max(range.end),
            _ => all.push(range),
        }
    }
    all
}

/// Bars in words, counted from 1: "bar 3", "bars 1–4 and 7"; at most four ranges, then "…".
pub fn bar_list(bars: &[Range<usize>]) -> String {
    let name = |range: &Range<usize>| {
        if range.len() == 1 {
            format!("{}", range.end)
        } else {
            format!("{}–{}", range.start + 1, range.end)
        }
    };
    let names: Vec<String> = bars.iter().take(4).map(name).collect();
    let rest = if bars.len() > 4 { " and others" } else { "" };
    match names.as_slice() {
        [] => String::new(),
        [only] if bars[0].len() == 1 => format!("bar {only}"),
        [only] => format!("bars {only}"),
        [first @ .., last] if rest.is_empty() => format!("bars {} and {last}", first.join(", ")),
        all => format!("bars {}{rest}", all.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_named_as_people_count_them() {
        assert_eq!(bar_list(&[]), "");
        assert_eq!(bar_list(std::slice::from_ref(&(2..3))), "bar 3");
        assert_eq!(bar_list(&[0..4, 6..7]), "bars 1–4 and 7");
        assert_eq!(bar_list(&[0..1, 2..3, 4..5, 6..7, 8..9]), "bars 1, 3, 5, 7 and others");
        assert_eq!(merged([0..2, 2..4, 6..8].into_iter()), [0..4, 6..8]);
    }
}
