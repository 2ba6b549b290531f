//! Decoding: from logits to music, with strategies, filters, constraints and the loops that ask a model for one step at a time.
//!
//! Any [`composer_models::LanguageModel`] can be decoded. Models of **frames** go through [`frames`] (how the pitches of a
//! step are chosen, with [`constrained`] for the mathematics of a bounded number of voices, and [`coupled`] for pitches that
//! depend on each other) and [`generate`]; models of **tokens** go through [`tokens`] (temperature, top-k, top-p, min-p, typical,
//! penalties), [`grammar`] (what may follow what) and [`token_stream`], or through [`beam`] search. [`rules`] and [`harmony`]
//! constrain key, range, chords, length and ending; [`primer`] begins a piece, and [`surprise`] gives the likelihood of one, note
//! by note. Both loops are iterators: they yield every step as it is chosen.
//!
//! ```
//! use composer_decoding::tokens::{TokenOptions, candidates};
//!
//! let options = TokenOptions { top_k: 2, temperature: 0.5, ..TokenOptions::default() };
//! let logits = [0.0, 2.0, 1.0];
//! let allowed = [true, true, true];
//! let candidates = candidates(&logits, &allowed, &[], &options)?;
//! let tokens: Vec<u32> = candidates.as_slice().iter().map(|&(token, _)| token).collect();
//! assert_eq!(tokens, [1, 2]);
//! # Ok::<(), composer_decoding::Error>(())
//! ```

pub mod beam;
pub mod constrained;
pub mod coupled;
mod error;
pub mod frames;
pub mod generate;
mod generate_lengths;
pub mod grammar;
pub mod harmony;
pub mod primer;
pub mod rewrite;
pub mod rules;
mod step_rules;
pub mod surprise;
pub mod token_stream;
pub mod tokens;

pub use beam::BeamOptions;
pub use error::Error;
pub use frames::FrameOptions;
pub use generate::{Composition, Generator, compose};
pub use rules::Rules;
pub use token_stream::continue_tokens;
pub use tokens::TokenOptions;

/// The examples of README.md, as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExamples;
