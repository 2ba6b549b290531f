//! Summary of the judgements of a listening test, with confidence intervals.

use crate::error::{Result, wrong_input};
use composer_evaluation::listening::{
    Discrimination, Judgement, Ratings, Strengths, WinRate, bradley_terry, discrimination, ratings, read_csv,
    read_jsonl, win_rates,
};
use composer_evaluation::significance::hypothesis::judgements_needed;
use composer_music::input;
use serde::Serialize;
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
    /// How many judgements a test needs.
    pub judgements_needed: Vec<Needed>,
}

/// How many judgements find a true share of wins with 80 % power at 5 %, two-sided.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Needed {
    /// The true share of wins.
    pub share: f64,
    /// Judgements; `None`: more than 100000.
    pub judgements: Option<u64>,
}

/// Sums a listening test up.
pub fn summarise(judgements: &[Judgement], seed: u64) -> ListeningSummary {
    let win_rates = win_rates(judgements, seed);
    let needed = |share| Needed { share, judgements: judgements_needed(share, POWER) };
    ListeningSummary {
        judgements: judgements.len(),
        strengths: (!win_rates.is_empty()).then(|| bradley_terry(judgements)),
        win_rates,
        origin: discrimination(judgements, seed),
        ratings: ratings(judgements, seed),
        judgements_needed: TRUE_SHARES.map(needed).to_vec(),
    }
}

/// The judgements in a file: CSV if its name says so, else JSON lines; in the standard input (`-`) what it begins like.
///
/// # Errors
/// The file cannot be read, holds no judgements, or one of them makes no sense.
pub fn read(path: &Path) -> Result<Vec<Judgement>> {
    let shown = input::shown(path);
    let text = input::read_text(path, input::MAX_TEXT)
        .map_err(|error| wrong_input(format!("cannot read {shown}: {error}")))?;
    let csv = match input::is_standard(path) {
        true => !text.trim_start().starts_with('{'),
        false => path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv")),
    };
    let judgements = if csv { read_csv(&text) } else { read_jsonl(&text) };
    let judgements = judgements.map_err(|error| wrong_input(format!("{shown}: {error}")))?;
    if judgements.is_empty() {
        return Err(wrong_input(format!("{shown} holds no judgements")).into());
    }
    Ok(judgements)
}
