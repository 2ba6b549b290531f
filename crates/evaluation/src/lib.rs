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
//!
//! # Arrays
//!
//! Where the argument is music, functions take scores, grids or frames. Where it is numbers, they take views of `ndarray`: samples
//! `[pieces]`, histograms `[classes]`, tables `[pieces, columns]`, piano rolls `[frames, pitches]`, as anything that converts to
//! one: a view, however strided, a reference to an array, or a slice. Results with more than one number are arrays. Shapes that
//! do not belong together are a [`ShapeMismatch`].
//!
//! ```
//! use approx::assert_relative_eq;
//! use composer_evaluation::distance::{measures::wasserstein, sets::inter_set_distances};
//! use composer_evaluation::significance::hypothesis::wilcoxon;
//! use ndarray::array;
//!
//! // Two statistics of three pieces each: a column is a view.
//! let ours = array![[12.0, 0.4], [15.0, 0.5], [19.0, 0.7]];
//! let real = array![[16.0, 0.5], [19.0, 0.8], [24.0, 0.9]];
//! assert_relative_eq!(wasserstein(ours.column(0), real.column(0)), 13.0 / 3.0, max_relative = 1e-12);
//! assert_eq!(inter_set_distances(&ours, &real)?.len(), 9);
//! let error = wilcoxon(ours.column(0), &[1.0, 2.0]).unwrap_err();
//! assert_eq!(error.to_string(), "paired ratings: shapes [3] and [2] do not match");
//! # Ok::<(), composer_evaluation::ShapeMismatch>(())
//! ```

mod arrays;
pub mod assessment;
pub mod corruption;
pub mod distance;
pub mod failure;
pub mod grid;
mod hashing;
pub mod judgement;
pub mod leakage;
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
