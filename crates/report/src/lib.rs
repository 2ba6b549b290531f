#![doc = include_str!("../README.md")]

pub mod charts;
mod colours;
mod curves;
mod error;
pub mod evaluation;
mod fine_tuning;
pub mod leakage;
pub mod likelihood;
pub mod listening;
mod page;
pub mod part;
pub mod piano_roll;
mod player;
pub mod scaling;
pub mod study;
pub mod surprise;
pub mod text;
pub mod training;
pub mod versions;

pub use error::{Error, Result};
pub use fine_tuning::FineTuning;
pub use likelihood::Likelihood;
pub use player::SCRIPT as PLAYER;
pub use training::{Origin, PieceFigure, Report, TrainingSummary};
