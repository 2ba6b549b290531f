//! Recurrent cells and layers with hand-written backpropagation through time, a readable reference and gradient checks.
//!
//! * [`layers`]: recurrent stacks, linear layers, embeddings, over arrays; parameters live in [`Parameters`].
//! * [`backpropagation`]: every gradient derived, from the loss to each weight, with a worked example of each.
//! * [`textbook`]: the same in plain loops, one line per equation. Read this first.
//! * [`reference`](mod@reference): cells on a small tape, which derives gradients mechanically and proves the others.
//! * [`fused`]: the fast implementation, which runs.
//! * [`Cell`]: what each cell is, in one table; [`Implementation`]: the three behind one interface.
//! * [`exercises`]: change a line, run a test, read what it tells you.
//! * [`loss`], [`init`]: what training needs around them.
//! * [`optim`]: optimisers, gradient clipping, the moving average of the weights.
//! * [`gradcheck`], [`probe`]: is a gradient right, and how does it flow?
//!
//! # To PyTorch and back
//!
//! Parameters have PyTorch's names, shapes and gate order. [`pytorch`] has a program that computes the logits of a model file in
//! PyTorch, tested on real ones, and the order of features.

pub mod arrays;
#[allow(rustdoc::invalid_html_tags)] // of the loader of equations
pub mod backpropagation;
pub mod cell;
pub mod divergence;
pub mod error;
#[doc = include_str!("../docs/exercises.md")]
pub mod exercises {}
pub mod fused;
pub mod gradcheck;
pub mod implementation;
pub mod init;
pub mod layers;
pub mod loss;
pub mod optim;
pub mod parameters;
pub mod probe;
pub mod problem;
#[doc = include_str!("../docs/pytorch.md")]
pub mod pytorch {}
pub mod reference;
#[allow(rustdoc::invalid_html_tags)] // of the loader of equations
pub mod textbook;

pub use cell::{Cell, CellSpec};
pub use error::Error;
pub use implementation::Implementation;
pub use init::Init;
pub use layers::{
    Attention, AttentionScore, AttentionWorkspace, Coupled, Coupling, Embedding, Input, Linear,
    LinearWorkspace, Mask, Mode, Recurrent, RecurrentConfig, RecurrentWorkspace, SegmentWorkspace, Segmented,
    State, StepWorkspace,
};
pub use parameters::{Entry, ParamId, Parameters};
