//! [`Diagnosis`]: what is wrong with a piece, where, why it may be so, and what to try.

use std::ops::Range;

use composer_music::Score;
use serde::{Serialize, Serializer};

use super::detectors::{Detectors, Extent, FailureMode};
use super::fault::Fault;
use super::finding::{Finding, bar_list, merged};
use super::structure::{self, Features};
use super::{drift, repetition, scarcity};
use crate::grid::{Grid, STEPS_PER_QUARTER};
use crate::judgement::measurements::Parts;
use crate::judgement::outliers::{self, Figures};
use crate::judgement::words;
use crate::judgement::{Aspect, Likeness};
use crate::statistics::ratio;

/// The examination of one piece.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diagnosis {
    /// Score per mode, in the order of [`FailureMode::ALL`]; NaN where there is too little music. As JSON, by name.
    #[serde(serialize_with = "by_mode")]
    pub scores: [f64; 4],
    /// Figures that are compared with the reference, in the order of [`Aspect::ALL`]. As JSON, by name.
    #[serde(serialize_with = "by_aspect")]
    pub figures: Figures,
    /// How much the piece is like the reference; `None` if it could not be judged.
    pub likeness: Option<Likeness>,
    /// What was found, the most basic failure first; empty if none of the faults that are tested for was found.
    pub findings: Vec<Finding>,
    /// Bars of the piece, its own.
    pub bars: usize,
    /// Why the piece could not be judged, if it could not.
    pub unjudged: Option<&'static str>,
}

/// Figures of each mode, by the names of the modes.
pub(crate) fn by_mode<S: Serializer>(figures: &[f64; 4], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(FailureMode::ALL.into_iter().zip(figures))
}

fn by_aspect<S: Serializer>(figures: &Figures, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(Aspect::ALL.iter().map(|aspect| aspect.key()).zip(figures))
}

/// A score below which fewer than one real piece in twenty lies.
const LOW: f64 = 5.0;

