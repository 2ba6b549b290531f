//! [`Diagnosis`]: what is wrong with a piece, where, why it may be so, and what to try.

use std::ops::Range;

use composer_music::Score;
use serde::{Serialize, Serializer};

use super::detectors::{Detectors, Extent, FailureMode};
use super::structure::{self, Features};
use super::{drift, repetition};
use crate::grid::{Grid, STEPS_PER_QUARTER};
use crate::statistics::ratio;

/// One failure that was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// Which.
    pub mode: FailureMode,
    /// How bad: see [`Detectors`].
    pub score: f64,
    /// What 98.5 % of real music stays below.
    pub threshold: f64,
    /// Share of real music that scores lower, 0–1.
    pub percentile: f64,
    /// The bars of the piece that it points at, counted from 0, whatever it was compared in; empty if it is about the whole piece.
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

/// The examination of one piece.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diagnosis {
    /// Score per mode, in the order of [`FailureMode::ALL`]; NaN where there is too little music. As JSON, by name.
    #[serde(serialize_with = "by_mode")]
    pub scores: [f64; 4],
    /// What was found, the most basic failure first; empty if the piece is as sound as real music.
    pub findings: Vec<Finding>,
    /// Bars of the piece.
    pub bars: usize,
    /// Why the piece could not be judged, if it could not.
    pub unjudged: Option<&'static str>,
}

/// Figures of each mode, by the names of the modes.
pub(crate) fn by_mode<S: Serializer>(figures: &[f64; 4], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(FailureMode::ALL.into_iter().zip(figures))
}

impl Diagnosis {
    /// Whether the piece was judged and nothing was found.
    pub fn has_no_failure(&self) -> bool {
        self.findings.is_empty() && self.unjudged.is_none()
    }

    /// The failure to look at first, if any.
    pub fn main_finding(&self) -> Option<&Finding> {
        self.findings.first()
    }

    /// Whether a failure was found.
    pub fn has(&self, mode: FailureMode) -> bool {
        self.findings.iter().any(|finding| finding.mode == mode)
    }
}

impl Detectors {
    /// Examines a piece.
    pub fn diagnose(&self, score: &Score) -> Diagnosis {
        let grid = self.lay_out(score);
        let mut diagnosis = self.diagnose_in(&grid, &Grid::new(score));
        if grid.is_empty() && score.notes().next().is_some() {
            diagnosis.findings.clear();
            diagnosis.unjudged = Some("it has only drums, and these detectors listen to pitches");
        }
        diagnosis
    }

    /// Examines a piece that was laid out by [`Self::lay_out`], and names the bars of that layout.
    pub fn diagnose_grid(&self, grid: &Grid) -> Diagnosis {
        self.diagnose_in(grid, grid)
    }

    /// Examines a piece that was laid out by [`Self::lay_out`], and names the bars of `own`: the same notes in their own bars.
    fn diagnose_in(&self, grid: &Grid, own: &Grid) -> Diagnosis {
        let scores = self.scores(grid);
        if grid.is_empty() {
            return Diagnosis { scores, findings: vec![silence()], bars: 0, unjudged: None };
        }
        let mut findings: Vec<Finding> = Vec::new();
        for mode in FailureMode::ALL {
            let (score, threshold) = (scores[mode as usize], self.thresholds()[mode as usize]);
            if score > threshold {
                let bars = self.bars(mode, grid, own);
                let (cause, remedy) = advice(mode);
                findings.push(Finding {
                    mode,
                    score,
                    threshold,
                    percentile: self.percentile(mode, score),
                    sentence: self.sentence(mode, grid, own, &bars),
                    bars,
                    cause,
                    remedy,
                    secondary: !findings.is_empty(),
                });
            }
        }
        Diagnosis { scores, findings, bars: own.num_bars(), unjudged: None }
    }

    /// The bars of `own` that a finding points at.
    fn bars(&self, mode: FailureMode, grid: &Grid, own: &Grid) -> Vec<Range<usize>> {
        match mode {
            FailureMode::TimingArtefacts => self.odd_bars(grid, own),
            FailureMode::Repetition => {
                let run = repetition::longest_periodic_run(grid);
                merged(std::iter::once(bars_of(own, run.start, run.end)))
            }
            FailureMode::HarmonicDrift => {
                let windows = drift::windows(grid);
                let foreign = drift::foreign_windows(grid, &windows);
                let bars = |window: &drift::Window| renamed(window.first_bar..window.end_bar, grid, own);
                merged(foreign.iter().map(|(window, _)| bars(window)))
            }
            FailureMode::NoStructure => {
                let returns = structure::best_returns(grid);
                let lonely =
                    returns.iter().enumerate().filter(|(_, best)| best.is_some_and(|(_, share)| share < 0.1));
                merged(lonely.map(|(bar, _)| renamed(bar..bar + 1, grid, own)))
            }
        }
    }

    /// Bars whose notes cost more on average than the threshold for whole pieces.
    fn odd_bars(&self, grid: &Grid, own: &Grid) -> Vec<Range<usize>> {
        let costs = self.fitted.timing.costs(grid);
        let mut by_bar = vec![(0.0, 0.0); own.num_bars()];
        for (note, cost) in grid.notes.iter().zip(&costs) {
            let bar = &mut by_bar[own.bar_of(note.onset)];
            bar.0 += cost.length + cost.gap;
            bar.1 += 1.0;
        }
        let threshold = self.thresholds()[FailureMode::TimingArtefacts as usize];
        let odd = by_bar.iter().enumerate().filter(|(_, (bits, notes))| ratio(*bits, *notes) > threshold);
        merged(odd.map(|(bar, _)| bar..bar + 1))
    }

