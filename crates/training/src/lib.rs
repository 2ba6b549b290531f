//! Training: one loop for every model, with batches, truncated BPTT, schedules, early stopping, checkpoints.
//!
//! [`Trainer`] is the loop, over any [`Trainable`] model; [`train`] and [`resume`] are short for it. [`TrainingConfig`] has every
//! setting, [`plan`] says which steps of which piece are seen when, [`sampling`] decides what the network reads, and a
//! [`TrainingSet`] in which variants; [`checkpoint`] lets a run be resumed as if it had never been stopped. Nothing here prints: an
//! [`Observer`] receives the events and may ask to save or to stop. Optimisers are those of [`composer_bptt::optim`].
//!
//! A [`SequenceModel`](composer_models::SequenceModel) that learns four tokens in a round:
//!
//! ```
//! use composer_bptt::{Cell, Init, RecurrentConfig};
//! use composer_models::{Encoding, ModelConfig, Sequence, SequenceModel};
//! use composer_training::{TrainingConfig, train};
//!
//! let encoding = Encoding::Tokens { vocabulary: 3, fingerprint: "a toy".into(), longest_match: false, voices: None };
//! let recurrent = RecurrentConfig { cell: Cell::Gru, hidden: 8, ..Default::default() };
//! let mut model = SequenceModel::new(ModelConfig::new(encoding, recurrent), &Init::default(), 1)?;
//! let music = [Sequence::tokens([0, 1, 2, 1].repeat(20))];
//! let config = TrainingConfig { epochs: 20, tbptt_len: 8, learning_rate: 0.03, ..Default::default() };
//! let outcome = train(&mut model, &music, &music, &config, &mut ())?;
//! assert!(outcome.best.valid_nll < 0.2, "nats per token");
//! # Ok::<(), composer_training::Error>(())
//! ```
//!
//! A [`Seq2Seq`](composer_models::Seq2Seq) that learns to copy, stopped after ten updates and resumed:
//!
//! ```
//! # use composer_bptt::{Cell, Init, RecurrentConfig};
//! # use composer_models::{Encoding, Seq2Seq, Seq2SeqConfig, Sequence, seq2seq::Pair};
//! # use composer_training::{Checkpoint, Control, Error, Observer, Snapshot, Trainer, TrainingConfig, UpdateReport};
//! #[derive(Default)]
//! struct StopAfterTen(Vec<u8>);
//! impl<M> Observer<M> for StopAfterTen {
//!     fn update(&mut self, report: &UpdateReport) -> Control {
//!         if report.update == 10 { Control::Stop } else { Control::Continue }
//!     }
//!     fn save(&mut self, snapshot: &Snapshot<'_>) -> Result<(), Error> {
//!         self.0 = snapshot.to_bytes("")?;
//!         Ok(())
//!     }
//! }
//! # let encoding = Encoding::Tokens { vocabulary: 3, fingerprint: "a toy".into(), longest_match: false, voices: None };
//! # let stack = RecurrentConfig { cell: Cell::Gru, hidden: 12, ..Default::default() };
//! # let model = Seq2SeqConfig { source: encoding.clone(), target: encoding, styles: 0, encoder: stack.clone(), decoder: stack,
//! #     bridge: false, aligned: true, attention: None, output_dropout: 0.0, note_wise: None };
//! let mut model = Seq2Seq::new(model, &Init::RECOMMENDED, 1)?;
//! let copy = |tokens: &[u32]| Pair { source: Sequence::tokens(tokens.into()), target: Sequence::tokens(tokens.into()), style: None };
//! let pairs = [copy(&[0, 2, 1, 1].repeat(20)), copy(&[2, 0, 0, 1].repeat(20))];
//! let config = TrainingConfig { learning_rate: 0.03, tbptt_len: 8, ..TrainingConfig::for_pairs() };
//! let mut observer = StopAfterTen::default();
//! assert!(Trainer::new(&mut model, &pairs, &pairs, &config)?.run(&mut observer)?.interrupted());
//! let checkpoint = Checkpoint::from_bytes(&observer.0)?;
//! let outcome = Trainer::new(&mut model, &pairs, &pairs, &config)?.resume(&checkpoint)?.run(&mut observer)?;
//! assert!(outcome.best.valid_nll < 0.2, "nats per token");
//! # Ok::<(), Error>(())
//! ```

pub mod checkpoint;
mod config;
mod dataset;
pub mod diagnosis;
pub mod distributed;
mod error;
mod frozen;
mod history;
mod observer;
mod outcome;
pub mod plan;
pub mod sampling;
pub mod schedule;
mod shards;
pub mod trainable;
mod trainer;

pub use checkpoint::{Checkpoint, Snapshot};
pub use composer_bptt::optim;
pub use composer_bptt::optim::{Optimizer, OptimizerConfig, OptimizerKind, clip_grad_norm};
pub use config::TrainingConfig;
pub use dataset::{Augment, TrainingSet};
pub use diagnosis::{Advice, Diagnosis};
pub use error::Error;
pub use history::{EpochReport, StopReason, UpdateReport};
pub use observer::{Control, Observer};
pub use outcome::{Outcome, TrainedWeights};
pub use sampling::Sampling;
pub use schedule::{Schedule, ScheduleKind};
pub use trainable::{Trainable, mean_nll};
pub use trainer::{Trainer, resume, train};
