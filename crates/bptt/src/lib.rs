//! Recurrent cells and layers with hand-written backpropagation through time, a readable reference and gradient checks.
//!
//! * [`layers`]: recurrent stacks, linear layers, embeddings, over flat slices; parameters live in [`Parameters`].
//! * [`reference`](mod@reference): textbook cells on a small tape. Read this first; [`backpropagation`] derives every gradient.
//! * [`fused`]: the fast implementation of the same.
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

pub mod divergence;
// The loader that sets equations is 390 KiB of KaTeX: only rustdoc needs it.
#[doc = include_str!("../docs/backpropagation.md")]
#[cfg_attr(doc, doc = include_str!("../docs/katex/katex.html"))]
#[allow(rustdoc::invalid_html_tags)] // of the loader: a program has comparisons that look like tags
pub mod backpropagation {
    #[doc = include_str!("../docs/rnn.md")]
    #[cfg_attr(doc, doc = include_str!("../docs/katex/katex.html"))]
    pub mod rnn {}
    #[doc = include_str!("../docs/lstm.md")]
    #[cfg_attr(doc, doc = include_str!("../docs/katex/katex.html"))]
    pub mod lstm {}
    #[doc = include_str!("../docs/gru.md")]
    #[cfg_attr(doc, doc = include_str!("../docs/katex/katex.html"))]
    pub mod gru {}
    #[doc = include_str!("../docs/peephole_lstm.md")]
    #[cfg_attr(doc, doc = include_str!("../docs/katex/katex.html"))]
    pub mod peephole_lstm {}
    #[doc = include_str!("../docs/minimal_gated_unit.md")]
    #[cfg_attr(doc, doc = include_str!("../docs/katex/katex.html"))]
    pub mod minimal_gated_unit {}
    #[doc = include_str!("../docs/attention.md")]
    #[cfg_attr(doc, doc = include_str!("../docs/katex/katex.html"))]
    pub mod attention {}
    #[doc = include_str!("../docs/coupling.md")]
    #[cfg_attr(doc, doc = include_str!("../docs/katex/katex.html"))]
    pub mod coupling {}
    #[doc = include_str!("../docs/losses.md")]
    #[cfg_attr(doc, doc = include_str!("../docs/katex/katex.html"))]
    pub mod losses {}
}

pub mod error;
pub mod fused;
pub mod gradcheck;
pub mod init;
pub mod layers;
pub mod loss;
pub mod parameters;
pub mod probe;
pub mod reference;
#[allow(rustdoc::invalid_html_tags)] // of the loader of equations
pub mod textbook;

pub use error::Error;
pub use init::Init;
pub use layers::{
    Attention, AttentionScore, AttentionWorkspace, Cell, Coupled, Coupling, Embedding, Input, Linear,
    LinearWorkspace, Mask, Mode, Recurrent, RecurrentConfig, RecurrentWorkspace, SegmentWorkspace, State,
    StepWorkspace,
};
pub use parameters::{Entry, ParamId, Parameters};
