//! The analysis of listening tests: from a file of judgements to win rates, strengths and ratings, with intervals.

mod bradley_terry;
mod judgements;
mod ratings;
mod wins;

pub use bradley_terry::{Strengths, bradley_terry, bradley_terry_counts};
pub use judgements::{Answer, Error, Judgement, read_csv, read_jsonl};
pub use ratings::{RatingComparison, Ratings, ratings};
pub use wins::{Discrimination, EQUIVALENCE_MARGIN, WinRate, discrimination, win_rates};
