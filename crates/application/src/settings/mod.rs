//! [`Settings`]: everything that a training depends on, and the one place of every default.
//!
//! Layers, each over the one before: the defaults, a preset, the model that the training starts from, a file (`config.toml`, or a model file, which holds its own
//! settings), and single settings by name ([`Layers`]).

mod complete;
mod given;
mod layers;
mod presets;
mod sections;
mod single;
mod sources;
mod tables;

pub use complete::Settings;
pub(crate) use complete::training_with;
pub use layers::{CONFIG_FILE, Layers};
pub use presets::Preset;
pub(crate) use sections::FOLDER;
pub use sections::{Model, Music, Run};
pub use single::single_setting;
pub use sources::read;
