//! Experiments that show how recurrent networks behave.

mod error;
pub mod memory;
pub mod network;
pub mod size;

pub use error::Error;
