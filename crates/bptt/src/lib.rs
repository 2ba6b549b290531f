//! Recurrent cells and layers with hand-written backpropagation through time, a readable reference and gradient checks.
//!
//! * [`layers`]: recurrent stacks, linear layers, embeddings, over flat slices; parameters live in [`Parameters`].
//! * [`textbook`]: every cell forward and backward in plain loops. Read this first; [`backpropagation`] derives every gradient.
//! * [`fused`]: the fast implementation of the same.
//! * [`reference`](mod@reference): the forward equations on a small tape, which derives the gradients mechanically.
//! * [`Cell`]: what each cell is, in one table; [`Implementation`]: the three behind one interface.
//! * [`exercises`]: change a line, run a test, read what it tells you.
//! * [`loss`], [`init`]: what training needs around them.
//! * [`gradcheck`], [`probe`]: is a gradient right, and how does it flow?
//!
//! # To PyTorch and back
//!
//! Parameters have PyTorch's names and shapes. With the prefix `"lstm"`, a stack's parameters in a safetensors file load with
//!
//! ```python
//! import safetensors.torch, torch
//! weights = {k[5:]: v for k, v in safetensors.torch.load_file("model.safetensors").items() if k.startswith("lstm.")}
//! lstm = torch.nn.LSTM(88, 128, num_layers=2); lstm.load_state_dict(weights)
//! ```

pub mod cell;
pub mod divergence;
#[doc = include_str!("../docs/backpropagation.md")]
pub mod backpropagation {}

pub mod error;
#[doc = include_str!("../docs/exercises.md")]
pub mod exercises {}
pub mod fused;
pub mod gradcheck;
pub mod implementation;
pub mod init;
pub mod layers;
pub mod loss;
pub mod parameters;
pub mod probe;
pub mod problem;
pub mod reference;
pub mod textbook;

pub use cell::{Cell, CellSpec};
pub use error::Error;
pub use implementation::Implementation;
pub use init::Init;
pub use layers::{
    Attention, AttentionScore, AttentionWorkspace, Coupled, Coupling, Embedding, Input, Linear,
    LinearWorkspace, Mask, Mode, Recurrent, RecurrentConfig, RecurrentWorkspace, SegmentWorkspace, State,
    StepWorkspace,
};
pub use parameters::{Entry, ParamId, Parameters};
