//! Derivations: from the loss to each gradient, one page per cell and layer.
#![doc = ""]
#![doc = include_str!("../docs/backpropagation.md")]
#![cfg_attr(doc, doc = include_str!("../docs/katex/katex.html"))]

// The loader that sets the equations is KaTeX, 390 KiB: only rustdoc needs it, and programs that show the pages.

/// The pages as Markdown, by their file names, for programs that show them; the exercises among them.
pub const PAGES: [(&str, &str); 11] = [
    ("backpropagation.md", include_str!("../docs/backpropagation.md")),
    ("rnn.md", include_str!("../docs/rnn.md")),
    ("lstm.md", include_str!("../docs/lstm.md")),
    ("gru.md", include_str!("../docs/gru.md")),
    ("peephole_lstm.md", include_str!("../docs/peephole_lstm.md")),
    ("minimal_gated_unit.md", include_str!("../docs/minimal_gated_unit.md")),
    ("attention.md", include_str!("../docs/attention.md")),
    ("coupling.md", include_str!("../docs/coupling.md")),
    ("mixture.md", include_str!("../docs/mixture.md")),
    ("losses.md", include_str!("../docs/losses.md")),
    ("exercises.md", include_str!("../docs/exercises.md")),
];

/// KaTeX (MIT licence) with its style, its fonts and a loader, as a fragment of HTML, for programs that show [`PAGES`].
pub const KATEX: &str = include_str!("../docs/katex/katex.html");

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