    fn sentence(&self, mode: FailureMode, grid: &Grid, own: &Grid, bars: &[Range<usize>]) -> String {
        let place = bar_list(bars);
        match mode {
            FailureMode::TimingArtefacts => {
                format!("Notes begin or stop at moments where real music has none{}.", within(&place))
            }
            FailureMode::Repetition => {
                let run = repetition::longest_periodic_run(grid);
                let share = 100.0 * ratio(f64::from(run.end - run.start), f64::from(grid.len()));
                if run.period < STEPS_PER_QUARTER {
                    format!(
                        "The music stands still{}: {share:.0} % of the piece is one chord or a rest.",
                        within(&place)
                    )
                } else {
                    let quarters = f64::from(run.period) / f64::from(STEPS_PER_QUARTER);
                    let what = format!("{} quarter{}", quarters, if quarters == 1.0 { "" } else { "s" });
                    format!(
                        "The same {what} come again and again{}: {share:.0} % of the piece.",
                        within(&place)
                    )
                }
            }
            FailureMode::HarmonicDrift if self.fitted.harmony.only_wrong_notes(grid) => format!(
                "Many notes lie outside any one scale: {:.0} % of them, where nine of ten real pieces stay below {:.0} %.",
                100.0 * drift::out_of_scale(grid),
                100.0 * self.fitted.harmony.out_of_scale
            ),
            FailureMode::HarmonicDrift => drift_sentence(grid, own, &place),
            FailureMode::NoStructure => self.structure_sentence(grid),
        }
    }

    /// Names the two measurements that weigh most against the piece.
    fn structure_sentence(&self, grid: &Grid) -> String {
        let features = match self.extent {
            Extent::WholePieces => Features::of(grid),
            Extent::Excerpts { .. } => Features::of(grid).open(),
        };
        let mut against: Vec<(f64, &str)> = (0..Features::COUNT)
            .filter_map(|i| {
                let less = features.0[i] < self.usual.0[i];
                let phrase = if less { Features::WHEN_LOW[i] } else { Features::WHEN_HIGH[i] }?;
                Some((self.fitted.structure.contribution(i, features.0[i], self.usual.0[i]), phrase))
            })
            .filter(|(weight, _)| *weight > 0.0)
            .collect();
        against.sort_by(|a, b| b.0.total_cmp(&a.0));
        let reasons: Vec<&str> = against.iter().take(2).map(|(_, phrase)| *phrase).collect();
        if reasons.is_empty() {
            return "The piece reads like bars from different pieces.".into();
        }
        format!("The piece reads like bars from different pieces: {}.", reasons.join(", and "))
    }
}

fn drift_sentence(grid: &Grid, own: &Grid, place: &str) -> String {
    let windows = drift::windows(grid);
    let foreign = drift::foreign_windows(grid, &windows);
    match foreign.first() {
        Some((window, key)) => {
            let bars = renamed(window.first_bar..window.end_bar, grid, own);
            format!(
                "The music leaves its key: bars {}–{} are in {key}, far from the main key{}.",
                bars.start + 1,
                bars.end,
                within(place)
            )
        }
        None => {
            "The harmony changes more from bars to bars than in real music, without settling in a key.".into()
        }
    }
}

fn within(place: &str) -> String {
    if place.is_empty() { String::new() } else { format!(" in {place}") }
}

/// The likely cause of a failure and the option to try next.
fn advice(mode: FailureMode) -> (&'static str, &'static str) {
    match mode {
        FailureMode::TimingArtefacts => (
            "the sampling is too random, or the model has not learnt where beats are",
            "lower --temperature; then train longer (--epochs) or on more music with a steady beat",
        ),
        FailureMode::Repetition => (
            "the model always takes the most likely step, and its state enters a loop",
            "raise --temperature towards 1; then train with --dropout 0.3 or on more music",
        ),
        FailureMode::HarmonicDrift => (
            "wrong notes become the context of the next ones, and the state loses the key",
            "lower --temperature or hold the piece to a --key; then train with a longer context (--tbptt-len 128) or on music in fewer keys",
        ),
        FailureMode::NoStructure => (
            "the memory of the model is shorter than a phrase: each bar follows only from the one before",
            "train with a longer context (--tbptt-len 128), more units (--hidden 384), or on more music",
        ),
    }
}

fn silence() -> Finding {
    Finding {
        mode: FailureMode::Repetition,
        score: 1.0,
        threshold: 0.0,
        percentile: 1.0,
        bars: Vec::new(),
        sentence: "There is not a single note with a pitch.".into(),
        cause: "silence was always the most likely step",
        remedy: "raise --temperature towards 1, or train longer (--epochs)",
        secondary: false,
    }
}

/// The bars in which steps from `start` to before `end` lie.
fn bars_of(grid: &Grid, start: u32, end: u32) -> Range<usize> {
    grid.bar_of(start)..grid.bar_of(end.max(start + 1) - 1) + 1
}

/// The bars of `own` in which bars of a layout lie.
fn renamed(bars: Range<usize>, layout: &Grid, own: &Grid) -> Range<usize> {
    bars_of(own, layout.bar_lines[bars.start], layout.bar_lines[bars.end])
}

/// Ranges in order, joined where they touch.
fn merged(ranges: impl Iterator<Item = Range<usize>>) -> Vec<Range<usize>> {
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
