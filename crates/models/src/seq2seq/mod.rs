//! [`Seq2Seq`]: one part of the music turned into another: P(target | source).
//!
//! ```text
//! source ──► encoder ──► memory [S, B, K] ──┬─ aligned: memory_t is part of the decoder's input at step t
//!                │                          └─ attention: context_t = Σ_s a_ts memory_s
//!                └─ bridge: h_0 = tanh(W h_n + b)
//!                                │
//! target before t ──► decoder ──► h_t ──► m_t = tanh(W [h_t; context_t] + b) ──► head ──► target_t
//! ```
//!
//! The head is that of a [`SequenceModel`](crate::SequenceModel): all logits at once, or for frames the notes one by one
//! ([`mod@crate::note_wise`]).
//!
//! The three ways from source to target can be combined, and compared. *Aligned* is for tasks in which step `t` of the target
//! sounds together with step `t` of the source; *attention* for all others; the *bridge* alone must squeeze the whole source
//! into one state, and forgets long ones: the lesson of Bahdanau et al. (2015).

mod backward;
mod bridge;
mod conditioned;
mod config;
mod file;
mod model;
mod pairs;
mod sampling;
mod scoring;
mod source_only;
mod targets;

pub use conditioned::{AttentionWeights, Conditioned, ConditionedState};
pub use config::{AttentionConfig, Seq2SeqConfig};
pub use file::{PartNotes, Task, from_bytes, is_one, load, save, to_bytes, to_bytes_as};
pub use model::{Seq2Seq, Seq2SeqWorkspace};
pub use pairs::{Pair, PairBatch, Window};
pub use sampling::{draw_symbol, replace_inputs};
pub use scoring::{PairNll, mean_pair_nll, pair_nlls, with_shuffled_sources};
