//! Summary of the judgements of a listening test, with confidence intervals.

use super::design::ANSWERS_FILE;
use crate::error::{Result, wrong_input};
use composer_evaluation::listening::{
    AbxResult, Discrimination, Judgement, Mushra, Quality, Ratings, Strengths, TrialAnswer, WinRate, abx,
    bradley_terry, discrimination, mushra, quality, ratings, read_trials_csv, read_trials_jsonl, win_rates,
};
use composer_evaluation::significance::hypothesis::{detectable_share, judgements_needed};
use composer_music::input;
use composer_report::listening::ListeningResults;
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::Path;

/// Shares of wins that the table of needed judgements is about.
const TRUE_SHARES: [f64; 5] = [0.55, 0.60, 0.65, 0.70, 0.75];
/// Chance of finding a difference that is there.
const POWER: f64 = 0.8;

/// What a listening test says.
#[derive(Debug, Serialize)]
pub struct ListeningSummary {
    /// Judgements.
    pub judgements: usize,
    /// Wins of each system against each other.
    pub win_rates: Vec<WinRate>,
    /// Strengths of the systems, if there are pairs.
    pub strengths: Option<Strengths>,
    /// Human or machine, if that was asked.
    pub origin: Option<Discrimination>,
    /// Ratings, by scale.
    pub ratings: Vec<Ratings>,
    /// ABX, by pairs of systems.
    pub abx: Vec<AbxResult>,
    /// MUSHRA, if that was asked.
    pub mushra: Option<Mushra>,
    /// What the answers of a study say of themselves; `None`: they are plain judgements.
    pub quality: Option<Quality>,
    /// What does not count.
    pub left_out: LeftOut,
    /// The smallest true share that this number of judgements finds with 80 % power, for two alternatives.
    pub detectable: Option<f64>,
    /// How many judgements a test needs.
    pub judgements_needed: Vec<Needed>,
}

impl ListeningSummary {
    /// The same as the page of results takes it.
    pub fn view(&self) -> ListeningResults<'_> {
        ListeningResults {
            judgements: self.judgements,
            left_out: [
                ("catch trials", self.left_out.catches),
                ("repeated trials", self.left_out.repeats),
                ("of inattentive listeners", self.left_out.inattentive),
                ("about known pieces", self.left_out.known),
            ],
            win_rates: &self.win_rates,
            strengths: self.strengths.as_ref(),
            origin: self.origin.as_ref(),
            ratings: &self.ratings,
            abx: &self.abx,
            mushra: self.mushra.as_ref(),
            quality: self.quality.as_ref(),
            detectable: self.detectable,
            needed: self.judgements_needed.iter().map(|needed| (needed.share, needed.judgements)).collect(),
        }
    }
}

/// How many judgements find a true share of wins with 80 % power at 5 %, two-sided.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Needed {
    /// The true share of wins.
    pub share: f64,
    /// Judgements; `None`: more than 100000.
    pub judgements: Option<u64>,
}

/// Trials that do not count, each for the first reason that applies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Catch trials.
    pub catches: usize,
    /// Repeated trials.
    pub repeats: usize,
    /// Those of listeners who failed half of the catch trials or more.
    pub inattentive: usize,
    /// Those of pieces that the listener knows.
    pub known: usize,
}

/// Which trials count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnalysisOptions {
    /// Seed of the bootstrap.
    pub seed: u64,
    /// Whether listeners count who failed half of the catch trials or more.
    pub keep_inattentive: bool,
    /// Whether answers about known pieces count.
    pub keep_known: bool,
}

impl Default for AnalysisOptions {
    fn default() -> Self {
        Self { seed: 1, keep_inattentive: false, keep_known: false }
    }
}

/// Sums the trials of a study up.
pub fn analyse(trials: &[TrialAnswer], options: &AnalysisOptions) -> ListeningSummary {
    let quality = quality(trials);
    let listeners = quality.iter().flat_map(|quality| &quality.listeners);
    let inattentive: BTreeSet<&str> = listeners
        .filter(|listener| listener.is_inattentive && !options.keep_inattentive)
        .map(|listener| listener.listener.as_str())
        .collect();
    let mut left_out = LeftOut::default();
    let mut judgements: Vec<Judgement> = Vec::new();
    for trial in trials {
        let reason = match trial {
            trial if trial.passed.is_some() => &mut left_out.catches,
            trial if trial.repeat_of.is_some() => &mut left_out.repeats,
            trial if inattentive.contains(trial.listener()) => &mut left_out.inattentive,
            trial if trial.known && !options.keep_known => &mut left_out.known,
            _ => {
                judgements.extend(trial.judgements.iter().cloned());
                continue;
            }
        };
        *reason += 1;
    }
    ListeningSummary { quality, left_out, ..summarise(&judgements, options.seed) }
}

/// Sums judgements up that all count.
pub fn summarise(judgements: &[Judgement], seed: u64) -> ListeningSummary {
    let win_rates = win_rates(judgements, seed);
    let needed = |share| Needed { share, judgements: judgements_needed(share, POWER) };
    let abx = abx(judgements, seed);
    let origin = discrimination(judgements, seed);
    // The comparison with the fewest judgements finds the least.
    let counts = win_rates.iter().map(|rate| rate.wins + rate.losses);
    let counts = counts.chain(abx.iter().map(|pair| pair.found.answers));
    let fewest = counts.chain(origin.iter().map(|origin| origin.answers)).min();
    let detectable = fewest.map(|count| detectable_share(count, POWER)).filter(|share| share.is_finite());
    ListeningSummary {
        judgements: judgements.len(),
        strengths: (!win_rates.is_empty()).then(|| bradley_terry(judgements)),
        win_rates,
        origin,
        ratings: ratings(judgements, seed),
        abx,
        mushra: mushra(judgements, seed),
        quality: None,
        left_out: LeftOut::default(),
        detectable,
        judgements_needed: TRUE_SHARES.map(needed).to_vec(),
    }
}

/// The judgements in a file that count: without catch trials and repeated ones.
///
/// # Errors
/// As [`read_trials`]'s.
pub fn read(path: &Path) -> Result<Vec<Judgement>> {
    let trials = read_trials(path)?.into_iter().filter(TrialAnswer::is_main);
    Ok(trials.flat_map(|trial| trial.judgements).collect())
}

/// The trials in a file: CSV if its name says so, else JSON lines; in the standard input (`-`) what it begins like; in a folder those of
/// the study in it.
///
/// # Errors
/// The file cannot be read, holds no judgements, or one of them makes no sense.
pub fn read_trials(path: &Path) -> Result<Vec<TrialAnswer>> {
    let in_folder = path.join(ANSWERS_FILE);
    let path = if path.is_dir() && !input::is_standard(path) { &in_folder } else { path };
    let shown = input::shown(path);
    let text = input::read_text(path, input::MAX_TEXT)
        .map_err(|error| wrong_input(format!("cannot read {shown}: {error}")))?;
    let csv = match input::is_standard(path) {
        true => !text.trim_start().starts_with('{'),
        false => path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv")),
    };
    // A server that writes has perhaps not ended the last line.
    let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
    let of_study = !csv && whole.starts_with("{\"kind\":\"study\"");
    let trials = match csv {
        true => read_trials_csv(&text),
        false => read_trials_jsonl(if of_study { whole } else { &text }),
    };
    let trials = trials.map_err(|error| wrong_input(format!("{shown}: {error}")))?;
    if trials.is_empty() {
        return Err(wrong_input(format!("{shown} holds no judgements")).into());
    }
    Ok(trials)
}
