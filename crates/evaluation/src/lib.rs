//! Evaluation of generated music: likelihood, statistics, distances to real music, failure detectors, originality, significance.
//!
//! ```
//! use composer_evaluation::likelihood::{FrameSpace, marginal::Marginal};
//! use composer_music::representation::frames::Frame;
//!
//! // One piece: middle C sounds in three frames of four.
//! let c = Frame { sounding: 1 << 60, onsets: 0 };
//! let piece = vec![c, c, Frame::default(), c];
//! let space = FrameSpace { onset_plane: false, ..FrameSpace::PIANO };
//! let nll = Marginal::fit(&[piece.clone()], space).score(&[piece]);
//! assert!(nll.per_frame() < 11.0);
//! ```

mod arrays;
pub mod assessment;
pub mod corruption;
pub mod distance;
pub mod failure;
pub mod grid;
pub mod likelihood;
pub mod listening;
pub mod originality;
pub mod significance;
pub mod statistics;

pub use arrays::ShapeMismatch;

/// The examples of README.md, as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExamples;
