//! Training: lanes of pieces, truncated BPTT with carried state, optimisers, schedules, early stopping, checkpoints.
//!
//! [`train`] is the loop; [`plan`] says which steps of which piece it sees when; [`sampling`] decides what the network
//! reads, and [`Music`] in which variants; [`optim`] moves the weights; [`checkpoint`] lets [`resume`] go on as if nothing had happened. Nothing here
//! prints: an [`Observer`] is told what happens and may ask to save or to stop.
//!
//! ```
//! use composer_bptt::{Cell, Init, RecurrentConfig};
//! use composer_models::{Encoding, ModelConfig, Sequence, SequenceModel};
//! use composer_training::{Checkpoint, Control, Error, Observer, Snapshot, TrainingConfig, UpdateReport, resume, train};
//!
//! /// Stops after five updates and keeps the checkpoint.
//! #[derive(Default)]
//! struct Short(Vec<u8>);
//!
//! impl Observer for Short {
//!     fn update(&mut self, report: &UpdateReport) -> Control {
//!         if report.update == 5 { Control::Stop } else { Control::Continue }
//!     }
//!     fn save(&mut self, snapshot: &Snapshot<'_>) -> Result<(), Error> {
//!         self.0 = snapshot.to_bytes("")?;
//!         Ok(())
//!     }
//! }
//!
//! let encoding = Encoding::Tokens { vocabulary: 3, fingerprint: "a toy".into() };
//! let recurrent = RecurrentConfig { cell: Cell::Gru, hidden: 8, ..Default::default() };
//! let mut model = SequenceModel::new(ModelConfig::new(encoding, recurrent), &Init::default(), 1)?;
//! let music = [Sequence::Tokens([0, 1, 2, 1].repeat(20))];
//! let config = TrainingConfig { epochs: 20, tbptt_len: 8, learning_rate: 0.03, ..Default::default() };
//!
//! let mut short = Short::default();
//! assert!(train(&mut model, &music, &music, &config, &mut short)?.stopped);
//! let checkpoint = Checkpoint::from_bytes(&short.0)?;
//! let outcome = resume(&mut model, &music, &music, &config, &checkpoint, &mut short)?;
//! assert!(outcome.best_valid_nll < 0.2, "nats per token");
//! # Ok::<(), Error>(())
//! ```

pub mod checkpoint;
mod config;
pub mod diagnosis;
mod error;
mod history;
mod music;
mod observer;
pub mod pairs;
pub mod plan;
pub mod sampling;
pub mod schedule;
mod trainer;

pub use checkpoint::{Checkpoint, Snapshot};
pub use composer_bptt::optim;
pub use composer_bptt::optim::{Optimizer, OptimizerConfig, OptimizerKind, clip_grad_norm};
pub use config::TrainingConfig;
pub use diagnosis::{Advice, Diagnosis};
pub use error::Error;
pub use history::{EpochReport, UpdateReport};
pub use music::{Music, Vary};
pub use observer::{Control, Observer};
pub use sampling::Sampling;
pub use schedule::{Schedule, ScheduleKind};
pub use trainer::{Outcome, mean_nll, resume, train};
