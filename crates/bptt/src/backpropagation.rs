//! Derivations: from the loss to each gradient, one page per cell and layer.
#![doc = ""]
#![doc = include_str!("../docs/backpropagation.md")]
#![cfg_attr(doc, doc = include_str!("../docs/katex/katex.html"))]

// The loader that sets the equations is KaTeX, 390 KiB: only rustdoc needs it.

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

#[doc = include_str!("../docs/mixture.md")]
#[cfg_attr(doc, doc = include_str!("../docs/katex/katex.html"))]
pub mod mixture {}

#[doc = include_str!("../docs/losses.md")]
#[cfg_attr(doc, doc = include_str!("../docs/katex/katex.html"))]
pub mod losses {}
