//! Results as plain text and as JSON records, as the command prints them: one file per result. What has a page too is in
//! [`composer_report::text`] and beside the pages of the studies.

pub mod card;
pub mod evaluation;
pub mod gradcheck;
pub mod inspected;
pub mod listening;
pub mod pieces;
pub mod runs;
pub mod scaling;
pub mod speed;
pub mod studies;
pub mod surprise;
pub mod sweep;
pub mod training;
