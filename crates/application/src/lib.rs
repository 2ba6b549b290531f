//! Train recurrent networks on polyphonic music, compose, and evaluate: the use cases as functions.
//!
//! The `composer` command, and any other program, call the same functions: typed options in, data out. They print nothing and
//! end no program; progress is reported to a [`Progress`], and what went wrong is an [`Error`], which says whether the
//! input was at fault. [`prelude`] has what a short program needs, from all crates of the project.
//!
//! * [`train()`](fn@train): settings and music → a run folder with a model; [`settings`]: all that it depends on.
//! * [`compose()`](fn@compose): a model → music; [`surprise()`](fn@surprise): a model and a piece → the likelihood of each note.
//! * [`accompany`], [`drum`], [`reharmonise`]: a part for a given one.
//! * [`infill`], [`vary`]: some bars, or some notes, of a tune written anew; [`humanise()`](fn@humanise): velocities and timing.
//! * [`diagnose()`](fn@diagnose), [`evaluate()`](fn@evaluate), [`listening`]: how good is it?
//! * [`models`]: the built-in models and their cards.
//! * [`inspect()`](fn@inspect), [`ingest()`](fn@ingest), [`runs`]: files and folders.
//! * [`gradcheck()`](fn@gradcheck), [`study`], [`benchmark`]: gradient checks, experiments, speed.
//!
//! ```
//! use composer_application::prelude::*;
//!
//! let model = TrainedModel::built_in()?;
//! let options = ComposeOptions { num_outputs: 1, length: Length::Bars(2), seed: 7, ..ComposeOptions::default() };
//! for piece in compose(&model, &options)? {
//!     println!("{} notes, {:.2} nats per step", piece.score.notes().count(), piece.nll_per_step());
//! }
//! # Ok::<(), Error>(())
//! ```

pub mod again;
pub mod benchmark;
pub mod cluster;
pub mod compose;
pub mod convert;
pub mod diagnose;
mod error;
pub mod evaluate;
pub mod gradcheck;
pub mod humanise;
pub mod ingest;
pub mod inside;
pub mod inspect;
mod likelihood;
pub mod listening;
mod memory;
mod model;
pub mod models;
pub mod outputs;
pub mod parts;
pub mod prelude;
mod progress;
pub mod quick_start;
pub mod rewrite;
mod run_folder;
pub mod runs;
pub mod settings;
pub mod sound;
pub mod study;
pub mod surprise;
pub mod sweep;
pub mod text;
pub mod train;

pub use compose::{ComposeOptions, compose};
pub use diagnose::{DiagnoseOptions, diagnose};
pub use error::{Error, ErrorKind, Result};
pub use evaluate::{EvaluateOptions, evaluate};
pub use gradcheck::gradcheck;
pub use humanise::humanise;
pub use ingest::{IngestOptions, ingest};
pub use inspect::inspect;
pub use model::TrainedModel;
pub use parts::{accompany, drum, reharmonise};
pub use progress::Progress;
pub use rewrite::{infill, vary};
pub use settings::Settings;
pub use surprise::surprise;
pub use train::{TrainOptions, Trained, train, train_on};
