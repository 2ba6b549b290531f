//! [`Measure`]: the bars of a piece with their beats, as notation counts them.

use crate::metre::{BarMap, Metre};
use crate::score::Score;

/// Ticks in a quarter note: holds notes down to a 128th, and triplets, quintuplets and septuplets of them down to a 64th.
pub const DIVISIONS: u64 = 3360;

/// The shortest note value, a 128th.
pub const SHORTEST: u64 = DIVISIONS / 32;

/// Most measures that are written; a damaged file can claim any length.
const MAX_MEASURES: u64 = 20_000;

/// One measure. Times are in [`DIVISIONS`].
#[derive(Clone, Debug, PartialEq)]
pub struct Measure {
    /// Where it begins in the piece.
    pub start: u64,
    /// How long it is.
    pub length: u64,
    /// The metre that is printed: of an upbeat, that of the measure after it.
    pub metre: Metre,
    /// Whether it is an upbeat, or is cut off by a change of metre: not counted, and shorter than its metre.
    pub short: bool,
    /// Where it begins within a full measure of its metre: above 0 in an upbeat.
    pub lead: u64,
    /// Where its beats begin, from its own beginning, and its end.
    pub beats: Vec<u64>,
}

impl Measure {
    /// The first tick after it.
    pub fn end(&self) -> u64 {
        self.start + self.length
    }

    /// The beats, as beginning and end.
    pub fn spans(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.beats.windows(2).map(|pair| (pair[0], pair[1]))
    }
}

/// From ticks of a score to [`DIVISIONS`], rounded.
pub fn position(tick: u64, ticks_per_quarter: u16) -> u64 {
    let per_quarter = u128::from(ticks_per_quarter.max(1));
    let scaled = (u128::from(tick) * u128::from(DIVISIONS) + per_quarter / 2) / per_quarter;
    u64::try_from(scaled).unwrap_or(u64::MAX)
}

/// The measures of a score up to `end`, the first tick after its last note in [`DIVISIONS`]; at least one.
///
/// # Errors
/// There are more than can be written.
pub fn measures(score: &Score, end: u64) -> Result<Vec<Measure>, String> {
    let bars = bars(score);
    let count = bars.count(end);
    if count > MAX_MEASURES {
        return Err(format!("it is {count} measures long, and notation takes at most {MAX_MEASURES}"));
    }
    let upbeat = bars.upbeat().is_some() && end > bars.bar(0).end;
    let measure = |index: u64| {
        let bar = bars.bar(index);
        let is_upbeat = index == 0 && upbeat;
        let metre = if is_upbeat { bars.bar(1).metre } else { bar.metre };
        let full = full_length(metre);
        let length = bar.length();
        let lead = if is_upbeat { full.saturating_sub(length) } else { 0 };
        Measure {
            start: bar.start,
            length,
            metre,
            short: length < full,
            lead,
            beats: beats(metre, lead, length),
        }
    };
    Ok((0..count.max(1)).map(measure).collect())
}

/// The bars, with changes of metre on the finest grid of notation: one that is a few ticks beside a bar line is on it.
fn bars(score: &Score) -> BarMap {
    let divisions = DIVISIONS as u32;
    let mut snapped: Vec<(u64, Metre)> = Vec::new();
    for change in &score.time_signatures {
        let at = position(change.tick, score.ticks_per_quarter);
        let before = BarMap::from_changes(divisions, snapped.iter().copied()).bar_at(at);
        let lines = [before.start, before.end];
        let near = lines.into_iter().find(|line| line.abs_diff(at) < DIVISIONS / 16);
        let at = near.unwrap_or((at + SHORTEST) / (2 * SHORTEST) * (2 * SHORTEST));
        let metre = Metre::from(change);
        match snapped.last() {
            // A metre that is stated again changes nothing: its bars go on.
            Some(&(_, last)) if last == metre && near.is_some() => {}
            _ => snapped.push((at, metre)),
        }
    }
    BarMap::from_changes(divisions, snapped)
}

/// A note of the metre's denominator.
fn unit(metre: Metre) -> u64 {
    (4 * DIVISIONS / u64::from(metre.denominator.max(1))).max(SHORTEST)
}

/// A full measure.
fn full_length(metre: Metre) -> u64 {
    4 * DIVISIONS * u64::from(metre.numerator.max(1)) / u64::from(metre.denominator.max(1))
}

/// Whether beats are dotted: 6/8, 9/8, 12/8, and 3/8, whose measure is one beat.
pub fn has_dotted_beats(metre: Metre) -> bool {
    metre.is_compound() || metre.denominator >= 8 && metre.numerator == 3
}

/// Beats of the part of a full measure that begins at `lead`: quarters, dotted in compound metres; eighths in twos and a last three in
/// metres like 7/8.
fn beats(metre: Metre, lead: u64, length: u64) -> Vec<u64> {
    let (unit, full) = (unit(metre), full_length(metre));
    let step = if has_dotted_beats(metre) { 3 * unit } else { DIVISIONS };
    let mut lines: Vec<u64> = (0..=full / step.max(1)).map(|beat| beat * step).collect();
    let rest = full % step.max(1);
    if rest > 0 && lines.len() > 1 && rest < step / 2 + 1 {
        // A last beat of three eighths, not one of a single eighth.
        lines.pop();
    }
    lines.push(full);
    lines.dedup();
    let mut own: Vec<u64> = lines
        .into_iter()
        .filter(|line| *line > lead && *line < lead + length)
        .map(|line| line - lead)
        .collect();
    own.insert(0, 0);
    own.push(length);
    own
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::TimeSignature;

    fn made(changes: &[(u64, u8, u8)], end: u64) -> Vec<Measure> {
        let mut score = Score::new(480);
        score.time_signatures = changes
            .iter()
            .map(|&(tick, numerator, denominator)| TimeSignature { tick, numerator, denominator })
            .collect();
        measures(&score, position(end, 480)).expect("short")
    }

    #[test]
    fn beats_follow_the_metre() {
        let beats = |numerator, denominator| -> Vec<f64> {
            let measure = &made(&[(0, numerator, denominator)], 10)[0];
            measure.beats.iter().map(|&beat| beat as f64 / DIVISIONS as f64).collect()
        };
        assert_eq!(beats(3, 4), [0.0, 1.0, 2.0, 3.0]);
        assert_eq!(beats(6, 8), [0.0, 1.5, 3.0]);
        assert_eq!(beats(7, 8), [0.0, 1.0, 2.0, 3.5]);
        assert_eq!(beats(3, 8), [0.0, 1.5]);
        assert_eq!(beats(2, 2), [0.0, 1.0, 2.0, 3.0, 4.0]);
    }

    #[test]
    fn an_upbeat_is_the_end_of_a_measure() {
        let measures = made(&[(0, 1, 4), (480, 3, 4)], 4000);
        assert!(measures[0].short && !measures[1].short);
        assert_eq!((measures[0].metre.numerator, measures[0].lead), (3, 2 * DIVISIONS));
    }

    #[test]
    fn a_change_a_few_ticks_beside_a_bar_line_is_on_it() {
        let measures = made(&[(0, 4, 4), (1921, 3, 4)], 5000);
        assert_eq!(measures[1].start, 4 * DIVISIONS);
        assert!(!measures[0].short);
    }

    #[test]
    fn a_note_in_a_million_years_is_refused() {
        assert!(measures(&Score::new(1), 1 << 40).unwrap_err().contains("measures long"));
    }
}
