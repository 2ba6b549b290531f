//! Layers: they hold the places of their parameters, and read and write views of arrays.

mod attention;
mod checkpointing;
mod config;
mod coupling;
mod embedding;
mod linear;
mod mixture;
mod recurrent;
mod sequence;

pub use attention::{Attention, AttentionScore, AttentionWorkspace};
pub use checkpointing::{Checkpointed, CheckpointingWorkspace};
pub use config::RecurrentConfig;
pub use coupling::{Coupled, Coupling};
pub use embedding::Embedding;
pub use linear::{Linear, LinearWorkspace};
pub use mixture::{Mixture, MixtureWorkspace};
pub use recurrent::{Recurrent, RecurrentWorkspace, StepWorkspace};
pub use sequence::{Input, Mask, Mode, State};

pub(crate) use recurrent::LayerIds;
pub(crate) use sequence::InputSlices;
