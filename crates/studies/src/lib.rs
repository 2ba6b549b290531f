#![doc = include_str!("../README.md")]

pub mod cells;
mod error;
pub mod gradient_flow;
mod initialisation;
pub mod memory;
pub mod minimum_risk;
pub mod network;
mod optimiser;
mod parallel;
pub mod size;
pub mod speed;

pub use error::Error;
pub use initialisation::Initialisation;
