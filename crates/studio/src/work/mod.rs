//! Work that takes longer than a request: making pieces, judging them, training.

mod command;
mod events;
mod judge;
pub mod make;
mod queue;
pub mod splice;
mod training;

pub use command::recipe;
pub use events::Hub;
pub use judge::{Judge, REFERENCE};
pub use queue::{Cancel, Queue};
pub use training::{MusicFolder, Sample, TrainingWanted, Trainings};