impl Diagnosis {
    /// What to say where nothing was found, or why the piece was not judged; `None` if there are findings. It never reassures.
    pub fn nothing_found(&self) -> Option<String> {
        if let Some(reason) = self.unjudged {
            return Some(format!("not assessed: {reason}"));
        }
        if !self.findings.is_empty() {
            return None;
        }
        Some(match self.likeness {
            Some(likeness) if likeness.score < LOW + 0.5 => format!(
                "none of the tested faults found, but {:.0} % of held-out real pieces are nearer to the reference",
                100.0 - likeness.score
            ),
            _ => "none of the tested faults found".to_owned(),
        })
    }

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
        let mut diagnosis = self.diagnose_grid(&grid);
        if grid.is_empty() && score.notes().next().is_some() {
            diagnosis.findings.clear();
            diagnosis.likeness = None;
            diagnosis.unjudged = Some("it has only drums, and these detectors listen to pitches");
        }
        diagnosis
    }

    /// Examines a piece that was laid out by [`Self::lay_out`].
    pub fn diagnose_grid(&self, grid: &Grid) -> Diagnosis {
        let parts = Parts::of(grid);
        let (scores, figures) = (self.scores_of(grid, &parts), parts.figures);
        let (likeness, unlike) = self.likeness_and_unlike(grid, &parts);
        let findings = match scarcity::find(grid) {
            Some(finding) => vec![finding],
            None => {
                let beyond =
                    |limits: [f64; 4]| scores.iter().zip(limits).any(|(score, limit)| *score > limit);
                let outliers = self.limits.outliers.beyond_limits(&figures);
                if unlike || beyond(self.limits.scores) || !outliers.is_empty() {
                    self.findings(grid, &scores, &figures, unlike.then_some(likeness))
                } else {
                    Vec::new()
                }
            }
        };
        Diagnosis {
            scores,
            figures,
            likeness: Some(likeness),
            findings,
            bars: grid.num_bars(),
            unjudged: None,
        }
    }

    /// Everything that is unusual in a piece in which something was found.
    fn findings(
        &self,
        grid: &Grid,
        scores: &[f64; 4],
        figures: &Figures,
        unlike: Option<Likeness>,
    ) -> Vec<Finding> {
        let mut findings = self.failures(grid, scores);
        findings.extend(self.outliers_of(grid, figures, !findings.is_empty()));
        if let Some(likeness) = unlike {
            findings.push(self.unlike(likeness, figures, !findings.is_empty()));
        }
        findings
    }

    /// The failure modes that are found, in the order of the tests.
    fn failures(&self, grid: &Grid, scores: &[f64; 4]) -> Vec<Finding> {
        let mut findings: Vec<Finding> = Vec::new();
        for mode in FailureMode::ALL {
            let (score, threshold) = (scores[mode as usize], self.limits.usual_scores[mode as usize]);
            if score > threshold {
                let bars = self.bars(mode, grid);
                let (cause, remedy) = advice(mode);
                findings.push(Finding {
                    mode: Fault::Mode(mode),
                    score,
                    threshold,
                    usual: None,
                    percentile: self.percentile(mode, score),
                    sentence: self.sentence(mode, grid, &bars),
                    bars,
                    cause,
                    remedy,
                    secondary: !findings.is_empty(),
                });
            }
        }
        findings
    }

    /// The figures outside what 95 % of the reference has, the most surprising first.
    fn outliers_of(&self, grid: &Grid, figures: &Figures, secondary: bool) -> Vec<Finding> {
        let finding = |(aspect, side, _)| {
            let figure = outliers::figure_of(figures, aspect);
            let usual = self.limits.outliers.usual(aspect);
            let bars = merged(outliers::bars(aspect, side, grid, usual).into_iter());
            let (cause, remedy) = words::advice(aspect, side);
            let mut sentence = words::sentence(aspect, side, figure, usual);
            // Every bar is no place.
            if !bars.is_empty() && bars.as_slice() != std::slice::from_ref(&(0..grid.num_bars())) {
                let place = bar_list(&bars);
                sentence = format!("{} Most in {place}.", sentence);
            }
            Finding {
                mode: Fault::Outside(aspect, side),
                score: figure,
                threshold: if side == crate::judgement::Side::Low { usual[0] } else { usual[1] },
                usual: Some(usual),
                percentile: self.limits.outliers.percentile(aspect, side, figure),
                bars,
                sentence,
                cause,
                remedy,
                secondary,
            }
        };
        self.limits.outliers.outside_usual(figures).into_iter().map(finding).collect()
    }

    /// The finding that the whole is unlike the reference, with the figures that are most unusual.
    fn unlike(&self, likeness: Likeness, figures: &Figures, secondary: bool) -> Finding {
        let mut unusual: Vec<_> = self.limits.outliers.surprises(figures).collect();
        unusual.sort_by(|a, b| b.2.total_cmp(&a.2));
        let named = unusual.iter().take(3).map(|&(aspect, ..)| {
            words::phrase(aspect, outliers::figure_of(figures, aspect), self.limits.outliers.middle(aspect))
        });
        let farther = match likeness.score {
            score if score < 0.5 => "no held-out real piece is".to_owned(),
            score => format!("only {score:.0} % of held-out real pieces are"),
        };
        Finding {
            mode: Fault::Unlike,
            score: likeness.score,
            threshold: 100.0 * (-self.limits.distance).exp(),
            usual: None,
            percentile: 1.0 - likeness.score / 100.0,
            bars: Vec::new(),
            sentence: format!(
                "As a whole the piece is unlike the reference: {farther} farther from it. Most unusual: {}.",
                named.collect::<Vec<_>>().join("; ")
            ),
            cause: "the model has learnt single steps of this music, but not what holds a piece together",
            remedy: "train longer (--epochs), on more music of one style, or a larger model (--hidden 384); compose several pieces and \
                     keep the best (--pick)",
            secondary,
        }
    }

    /// The bars that a finding points at.
    fn bars(&self, mode: FailureMode, grid: &Grid) -> Vec<Range<usize>> {
        match mode {
            FailureMode::TimingArtefacts => self.odd_bars(grid),
            FailureMode::Repetition => {
                let run = repetition::longest_periodic_run(grid);
                merged(std::iter::once(grid.bar_of(run.start)..grid.bar_of(run.end.saturating_sub(1)) + 1))
            }
            FailureMode::HarmonicDrift => {
                let windows = drift::windows(grid);
                let foreign = drift::foreign_windows(grid, &windows);
                merged(foreign.iter().map(|(window, _)| window.first_bar..window.end_bar))
            }
            FailureMode::NoStructure => {
                let returns = structure::best_returns(grid);
                let lonely =
                    returns.iter().enumerate().filter(|(_, best)| best.is_some_and(|(_, share)| share < 0.1));
                merged(lonely.map(|(bar, _)| bar..bar + 1))
            }
        }
    }

    /// Bars whose notes cost more on average than the threshold for whole pieces.
    fn odd_bars(&self, grid: &Grid) -> Vec<Range<usize>> {
        let costs = self.fitted.timing.costs(grid);
        let mut by_bar = vec![(0.0, 0.0); grid.num_bars()];
        for (note, cost) in grid.notes.iter().zip(&costs) {
            let bar = &mut by_bar[grid.bar_of(note.onset)];
            bar.0 += cost.length + cost.gap;
            bar.1 += 1.0;
        }
        let threshold = self.limits.usual_scores[FailureMode::TimingArtefacts as usize];
        let odd = by_bar.iter().enumerate().filter(|(_, (bits, notes))| ratio(*bits, *notes) > threshold);
        merged(odd.map(|(bar, _)| bar..bar + 1))
    }

    fn sentence(&self, mode: FailureMode, grid: &Grid, bars: &[Range<usize>]) -> String {
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
                    let what = match (run.period / STEPS_PER_QUARTER, run.period % STEPS_PER_QUARTER) {
                        (1, 0) => "quarter comes".to_owned(),
                        (quarters, 0) => format!("{quarters} quarters come"),
                        _ => format!(
                            "{:.1} quarters come",
                            f64::from(run.period) / f64::from(STEPS_PER_QUARTER)
                        ),
                    };
                    format!("The same {what} again and again{}: {share:.0} % of the piece.", within(&place))
                }
            }
            FailureMode::HarmonicDrift if self.fitted.harmony.only_wrong_notes(grid) => format!(
                "Many notes lie outside any one scale: {:.0} % of them, where nine of ten real pieces stay below {:.0} %.",
                100.0 * drift::out_of_scale(grid),
                100.0 * self.fitted.harmony.out_of_scale
            ),
            FailureMode::HarmonicDrift => drift_sentence(grid, &place),
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

fn drift_sentence(grid: &Grid, place: &str) -> String {
    let windows = drift::windows(grid);
    let foreign = drift::foreign_windows(grid, &windows);
    match foreign.first() {
        Some((window, key)) => {
            format!(
                "The music leaves its key: bars {}–{} are in {key}, far from the main key{}.",
                window.first_bar + 1,
                window.end_bar,
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
