//! Train recurrent networks on polyphonic music, compose, and evaluate: one package for programs, and the command `composer`.
//!
//! Everything here is [`composer_application`]'s, under a shorter name: [`train()`](fn@train), [`compose()`](fn@compose),
//! [`infill`], [`accompany`], [`evaluate()`](fn@evaluate) and the rest as functions, and a [`prelude`] with what a short program
//! needs from all crates of the project. The command is in `main.rs` and `cli`, behind the feature `cli`.
//!
//! ```
//! use composer::prelude::*;
//!
//! let model = TrainedModel::built_in()?;
//! let options = ComposeOptions { num_outputs: 1, length: Length::Bars(2), seed: 7, ..ComposeOptions::default() };
//! for piece in compose(&model, &options)? {
//!     println!("{} notes, {:.2} nats per step", piece.score.notes().count(), piece.nll_per_step());
//! }
//! # Ok::<(), Error>(())
//! ```

pub use composer_application::*;
