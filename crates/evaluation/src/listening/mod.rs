//! The analysis of listening tests: from a file of judgements to win rates, strengths and ratings, with intervals.

mod abx;
mod bradley_terry;
mod judgements;
mod mushra;
mod quality;
mod ratings;
mod table;
mod wins;

pub use abx::{AbxResult, abx};
pub use bradley_terry::{Strengths, bradley_terry, bradley_terry_counts};
pub use judgements::{
    Answer, Error, Judgement, TrialAnswer, read_csv, read_jsonl, read_trials_csv, read_trials_jsonl,
};
pub use mushra::{MAX_SHARE, Mushra, REFERENCE_GRADE, Screened, mushra};
pub use quality::{Confidence, ListenerQuality, MAX_FAILED, Quality, Share, quality};
pub use ratings::{RatingComparison, Ratings, ratings};
pub use table::trials_csv;
pub use wins::{Discrimination, EQUIVALENCE_MARGIN, WinRate, discrimination, win_rates};
