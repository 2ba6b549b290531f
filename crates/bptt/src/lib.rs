//! Recurrent cells and layers with hand-written backpropagation through time, a readable reference and gradient checks.

pub mod divergence;
pub mod error;
pub mod fused;
pub mod gradcheck;
pub mod init;
pub mod layers;
pub mod loss;
pub mod parameters;
pub mod probe;
pub mod reference;

pub use error::Error;
pub use init::Init;
pub use layers::{
    Attention, AttentionScore, AttentionWorkspace, Cell, Embedding, Input, Linear, LinearWorkspace, Mask,
    Mode, Recurrent, RecurrentConfig, RecurrentWorkspace, State, StepWorkspace,
};
pub use parameters::{Entry, ParamId, Parameters};
